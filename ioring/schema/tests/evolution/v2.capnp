# What a newer peer was built from: v1.capnp with every change that is allowed.
@0xe4b1f2a05e3d9c12;

enum Colour @0xb6ab1fd22bbf1a01 {
  # A colour.

  red @0;
  # Red.
  green @1;
  # Green.
  blue @2;
  # Blue, which is new.
}

struct Item @0xb6ab1fd22bbf1a02 {
  # An element of a list of structs.

  name @0 :Text;
  # A name.
  amount @1 :UInt16 = 3;
  # How many.
  price @2 :UInt64 = 100;
  # A number, which is new.
  tags @3 :List(Text);
  # Texts, which are new.
}

struct Number @0xb6ab1fd22bbf1a06 {
  # What a number in a list became.

  value @0 :UInt32;
  # The number it was.
  unit @1 :Text = "litres";
  # Text, which is new.
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
  numbers @7 :List(Number);
  # Structs, which were numbers.
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
    z @29 :Int32 = -1;
    # A number, which is new.
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
    many @26 :List(Item);
    # Structs, a member that is new.
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
  added @27 :UInt32 = 42;
  # A number, which is new.
  note @28 :Text = "none";
  # Text, which is new.
}

struct Choice @0xb6ab1fd22bbf1a04 {
  # A struct whose field joins a union.

  union {
    # A union, which is new.

    amount @0 :UInt32;
    # A number, which was alone.
    all @1 :Void;
    # A member, which is new.
  }
}

interface Base @0xb6ab1fd22bbf1a07 {
  # An interface, which is new.

  name @0 () -> (name :Text);
  # Tells its name.
  # - `name`: the name.
}

interface Store @0xb6ab1fd22bbf1a05 extends (Base) {
  # An interface.

  put @0 (order :Order, into :Store, hurry :Bool) -> (number :UInt64, late :Bool);
  # Keeps an order.
  # - `order`: the order.
  # - `into`: where.
  # - `hurry`: a bit, which is new.
  # - `number`: its number.
  # - `late`: a bit, which is new.

  flush @1 () -> ();
  # Does nothing.

  take @2 (number :UInt64) -> (order :Order);
  # Gives an order back, which is new.
  # - `number`: its number.
  # - `order`: the order.
}
