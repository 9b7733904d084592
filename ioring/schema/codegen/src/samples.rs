//! A schema that tests change.

/// A listing with one of everything.
pub const BASE: &str = "\
file pump.capnp
enum 0x0000000000000e01 Speed
  @0 slow
  @1 fast
struct 0x0000000000000501 Reading data 2 pointers 3 union 3
  @0 litres UInt32 at 0
  @1 level UInt16 at 2 default 7
  @2 label Text at 0 default \"none\"
  @3 speed enum:0x0000000000000e01 at 4 tag 0
  @4 fault Text at 1 tag 1
  @5 samples List(UInt32) at 2
  - place group 0x0000000000000601
group 0x0000000000000601 Reading.place data 2 pointers 3
  @6 x Int32 at 3
interface 0x0000000000000a00 Part
  @0 name params 0x0000000000000503 results 0x0000000000000504
struct 0x0000000000000503 Part.name$Params data 0 pointers 0
struct 0x0000000000000504 Part.name$Results data 0 pointers 1
  @0 name Text at 0
interface 0x0000000000000a01 Pump
  extends 0x0000000000000a00
  @0 run params 0x0000000000000505 results 0x0000000000000506
  @1 sync params 0x0000000000000503 results 0x0000000000000504
struct 0x0000000000000505 Pump.run$Params data 1 pointers 0
  @0 seconds UInt64 at 0
struct 0x0000000000000506 Pump.run$Results data 1 pointers 0
  @0 litres UInt64 at 0
";
