# A tree of files.
@0xef76f0c0b6aee75f;

enum NodeKind @0xebccfcc2f799d437 {
  # What a name in a directory stands for. A kind that a reader does not know cannot be opened by it.

  directory @0;
  # A directory.
  file @1;
  # A file.
}

struct DirectoryEntry @0xeda3974054c9d14f {
  # A name in a directory.

  name @0 :Text;
  # The name: 1 to 255 bytes, without `/` and zero bytes, neither `.` nor `..`.
  kind @1 :NodeKind;
  # What it stands for.
  size @2 :UInt64;
  # Bytes of a file; 0 for a directory.
}

struct Node @0xe2396867978f6989 {
  # What was found at a path.

  union {
    # A reader that does not know the member treats it as something it cannot open.

    absent @0 :Void;
    # Nothing.
    directory @1 :Directory;
    # A directory.
    file @2 :File;
    # A file.
  }
}

interface Directory @0xd99ccacbb65561c2 {
  # A directory and everything below it: there is no way up from the capability. Names as in `DirectoryEntry`; a path is names
  # with `/` between them, at most 1,024 bytes.

  list @0 (after :Text, most :UInt32) -> (entries :List(DirectoryEntry), more :Bool);
  # Lists entries in the order of their names, byte by byte.
  # - `after`: only names behind this one; empty to start with the first.
  # - `most`: how many entries to give at most; the directory may give fewer, and gives what fits the buffer.
  # - `entries`: the entries.
  # - `more`: whether there are entries behind the last one here.

  open @1 (path :Text) -> (node :Node);
  # Opens what is at a path.
  # - `path`: where; empty for this directory itself.
  # - `node`: what is there.

  createFile @2 (name :Text) -> (file :File, created :Bool);
  # Opens a file, and makes an empty one first if there is none. Fails if the name stands for a directory.
  # - `name`: its name in this directory.
  # - `file`: the file.
  # - `created`: whether it was made by this call.

  createDirectory @3 (name :Text) -> (directory :Directory, created :Bool);
  # Opens a directory, and makes an empty one first if there is none. Fails if the name stands for a file.
  # - `name`: its name in this directory.
  # - `directory`: the directory.
  # - `created`: whether it was made by this call.

  remove @4 (name :Text) -> (removed :Bool);
  # Takes a name away. Fails for a directory that is not empty. Capabilities to the file stay good until they are dropped.
  # - `name`: the name in this directory.
  # - `removed`: whether it was there.

  rename @5 (from :Text, into :Directory, to :Text) -> (replaced :Bool);
  # Moves a name, in one step. Fails if there is no such name, if `to` stands for a directory, or if both are not of the same
  # tree of files.
  # - `from`: the name in this directory.
  # - `into`: the directory to move it to; none for this one.
  # - `to`: its name there.
  # - `replaced`: whether a file stood there and is gone.
}

interface File @0x93ac6da248010a35 {
  # A file: bytes from offset 0 on.

  read @0 (offset :UInt64, most :UInt32) -> (bytes :Data, end :Bool);
  # Reads.
  # - `offset`: first byte to read; at or behind the end there is nothing.
  # - `most`: how many bytes at most; the file may give fewer.
  # - `bytes`: 0 to `most` bytes.
  # - `end`: whether the file ends with them.

  write @1 (offset :UInt64, bytes :Data) -> (written :UInt32);
  # Writes. Bytes between the end and `offset` become zero.
  # - `offset`: where the first byte goes.
  # - `bytes`: what to write.
  # - `written`: how many bytes were taken, from the first; less than all only if there is no more room.

  size @2 () -> (bytes :UInt64);
  # Tells how long the file is.
  # - `bytes`: its length.

  resize @3 (bytes :UInt64) -> ();
  # Cuts the file, or lengthens it by zeros.
  # - `bytes`: its length afterwards.

  sync @4 () -> ();
  # Answers when everything that was written to the file before survives a crash of the machine.
}
