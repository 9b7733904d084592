//! Segment registers as a VMCS holds them: four fields each, and the access rights in the VMCS's own format
//! (SDM Vol. 3C §25.4.1).

use crate::field::{Field, Vmcs};
use bitfield_struct::bitfield;

/// A segment register of the guest. The first six are numbered as in instruction encodings and exit information.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Segment {
    /// Extra.
    Es = 0,
    /// Code.
    Cs = 1,
    /// Stack.
    Ss = 2,
    /// Data.
    Ds = 3,
    /// The first without a purpose of its own in hardware.
    Fs = 4,
    /// The second.
    Gs = 5,
    /// Local descriptor table.
    Ldtr = 6,
    /// Task register.
    Tr = 7,
}

impl Segment {
    /// All eight, in the order of their VMCS fields.
    pub const ALL: [Self; 8] = [
        Self::Es,
        Self::Cs,
        Self::Ss,
        Self::Ds,
        Self::Fs,
        Self::Gs,
        Self::Ldtr,
        Self::Tr,
    ];

    /// The segment of an encoded number, 0 to 5; `None` for 6 and 7, which no instruction encodes.
    #[must_use]
    pub const fn from_encoding(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Es),
            1 => Some(Self::Cs),
            2 => Some(Self::Ss),
            3 => Some(Self::Ds),
            4 => Some(Self::Fs),
            5 => Some(Self::Gs),
            _ => None,
        }
    }

    /// The field at this segment's place in a row that starts with ES.
    const fn in_row(self, first: Field) -> Field {
        Field(first.0 + 2 * self as u32)
    }

    /// The field with the selector.
    #[must_use]
    pub const fn selector(self) -> Field {
        self.in_row(Field::GUEST_ES_SELECTOR)
    }

    /// The field with the base address.
    #[must_use]
    pub const fn base(self) -> Field {
        self.in_row(Field::GUEST_ES_BASE)
    }

    /// The field with the limit, in bytes whatever the granularity.
    #[must_use]
    pub const fn limit(self) -> Field {
        self.in_row(Field::GUEST_ES_LIMIT)
    }

    /// The field with the access rights.
    #[must_use]
    pub const fn access_rights(self) -> Field {
        self.in_row(Field::GUEST_ES_ACCESS_RIGHTS)
    }
}

/// A segment register's access rights (SDM Vol. 3C Table 25-2): the second half of a descriptor, shifted, and a bit
/// for "unusable".
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct AccessRights {
    /// Type, 0 to 15; what it means hangs on `code_or_data` (SDM Vol. 3A Tables 3-1 and 3-2).
    #[bits(4)]
    pub segment_type: u8,
    /// S: 1 for code and data, 0 for system segments.
    pub code_or_data: bool,
    /// Descriptor privilege level, 0 to 3.
    #[bits(2)]
    pub dpl: u8,
    /// P.
    pub present: bool,
    /// Must be 0.
    #[bits(4)]
    pub reserved_low: u8,
    /// AVL, for software's use.
    pub available: bool,
    /// L: 64-bit code.
    pub long: bool,
    /// D/B: 32-bit default operand size, or a 32-bit stack.
    pub default_big: bool,
    /// G: the limit is in units of 4 KiB.
    pub granularity: bool,
    /// The register holds no segment; using it faults.
    pub unusable: bool,
    /// Must be 0.
    #[bits(15)]
    pub reserved_high: u32,
}

impl AccessRights {
    /// A register that holds no segment.
    pub const UNUSABLE: Self = Self::new().with_unusable(true);
    /// Read, write, accessed; 16-bit: data and stack after reset, and in real mode.
    pub const DATA_16: Self = Self::code_or_data_of(3);
    /// Execute, read, accessed; 16-bit: code after reset, and in real mode.
    pub const CODE_16: Self = Self::code_or_data_of(11);
    /// Flat 32-bit data.
    pub const DATA_32: Self = Self::DATA_16.with_default_big(true).with_granularity(true);
    /// Flat 32-bit code.
    pub const CODE_32: Self = Self::CODE_16.with_default_big(true).with_granularity(true);
    /// Flat 64-bit code.
    pub const CODE_64: Self = Self::CODE_16.with_long(true).with_granularity(true);
    /// A busy TSS, 32-bit or 64-bit.
    pub const BUSY_TSS: Self = Self::system_of(11);
    /// A local descriptor table.
    pub const LDT: Self = Self::system_of(2);

    const fn code_or_data_of(segment_type: u8) -> Self {
        Self::system_of(segment_type).with_code_or_data(true)
    }

    const fn system_of(segment_type: u8) -> Self {
        Self::new()
            .with_segment_type(segment_type)
            .with_present(true)
    }

    /// The rights in an 8-byte segment descriptor (SDM Vol. 3A Figure 3-8); the limit's bits 19:16, which lie
    /// between, are left out.
    #[must_use]
    pub const fn from_descriptor(descriptor: u64) -> Self {
        Self::from_bits((descriptor >> 40) as u32 & 0xf0ff)
    }
}

/// What a segment register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentRegister {
    /// The selector; its low two bits are the requested privilege level.
    pub selector: u16,
    /// First byte's linear address.
    pub base: u64,
    /// Last byte's offset.
    pub limit: u32,
    /// Access rights.
    pub access_rights: AccessRights,
}

impl SegmentRegister {
    /// The register as the VMCS holds it.
    #[must_use]
    pub fn read(vmcs: &impl Vmcs, segment: Segment) -> Self {
        Self {
            selector: vmcs.read(segment.selector()) as u16,
            base: vmcs.read(segment.base()),
            limit: vmcs.read(segment.limit()) as u32,
            access_rights: AccessRights::from_bits(vmcs.read(segment.access_rights()) as u32),
        }
    }

    /// Sets the register in the VMCS.
    pub fn write(&self, vmcs: &mut impl Vmcs, segment: Segment) {
        vmcs.write(segment.selector(), self.selector.into());
        vmcs.write(segment.base(), self.base);
        vmcs.write(segment.limit(), self.limit.into());
        vmcs.write(
            segment.access_rights(),
            self.access_rights.into_bits().into(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::MapVmcs;
    use alloc::format;
    use proptest::prelude::*;

    #[test]
    fn the_fields_of_a_segment_bear_its_name() {
        for segment in Segment::ALL {
            let name = format!("{segment:?}").to_uppercase();
            for (field, part) in [
                (segment.selector(), "SELECTOR"),
                (segment.base(), "BASE"),
                (segment.limit(), "LIMIT"),
                (segment.access_rights(), "ACCESS_RIGHTS"),
            ] {
                assert_eq!(format!("{field}"), format!("GUEST_{name}_{part}"));
            }
        }
    }

    #[test]
    fn the_named_rights_are_the_values_every_manual_shows() {
        assert_eq!(AccessRights::DATA_16.into_bits(), 0x93);
        assert_eq!(AccessRights::CODE_16.into_bits(), 0x9b);
        assert_eq!(AccessRights::DATA_32.into_bits(), 0xc093);
        assert_eq!(AccessRights::CODE_32.into_bits(), 0xc09b);
        assert_eq!(AccessRights::CODE_64.into_bits(), 0xa09b);
        assert_eq!(AccessRights::BUSY_TSS.into_bits(), 0x8b);
        assert_eq!(AccessRights::LDT.into_bits(), 0x82);
        assert_eq!(AccessRights::UNUSABLE.into_bits(), 0x1_0000);
        assert_eq!(
            AccessRights::from_descriptor(0x00cf_9b00_0000_ffff),
            AccessRights::CODE_32
        );
    }

    proptest! {
        #[test]
        fn rights_keep_every_bit_where_the_manual_puts_it(raw: u32) {
            let rights = AccessRights::from_bits(raw);
            prop_assert_eq!(rights.into_bits(), raw);
            prop_assert_eq!(u32::from(rights.dpl()), raw >> 5 & 3);
            prop_assert_eq!(rights.present(), raw & 0x80 != 0);
            prop_assert_eq!(rights.long(), raw & 0x2000 != 0);
            prop_assert_eq!(rights.granularity(), raw & 0x8000 != 0);
            prop_assert_eq!(rights.unusable(), raw & 0x1_0000 != 0);
        }

        #[test]
        fn a_register_written_reads_back(selector: u16, base: u64, limit: u32, rights: u32, place in 0usize..8) {
            let register = SegmentRegister { selector, base, limit, access_rights: AccessRights::from_bits(rights) };
            let segment = Segment::ALL[place];
            let mut vmcs = MapVmcs::new();
            register.write(&mut vmcs, segment);
            prop_assert_eq!(SegmentRegister::read(&vmcs, segment), register);
        }
    }
}
