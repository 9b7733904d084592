//! Why a guest stopped, in terms of what it did: the same for every backend.

use crate::inject::Event;
use isthmus_abi::{Gpa, Gva, Port, Vector};

/// The bytes at the guest's RIP, as many as could be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CodeBytes {
    /// The bytes; what was not read is zero.
    pub bytes: [u8; 15],
    /// How many were read.
    pub length: u8,
}

impl CodeBytes {
    /// What was read.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

/// Why the guest stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// CPUID.
    Cpuid,
    /// RDMSR.
    Rdmsr,
    /// WRMSR.
    Wrmsr,
    /// IN, OUT, INS or OUTS.
    Port(PortAccess),
    /// HLT.
    Halt,
    /// A move to or from a control register, CLTS or LMSW.
    ControlRegister(ControlAccess),
    /// XSETBV.
    Xsetbv,
    /// RDPMC.
    Rdpmc,
    /// VMCALL or VMMCALL.
    Hypercall,
    /// WBINVD, INVD or PAUSE: done when it is asked for.
    CacheOrPause,
    /// An access to memory that the partition does not have.
    Memory(MemoryFault),
    /// An access to the local APIC's page that the processor does not carry out by itself.
    ApicAccess {
        /// An instruction fetch.
        fetch: bool,
    },
    /// The processor wrote this register of the local APIC's page; RIP is past the instruction.
    ApicWrite(u16),
    /// The processor ended the service of this level-triggered interrupt.
    ApicEoi(Vector),
    /// The task priority fell below the threshold.
    BelowTprThreshold,
    /// The guest raised this exception; it is one of those that exit.
    Exception(Event),
    /// The guest raised #DB. `conditions` are to be merged into DR6; `None` where the processor did that.
    Debug {
        /// The exception, or INT1.
        event: Event,
        /// Bits of DR6.
        conditions: Option<u64>,
    },
    /// A machine check.
    MachineCheck,
    /// A physical interrupt, acknowledged already if there is a vector; otherwise it comes when interrupts are enabled.
    Interrupt(Option<Vector>),
    /// A physical NMI.
    Nmi,
    /// The guest takes interrupts now.
    InterruptWindow,
    /// The guest takes NMIs now.
    NmiWindow,
    /// The time that the entry was given is over.
    TimeOver,
    /// The vCPU shut down.
    TripleFault,
    /// A hardware task switch.
    TaskSwitch,
    /// A physical INIT or start-up IPI, which are not the guest's affair.
    Ignored,
    /// An instruction that the guest's CPUID does not offer.
    Undefined,
    /// The entry failed; the guest did not run. The backend's own code.
    EntryFailed(u32),
    /// The hypervisor contradicted itself.
    Internal(&'static str),
}

/// IN, OUT, INS or OUTS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PortAccess {
    /// The port.
    pub port: Port,
    /// Bytes: 1, 2 or 4.
    pub size: u8,
    /// IN or INS.
    pub is_in: bool,
    /// INS or OUTS.
    pub string: Option<StringAccess>,
}

/// What INS and OUTS have beyond IN and OUT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StringAccess {
    /// A REP prefix.
    pub repeat: bool,
    /// Bytes of an address: 2, 4 or 8.
    pub address_size: u8,
    /// OUTS: the segment by number, 0 to 5. Any number may come.
    pub segment: u8,
}

/// An access to a control register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ControlAccess {
    /// Which: 0, 3, 4 or 8; any number may come.
    pub register: u8,
    /// What was done.
    pub operation: ControlOperation,
}

/// What was done to a control register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ControlOperation {
    /// MOV to it from the general register of that number.
    Write(u8),
    /// MOV from it to the general register of that number.
    Read(u8),
    /// CLTS.
    Clts,
    /// LMSW with that source.
    Lmsw(u16),
    /// LMSW from the general register of that number.
    LmswFrom(u8),
}

/// An access that the second-level translation refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryFault {
    /// The guest-physical address.
    pub gpa: Gpa,
    /// It was a write.
    pub write: bool,
    /// It was an instruction fetch.
    pub fetch: bool,
    /// The access was the walk of the guest's own page tables for this linear address, where the processor says so.
    pub walk_for: Option<Gva>,
}

/// What exits are counted by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "each is named in `NAMES`")]
pub enum ExitKind {
    Exception,
    Interrupt,
    TripleFault,
    InterruptWindow,
    NmiWindow,
    TaskSwitch,
    Cpuid,
    Halt,
    Rdpmc,
    Hypercall,
    ControlRegister,
    Port,
    Rdmsr,
    Wrmsr,
    BelowTprThreshold,
    ApicAccess,
    ApicEoi,
    Memory,
    TimeOver,
    CacheOrPause,
    Xsetbv,
    ApicWrite,
    Undefined,
    Other,
}

impl ExitKind {
    /// How many there are.
    pub const COUNT: usize = Self::Other as usize + 1;

    /// What they are called, in their order.
    pub const NAMES: [&'static str; Self::COUNT] = [
        "exception or NMI",
        "external interrupt",
        "triple fault",
        "interrupt window",
        "NMI window",
        "task switch",
        "CPUID",
        "HLT",
        "RDPMC",
        "hypercall",
        "control-register access",
        "I/O instruction",
        "RDMSR",
        "WRMSR",
        "TPR below threshold",
        "APIC access",
        "virtualized EOI",
        "nested page fault",
        "end of slice",
        "WBINVD or PAUSE",
        "XSETBV",
        "APIC write",
        "hidden instruction",
        "other exits",
    ];
}

impl Exit {
    /// What the exit counts as.
    #[must_use]
    #[inline]
    pub const fn kind(&self) -> ExitKind {
        match self {
            Self::Cpuid => ExitKind::Cpuid,
            Self::Rdmsr => ExitKind::Rdmsr,
            Self::Wrmsr => ExitKind::Wrmsr,
            Self::Port(_) => ExitKind::Port,
            Self::Halt => ExitKind::Halt,
            Self::ControlRegister(_) => ExitKind::ControlRegister,
            Self::Xsetbv => ExitKind::Xsetbv,
            Self::Rdpmc => ExitKind::Rdpmc,
            Self::Hypercall => ExitKind::Hypercall,
            Self::CacheOrPause => ExitKind::CacheOrPause,
            Self::Memory(_) => ExitKind::Memory,
            Self::ApicAccess { .. } => ExitKind::ApicAccess,
            Self::ApicWrite(_) => ExitKind::ApicWrite,
            Self::ApicEoi(_) => ExitKind::ApicEoi,
            Self::BelowTprThreshold => ExitKind::BelowTprThreshold,
            Self::Exception(_) | Self::Debug { .. } | Self::MachineCheck | Self::Nmi => {
                ExitKind::Exception
            }
            Self::Interrupt(_) => ExitKind::Interrupt,
            Self::InterruptWindow => ExitKind::InterruptWindow,
            Self::NmiWindow => ExitKind::NmiWindow,
            Self::TimeOver => ExitKind::TimeOver,
            Self::TripleFault => ExitKind::TripleFault,
            Self::TaskSwitch => ExitKind::TaskSwitch,
            Self::Undefined => ExitKind::Undefined,
            Self::Ignored | Self::EntryFailed(_) | Self::Internal(_) => ExitKind::Other,
        }
    }
}
