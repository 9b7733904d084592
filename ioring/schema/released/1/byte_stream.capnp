# Bytes in both directions.
@0xafd63828b468e28b;

interface ByteStream @0x93b11c8ce14bddb2 {
  # Two streams of bytes, one to the object and one from it, in order and without loss: a connection, a pipe, a file being
  # read. The two directions end on their own. Dropping the last capability aborts what has not ended.

  read @0 (most :UInt32) -> (bytes :Data, end :Bool);
  # Waits for at least one byte or the end.
  # - `most`: how many bytes to take at most; 0 waits for nothing and tells only whether the end was reached.
  # - `bytes`: 0 to `most` bytes; empty only at the end, or if `most` is 0.
  # - `end`: whether nothing comes after `bytes`. It stays true from then on.

  write @1 (bytes :Data) -> (written :UInt32);
  # Writes, and waits until at least one byte is taken. Writing after `finish` fails.
  # - `bytes`: what to write; may be empty.
  # - `written`: how many bytes were taken, from the first; 0 only if `bytes` is empty.

  finish @2 () -> ();
  # Ends the stream to the object; answers when everything before it was handed on. Doing it again does nothing.

  abort @3 (reason :Text) -> ();
  # Ends both directions now. Calls that wait on the stream fail.
  # - `reason`: words for the other end's log, at most 200 bytes; may be empty.
}
