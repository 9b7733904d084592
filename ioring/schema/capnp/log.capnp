# The log: writing to it is one authority, reading it another.
@0xd6829fc9d81955ea;

enum LogLevel @0xda0b19438aadb62e {
  # How much an entry matters. A level that a reader does not know is to be treated as `info`.

  error @0;
  # Something failed, and someone has to look.
  warn @1;
  # Something is not as it should be; work goes on.
  info @2;
  # What an operator wants to see.
  debug @3;
  # What a developer wants to see.
  trace @4;
  # Everything.
}

struct LogField @0x949bae5b86fa69cb {
  # A value with a name, for programs that read logs.

  name @0 :Text;
  # What the value is called, 1 to 64 bytes; the same name may occur more than once.
  value :union {
    # The value. A reader that does not know the member shows the name alone.

    text @1 :Text;
    # Text for people.
    unsigned @2 :UInt64;
    # A number.
    signed @3 :Int64;
    # A number that may be below zero.
    flag @4 :Bool;
    # Yes or no.
    bytes @5 :Data;
    # Bytes that are no text.
  }
}

struct LogEntry @0xa8a107b5c6089a89 {
  # An entry as it was kept. Sequence, instant and source are the log's own words, everything else the writer's.

  sequence @0 :UInt64;
  # Place in the log: the first entry has 1, and each one more than the one before.
  instant @1 :UInt64;
  # When it was written, in nanoseconds since the machine booted.
  level @2 :LogLevel = info;
  # How much it matters.
  source @3 :Text;
  # Who wrote it: the name by which the log's owner knows the capability it came through.
  text @4 :Text;
  # What happened, one line without its end.
  fields @5 :List(LogField);
  # Values that belong to it.
}

interface Log @0xf6c418a9c2b456f6 {
  # The end of a log that is written to.

  write @0 (level :LogLevel = info, text :Text, fields :List(LogField)) -> (sequence :UInt64);
  # Appends an entry.
  # - `level`: how much it matters.
  # - `text`: what happened, one line without its end. The log may cut it at a character's end.
  # - `fields`: values that belong to it. The log may leave out the last ones.
  # - `sequence`: the entry's place in the log; 0 if the log does not keep entries of this level.
}

interface LogReader @0x985c9fd8471da9f3 {
  # The end of a log that is read.

  read @0 (after :UInt64, most :UInt32, wait :Bool) -> (entries :List(LogEntry), lost :UInt64);
  # Reads entries in the order of their sequence.
  # - `after`: the sequence of the last entry that the caller has seen; 0 to start with the oldest that is kept.
  # - `most`: how many entries to give at most; the log may give fewer, and gives what fits the buffer.
  # - `wait`: whether to wait for an entry if there is none.
  # - `entries`: the entries; empty if there are none and `wait` is false.
  # - `lost`: how many entries between `after` and the first one here were written and are no longer kept.
}
