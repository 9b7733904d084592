# A disk, or a part of one.
@0xdfd51da3f543384f;

interface BlockDevice @0xccb99fb6e7f5d43f {
  # Blocks of one size, numbered from 0. Calls that do not touch the same blocks may be done in any order; calls that do are done
  # in the order in which they arrived. A range that is not wholly on the device fails the call, and nothing is done.

  geometry @0 () -> (blockSize :UInt32, blocks :UInt64, readOnly :Bool, mostBlocks :UInt32, discardGranularity :UInt32);
  # Tells what the device is. The answer does not change while the capability lives.
  # - `blockSize`: bytes of a block, a power of two from 512 to 65,536.
  # - `blocks`: number of blocks.
  # - `readOnly`: whether `write` and `discard` fail.
  # - `mostBlocks`: most blocks of one call, at least 1.
  # - `discardGranularity`: blocks that are discarded together, at least 1; 0 if `discard` fails.

  read @1 (block :UInt64, count :UInt32) -> (bytes :Data);
  # Reads blocks.
  # - `block`: the first.
  # - `count`: how many, 1 to `mostBlocks`.
  # - `bytes`: what is in them, `count` times `blockSize` bytes.

  write @2 (block :UInt64, bytes :Data, durable :Bool) -> ();
  # Writes blocks. If the machine crashes meanwhile, each block has its old or its new contents.
  # - `block`: the first.
  # - `bytes`: 1 to `mostBlocks` whole blocks.
  # - `durable`: whether to answer only when they survive a crash of the machine.

  flush @3 () -> ();
  # Answers when every write that was answered before survives a crash of the machine.

  discard @4 (block :UInt64, count :UInt64) -> ();
  # Says that blocks are not needed any more. They read as zeros or as before until they are written.
  # - `block`: the first, a multiple of `discardGranularity`.
  # - `count`: how many, a multiple of `discardGranularity`.
}
