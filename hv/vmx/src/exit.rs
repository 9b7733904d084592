//! Why a guest stopped running: the exit-reason field, and the events and states that a VM exit reports and a VM
//! entry takes (SDM Vol. 3C §25.9, §28, Appendix C). Neighbours: [`qualification`] for what hangs on the reason.
//!
//! All of it comes from hardware that a guest steers, so every type is open: any bits have a value.

use bitfield_struct::bitfield;
use bitflags::bitflags;
use core::fmt;
use isthmus_abi::Vector;

pub mod qualification;

pub use qualification::{
    ApicAccess, ApicAccessType, CrAccess, CrAccessType, DrAccess, EptViolation, IoQualification,
    PendingDebugExceptions, StringIoInformation, TaskSwitch, TaskSwitchSource,
};

/// The exit-reason field (SDM Vol. 3C §25.9.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct ExitReason(pub u32);

impl ExitReason {
    /// The basic reason, bits 15:0.
    #[must_use]
    pub const fn basic(self) -> BasicReason {
        BasicReason(self.0 as u16)
    }

    /// Bit 31: the VM entry failed after its first checks; the guest did not run.
    #[must_use]
    pub const fn is_entry_failure(self) -> bool {
        self.0 >> 31 != 0
    }

    /// Bit 27: the exit came from enclave mode.
    #[must_use]
    pub const fn is_from_enclave(self) -> bool {
        self.0 >> 27 & 1 != 0
    }

    /// Bit 26: a bus lock was asserted ("VMM bus-lock detection").
    #[must_use]
    pub const fn is_bus_lock(self) -> bool {
        self.0 >> 26 & 1 != 0
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_entry_failure() {
            f.write_str("VM-entry failure: ")?;
        }
        fmt::Display::fmt(&self.basic(), f)
    }
}

impl fmt::Debug for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExitReason({:#x}: {self})", self.0)
    }
}

/// A basic exit reason (SDM Vol. 3D Appendix C).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct BasicReason(pub u16);

macro_rules! reasons {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        impl BasicReason {
            $(
                #[doc = concat!($text, ".")]
                pub const $name: Self = Self($number);
            )*

            /// Every reason that has a name here, by rising number.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, $text),)*];
        }
    };
}

reasons! {
    EXCEPTION_OR_NMI = 0, "exception or NMI";
    EXTERNAL_INTERRUPT = 1, "external interrupt";
    TRIPLE_FAULT = 2, "triple fault";
    INIT = 3, "INIT signal";
    SIPI = 4, "start-up IPI";
    IO_SMI = 5, "I/O SMI";
    OTHER_SMI = 6, "other SMI";
    INTERRUPT_WINDOW = 7, "interrupt window";
    NMI_WINDOW = 8, "NMI window";
    TASK_SWITCH = 9, "task switch";
    CPUID = 10, "CPUID";
    GETSEC = 11, "GETSEC";
    HLT = 12, "HLT";
    INVD = 13, "INVD";
    INVLPG = 14, "INVLPG";
    RDPMC = 15, "RDPMC";
    RDTSC = 16, "RDTSC";
    RSM = 17, "RSM";
    VMCALL = 18, "VMCALL";
    VMCLEAR = 19, "VMCLEAR";
    VMLAUNCH = 20, "VMLAUNCH";
    VMPTRLD = 21, "VMPTRLD";
    VMPTRST = 22, "VMPTRST";
    VMREAD = 23, "VMREAD";
    VMRESUME = 24, "VMRESUME";
    VMWRITE = 25, "VMWRITE";
    VMXOFF = 26, "VMXOFF";
    VMXON = 27, "VMXON";
    CR_ACCESS = 28, "control-register access";
    MOV_DR = 29, "MOV DR";
    IO_INSTRUCTION = 30, "I/O instruction";
    RDMSR = 31, "RDMSR";
    WRMSR = 32, "WRMSR";
    INVALID_GUEST_STATE = 33, "invalid guest state";
    MSR_LOADING = 34, "MSR loading";
    MWAIT = 36, "MWAIT";
    MONITOR_TRAP_FLAG = 37, "monitor trap flag";
    MONITOR = 39, "MONITOR";
    PAUSE = 40, "PAUSE";
    MACHINE_CHECK = 41, "machine check during VM entry";
    TPR_BELOW_THRESHOLD = 43, "TPR below threshold";
    APIC_ACCESS = 44, "APIC access";
    VIRTUALIZED_EOI = 45, "virtualized EOI";
    GDTR_OR_IDTR_ACCESS = 46, "GDTR or IDTR access";
    LDTR_OR_TR_ACCESS = 47, "LDTR or TR access";
    EPT_VIOLATION = 48, "EPT violation";
    EPT_MISCONFIGURATION = 49, "EPT misconfiguration";
    INVEPT = 50, "INVEPT";
    RDTSCP = 51, "RDTSCP";
    PREEMPTION_TIMER = 52, "VMX-preemption timer";
    INVVPID = 53, "INVVPID";
    WBINVD = 54, "WBINVD or WBNOINVD";
    XSETBV = 55, "XSETBV";
    APIC_WRITE = 56, "APIC write";
    RDRAND = 57, "RDRAND";
    INVPCID = 58, "INVPCID";
    VMFUNC = 59, "VMFUNC";
    ENCLS = 60, "ENCLS";
    RDSEED = 61, "RDSEED";
    PAGE_MODIFICATION_LOG_FULL = 62, "page-modification log full";
    XSAVES = 63, "XSAVES";
    XRSTORS = 64, "XRSTORS";
    PCONFIG = 65, "PCONFIG";
    SPP_EVENT = 66, "sub-page permission event";
    UMWAIT = 67, "UMWAIT";
    TPAUSE = 68, "TPAUSE";
    LOADIWKEY = 69, "LOADIWKEY";
    ENCLV = 70, "ENCLV";
    ENQCMD_PASID_TRANSLATION_FAILURE = 72, "ENQCMD PASID translation failure";
    ENQCMDS_PASID_TRANSLATION_FAILURE = 73, "ENQCMDS PASID translation failure";
    BUS_LOCK = 74, "bus lock";
    INSTRUCTION_TIMEOUT = 75, "instruction timeout";
    SEAMCALL = 76, "SEAMCALL";
}

impl BasicReason {
    /// One more than the highest number with a name: the length of a table of counters by reason.
    pub const COUNT: usize = 77;

    /// What the reason is called, if it has a name here.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let place = Self::ALL
            .binary_search_by_key(&self, |&(reason, _)| reason)
            .ok()?;
        Self::ALL.get(place).map(|&(_, name)| name)
    }

    /// Whether the exit was caused by an instruction, so that the VM-exit instruction length is defined and the
    /// guest's RIP is still before the instruction (SDM Vol. 3C §28.2.5). Task switches, APIC accesses and EPT
    /// violations are not counted: they leave the length undefined or defined in some cases only.
    #[must_use]
    pub const fn is_instruction(self) -> bool {
        matches!(
            self.0,
            10..=32 | 36 | 39 | 40 | 46 | 47 | 50 | 51 | 53..=55 | 57..=61 | 63..=65 | 67..=70 | 72 | 73 | 76
        )
    }
}

impl fmt::Display for BasicReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "exit reason {}", self.0),
        }
    }
}

impl fmt::Debug for BasicReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a VM entry that failed for invalid guest state says in its exit qualification (SDM Vol. 3C §27.8).
#[must_use]
pub const fn describe_invalid_guest_state(qualification: u64) -> &'static str {
    match qualification {
        0 => "a guest-state field breaks a rule",
        2 => "the PDPTEs could not be loaded",
        3 => "an NMI was to be injected while events are blocked by STI",
        4 => "the VMCS link pointer is invalid",
        _ => "an unknown qualification",
    }
}

/// What kind of event an [`InterruptionInformation`] speaks of, bits 10:8.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct InterruptionType(pub u8);

impl InterruptionType {
    /// External interrupt.
    pub const EXTERNAL_INTERRUPT: Self = Self(0);
    /// Non-maskable interrupt.
    pub const NMI: Self = Self(2);
    /// Hardware exception, such as #PF.
    pub const HARDWARE_EXCEPTION: Self = Self(3);
    /// Software interrupt: INT n.
    pub const SOFTWARE_INTERRUPT: Self = Self(4);
    /// Privileged software exception: INT1.
    pub const PRIVILEGED_SOFTWARE_EXCEPTION: Self = Self(5);
    /// Software exception: INT3 and INTO.
    pub const SOFTWARE_EXCEPTION: Self = Self(6);
    /// At entry: a pending monitor-trap-flag exit.
    pub const OTHER_EVENT: Self = Self(7);

    /// Whether delivery needs the VM-entry instruction length (SDM Vol. 3C §25.8.3).
    #[must_use]
    pub const fn has_instruction_length(self) -> bool {
        matches!(self.0, 4..=6)
    }

    const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    const fn into_bits(self) -> u8 {
        self.0
    }
}

impl fmt::Debug for InterruptionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self.0 {
            0 => "external interrupt",
            2 => "NMI",
            3 => "hardware exception",
            4 => "software interrupt",
            5 => "privileged software exception",
            6 => "software exception",
            7 => "other event",
            _ => "reserved",
        })
    }
}

const fn vector_bits(vector: Vector) -> u8 {
    vector.0
}

/// An event in the format that the VM-exit interruption information, the IDT-vectoring information and the VM-entry
/// interruption information share (SDM Vol. 3C §25.9.2, §25.9.3, §25.8.3).
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct InterruptionInformation {
    /// Vector.
    #[bits(8, from = Vector, into = vector_bits)]
    pub vector: Vector,
    /// Kind of event.
    #[bits(3, default = InterruptionType::EXTERNAL_INTERRUPT)]
    pub kind: InterruptionType,
    /// An error code goes with it, in the field beside.
    pub error_code_valid: bool,
    /// At an exit: the event hit an IRET that had just unblocked NMIs. Undefined in IDT-vectoring information, must
    /// be 0 at entry.
    pub nmi_unblocking: bool,
    /// 0 at exits, must be 0 at entry.
    #[bits(18)]
    pub reserved: u32,
    /// There is an event at all.
    pub valid: bool,
}

impl InterruptionInformation {
    /// A valid event without error code.
    #[must_use]
    pub const fn event(kind: InterruptionType, vector: Vector) -> Self {
        Self::new()
            .with_vector(vector)
            .with_kind(kind)
            .with_valid(true)
    }

    /// What the exit's IDT-vectoring information makes of it when the event is delivered again: the bits that an
    /// entry leaves undefined or wants 0 are cleared.
    #[must_use]
    pub const fn for_entry(self) -> Self {
        self.with_nmi_unblocking(false).with_reserved(0)
    }
}

/// The guest activity state (SDM Vol. 3C §25.4.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct ActivityState(pub u32);

impl ActivityState {
    /// Executing instructions.
    pub const ACTIVE: Self = Self(0);
    /// Halted by HLT.
    pub const HLT: Self = Self(1);
    /// Shut down by a triple fault or the like.
    pub const SHUTDOWN: Self = Self(2);
    /// Waiting for a start-up IPI.
    pub const WAIT_FOR_SIPI: Self = Self(3);
}

impl fmt::Display for ActivityState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.pad("active"),
            1 => f.pad("HLT"),
            2 => f.pad("shutdown"),
            3 => f.pad("wait-for-SIPI"),
            other => write!(f, "activity state {other}"),
        }
    }
}

impl fmt::Debug for ActivityState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

bitflags! {
    /// The guest interruptibility state: what holds events back (SDM Vol. 3C Table 25-3).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Interruptibility: u32 {
        /// STI, for one instruction.
        const BLOCKING_BY_STI = 1 << 0;
        /// MOV SS or POP SS, for one instruction.
        const BLOCKING_BY_MOV_SS = 1 << 1;
        /// SMIs are blocked.
        const BLOCKING_BY_SMI = 1 << 2;
        /// NMIs, or with "virtual NMIs" virtual ones, are blocked until IRET.
        const BLOCKING_BY_NMI = 1 << 3;
        /// The exit came while the processor was in an enclave.
        const ENCLAVE_INTERRUPTION = 1 << 4;
    }
}

impl Interruptibility {
    /// What lasts for one instruction and ends when the hypervisor completes that instruction in the guest's stead.
    pub const SHADOW: Self = Self::BLOCKING_BY_STI.union(Self::BLOCKING_BY_MOV_SS);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    #[test]
    fn reasons_rise_and_fit_a_table_of_counters() {
        assert!(BasicReason::ALL.is_sorted_by(|a, b| a.0 < b.0));
        let &(last, _) = BasicReason::ALL.last().unwrap();
        assert_eq!(usize::from(last.0) + 1, BasicReason::COUNT);
    }

    #[test]
    fn reasons_are_shown_by_name_and_unknown_ones_by_number() {
        assert_eq!(format!("{}", ExitReason(48)), "EPT violation");
        assert_eq!(
            format!("{}", ExitReason(0x8000_0021)),
            "VM-entry failure: invalid guest state"
        );
        assert_eq!(format!("{}", BasicReason(35)), "exit reason 35");
        assert_eq!(format!("{:<6}|", BasicReason::HLT), "HLT   |");
    }

    #[test]
    fn events_of_the_machine_are_no_instructions() {
        for event in [
            BasicReason::EXCEPTION_OR_NMI,
            BasicReason::EXTERNAL_INTERRUPT,
            BasicReason::TRIPLE_FAULT,
            BasicReason::INTERRUPT_WINDOW,
            BasicReason::INVALID_GUEST_STATE,
            BasicReason::PREEMPTION_TIMER,
            BasicReason::EPT_VIOLATION,
            BasicReason::APIC_WRITE,
            BasicReason::VIRTUALIZED_EOI,
            BasicReason::BUS_LOCK,
        ] {
            assert!(!event.is_instruction(), "{event}");
        }
        for instruction in [
            BasicReason::CPUID,
            BasicReason::RSM,
            BasicReason::WRMSR,
            BasicReason::XSETBV,
        ] {
            assert!(instruction.is_instruction(), "{instruction}");
        }
    }

    #[test]
    fn known_events_are_encoded_as_in_every_trace() {
        let page_fault =
            InterruptionInformation::event(InterruptionType::HARDWARE_EXCEPTION, Vector(14))
                .with_error_code_valid(true);
        assert_eq!(page_fault.into_bits(), 0x8000_0b0e);
        let nmi = InterruptionInformation::event(InterruptionType::NMI, Vector(2));
        assert_eq!(nmi.into_bits(), 0x8000_0202);
        assert_eq!(
            InterruptionInformation::from_bits(0x8000_1b0d)
                .for_entry()
                .into_bits(),
            0x8000_0b0d
        );
    }

    proptest! {
        #[test]
        fn an_event_keeps_every_bit_where_the_manual_puts_it(raw: u32) {
            let event = InterruptionInformation::from_bits(raw);
            prop_assert_eq!(event.into_bits(), raw);
            prop_assert_eq!(event.vector(), Vector(raw as u8));
            prop_assert_eq!(u32::from(event.kind().0), raw >> 8 & 7);
            prop_assert_eq!(event.error_code_valid(), raw & 0x800 != 0);
            prop_assert_eq!(event.nmi_unblocking(), raw & 0x1000 != 0);
            prop_assert_eq!(event.valid(), raw & 0x8000_0000 != 0);
        }

        #[test]
        fn any_exit_reason_can_be_shown(raw: u32) {
            let shown = format!("{:?}", ExitReason(raw));
            prop_assert_eq!(shown.contains("VM-entry failure"), raw >= 0x8000_0000);
            prop_assert_eq!(ExitReason(raw).is_entry_failure(), raw >= 0x8000_0000);
        }
    }
}
