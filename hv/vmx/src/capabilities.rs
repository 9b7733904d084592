//! What the processor's VMX offers: IA32_FEATURE_CONTROL and the capability MSRs 0x480 to 0x493, read once and kept
//! (SDM Vol. 3D Appendix A). [`crate::controls`] negotiates from it, [`crate::preflight`] reports it, the entry
//! checks and the EPT formats ask it what is legal.

use bitfield_struct::bitfield;
use isthmus_abi::Msr;

/// Locks VMX on or off until reset (SDM Vol. 3C §24.7).
pub const IA32_FEATURE_CONTROL: Msr = Msr(0x3a);
/// Revision, region size, memory type (SDM Vol. 3D §A.1).
pub const IA32_VMX_BASIC: Msr = Msr(0x480);
/// Pin-based controls, with the default-1 class fixed (SDM Vol. 3D §A.3.1).
pub const IA32_VMX_PINBASED_CTLS: Msr = Msr(0x481);
/// Primary processor-based controls, with the default-1 class fixed (SDM Vol. 3D §A.3.2).
pub const IA32_VMX_PROCBASED_CTLS: Msr = Msr(0x482);
/// VM-exit controls, with the default-1 class fixed (SDM Vol. 3D §A.4).
pub const IA32_VMX_EXIT_CTLS: Msr = Msr(0x483);
/// VM-entry controls, with the default-1 class fixed (SDM Vol. 3D §A.5).
pub const IA32_VMX_ENTRY_CTLS: Msr = Msr(0x484);
/// Preemption timer rate, activity states, limits (SDM Vol. 3D §A.6).
pub const IA32_VMX_MISC: Msr = Msr(0x485);
/// Bits of CR0 that must be 1 in VMX operation (SDM Vol. 3D §A.7).
pub const IA32_VMX_CR0_FIXED0: Msr = Msr(0x486);
/// Bits of CR0 that may be 1 in VMX operation (SDM Vol. 3D §A.7).
pub const IA32_VMX_CR0_FIXED1: Msr = Msr(0x487);
/// Bits of CR4 that must be 1 in VMX operation (SDM Vol. 3D §A.8).
pub const IA32_VMX_CR4_FIXED0: Msr = Msr(0x488);
/// Bits of CR4 that may be 1 in VMX operation (SDM Vol. 3D §A.8).
pub const IA32_VMX_CR4_FIXED1: Msr = Msr(0x489);
/// Highest index of a VMCS field (SDM Vol. 3D §A.9).
pub const IA32_VMX_VMCS_ENUM: Msr = Msr(0x48a);
/// Secondary processor-based controls (SDM Vol. 3D §A.3.3).
pub const IA32_VMX_PROCBASED_CTLS2: Msr = Msr(0x48b);
/// EPT and VPID (SDM Vol. 3D §A.10).
pub const IA32_VMX_EPT_VPID_CAP: Msr = Msr(0x48c);
/// Pin-based controls as they truly are.
pub const IA32_VMX_TRUE_PINBASED_CTLS: Msr = Msr(0x48d);
/// Primary processor-based controls as they truly are.
pub const IA32_VMX_TRUE_PROCBASED_CTLS: Msr = Msr(0x48e);
/// VM-exit controls as they truly are.
pub const IA32_VMX_TRUE_EXIT_CTLS: Msr = Msr(0x48f);
/// VM-entry controls as they truly are.
pub const IA32_VMX_TRUE_ENTRY_CTLS: Msr = Msr(0x490);
/// VM functions (SDM Vol. 3D §A.11).
pub const IA32_VMX_VMFUNC: Msr = Msr(0x491);
/// Tertiary processor-based controls (SDM Vol. 3D §A.3.4).
pub const IA32_VMX_PROCBASED_CTLS3: Msr = Msr(0x492);
/// Secondary VM-exit controls (SDM Vol. 3D §A.4.2).
pub const IA32_VMX_EXIT_CTLS2: Msr = Msr(0x493);

const ACTIVATE_TERTIARY: u32 = 1 << 17;
const ACTIVATE_SECONDARY: u32 = 1 << 31;
const ENABLE_EPT_OR_VPID: u32 = 1 << 1 | 1 << 5;
const ENABLE_VM_FUNCTIONS: u32 = 1 << 13;
const ACTIVATE_SECONDARY_EXIT: u32 = 1 << 31;

/// IA32_FEATURE_CONTROL (SDM Vol. 3C §24.7, Vol. 4 Table 2-2).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct FeatureControl {
    /// Further writes fault, and VMXON is possible only once this is set.
    pub locked: bool,
    /// VMXON allowed inside SMX operation.
    pub vmx_inside_smx: bool,
    /// VMXON allowed outside SMX operation: the one a hypervisor needs.
    pub vmx_outside_smx: bool,
    #[bits(61)]
    __: u64,
}

/// IA32_VMX_BASIC (SDM Vol. 3D §A.1).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct Basic {
    /// VMCS revision identifier: first word of a VMXON region and of a VMCS.
    #[bits(31)]
    pub revision: u32,
    __: bool,
    /// Bytes of a VMXON region or VMCS, at most 4096.
    #[bits(13)]
    pub region_size: u16,
    #[bits(3)]
    __: u8,
    /// Physical addresses of VMX structures are limited to 32 bits; 0 on every 64-bit processor.
    pub addresses_limited_to_32_bits: bool,
    /// Dual-monitor treatment of SMM.
    pub dual_monitor: bool,
    /// Memory type for the VMCS and what it points to: 0 UC, 6 WB.
    #[bits(4)]
    pub memory_type: u8,
    /// INS and OUTS exits fill the VM-exit instruction-information field.
    pub string_io_information: bool,
    /// The TRUE capability MSRs exist, and default-1 controls may be cleared as they say.
    pub true_controls: bool,
    /// Hardware exceptions may be injected with or without error code whatever the vector.
    pub any_error_code: bool,
    #[bits(7)]
    __: u8,
}

/// IA32_VMX_MISC (SDM Vol. 3D §A.6).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct Misc {
    /// The preemption timer counts down by 1 each time this bit of the TSC changes, 0 to 31.
    #[bits(5)]
    pub preemption_timer_shift: u8,
    /// Exits store EFER.LMA into the "IA-32e mode guest" control; 1 wherever unrestricted guest is.
    pub stores_lma: bool,
    /// Activity state HLT may be entered.
    pub activity_hlt: bool,
    /// Activity state shutdown may be entered.
    pub activity_shutdown: bool,
    /// Activity state wait-for-SIPI may be entered.
    pub activity_wait_for_sipi: bool,
    #[bits(5)]
    __: u8,
    /// Intel Processor Trace may be used in VMX operation.
    pub processor_trace: bool,
    /// IA32_SMBASE can be read in SMM.
    pub smbase_readable: bool,
    /// CR3-target values that may be used, 0 to 256.
    #[bits(9)]
    pub cr3_targets: u16,
    /// Recommended longest MSR list is 512 × (this + 1) entries.
    #[bits(3)]
    pub msr_list: u8,
    /// IA32_SMM_MONITOR_CTL bit 2 may be set.
    pub block_smi: bool,
    /// VMWRITE may write read-only data fields.
    pub writes_read_only_fields: bool,
    /// Software interrupts and exceptions may be injected with instruction length 0.
    pub zero_instruction_length: bool,
    __: bool,
    /// MSEG revision identifier.
    #[bits(32)]
    pub mseg_revision: u32,
}

/// IA32_VMX_EPT_VPID_CAP (SDM Vol. 3D §A.10).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct EptVpid {
    /// An EPT entry may allow execution alone.
    pub execute_only: bool,
    #[bits(5)]
    __: u8,
    /// EPT of 4 levels.
    pub walk_length_4: bool,
    /// EPT of 5 levels.
    pub walk_length_5: bool,
    /// EPT structures may be uncacheable.
    pub memory_type_uc: bool,
    #[bits(5)]
    __: u8,
    /// EPT structures may be write-back.
    pub memory_type_wb: bool,
    __: bool,
    /// Pages of 2 MiB.
    pub pages_2m: bool,
    /// Pages of 1 GiB.
    pub pages_1g: bool,
    #[bits(2)]
    __: u8,
    /// The INVEPT instruction exists.
    pub invept: bool,
    /// Accessed and dirty flags.
    pub accessed_dirty: bool,
    /// EPT violations tell about the guest's own paging.
    pub advanced_exit_information: bool,
    /// Supervisor shadow-stack control.
    pub supervisor_shadow_stack: bool,
    __: bool,
    /// INVEPT type 1, single-context.
    pub invept_single: bool,
    /// INVEPT type 2, all-context.
    pub invept_all: bool,
    #[bits(5)]
    __: u8,
    /// The INVVPID instruction exists.
    pub invvpid: bool,
    #[bits(7)]
    __: u8,
    /// INVVPID type 0, individual-address.
    pub invvpid_address: bool,
    /// INVVPID type 1, single-context.
    pub invvpid_single: bool,
    /// INVVPID type 2, all-context.
    pub invvpid_all: bool,
    /// INVVPID type 3, single-context but for global translations.
    pub invvpid_single_but_globals: bool,
    #[bits(4)]
    __: u8,
    /// Longest HLAT prefix.
    #[bits(6)]
    pub hlat_prefix: u8,
    #[bits(10)]
    __: u16,
}

/// One control word's allowed settings: bits 31:0 are those that must be 1, bits 63:32 those that may be 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Allowed(pub u64);

impl Allowed {
    /// Bits that the processor fixes to 1.
    #[must_use]
    pub const fn must_be_1(self) -> u32 {
        self.0 as u32
    }

    /// Bits that may be 1; all others are fixed to 0.
    #[must_use]
    pub const fn may_be_1(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Whether every bit of `bits` may be 1.
    #[must_use]
    pub const fn can_set(self, bits: u32) -> bool {
        bits & !self.may_be_1() == 0
    }

    /// Whether every bit of `bits` may be 0.
    #[must_use]
    pub const fn can_clear(self, bits: u32) -> bool {
        bits & self.must_be_1() == 0
    }

    /// Whether a VM entry takes `value` for this word (SDM Vol. 3C §27.2.1.1).
    #[must_use]
    pub const fn permits(self, value: u32) -> bool {
        self.can_set(value) && self.can_clear(!value)
    }
}

/// A control register's bits in VMX operation: the FIXED0 and FIXED1 MSRs (SDM Vol. 3D §A.7, §A.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedBits {
    /// Bits that must be 1.
    pub fixed0: u64,
    /// Bits that may be 1.
    pub fixed1: u64,
}

impl FixedBits {
    /// Whether `value` keeps the fixed bits.
    #[must_use]
    pub const fn permits(self, value: u64) -> bool {
        value & self.fixed0 == self.fixed0 && value & !self.fixed1 == 0
    }

    /// `value` with the fixed bits as they must be.
    #[must_use]
    pub const fn apply(self, value: u64) -> u64 {
        (value | self.fixed0) & self.fixed1
    }
}

/// The capability MSRs of one processor. What a processor does not have reads as zero, which offers nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether firmware allows VMXON.
    pub feature_control: FeatureControl,
    /// IA32_VMX_BASIC.
    pub basic: Basic,
    /// Pin-based controls; from the TRUE MSR where there is one, as the next three.
    pub pin: Allowed,
    /// Primary processor-based controls.
    pub primary: Allowed,
    /// Secondary processor-based controls.
    pub secondary: Allowed,
    /// Tertiary processor-based controls that may be 1.
    pub tertiary: u64,
    /// VM-exit controls.
    pub exit: Allowed,
    /// Secondary VM-exit controls that may be 1.
    pub secondary_exit: u64,
    /// VM-entry controls.
    pub entry: Allowed,
    /// IA32_VMX_MISC.
    pub misc: Misc,
    /// CR0 in VMX operation; a guest with "unrestricted guest" may clear PE and PG all the same.
    pub cr0: FixedBits,
    /// CR4 in VMX operation.
    pub cr4: FixedBits,
    /// IA32_VMX_VMCS_ENUM: bits 9:1 hold the highest field index.
    pub vmcs_enum: u64,
    /// EPT and VPID.
    pub ept_vpid: EptVpid,
    /// IA32_VMX_VMFUNC: VM functions that may be enabled.
    pub vm_functions: u64,
}

impl Capabilities {
    /// Reads the capabilities of the processor behind `read_msr`, which must have VMX (CPUID leaf 1, ECX bit 5). An
    /// MSR is read only where those before it say that it exists, so `read_msr` may be a bare RDMSR.
    #[must_use]
    pub fn read(mut read_msr: impl FnMut(Msr) -> u64) -> Self {
        let mut read_if = |exists: bool, msr| if exists { read_msr(msr) } else { 0 };
        let feature_control = FeatureControl::from_bits(read_if(true, IA32_FEATURE_CONTROL));
        let basic = Basic::from_bits(read_if(true, IA32_VMX_BASIC));
        let mut allowed = |plain, exact| {
            Allowed(read_if(
                true,
                if basic.true_controls() { exact } else { plain },
            ))
        };
        let pin = allowed(IA32_VMX_PINBASED_CTLS, IA32_VMX_TRUE_PINBASED_CTLS);
        let primary = allowed(IA32_VMX_PROCBASED_CTLS, IA32_VMX_TRUE_PROCBASED_CTLS);
        let exit = allowed(IA32_VMX_EXIT_CTLS, IA32_VMX_TRUE_EXIT_CTLS);
        let entry = allowed(IA32_VMX_ENTRY_CTLS, IA32_VMX_TRUE_ENTRY_CTLS);
        let has_secondary = primary.can_set(ACTIVATE_SECONDARY);
        let secondary = Allowed(read_if(has_secondary, IA32_VMX_PROCBASED_CTLS2));
        let has_ept_or_vpid = secondary.may_be_1() & ENABLE_EPT_OR_VPID != 0;
        let mut fixed = |fixed0, fixed1| FixedBits {
            fixed0: read_if(true, fixed0),
            fixed1: read_if(true, fixed1),
        };
        let cr0 = fixed(IA32_VMX_CR0_FIXED0, IA32_VMX_CR0_FIXED1);
        let cr4 = fixed(IA32_VMX_CR4_FIXED0, IA32_VMX_CR4_FIXED1);
        Self {
            feature_control,
            basic,
            pin,
            primary,
            secondary,
            tertiary: read_if(primary.can_set(ACTIVATE_TERTIARY), IA32_VMX_PROCBASED_CTLS3),
            exit,
            secondary_exit: read_if(exit.can_set(ACTIVATE_SECONDARY_EXIT), IA32_VMX_EXIT_CTLS2),
            entry,
            misc: Misc::from_bits(read_if(true, IA32_VMX_MISC)),
            cr0,
            cr4,
            vmcs_enum: read_if(true, IA32_VMX_VMCS_ENUM),
            ept_vpid: EptVpid::from_bits(read_if(has_ept_or_vpid, IA32_VMX_EPT_VPID_CAP)),
            vm_functions: read_if(secondary.can_set(ENABLE_VM_FUNCTIONS), IA32_VMX_VMFUNC),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::processors;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn no_msr_is_read_that_the_processor_lacks() {
        for processor in processors::ALL {
            let capabilities = processor.capabilities();
            assert_eq!(
                Some(capabilities.basic.into_bits()),
                processor.msr(IA32_VMX_BASIC)
            );
        }
    }

    #[test]
    fn true_msrs_replace_the_plain_ones_where_they_exist() {
        let capabilities = processors::BOCHS_TIGERLAKE.capabilities();
        assert_eq!(capabilities.primary.must_be_1(), 0x0400_6172);
        assert_eq!(
            processors::MEROM.capabilities().primary.must_be_1(),
            0x0401_e172
        );
    }

    #[test]
    fn the_words_of_a_known_processor_read_as_documented() {
        let capabilities = processors::BOCHS_TIGERLAKE.capabilities();
        assert!(
            capabilities.feature_control.locked() && capabilities.feature_control.vmx_outside_smx()
        );
        assert_eq!(
            (
                capabilities.basic.revision(),
                capabilities.basic.region_size()
            ),
            (4, 4096)
        );
        assert_eq!(capabilities.basic.memory_type(), 6);
        assert!(
            capabilities.misc.activity_wait_for_sipi()
                && capabilities.misc.writes_read_only_fields()
        );
        assert_eq!(
            (
                capabilities.misc.preemption_timer_shift(),
                capabilities.misc.cr3_targets()
            ),
            (0, 4)
        );
        let ept = capabilities.ept_vpid;
        assert!(
            ept.execute_only()
                && ept.walk_length_4()
                && ept.memory_type_wb()
                && ept.memory_type_uc()
        );
        assert!(
            ept.pages_2m()
                && ept.pages_1g()
                && ept.accessed_dirty()
                && ept.supervisor_shadow_stack()
        );
        assert!(ept.invept() && ept.invept_single() && ept.invept_all());
        assert!(ept.invvpid() && ept.invvpid_address() && ept.invvpid_single_but_globals());
    }

    #[test]
    fn a_processor_without_secondary_controls_is_asked_for_nothing_that_hangs_on_them() {
        let mut asked = Vec::new();
        let capabilities = Capabilities::read(|msr| {
            asked.push(msr);
            0
        });
        assert!(
            asked
                .iter()
                .all(|msr| *msr == IA32_FEATURE_CONTROL || (0x480..=0x48a).contains(&msr.0))
        );
        assert_eq!(
            (capabilities.secondary, capabilities.ept_vpid),
            (Allowed(0), EptVpid::new())
        );
    }

    proptest! {
        #[test]
        fn what_is_permitted_keeps_to_both_halves(raw: u64, value: u32) {
            let allowed = Allowed(raw);
            let expected = (0..32).all(|bit| match value >> bit & 1 {
                0 => raw >> bit & 1 == 0,
                _ => raw >> (bit + 32) & 1 == 1,
            });
            prop_assert_eq!(allowed.permits(value), expected);
        }

        #[test]
        fn applied_fixed_bits_are_permitted(fixed0: u64, free: u64, value: u64) {
            let fixed = FixedBits { fixed0, fixed1: fixed0 | free };
            prop_assert!(fixed.permits(fixed.apply(value)));
            prop_assert_eq!(fixed.apply(value) & free & !fixed0, value & free & !fixed0);
        }

        #[test]
        fn registers_keep_every_bit(raw: u64) {
            prop_assert_eq!(Basic::from_bits(raw).into_bits(), raw);
            prop_assert_eq!(Misc::from_bits(raw).into_bits(), raw);
            prop_assert_eq!(EptVpid::from_bits(raw).into_bits(), raw);
            prop_assert_eq!(EptVpid::from_bits(raw).invvpid_all(), raw >> 42 & 1 == 1);
            prop_assert_eq!(Misc::from_bits(raw).msr_list(), (raw >> 25 & 7) as u8);
            prop_assert_eq!(Basic::from_bits(raw).memory_type(), (raw >> 50 & 15) as u8);
        }
    }
}
