# A terminal of one partition or domain.
@0xfa210ce239c037e1;

interface Console @0xf3a872b7b8e3d35c {
  # A terminal: bytes to a screen, bytes from a keyboard. What they mean (UTF-8, escape sequences) is between whoever writes
  # and whoever looks; the console passes them on unchanged. Holders of the same console may interleave at any byte.

  write @0 (bytes :Data) -> (written :UInt32);
  # Writes, in order with earlier writes through the same capability.
  # - `bytes`: what to write; may be empty.
  # - `written`: how many bytes were taken, from the first; 0 to the length of `bytes`, less than that when the console is
  #   slower than its writers. What was taken is not lost unless the console is.

  read @1 (most :UInt32) -> (bytes :Data);
  # Waits for at least one byte of input and takes what is there.
  # - `most`: how many bytes to take at most; 0 asks for none and returns at once. The console may take fewer.
  # - `bytes`: 0 to `most` bytes, in the order of their arrival; empty if `most` is 0, or if there will be no more input.
}
