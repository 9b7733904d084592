//! The exit qualification and the VM-exit instruction information, reason by reason (SDM Vol. 3C §28.2.1, §28.2.5,
//! Tables 28-1 to 28-8). A guest chooses most of these bits; any of them decode.

use crate::segment::Segment;
use bitfield_struct::bitfield;
use isthmus_abi::Port;

const fn port_bits(port: Port) -> u16 {
    port.0
}

/// An exit for an I/O instruction (Table 28-5).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct IoQualification {
    /// Bytes of one access, less 1: 0, 1 or 3.
    #[bits(3)]
    pub size_less_1: u8,
    /// IN or INS; otherwise OUT or OUTS.
    pub is_in: bool,
    /// INS or OUTS.
    pub string: bool,
    /// With a REP prefix.
    pub rep: bool,
    /// The port is in the instruction; otherwise in DX.
    pub immediate: bool,
    #[bits(9)]
    __: u16,
    /// The port.
    #[bits(16, from = Port, into = port_bits)]
    pub port: Port,
    #[bits(32)]
    __: u32,
}

impl IoQualification {
    /// Bytes of one access: 1, 2 or 4; 8 at most, should hardware say something else.
    #[must_use]
    pub const fn size(self) -> u8 {
        self.size_less_1() + 1
    }
}

/// What an instruction did to a control register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrAccessType {
    /// MOV to CR.
    MovTo,
    /// MOV from CR.
    MovFrom,
    /// CLTS.
    Clts,
    /// LMSW.
    Lmsw,
}

impl CrAccessType {
    const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::MovTo,
            1 => Self::MovFrom,
            2 => Self::Clts,
            _ => Self::Lmsw,
        }
    }

    const fn into_bits(self) -> u8 {
        self as u8
    }
}

/// An exit for a control-register access (Table 28-3).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct CrAccess {
    /// Which control register, 0 to 15; 0 for CLTS and LMSW.
    #[bits(4)]
    pub control_register: u8,
    /// What was done.
    #[bits(2, default = CrAccessType::MovTo)]
    pub access_type: CrAccessType,
    /// LMSW from memory; otherwise from a register.
    pub lmsw_memory: bool,
    __: bool,
    /// The general-purpose register of a MOV, 0 to 15.
    #[bits(4)]
    pub register: u8,
    #[bits(4)]
    __: u8,
    /// The operand of LMSW.
    pub lmsw_source: u16,
    #[bits(32)]
    __: u32,
}

/// An exit for a MOV to or from a debug register (Table 28-4).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct DrAccess {
    /// Which debug register, 0 to 7.
    #[bits(3)]
    pub debug_register: u8,
    __: bool,
    /// MOV from DR; otherwise MOV to DR.
    pub is_from: bool,
    #[bits(3)]
    __: u8,
    /// The general-purpose register, 0 to 15.
    #[bits(4)]
    pub register: u8,
    #[bits(52)]
    __: u64,
}

/// An EPT violation (Table 28-7).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct EptViolation {
    /// The access was a data read; with accessed and dirty flags also a page walk's.
    pub read: bool,
    /// The access was a data write; with accessed and dirty flags also a page walk's.
    pub write: bool,
    /// The access was an instruction fetch.
    pub fetch: bool,
    /// Every EPT entry on the way allows reads.
    pub readable: bool,
    /// Every EPT entry on the way allows writes.
    pub writable: bool,
    /// Every EPT entry on the way allows (supervisor) execution.
    pub executable: bool,
    /// With mode-based execute control: every EPT entry on the way allows user execution.
    pub user_executable: bool,
    /// The guest-linear-address field is valid.
    pub linear_address_valid: bool,
    /// With a valid linear address: the access was to the address that it translates to; otherwise to a
    /// paging-structure entry on the way.
    pub final_translation: bool,
    /// With advanced information: the linear address is a user-mode one.
    pub user_linear_address: bool,
    /// With advanced information: the linear address is writable.
    pub writable_linear_address: bool,
    /// With advanced information: the linear address is execute-disable.
    pub execute_disable_linear_address: bool,
    /// The access came from an IRET that had just unblocked NMIs.
    pub nmi_unblocking: bool,
    /// The access was a shadow-stack access.
    pub shadow_stack: bool,
    /// Every EPT entry on the way allows supervisor shadow-stack accesses.
    pub supervisor_shadow_stack: bool,
    /// Guest-paging verification failed.
    pub guest_paging_verification: bool,
    /// The access was not part of an instruction's execution.
    pub asynchronous: bool,
    #[bits(47)]
    __: u64,
}

/// How the APIC-access page was touched, bits 15:12 of the qualification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct ApicAccessType(pub u8);

impl ApicAccessType {
    /// Data read by an instruction.
    pub const READ: Self = Self(0);
    /// Data write by an instruction.
    pub const WRITE: Self = Self(1);
    /// Instruction fetch.
    pub const FETCH: Self = Self(2);
    /// Read or write during the delivery of an event.
    pub const EVENT_DELIVERY: Self = Self(3);
    /// Monitoring.
    pub const MONITOR: Self = Self(4);
    /// By guest-physical address during the delivery of an event.
    pub const PHYSICAL_EVENT_DELIVERY: Self = Self(10);
    /// By guest-physical address for a fetch or an instruction's execution.
    pub const PHYSICAL_INSTRUCTION: Self = Self(15);

    const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    const fn into_bits(self) -> u8 {
        self.0
    }
}

/// An access to the APIC-access page (Table 28-6).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct ApicAccess {
    /// Offset within the page; undefined for accesses by guest-physical address.
    #[bits(12)]
    pub offset: u16,
    /// How it was touched.
    #[bits(4, default = ApicAccessType::READ)]
    pub access_type: ApicAccessType,
    /// The access was not part of an instruction's execution.
    pub asynchronous: bool,
    #[bits(47)]
    __: u64,
}

/// What asked for a task switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskSwitchSource {
    /// CALL.
    Call,
    /// IRET.
    Iret,
    /// JMP.
    Jmp,
    /// A task gate in the IDT.
    TaskGate,
}

impl TaskSwitchSource {
    const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Call,
            1 => Self::Iret,
            2 => Self::Jmp,
            _ => Self::TaskGate,
        }
    }

    const fn into_bits(self) -> u8 {
        self as u8
    }
}

/// A task switch (Table 28-2).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct TaskSwitch {
    /// Selector of the TSS to switch to.
    pub selector: u16,
    #[bits(14)]
    __: u16,
    /// What asked for it.
    #[bits(2, default = TaskSwitchSource::Call)]
    pub source: TaskSwitchSource,
    #[bits(32)]
    __: u32,
}

/// Debug exceptions: the qualification of a #DB exit (Table 28-1) and the guest's pending ones (Table 25-4), which
/// share their bits but for BD.
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct PendingDebugExceptions {
    /// B3 to B0: conditions of the breakpoints that were met.
    #[bits(4)]
    pub breakpoints: u8,
    #[bits(7)]
    __: u8,
    /// A bus lock was asserted while bus-lock debug exceptions are enabled.
    pub bus_lock: bool,
    /// At least one enabled breakpoint was met; in the pending field alone.
    pub enabled_breakpoint: bool,
    /// BD: a debug register was accessed while DR7.GD is set; in the qualification alone.
    pub debug_register_access: bool,
    /// BS: a single step.
    pub single_step: bool,
    __: bool,
    /// Within a transactional region with advanced debugging.
    pub rtm: bool,
    #[bits(47)]
    __: u64,
}

/// The VM-exit instruction information of INS and OUTS (Table 28-9), valid where IA32_VMX_BASIC bit 54 says so.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct StringIoInformation {
    #[bits(7)]
    __: u8,
    /// Address size: 0 is 16 bits, 1 is 32, 2 is 64.
    #[bits(3)]
    pub address_size_code: u8,
    #[bits(5)]
    __: u8,
    /// Segment register of OUTS by number; undefined for INS, which uses ES.
    #[bits(3)]
    pub segment_number: u8,
    #[bits(14)]
    __: u16,
}

impl StringIoInformation {
    /// Address size in bytes: 2, 4 or 8.
    #[must_use]
    pub const fn address_size(self) -> u8 {
        match self.address_size_code() {
            0 => 2,
            1 => 4,
            _ => 8,
        }
    }

    /// Segment register of OUTS; `None` for a number that names none.
    #[must_use]
    pub const fn segment(self) -> Option<Segment> {
        Segment::from_encoding(self.segment_number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_out_to_a_port_in_the_instruction() {
        let out = IoQualification::from_bits(0x0080_0040);
        assert_eq!(
            (out.port(), out.size(), out.is_in(), out.immediate()),
            (Port(0x80), 1, false, true)
        );
        assert!(!out.string() && !out.rep());
    }

    #[test]
    fn a_rep_insd_from_dx() {
        let ins = IoQualification::from_bits(0x01f0_003b);
        assert_eq!((ins.port(), ins.size()), (Port(0x1f0), 4));
        assert!(ins.is_in() && ins.string() && ins.rep() && !ins.immediate());
    }

    #[test]
    fn a_mov_of_r9_to_cr4_and_an_lmsw() {
        let mov = CrAccess::from_bits(0x904);
        assert_eq!(
            (mov.control_register(), mov.access_type(), mov.register()),
            (4, CrAccessType::MovTo, 9)
        );
        let lmsw = CrAccess::from_bits(0xbeef_0030);
        assert_eq!(
            (lmsw.access_type(), lmsw.lmsw_source()),
            (CrAccessType::Lmsw, 0xbeef)
        );
    }

    #[test]
    fn a_write_to_a_read_only_page() {
        let violation = EptViolation::from_bits(0x18a);
        assert!(violation.write() && violation.readable() && !violation.writable());
        assert!(violation.linear_address_valid() && violation.final_translation());
    }

    #[test]
    fn a_write_to_the_icr_by_an_instruction() {
        let access = ApicAccess::from_bits(0x1300);
        assert_eq!(
            (access.offset(), access.access_type()),
            (0x300, ApicAccessType::WRITE)
        );
    }

    proptest! {
        #[test]
        fn every_qualification_keeps_every_bit(raw: u64) {
            prop_assert_eq!(IoQualification::from_bits(raw).into_bits(), raw);
            prop_assert_eq!(CrAccess::from_bits(raw).into_bits(), raw);
            prop_assert_eq!(DrAccess::from_bits(raw).into_bits(), raw);
            prop_assert_eq!(EptViolation::from_bits(raw).into_bits(), raw);
            prop_assert_eq!(ApicAccess::from_bits(raw).into_bits(), raw);
            prop_assert_eq!(TaskSwitch::from_bits(raw).into_bits(), raw);
            prop_assert_eq!(PendingDebugExceptions::from_bits(raw).into_bits(), raw);
        }

        #[test]
        fn parts_lie_where_the_manual_puts_them(raw: u64) {
            let io = IoQualification::from_bits(raw);
            prop_assert_eq!(u64::from(io.port().0), raw >> 16 & 0xffff);
            prop_assert_eq!(u64::from(io.size()), (raw & 7) + 1);
            let cr = CrAccess::from_bits(raw);
            prop_assert_eq!(cr.access_type() as u64, raw >> 4 & 3);
            prop_assert_eq!(u64::from(cr.register()), raw >> 8 & 15);
            let dr = DrAccess::from_bits(raw);
            prop_assert_eq!((u64::from(dr.debug_register()), dr.is_from()), (raw & 7, raw & 0x10 != 0));
            let ept = EptViolation::from_bits(raw);
            prop_assert_eq!((ept.nmi_unblocking(), ept.asynchronous()), (raw & 0x1000 != 0, raw & 0x1_0000 != 0));
            let task = TaskSwitch::from_bits(raw);
            prop_assert_eq!(task.source() as u64, raw >> 30 & 3);
            let debug = PendingDebugExceptions::from_bits(raw);
            prop_assert_eq!((debug.single_step(), debug.enabled_breakpoint()), (raw & 0x4000 != 0, raw & 0x1000 != 0));
        }

        #[test]
        fn string_information_always_has_a_size(raw: u32) {
            let information = StringIoInformation::from_bits(raw);
            prop_assert!([2, 4, 8].contains(&information.address_size()));
            let number = (raw >> 15 & 7) as u8;
            prop_assert_eq!(information.segment().map(|segment| segment as u8), (number < 6).then_some(number));
        }
    }
}
