//! Stand-ins for hardware in tests of this and other crates. A VMCB needs none: a page of words is one.

pub mod processors;
