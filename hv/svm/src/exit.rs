//! Why a guest stopped: #VMEXIT codes (APM Vol. 2 Appendix C) and where it goes on. Neighbour: [`information`] for
//! what hangs on the code.
//!
//! All of it comes from hardware that a guest steers, so every type is open: any bits have a value.

use crate::field::{Field, Vmcb};
use core::fmt;
use isthmus_abi::Vector;

pub mod information;

pub use information::{
    CrAccess, DrAccess, IoInformation, NestedPageFault, TaskSwitch, TaskSwitchSource,
};

/// The EXITCODE field.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct ExitCode(pub u64);

macro_rules! codes {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        impl ExitCode {
            $(
                #[doc = concat!($text, ".")]
                pub const $name: Self = Self($number);
            )*

            /// Every code that has a name of its own here, by rising number. Control and debug registers and
            /// exceptions have ranges instead.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, $text),)*];
        }
    };
}

codes! {
    INTR = 0x60, "physical interrupt";
    NMI = 0x61, "physical NMI";
    SMI = 0x62, "SMI";
    INIT = 0x63, "INIT";
    VINTR = 0x64, "virtual interrupt";
    CR0_SELECTIVE_WRITE = 0x65, "selective write of CR0";
    IDTR_READ = 0x66, "SIDT";
    GDTR_READ = 0x67, "SGDT";
    LDTR_READ = 0x68, "SLDT";
    TR_READ = 0x69, "STR";
    IDTR_WRITE = 0x6a, "LIDT";
    GDTR_WRITE = 0x6b, "LGDT";
    LDTR_WRITE = 0x6c, "LLDT";
    TR_WRITE = 0x6d, "LTR";
    RDTSC = 0x6e, "RDTSC";
    RDPMC = 0x6f, "RDPMC";
    PUSHF = 0x70, "PUSHF";
    POPF = 0x71, "POPF";
    CPUID = 0x72, "CPUID";
    RSM = 0x73, "RSM";
    IRET = 0x74, "IRET";
    SOFTWARE_INTERRUPT = 0x75, "software interrupt";
    INVD = 0x76, "INVD";
    PAUSE = 0x77, "PAUSE";
    HLT = 0x78, "HLT";
    INVLPG = 0x79, "INVLPG";
    INVLPGA = 0x7a, "INVLPGA";
    IOIO = 0x7b, "I/O instruction";
    MSR = 0x7c, "RDMSR or WRMSR";
    TASK_SWITCH = 0x7d, "task switch";
    FERR_FREEZE = 0x7e, "freeze by a floating-point error";
    SHUTDOWN = 0x7f, "shutdown";
    VMRUN = 0x80, "VMRUN";
    VMMCALL = 0x81, "VMMCALL";
    VMLOAD = 0x82, "VMLOAD";
    VMSAVE = 0x83, "VMSAVE";
    STGI = 0x84, "STGI";
    CLGI = 0x85, "CLGI";
    SKINIT = 0x86, "SKINIT";
    RDTSCP = 0x87, "RDTSCP";
    ICEBP = 0x88, "ICEBP";
    WBINVD = 0x89, "WBINVD or WBNOINVD";
    MONITOR = 0x8a, "MONITOR or MONITORX";
    MWAIT = 0x8b, "MWAIT or MWAITX";
    MWAIT_ARMED = 0x8c, "MWAIT or MWAITX with an armed monitor";
    XSETBV = 0x8d, "XSETBV";
    RDPRU = 0x8e, "RDPRU";
    EFER_WRITE_TRAP = 0x8f, "write of EFER, done";
    INVLPGB = 0xa0, "INVLPGB";
    INVLPGB_ILLEGAL = 0xa1, "illegal INVLPGB";
    INVPCID = 0xa2, "INVPCID";
    MCOMMIT = 0xa3, "MCOMMIT";
    TLBSYNC = 0xa4, "TLBSYNC";
    BUS_LOCK = 0xa5, "bus lock";
    IDLE_HLT = 0xa6, "idle HLT";
    NESTED_PAGE_FAULT = 0x400, "nested page fault";
    AVIC_INCOMPLETE_IPI = 0x401, "AVIC: incomplete IPI";
    AVIC_NO_ACCELERATION = 0x402, "AVIC: access without acceleration";
    VMGEXIT = 0x403, "VMGEXIT";
    INVALID_PMC = 0xffff_ffff_ffff_fffc, "invalid PMC state";
    IDLE_REQUIRED = 0xffff_ffff_ffff_fffd, "VMSA not idle";
    BUSY = 0xffff_ffff_ffff_fffe, "VMSA busy";
    INVALID = 0xffff_ffff_ffff_ffff, "invalid guest state";
}

/// What a code says about itself, so that one `match` covers the ranges too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitKind {
    /// A control register was about to be read, 0 to 15.
    CrRead(u8),
    /// A control register was about to be written, 0 to 15.
    CrWrite(u8),
    /// A debug register was about to be read, 0 to 15.
    DrRead(u8),
    /// A debug register was about to be written, 0 to 15.
    DrWrite(u8),
    /// An exception, 0 to 31.
    Exception(Vector),
    /// A control register has been written, 0 to 15.
    CrWriteTrap(u8),
    /// Any other code, one of [`ExitCode::ALL`] or none that is known.
    Other(ExitCode),
}

/// First number of the codes from 400H in a table of counters.
const FROM_400: usize = 0xa7;
/// First number of the codes that are negative.
const NEGATIVE: usize = FROM_400 + 4;

impl ExitCode {
    /// Slots in a table of counters by [`ExitCode::slot`].
    pub const COUNT: usize = NEGATIVE + 5;

    /// What the last #VMEXIT of this VMCB wrote. Some processors and emulators write the codes below zero in 32 bits
    /// and leave the other half clear; they mean the same.
    #[must_use]
    #[inline]
    pub fn read(vmcb: &impl Vmcb) -> Self {
        Self::from_raw(vmcb.read(Field::EXITCODE))
    }

    /// As [`ExitCode::read`], of a value that was read already.
    #[must_use]
    #[inline]
    pub const fn from_raw(raw: u64) -> Self {
        match raw {
            0xffff_fff0..=0xffff_ffff => Self(raw | 0xffff_ffff << 32),
            _ => Self(raw),
        }
    }

    /// The code taken apart.
    #[must_use]
    #[inline]
    pub const fn kind(self) -> ExitKind {
        let low = self.0 as u8;
        match self.0 {
            0x00..=0x0f => ExitKind::CrRead(low & 15),
            0x10..=0x1f => ExitKind::CrWrite(low & 15),
            0x20..=0x2f => ExitKind::DrRead(low & 15),
            0x30..=0x3f => ExitKind::DrWrite(low & 15),
            0x40..=0x5f => ExitKind::Exception(Vector(low - 0x40)),
            0x90..=0x9f => ExitKind::CrWriteTrap(low & 15),
            _ => ExitKind::Other(self),
        }
    }

    /// The code of an exception.
    #[must_use]
    pub const fn exception(vector: Vector) -> Self {
        Self(0x40 + (vector.0 & 31) as u64)
    }

    /// What the code is called, if it has a name of its own.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let place = Self::ALL
            .binary_search_by_key(&self, |&(code, _)| code)
            .ok()?;
        Self::ALL.get(place).map(|&(_, name)| name)
    }

    /// The code's place in a table of [`ExitCode::COUNT`] counters; unknown codes share the last.
    #[must_use]
    #[inline]
    pub const fn slot(self) -> usize {
        match self.0 {
            0..=0xa6 => self.0 as usize,
            0x400..=0x403 => FROM_400 + (self.0 - 0x400) as usize,
            0xffff_ffff_ffff_fffc.. => NEGATIVE + (self.0 & 3) as usize,
            _ => Self::COUNT - 1,
        }
    }

    /// The code of a slot; `None` for the last, which unknown codes share, and beyond.
    #[must_use]
    pub const fn of_slot(slot: usize) -> Option<Self> {
        let number = slot as u64;
        match slot {
            0..FROM_400 => Some(Self(number)),
            FROM_400..NEGATIVE => Some(Self(0x400 + number - FROM_400 as u64)),
            _ if slot < Self::COUNT - 1 => {
                Some(Self(0xffff_ffff_ffff_fffc + (number - NEGATIVE as u64)))
            }
            _ => None,
        }
    }

    /// Whether VMRUN refused the VMCB: the guest did not run, and [`crate::checks`] may say why.
    #[must_use]
    pub const fn is_invalid(self) -> bool {
        Self::from_raw(self.0).0 == Self::INVALID.0
    }

    /// Whether the exit was caused by an instruction that did not execute, so that RIP still points at it and the
    /// hypervisor completes it and moves RIP past it. Task switches and nested page faults are not counted: what they
    /// interrupt may be an event's delivery.
    #[must_use]
    pub const fn is_instruction(self) -> bool {
        matches!(
            self.0,
            0x00..=0x3f | 0x65..=0x7c | 0x80..=0x8e | 0xa0..=0xa4 | 0xa6
        )
    }
}

impl fmt::Display for ExitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name() {
            return f.pad(name);
        }
        match self.kind() {
            ExitKind::CrRead(number) => write!(f, "read of CR{number}"),
            ExitKind::CrWrite(number) => write!(f, "write of CR{number}"),
            ExitKind::DrRead(number) => write!(f, "read of DR{number}"),
            ExitKind::DrWrite(number) => write!(f, "write of DR{number}"),
            ExitKind::Exception(vector) => write!(f, "exception {}", vector.0),
            ExitKind::CrWriteTrap(number) => write!(f, "write of CR{number}, done"),
            ExitKind::Other(code) => write!(f, "exit code {:#x}", code.0),
        }
    }
}

impl fmt::Debug for ExitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExitCode({:#x}: {self})", self.0)
    }
}

/// Where the guest goes on once the hypervisor has completed the instruction that exited, if the processor told
/// (§15.7.1, §15.10.2): EXITINFO2 for an I/O instruction, else the nRIP field where there is next-RIP save, which INT3
/// and INTO that exit have too. `None`: find the length of the instruction instead, as [`crate::instruction`] does.
///
/// `has_nrip` is [`crate::capabilities::Features::NRIP_SAVE`] of the processor that ran the guest.
#[must_use]
#[inline]
pub fn next_rip(vmcb: &impl Vmcb, has_nrip: bool) -> Option<u64> {
    let code = ExitCode::read(vmcb);
    if code == ExitCode::IOIO {
        return Some(vmcb.read(Field::EXITINFO2));
    }
    let next = vmcb.read(Field::NRIP);
    let is_trap = matches!(code.kind(), ExitKind::Exception(Vector(3 | 4)));
    (has_nrip && (code.is_instruction() || is_trap) && next != 0).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::WORDS;
    use alloc::format;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn codes_rise_and_each_has_a_slot_of_its_own() {
        assert!(ExitCode::ALL.is_sorted_by(|a, b| a.0 < b.0));
        let mut slots: Vec<_> = ExitCode::ALL.iter().map(|(code, _)| code.slot()).collect();
        slots.dedup();
        assert_eq!(slots.len(), ExitCode::ALL.len());
        for &(code, name) in ExitCode::ALL {
            assert_eq!(ExitCode::of_slot(code.slot()), Some(code), "{name}");
        }
    }

    #[test]
    fn codes_are_shown_by_name_register_or_number() {
        for (code, shown) in [
            (0x400, "nested page fault"),
            (0x14, "write of CR4"),
            (0x21, "read of DR1"),
            (0x4e, "exception 14"),
            (0x90, "write of CR0, done"),
            (0xa7, "exit code 0xa7"),
            (u64::MAX, "invalid guest state"),
        ] {
            assert_eq!(format!("{}", ExitCode(code)), shown);
        }
        assert_eq!(format!("{:?}", ExitCode::HLT), "ExitCode(0x78: HLT)");
        assert_eq!(format!("{:<6}|", ExitCode::HLT), "HLT   |");
    }

    #[test]
    fn a_refusal_in_32_bits_is_one_too() {
        let mut vmcb = [0; WORDS];
        for raw in [0xffff_ffff, u64::MAX] {
            vmcb.write(Field::EXITCODE, raw);
            assert_eq!(ExitCode::read(&vmcb), ExitCode::INVALID);
            assert!(ExitCode(raw).is_invalid());
        }
        vmcb.write(Field::EXITCODE, 0xffff_fffe);
        assert_eq!(ExitCode::read(&vmcb), ExitCode::BUSY);
        vmcb.write(Field::EXITCODE, 0xf000_0000);
        assert_eq!(ExitCode::read(&vmcb), ExitCode(0xf000_0000));
    }

    #[test]
    fn events_of_the_machine_are_no_instructions() {
        for event in [
            ExitCode::INTR,
            ExitCode::NMI,
            ExitCode::VINTR,
            ExitCode::SHUTDOWN,
            ExitCode::TASK_SWITCH,
            ExitCode::NESTED_PAGE_FAULT,
            ExitCode::EFER_WRITE_TRAP,
            ExitCode::INVALID,
            ExitCode::exception(Vector(14)),
        ] {
            assert!(!event.is_instruction(), "{event}");
        }
        for instruction in [
            ExitCode::CPUID,
            ExitCode::IOIO,
            ExitCode::MSR,
            ExitCode::VMMCALL,
            ExitCode::XSETBV,
            ExitCode(0x10),
        ] {
            assert!(instruction.is_instruction(), "{instruction}");
        }
    }

    #[test]
    fn the_next_rip_is_where_the_processor_puts_it() {
        let mut vmcb = [0; WORDS];
        vmcb.write(Field::EXITCODE, ExitCode::IOIO.0);
        vmcb.write(Field::EXITINFO2, 0x1002);
        assert_eq!(next_rip(&vmcb, false), Some(0x1002));
        vmcb.write(Field::EXITCODE, ExitCode::CPUID.0);
        vmcb.write(Field::NRIP, 0x2002);
        assert_eq!(next_rip(&vmcb, true), Some(0x2002));
        assert_eq!(next_rip(&vmcb, false), None);
        vmcb.write(Field::EXITCODE, ExitCode::NESTED_PAGE_FAULT.0);
        assert_eq!(next_rip(&vmcb, true), None);
    }

    proptest! {
        #[test]
        fn any_code_can_be_shown_and_counted(raw in prop_oneof![any::<u64>(), 0..0x500u64, Just(u64::MAX)]) {
            let code = ExitCode::from_raw(raw);
            let shown = format!("{code:?}");
            prop_assert!(shown.starts_with("ExitCode(0x"));
            prop_assert!(code.slot() < ExitCode::COUNT);
            if let Some(same) = ExitCode::of_slot(code.slot()) {
                prop_assert_eq!(same, code);
            }
        }

        #[test]
        fn a_slot_is_that_of_its_code(slot in 0..2 * ExitCode::COUNT) {
            match ExitCode::of_slot(slot) {
                Some(code) => prop_assert_eq!(code.slot(), slot),
                None => prop_assert!(slot + 1 >= ExitCode::COUNT),
            }
        }
    }
}
