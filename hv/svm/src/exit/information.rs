//! EXITINFO1 and EXITINFO2, code by code (APM Vol. 2 §15.8 to §15.14, §15.25.6). A guest chooses most of these bits;
//! any of them decode.

use crate::segment::Segment;
use bitfield_struct::bitfield;
use isthmus_abi::Port;

const fn port_bits(port: Port) -> u16 {
    port.0
}

/// EXITINFO1 of [`super::ExitCode::IOIO`] (Figure 15-2). EXITINFO2 is the next RIP.
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct IoInformation {
    /// TYPE: IN or INS; otherwise OUT or OUTS.
    pub is_in: bool,
    __: bool,
    /// STR: INS or OUTS.
    pub string: bool,
    /// REP: with a REP prefix.
    pub rep: bool,
    /// SZ8.
    pub size_8: bool,
    /// SZ16.
    pub size_16: bool,
    /// SZ32.
    pub size_32: bool,
    /// A16. Some emulators leave all three address sizes clear.
    pub address_16: bool,
    /// A32.
    pub address_32: bool,
    /// A64.
    pub address_64: bool,
    /// SEG: the effective segment of a string instruction, where there are decode assists; else 0.
    #[bits(3)]
    pub segment_number: u8,
    #[bits(3)]
    __: u8,
    /// PORT.
    #[bits(16, from = Port, into = port_bits)]
    pub port: Port,
    #[bits(32)]
    __: u32,
}

impl IoInformation {
    /// Bytes of one access: 1, 2 or 4. No size or several, which hardware does not say, count as 1.
    #[must_use]
    pub const fn size(self) -> u8 {
        match (self.size_8(), self.size_16(), self.size_32()) {
            (false, true, false) => 2,
            (false, false, true) => 4,
            _ => 1,
        }
    }

    /// Bits of an address of the string instruction, 16, 32 or 64; `None` if the processor did not tell.
    #[must_use]
    pub const fn address_bits(self) -> Option<u8> {
        match (self.address_16(), self.address_32(), self.address_64()) {
            (true, false, false) => Some(16),
            (false, true, false) => Some(32),
            (false, false, true) => Some(64),
            _ => None,
        }
    }

    /// The effective segment; means something for OUTS alone, and with decode assists alone.
    #[must_use]
    pub const fn segment(self) -> Option<Segment> {
        Segment::from_encoding(self.segment_number())
    }
}

/// EXITINFO1 of a control-register access where there are decode assists (§15.8.1); without them it is 0.
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct CrAccess {
    /// The general-purpose register of a MOV, 0 to 15.
    #[bits(4)]
    pub register: u8,
    #[bits(59)]
    __: u64,
    /// The instruction was MOV; otherwise CLTS, LMSW or SMSW, or the processor does not tell.
    pub is_mov: bool,
}

/// EXITINFO1 of a debug-register access where there are decode assists (§15.8.1); without them it is 0.
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct DrAccess {
    /// The general-purpose register, 0 to 15.
    #[bits(4)]
    pub register: u8,
    #[bits(60)]
    __: u64,
}

/// EXITINFO1 of [`super::ExitCode::NESTED_PAGE_FAULT`]; EXITINFO2 is the guest-physical address (§15.25.6).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct NestedPageFault {
    /// P: the nested page was present; the access is not allowed.
    pub present: bool,
    /// RW: the access was a write. Walks of the guest's page tables count as writes.
    pub write: bool,
    /// US: set, nested tables see every access as one of user mode.
    pub user: bool,
    /// RSV: a nested entry has reserved bits set.
    pub reserved_bit: bool,
    /// ID: the access was an instruction fetch.
    pub fetch: bool,
    __: bool,
    /// SS: the access was a shadow-stack access.
    pub shadow_stack: bool,
    #[bits(25)]
    __: u32,
    /// The fault came while the final guest-physical address was translated.
    pub final_translation: bool,
    /// The fault came while a page table of the guest was translated.
    pub table_walk: bool,
    #[bits(3)]
    __: u8,
    /// A supervisor shadow-stack page was not marked as one in the nested tables.
    pub shadow_stack_check: bool,
    #[bits(26)]
    __: u32,
}

/// What asked for a task switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskSwitchSource {
    /// IRET.
    Iret,
    /// JMP.
    Jmp,
    /// CALL, or an event through a task gate; [`crate::event::EventInformation::interrupted`] tells them apart.
    CallOrEvent,
}

/// A task switch (§15.14.1): EXITINFO1 and EXITINFO2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskSwitch {
    /// Selector of the TSS to switch to.
    pub selector: u16,
    /// What asked for it.
    pub source: TaskSwitchSource,
    /// The error code to push in the new task, if there is one.
    pub error_code: Option<u32>,
    /// The value of RFLAGS.RF to save in the old TSS.
    pub resume_flag: bool,
}

impl TaskSwitch {
    /// Takes the two fields apart.
    #[must_use]
    pub const fn from_fields(exitinfo1: u64, exitinfo2: u64) -> Self {
        Self {
            selector: exitinfo1 as u16,
            source: if exitinfo2 >> 36 & 1 != 0 {
                TaskSwitchSource::Iret
            } else if exitinfo2 >> 38 & 1 != 0 {
                TaskSwitchSource::Jmp
            } else {
                TaskSwitchSource::CallOrEvent
            },
            error_code: if exitinfo2 >> 44 & 1 != 0 {
                Some(exitinfo2 as u32)
            } else {
                None
            },
            resume_flag: exitinfo2 >> 48 & 1 != 0,
        }
    }
}

/// Whether EXITINFO1 of [`super::ExitCode::MSR`] tells of WRMSR; otherwise of RDMSR (§15.11).
#[must_use]
pub const fn is_wrmsr(exitinfo1: u64) -> bool {
    exitinfo1 & 1 != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_io_exits_decode_as_in_every_trace() {
        // OUT 0x80, AL and IN EAX, DX with DX = 0xcfc.
        let out = IoInformation::from_bits(0x80_0010);
        assert_eq!(
            (out.port(), out.size(), out.is_in(), out.string()),
            (Port(0x80), 1, false, false)
        );
        let read = IoInformation::from_bits(0xcfc_0041);
        assert_eq!(
            (read.port(), read.size(), read.is_in()),
            (Port(0xcfc), 4, true)
        );
        // REP OUTSW with DX = 0x1f0, 64-bit addresses, FS.
        let string = IoInformation::from_bits(0x1f0_122c);
        assert_eq!(
            (string.size(), string.address_bits(), string.segment()),
            (2, Some(64), Some(Segment::Fs))
        );
        assert!(string.string() && string.rep() && !string.is_in());
    }

    #[test]
    fn sizes_that_were_not_told_are_not_guessed() {
        assert_eq!(IoInformation::from_bits(0).address_bits(), None);
        assert_eq!(IoInformation::from_bits(0).size(), 1);
        assert_eq!(IoInformation::from_bits(7 << 4).size(), 1);
    }

    #[test]
    fn nested_page_faults_say_where_they_came_from() {
        let fault = NestedPageFault::from_bits(1 << 32 | 0x15);
        assert!(fault.present() && fault.user() && fault.fetch() && fault.final_translation());
        assert!(!fault.write() && !fault.table_walk());
        assert!(NestedPageFault::from_bits(1 << 33).table_walk());
        assert!(NestedPageFault::from_bits(1 << 37).shadow_stack_check());
    }

    #[test]
    fn task_switches_have_a_source_and_perhaps_a_code() {
        let by = |exitinfo2| TaskSwitch::from_fields(0xffff_0028, exitinfo2);
        assert_eq!(by(0).selector, 0x28);
        assert_eq!(by(0).source, TaskSwitchSource::CallOrEvent);
        assert_eq!(by(1 << 36).source, TaskSwitchSource::Iret);
        assert_eq!(by(1 << 38).source, TaskSwitchSource::Jmp);
        assert_eq!(by(0x18).error_code, None);
        assert_eq!(by(1 << 44 | 0x18).error_code, Some(0x18));
        assert!(by(1 << 48).resume_flag && !by(0).resume_flag);
    }

    #[test]
    fn a_mov_to_a_control_register_names_its_source() {
        let access = CrAccess::from_bits(1 << 63 | 9);
        assert!(access.is_mov());
        assert_eq!(access.register(), 9);
        assert!(!CrAccess::from_bits(0).is_mov());
        assert_eq!(DrAccess::from_bits(15).register(), 15);
    }

    proptest! {
        #[test]
        fn io_information_keeps_every_bit_where_the_manual_puts_it(raw: u64) {
            let io = IoInformation::from_bits(raw);
            prop_assert_eq!(u64::from(io.port().0), raw >> 16 & 0xffff);
            prop_assert_eq!(io.is_in(), raw & 1 != 0);
            prop_assert_eq!(io.string(), raw & 4 != 0);
            prop_assert_eq!(io.rep(), raw & 8 != 0);
            prop_assert!(matches!(io.size(), 1 | 2 | 4));
            prop_assert_eq!(u64::from(io.segment_number()), raw >> 10 & 7);
        }

        #[test]
        fn a_task_switch_decodes_from_any_bits(exitinfo1: u64, exitinfo2: u64) {
            let switch = TaskSwitch::from_fields(exitinfo1, exitinfo2);
            prop_assert_eq!(switch.selector, exitinfo1 as u16);
            prop_assert_eq!(switch.error_code.is_some(), exitinfo2 >> 44 & 1 != 0);
        }
    }
}
