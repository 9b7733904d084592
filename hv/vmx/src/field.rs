//! The fields of a VMCS by their encodings (SDM Vol. 3D Appendix B), and the trait through which pure code reads
//! and writes them. `hv/hal` implements [`Vmcs`] by VMREAD and VMWRITE, [`crate::mock`] by a map.

use core::fmt;

/// A VMCS field's encoding, the operand of VMREAD and VMWRITE (SDM Vol. 3C §25.11.2). Open: any value can be
/// held, those in [`Field::ALL`] have a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Field(pub u32);

/// How wide a field is: bits 14:13 of the encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Width {
    /// 16 bits.
    Bits16 = 0,
    /// 64 bits, on 32-bit processors too.
    Bits64 = 1,
    /// 32 bits.
    Bits32 = 2,
    /// As wide as the processor's registers: 64 bits here.
    Natural = 3,
}

impl Width {
    /// The bits that a field of this width holds on a 64-bit processor.
    #[must_use]
    pub const fn mask(self) -> u64 {
        match self {
            Self::Bits16 => 0xffff,
            Self::Bits32 => 0xffff_ffff,
            Self::Bits64 | Self::Natural => u64::MAX,
        }
    }
}

/// What a field is for: bits 11:10 of the encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum FieldType {
    /// Steers execution, exits and entries.
    Control = 0,
    /// Says what happened at an exit or a failed instruction; VMWRITE needs IA32_VMX_MISC bit 29.
    ReadOnlyData = 1,
    /// Loaded at entry, saved at exit.
    GuestState = 2,
    /// Loaded at exit.
    HostState = 3,
}

/// Read and write access to one VMCS, the current one of the processor or a model of it.
pub trait Vmcs {
    /// The field's value, zero-extended; zero for a field that does not exist.
    fn read(&self, field: Field) -> u64;
    /// Sets the field to as many low bits of `value` as it has.
    fn write(&mut self, field: Field, value: u64);
}

impl Field {
    /// The field's width.
    #[must_use]
    pub const fn width(self) -> Width {
        match self.0 >> 13 & 3 {
            0 => Width::Bits16,
            1 => Width::Bits64,
            2 => Width::Bits32,
            _ => Width::Natural,
        }
    }

    /// What the field is for.
    #[must_use]
    pub const fn field_type(self) -> FieldType {
        match self.0 >> 10 & 3 {
            0 => FieldType::Control,
            1 => FieldType::ReadOnlyData,
            2 => FieldType::GuestState,
            _ => FieldType::HostState,
        }
    }

    /// The number that tells apart fields of one width and type: bits 9:1, to be held against the highest index in
    /// IA32_VMX_VMCS_ENUM.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.0 >> 1 & 0x1ff
    }

    /// Whether the encoding names the high half of a 64-bit field (bit 0, the access type). No constant here does.
    #[must_use]
    pub const fn is_high(self) -> bool {
        self.0 & 1 != 0
    }

    /// The field's name as spelled here, if the encoding has one.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let place = Self::ALL
            .binary_search_by_key(&self, |&(field, _)| field)
            .ok()?;
        Self::ALL.get(place).map(|&(_, name)| name)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "VMCS field {:#06x}", self.0),
        }
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! fields {
    ($($name:ident = $encoding:literal;)*) => {
        impl Field {
            $(
                #[doc = concat!("Encoding ", stringify!($encoding), ".")]
                pub const $name: Self = Self($encoding);
            )*

            /// Every field that has a name here, by rising encoding.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, stringify!($name)),)*];
        }
    };
}

fields! {
    // 16-bit control fields.
    VIRTUAL_PROCESSOR_IDENTIFIER = 0x0000;
    POSTED_INTERRUPT_NOTIFICATION_VECTOR = 0x0002;
    EPTP_INDEX = 0x0004;
    HLAT_PREFIX_SIZE = 0x0006;
    LAST_PID_POINTER_INDEX = 0x0008;
    // 16-bit guest-state fields.
    GUEST_ES_SELECTOR = 0x0800;
    GUEST_CS_SELECTOR = 0x0802;
    GUEST_SS_SELECTOR = 0x0804;
    GUEST_DS_SELECTOR = 0x0806;
    GUEST_FS_SELECTOR = 0x0808;
    GUEST_GS_SELECTOR = 0x080a;
    GUEST_LDTR_SELECTOR = 0x080c;
    GUEST_TR_SELECTOR = 0x080e;
    GUEST_INTERRUPT_STATUS = 0x0810;
    PML_INDEX = 0x0812;
    GUEST_UINV = 0x0814;
    // 16-bit host-state fields.
    HOST_ES_SELECTOR = 0x0c00;
    HOST_CS_SELECTOR = 0x0c02;
    HOST_SS_SELECTOR = 0x0c04;
    HOST_DS_SELECTOR = 0x0c06;
    HOST_FS_SELECTOR = 0x0c08;
    HOST_GS_SELECTOR = 0x0c0a;
    HOST_TR_SELECTOR = 0x0c0c;
    // 64-bit control fields.
    ADDRESS_OF_IO_BITMAP_A = 0x2000;
    ADDRESS_OF_IO_BITMAP_B = 0x2002;
    ADDRESS_OF_MSR_BITMAPS = 0x2004;
    VM_EXIT_MSR_STORE_ADDRESS = 0x2006;
    VM_EXIT_MSR_LOAD_ADDRESS = 0x2008;
    VM_ENTRY_MSR_LOAD_ADDRESS = 0x200a;
    EXECUTIVE_VMCS_POINTER = 0x200c;
    PML_ADDRESS = 0x200e;
    TSC_OFFSET = 0x2010;
    VIRTUAL_APIC_ADDRESS = 0x2012;
    APIC_ACCESS_ADDRESS = 0x2014;
    POSTED_INTERRUPT_DESCRIPTOR_ADDRESS = 0x2016;
    VM_FUNCTION_CONTROLS = 0x2018;
    EPT_POINTER = 0x201a;
    EOI_EXIT_BITMAP_0 = 0x201c;
    EOI_EXIT_BITMAP_1 = 0x201e;
    EOI_EXIT_BITMAP_2 = 0x2020;
    EOI_EXIT_BITMAP_3 = 0x2022;
    EPTP_LIST_ADDRESS = 0x2024;
    VMREAD_BITMAP_ADDRESS = 0x2026;
    VMWRITE_BITMAP_ADDRESS = 0x2028;
    VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS = 0x202a;
    XSS_EXITING_BITMAP = 0x202c;
    ENCLS_EXITING_BITMAP = 0x202e;
    SUB_PAGE_PERMISSION_TABLE_POINTER = 0x2030;
    TSC_MULTIPLIER = 0x2032;
    TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS = 0x2034;
    ENCLV_EXITING_BITMAP = 0x2036;
    LOW_PASID_DIRECTORY_ADDRESS = 0x2038;
    HIGH_PASID_DIRECTORY_ADDRESS = 0x203a;
    SHARED_EPT_POINTER = 0x203c;
    PCONFIG_EXITING_BITMAP = 0x203e;
    HLAT_POINTER = 0x2040;
    PID_POINTER_TABLE_ADDRESS = 0x2042;
    SECONDARY_VM_EXIT_CONTROLS = 0x2044;
    IA32_SPEC_CTRL_MASK = 0x204a;
    IA32_SPEC_CTRL_SHADOW = 0x204c;
    // 64-bit read-only data field.
    GUEST_PHYSICAL_ADDRESS = 0x2400;
    // 64-bit guest-state fields.
    VMCS_LINK_POINTER = 0x2800;
    GUEST_IA32_DEBUGCTL = 0x2802;
    GUEST_IA32_PAT = 0x2804;
    GUEST_IA32_EFER = 0x2806;
    GUEST_IA32_PERF_GLOBAL_CTRL = 0x2808;
    GUEST_PDPTE0 = 0x280a;
    GUEST_PDPTE1 = 0x280c;
    GUEST_PDPTE2 = 0x280e;
    GUEST_PDPTE3 = 0x2810;
    GUEST_IA32_BNDCFGS = 0x2812;
    GUEST_IA32_RTIT_CTL = 0x2814;
    GUEST_IA32_LBR_CTL = 0x2816;
    GUEST_IA32_PKRS = 0x2818;
    // 64-bit host-state fields.
    HOST_IA32_PAT = 0x2c00;
    HOST_IA32_EFER = 0x2c02;
    HOST_IA32_PERF_GLOBAL_CTRL = 0x2c04;
    HOST_IA32_PKRS = 0x2c06;
    // 32-bit control fields.
    PIN_BASED_VM_EXECUTION_CONTROLS = 0x4000;
    PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS = 0x4002;
    EXCEPTION_BITMAP = 0x4004;
    PAGE_FAULT_ERROR_CODE_MASK = 0x4006;
    PAGE_FAULT_ERROR_CODE_MATCH = 0x4008;
    CR3_TARGET_COUNT = 0x400a;
    VM_EXIT_CONTROLS = 0x400c;
    VM_EXIT_MSR_STORE_COUNT = 0x400e;
    VM_EXIT_MSR_LOAD_COUNT = 0x4010;
    VM_ENTRY_CONTROLS = 0x4012;
    VM_ENTRY_MSR_LOAD_COUNT = 0x4014;
    VM_ENTRY_INTERRUPTION_INFORMATION = 0x4016;
    VM_ENTRY_EXCEPTION_ERROR_CODE = 0x4018;
    VM_ENTRY_INSTRUCTION_LENGTH = 0x401a;
    TPR_THRESHOLD = 0x401c;
    SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS = 0x401e;
    PLE_GAP = 0x4020;
    PLE_WINDOW = 0x4022;
    INSTRUCTION_TIMEOUT_CONTROL = 0x4024;
    // 32-bit read-only data fields.
    VM_INSTRUCTION_ERROR = 0x4400;
    EXIT_REASON = 0x4402;
    VM_EXIT_INTERRUPTION_INFORMATION = 0x4404;
    VM_EXIT_INTERRUPTION_ERROR_CODE = 0x4406;
    IDT_VECTORING_INFORMATION = 0x4408;
    IDT_VECTORING_ERROR_CODE = 0x440a;
    VM_EXIT_INSTRUCTION_LENGTH = 0x440c;
    VM_EXIT_INSTRUCTION_INFORMATION = 0x440e;
    // 32-bit guest-state fields.
    GUEST_ES_LIMIT = 0x4800;
    GUEST_CS_LIMIT = 0x4802;
    GUEST_SS_LIMIT = 0x4804;
    GUEST_DS_LIMIT = 0x4806;
    GUEST_FS_LIMIT = 0x4808;
    GUEST_GS_LIMIT = 0x480a;
    GUEST_LDTR_LIMIT = 0x480c;
    GUEST_TR_LIMIT = 0x480e;
    GUEST_GDTR_LIMIT = 0x4810;
    GUEST_IDTR_LIMIT = 0x4812;
    GUEST_ES_ACCESS_RIGHTS = 0x4814;
    GUEST_CS_ACCESS_RIGHTS = 0x4816;
    GUEST_SS_ACCESS_RIGHTS = 0x4818;
    GUEST_DS_ACCESS_RIGHTS = 0x481a;
    GUEST_FS_ACCESS_RIGHTS = 0x481c;
    GUEST_GS_ACCESS_RIGHTS = 0x481e;
    GUEST_LDTR_ACCESS_RIGHTS = 0x4820;
    GUEST_TR_ACCESS_RIGHTS = 0x4822;
    GUEST_INTERRUPTIBILITY_STATE = 0x4824;
    GUEST_ACTIVITY_STATE = 0x4826;
    GUEST_SMBASE = 0x4828;
    GUEST_IA32_SYSENTER_CS = 0x482a;
    VMX_PREEMPTION_TIMER_VALUE = 0x482e;
    // 32-bit host-state field.
    HOST_IA32_SYSENTER_CS = 0x4c00;
    // Natural-width control fields.
    CR0_GUEST_HOST_MASK = 0x6000;
    CR4_GUEST_HOST_MASK = 0x6002;
    CR0_READ_SHADOW = 0x6004;
    CR4_READ_SHADOW = 0x6006;
    CR3_TARGET_VALUE_0 = 0x6008;
    CR3_TARGET_VALUE_1 = 0x600a;
    CR3_TARGET_VALUE_2 = 0x600c;
    CR3_TARGET_VALUE_3 = 0x600e;
    // Natural-width read-only data fields.
    EXIT_QUALIFICATION = 0x6400;
    IO_RCX = 0x6402;
    IO_RSI = 0x6404;
    IO_RDI = 0x6406;
    IO_RIP = 0x6408;
    GUEST_LINEAR_ADDRESS = 0x640a;
    // Natural-width guest-state fields.
    GUEST_CR0 = 0x6800;
    GUEST_CR3 = 0x6802;
    GUEST_CR4 = 0x6804;
    GUEST_ES_BASE = 0x6806;
    GUEST_CS_BASE = 0x6808;
    GUEST_SS_BASE = 0x680a;
    GUEST_DS_BASE = 0x680c;
    GUEST_FS_BASE = 0x680e;
    GUEST_GS_BASE = 0x6810;
    GUEST_LDTR_BASE = 0x6812;
    GUEST_TR_BASE = 0x6814;
    GUEST_GDTR_BASE = 0x6816;
    GUEST_IDTR_BASE = 0x6818;
    GUEST_DR7 = 0x681a;
    GUEST_RSP = 0x681c;
    GUEST_RIP = 0x681e;
    GUEST_RFLAGS = 0x6820;
    GUEST_PENDING_DEBUG_EXCEPTIONS = 0x6822;
    GUEST_IA32_SYSENTER_ESP = 0x6824;
    GUEST_IA32_SYSENTER_EIP = 0x6826;
    GUEST_IA32_S_CET = 0x6828;
    GUEST_SSP = 0x682a;
    GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR = 0x682c;
    // Natural-width host-state fields.
    HOST_CR0 = 0x6c00;
    HOST_CR3 = 0x6c02;
    HOST_CR4 = 0x6c04;
    HOST_FS_BASE = 0x6c06;
    HOST_GS_BASE = 0x6c08;
    HOST_TR_BASE = 0x6c0a;
    HOST_GDTR_BASE = 0x6c0c;
    HOST_IDTR_BASE = 0x6c0e;
    HOST_IA32_SYSENTER_ESP = 0x6c10;
    HOST_IA32_SYSENTER_EIP = 0x6c12;
    HOST_RSP = 0x6c14;
    HOST_RIP = 0x6c16;
    HOST_IA32_S_CET = 0x6c18;
    HOST_SSP = 0x6c1a;
    HOST_IA32_INTERRUPT_SSP_TABLE_ADDR = 0x6c1c;
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    #[test]
    fn the_table_rises_so_that_names_are_found_by_bisection() {
        assert!(Field::ALL.is_sorted_by(|a, b| a.0 < b.0));
        for &(field, name) in Field::ALL {
            assert_eq!(field.name(), Some(name));
        }
    }

    #[test]
    fn names_agree_with_the_type_in_the_encoding() {
        for &(field, name) in Field::ALL {
            let expected = match name {
                "VMCS_LINK_POINTER" | "PML_INDEX" | "VMX_PREEMPTION_TIMER_VALUE" => {
                    FieldType::GuestState
                }
                "GUEST_PHYSICAL_ADDRESS" | "GUEST_LINEAR_ADDRESS" => FieldType::ReadOnlyData,
                _ if name.starts_with("GUEST_") => FieldType::GuestState,
                _ if name.starts_with("HOST_") => FieldType::HostState,
                _ if matches!(field.0 & 0x0f00, 0x400) => FieldType::ReadOnlyData,
                _ => FieldType::Control,
            };
            assert_eq!(field.field_type(), expected, "{name}");
        }
    }

    #[test]
    fn names_agree_with_the_width_in_the_encoding() {
        for &(field, name) in Field::ALL {
            let expected = match name {
                _ if name.ends_with("_SELECTOR") => Width::Bits16,
                _ if name.ends_with("_LIMIT") || name.ends_with("_ACCESS_RIGHTS") => Width::Bits32,
                _ if name.ends_with("_COUNT") || name.ends_with("SYSENTER_CS") => Width::Bits32,
                _ if name.ends_with("_BASE") => Width::Natural,
                _ if name.contains("_BITMAP_") || name.contains("PDPTE") => Width::Bits64,
                _ => continue,
            };
            assert_eq!(field.width(), expected, "{name}");
            assert!(!field.is_high(), "{name}");
        }
    }

    #[test]
    fn a_field_without_a_name_shows_its_encoding() {
        assert_eq!(format!("{}", Field(0x2bee)), "VMCS field 0x2bee");
        assert_eq!(format!("{:?}", Field::GUEST_RIP), "GUEST_RIP");
    }

    proptest! {
        #[test]
        fn the_parts_of_an_encoding_make_it_up_again(encoding in 0u32..0x8000) {
            let field = Field(encoding & !0x1000);
            let parts = u32::from(field.width() as u8) << 13
                | u32::from(field.field_type() as u8) << 10
                | field.index() << 1
                | u32::from(field.is_high());
            prop_assert_eq!(parts, field.0);
        }
    }
}
