//! Hypercalls: VMCALL (VMMCALL on AMD-V) from privilege level 0, on a partition whose CPUID shows
//! [`crate::cpuid::SIGNATURE`]. RAX holds the number of the call, RDI and RSI its arguments; RAX comes back as a
//! [`Status`], every other register as it was. Outside 64-bit code only the low 32 bits of each count. From any other
//! privilege level the instruction is #UD, as where there is no hypervisor.

/// Says one line to the machine's console in the partition's name, for a guest that has no console of its own yet.
/// RDI: guest-physical address of the text; RSI: its length in bytes, 0 to [`MAX_LINE`]. The text goes the way of the
/// partition's UART: what is not UTF-8, and control characters but the line's end, are dropped.
pub const SAY: u64 = 0;

/// Most bytes of a line.
pub const MAX_LINE: u64 = 256;

/// What came of a hypercall.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Status(pub u64);

impl Status {
    /// It was carried out.
    pub const DONE: Self = Self(0);
    /// There is no call of this number.
    pub const UNKNOWN_CALL: Self = Self(1);
    /// An address is not memory of the partition, in whole or in part.
    pub const NOT_MEMORY: Self = Self(2);
    /// A length is out of range.
    pub const BAD_LENGTH: Self = Self(3);
}
