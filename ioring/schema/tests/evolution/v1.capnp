# What an older peer was built from. Together with v2.capnp: every change that is allowed, tested in both directions.
@0xe4b1f2a05e3d9c11;

enum Colour @0xb6ab1fd22bbf1a01 {
  # A colour.

  red @0;
  # Red.
  green @1;
  # Green.
}

struct Item @0xb6ab1fd22bbf1a02 {
  # An element of a list of structs.

  name @0 :Text;
  # A name.
  amount @1 :UInt16 = 3;
  # How many.
}

struct Order @0xb6ab1fd22bbf1a03 {
  # A struct with every kind of field.

  flag @0 :Bool = true;
  # A bit whose default is set.
  small @1 :Int8 = -5;
  # A byte.
  number @2 :UInt64;
  # A number.
  ratio @3 :Float64 = 0.5;
  # A floating-point number.
  title @4 :Text = "untitled";
  # Text with a default.
  blob @5 :Data;
  # Bytes.
  colour @6 :Colour = green;
  # An enum with a default.
  numbers @7 :List(UInt32);
  # Numbers, which become structs.
  bits @8 :List(Bool);
  # Bits.
  words @9 :List(Text);
  # Texts.
  colours @10 :List(Colour);
  # Enums.
  items @11 :List(Item);
  # Structs.
  best @12 :Item;
  # A struct.
  self @13 :Store;
  # A capability.
  amount @14 :UInt32;
  # A number.
  origin :group {
    # A group.

    x @15 :Int32;
    # A number.
    y @16 :Int32;
    # A number.
  }
  union {
    # A union.

    none @17 :Void;
    # Nothing.
    weight @18 :Float32;
    # A number.
    label @19 :Text;
    # Text.
    part @20 :Item;
    # A struct.
  }
  inner @21 :Order;
  # One of its own.
  stores @22 :List(Store);
  # Capabilities.
  nothing @23 :List(Void);
  # Elements without size.
  blobs @24 :List(Data);
  # Bytes.
  signed @25 :List(Int64);
  # Numbers.
}

struct Choice @0xb6ab1fd22bbf1a04 {
  # A struct whose field joins a union.

  amount @0 :UInt32;
  # A number, alone.
}

interface Store @0xb6ab1fd22bbf1a05 {
  # An interface.

  put @0 (order :Order, into :Store) -> (number :UInt64);
  # Keeps an order.
  # - `order`: the order.
  # - `into`: where.
  # - `number`: its number.

  flush @1 () -> ();
  # Does nothing.
}
