# A store of values under keys.
@0xe78e78abbdbf7d59;

struct KeyValueEntry @0x8100ed63aeaccb21 {
  # A value with its key.

  key @0 :Data;
  # The key, as seen through the capability that was asked.
  value @1 :Data;
  # The value; empty where only keys were asked for.
  version @2 :UInt64;
  # Changes with each write of this key and never returns to an earlier value while the store lives; at least 1.
}

struct PutCondition @0xa93c1b0e71a524c5 {
  # When a write is to happen.

  union {
    # The condition. A store that does not know the member writes nothing and fails the call.

    always @0 :Void;
    # Whatever is there.
    absent @1 :Void;
    # Only if the key has no value.
    version @2 :UInt64;
    # Only if the key has a value of this version.
  }
}

interface KeyValue @0xd3454b2f74bc8652 {
  # A store, or the part of one whose keys start with a prefix that the holder does not see. Keys are 1 to 512 bytes and are
  # ordered byte by byte; values are 0 bytes to what fits the buffer. Calls through one capability are done in order, and each
  # is done wholly or not at all.

  get @0 (key :Data) -> (found :Bool, value :Data, version :UInt64);
  # Reads a value.
  # - `key`: whose.
  # - `found`: whether the key has one.
  # - `value`: the value; empty if there is none.
  # - `version`: its version; 0 if there is none.

  put @1 (key :Data, value :Data, condition :PutCondition) -> (written :Bool, version :UInt64);
  # Writes a value. It survives a crash of the machine only after `flush`.
  # - `key`: whose.
  # - `value`: the value.
  # - `condition`: when to write; `always` if left out.
  # - `written`: whether the condition held and the value was written.
  # - `version`: the version that the key has now; 0 if it has no value.

  delete @2 (key :Data, condition :PutCondition) -> (deleted :Bool);
  # Takes a value away.
  # - `key`: whose.
  # - `condition`: when to do so; `always` if left out. With `absent` nothing is ever deleted.
  # - `deleted`: whether there was one, the condition held, and it is gone.

  scan @3 (prefix :Data, after :Data, most :UInt32, keysOnly :Bool) -> (entries :List(KeyValueEntry), more :Bool);
  # Reads entries in the order of their keys. An entry that changes meanwhile is seen as it was before or after.
  # - `prefix`: only keys that start so; empty for all.
  # - `after`: only keys behind this one; empty to start with the first.
  # - `most`: how many entries to give at most; the store may give fewer, and gives what fits the buffer.
  # - `keysOnly`: whether to leave the values out.
  # - `entries`: the entries.
  # - `more`: whether there are entries behind the last one here. If it is true and `entries` is empty, the next one is too large
  #   for the buffer.

  subtree @4 (prefix :Data, readOnly :Bool) -> (store :KeyValue);
  # Makes a capability to a part of the store.
  # - `prefix`: what the keys of that part start with, 0 to 512 bytes; its holder sees them without it.
  # - `readOnly`: whether writes through it fail.
  # - `store`: the part.

  flush @5 () -> ();
  # Answers when everything that was written through this capability before survives a crash of the machine.
}
