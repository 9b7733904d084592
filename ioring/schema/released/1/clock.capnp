# Time, told and waited for.
@0xd16654cb8624d71b;

interface Clock @0x93c90da0917f9d8d {
  # A clock. Instants are nanoseconds of a clock that starts at 0 when the machine boots, never goes back and never jumps;
  # a 64-bit count of them lasts 584 years.

  now @0 () -> (instant :UInt64, wall :Int64);
  # Tells the time.
  # - `instant`: nanoseconds since the machine booted.
  # - `wall`: nanoseconds since 1970-01-01T00:00:00 UTC without leap seconds, which may jump when it is set; 0 if the machine
  #   does not know.

  sleepUntil @1 (instant :UInt64) -> (instant :UInt64);
  # Answers when the time has come, at once if it is past. Cancelling the call stops the timer.
  # - `instant`: nanoseconds since the machine booted, in the parameters when to answer, in the results when it was answered;
  #   the second is not before the first.

  properties @2 () -> (resolution :UInt64, frequency :UInt64);
  # Tells what the clock can do. The answer does not change while the machine runs.
  # - `resolution`: nanoseconds between two instants that a sleeper can tell apart, at least 1.
  # - `frequency`: ticks a second of the counter that the clock reads (the TSC on x86), in hertz; 0 if there is none to read.
}
