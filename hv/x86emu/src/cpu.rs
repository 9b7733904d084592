//! The processor as the executor sees it: registers, linear memory and ports behind a trait that the hypervisor
//! implements over the VMCS, the guest's page tables and its devices.

use isthmus_abi::{Gpr, Gva, Port, Vector};

use crate::instruction::{Segment, Width};

/// A segment register's hidden part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SegmentRegister {
    /// Linear address of offset 0.
    pub base: u64,
    /// Last offset in bytes (already scaled by the granularity bit).
    pub limit: u32,
    /// Access rights in the VMCS format (SDM Vol. 3C Table 25-2): type in 3:0, S 4, DPL 6:5, P 7, L 13, D/B 14, G 15, unusable 16.
    pub access_rights: u32,
}

impl SegmentRegister {
    /// Bit 16: nothing was ever loaded, or a null selector.
    #[must_use]
    pub const fn unusable(&self) -> bool {
        self.access_rights & (1 << 16) != 0
    }
    /// Bit 3 of the type: a code segment.
    #[must_use]
    pub const fn code(&self) -> bool {
        self.access_rights & (1 << 3) != 0
    }
    /// Bit 2 of the type, for data: offsets above the limit are the valid ones.
    #[must_use]
    pub const fn expand_down(&self) -> bool {
        !self.code() && self.access_rights & (1 << 2) != 0
    }
    /// Bit 1 of the type: writable data, or readable code.
    #[must_use]
    pub const fn read_write(&self) -> bool {
        self.access_rights & (1 << 1) != 0
    }
    /// Bit 14, D/B: 32-bit code, 32-bit stack pointer, or 4 GiB upper bound of an expand-down segment.
    #[must_use]
    pub const fn big(&self) -> bool {
        self.access_rights & (1 << 14) != 0
    }
}

/// An exception for the guest.
///
/// In real-address mode an exception pushes no error code; whoever injects it leaves the code out there (SDM Vol. 3C §27.2.1.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exception {
    /// Its vector, 0 to 31.
    pub vector: Vector,
    /// The error code, for vectors that have one.
    pub error_code: Option<u32>,
    /// What goes to CR2, for a page fault.
    pub address: Option<Gva>,
}

/// Why an instruction did not complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The guest's doing: deliver this exception. RIP still points at the instruction.
    Exception(Exception),
    /// The implementer of [`Cpu`] could not serve an access for a reason of its own, which it knows. Never made here.
    Stop,
}

impl Fault {
    const fn exception(vector: u8, error_code: Option<u32>, address: Option<Gva>) -> Self {
        Self::Exception(Exception {
            vector: Vector(vector),
            error_code,
            address,
        })
    }
    /// #UD (SDM Vol. 3A §6.15).
    #[must_use]
    pub const fn invalid_opcode() -> Self {
        Self::exception(6, None, None)
    }
    /// #SS(0).
    #[must_use]
    pub const fn stack() -> Self {
        Self::exception(12, Some(0), None)
    }
    /// #GP(0).
    #[must_use]
    pub const fn general_protection() -> Self {
        Self::exception(13, Some(0), None)
    }
    /// #PF with the error code of SDM Vol. 3A §4.7 and the address for CR2.
    #[must_use]
    pub const fn page(address: Gva, error_code: u32) -> Self {
        Self::exception(14, Some(error_code), Some(address))
    }
    /// #AC(0).
    #[must_use]
    pub const fn alignment() -> Self {
        Self::exception(17, Some(0), None)
    }
}

/// What will become of the location that is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Intent {
    /// It is only read.
    Read,
    /// It is read and then written by the same instruction: permissions are checked as for a write, before the read.
    Modify,
}

/// How far an instruction got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// To its end: RIP may move on.
    Complete,
    /// Some iterations of a string instruction, or none of a locked one that lost a race. RIP must stay; registers are such that
    /// executing the instruction again goes on where this stopped, so an interrupt may be taken in between.
    Partial,
}

/// A vCPU stopped at an instruction.
///
/// Addresses given to `read`, `write` and `replace` are linear, canonical, and within their segment; an access may cross
/// a page. The implementer translates both pages before it touches either, routes to memory or devices, and
/// reports page faults with [`Fault::page`].
pub trait Cpu {
    /// A general-purpose register, all 64 bits.
    fn gpr(&self, register: Gpr) -> u64;
    /// Replaces a general-purpose register, all 64 bits.
    fn set_gpr(&mut self, register: Gpr, value: u64);
    /// Address of the instruction's first byte.
    fn rip(&self) -> u64;
    /// RFLAGS.
    fn rflags(&self) -> u64;
    /// Replaces RFLAGS; only status flags ever differ from what `rflags` gave.
    fn set_rflags(&mut self, value: u64);
    /// A segment register. In 64-bit mode only the bases of FS and GS matter.
    fn segment(&self, segment: Segment) -> SegmentRegister;
    /// Bits of a linear address in 64-bit mode: 48, or 57 when CR4.LA57 is set.
    fn linear_bits(&self) -> u32 {
        48
    }
    /// Whether misaligned accesses fault: CPL 3 with CR0.AM and RFLAGS.AC (SDM Vol. 3A §6.15, #AC).
    fn alignment_checked(&self) -> bool {
        false
    }

    /// Reads linear memory. The value is zero-extended.
    ///
    /// # Errors
    /// The fault that the access causes; then nothing was read.
    fn read(&mut self, at: Gva, width: Width, intent: Intent) -> Result<u64, Fault>;

    /// Writes the low bits of `value` to linear memory.
    ///
    /// # Errors
    /// The fault that the access causes; then nothing was written.
    fn write(&mut self, at: Gva, width: Width, value: u64) -> Result<(), Fault>;

    /// Checks that a write would not fault, without doing it: asked before a read whose side effect must not be lost.
    ///
    /// # Errors
    /// The fault that the write would cause.
    fn probe_write(&mut self, at: Gva, width: Width) -> Result<(), Fault>;

    /// The write of a locked read-modify-write: if memory still holds `old`, stores `new` in one atomic step and says true. Devices,
    /// which no other vCPU touches in between, may just write: that is what this default does.
    ///
    /// # Errors
    /// The fault that the access causes; then nothing was written.
    fn replace(&mut self, at: Gva, width: Width, old: u64, new: u64) -> Result<bool, Fault> {
        let _ = old;
        self.write(at, width, new).map(|()| true)
    }
}

/// A vCPU stopped at INS or OUTS.
pub trait PortCpu: Cpu {
    /// Reads a port, the value zero-extended. `width` is at most a dword.
    ///
    /// # Errors
    /// [`Fault::Stop`], when the vCPU is not to go on.
    fn port_in(&mut self, port: Port, width: Width) -> Result<u32, Fault>;
    /// Writes the low bits of `value` to a port. `width` is at most a dword.
    ///
    /// # Errors
    /// [`Fault::Stop`], when the vCPU is not to go on.
    fn port_out(&mut self, port: Port, width: Width, value: u32) -> Result<(), Fault>;
}
