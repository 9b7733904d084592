//! Segment registers as a VMCB holds them: 16 bytes each, with the attributes squeezed to 12 bits (APM Vol. 2
//! Table B-2 and §15.5.1). Conversion to and from the format of descriptors, which VT-x uses too, is here.

use crate::field::{Field, Vmcb};
use bitfield_struct::bitfield;

/// A segment register of the guest. The first six are numbered as in instruction encodings and exit information.
/// FS, GS, LDTR and TR are loaded and saved by VMLOAD and VMSAVE alone, the others by VMRUN and #VMEXIT.
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
    /// Global descriptor table: base and limit alone.
    Gdtr = 6,
    /// Local descriptor table.
    Ldtr = 7,
    /// Interrupt descriptor table: base and limit alone.
    Idtr = 8,
    /// Task register.
    Tr = 9,
}

impl Segment {
    /// All ten, in the order of the save area.
    pub const ALL: [Self; 10] = [
        Self::Es,
        Self::Cs,
        Self::Ss,
        Self::Ds,
        Self::Fs,
        Self::Gs,
        Self::Gdtr,
        Self::Ldtr,
        Self::Idtr,
        Self::Tr,
    ];

    /// The segment of an encoded number, 0 to 5; `None` for others, which no instruction encodes.
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

    /// The field with the selector.
    #[must_use]
    pub const fn selector(self) -> Field {
        Field::ES_SELECTOR.in_segment(self as u16)
    }

    /// The field with the attributes.
    #[must_use]
    pub const fn attributes(self) -> Field {
        Field::ES_ATTRIBUTES.in_segment(self as u16)
    }

    /// The field with the limit, in bytes whatever the granularity.
    #[must_use]
    pub const fn limit(self) -> Field {
        Field::ES_LIMIT.in_segment(self as u16)
    }

    /// The field with the base address.
    #[must_use]
    pub const fn base(self) -> Field {
        Field::ES_BASE.in_segment(self as u16)
    }
}

/// A segment register's attributes: bits 55:52 and 47:40 of its descriptor, side by side (§15.5.1). There is no bit
/// for a register without a segment: `present` is clear then.
#[bitfield(u16)]
#[derive(PartialEq, Eq)]
pub struct Attributes {
    /// Type, 0 to 15; what it means hangs on `code_or_data` (APM Vol. 2 Tables 4-3 to 4-6).
    #[bits(4)]
    pub segment_type: u8,
    /// S: 1 for code and data, 0 for system segments.
    pub code_or_data: bool,
    /// Descriptor privilege level, 0 to 3. The CPL is not here but in [`Field::CPL`] (§15.5.1).
    #[bits(2)]
    pub dpl: u8,
    /// P.
    pub present: bool,
    /// AVL, for software's use.
    pub available: bool,
    /// L: 64-bit code.
    pub long: bool,
    /// D/B: 32-bit default operand size, or a 32-bit stack.
    pub default_big: bool,
    /// G: the limit in the descriptor was in units of 4 KiB.
    pub granularity: bool,
    /// Should be 0.
    #[bits(4)]
    pub reserved: u8,
}

impl Attributes {
    /// A register that holds no segment.
    pub const ABSENT: Self = Self::new();
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

    /// The attributes in an 8-byte segment descriptor (Figure 4-14).
    #[must_use]
    pub const fn from_descriptor(descriptor: u64) -> Self {
        Self::from_rights((descriptor >> 40) as u32 & 0xf0ff)
    }

    /// The attributes in access rights laid out as the second half of a descriptor, shifted right by 8: bits 7:0
    /// and 15:12. Bit 16, which a VMCS sets for a register without a segment, makes all of them zero (§15.5.1).
    #[must_use]
    pub const fn from_rights(rights: u32) -> Self {
        if rights >> 16 & 1 != 0 {
            return Self::ABSENT;
        }
        Self::from_bits((rights & 0xff | rights >> 4 & 0xf00) as u16)
    }

    /// The inverse of [`Attributes::from_rights`]: a register that is not present has bit 16 set.
    #[must_use]
    pub const fn to_rights(self) -> u32 {
        let bits = self.into_bits() as u32;
        let rights = bits & 0xff | (bits & 0xf00) << 4;
        if self.present() {
            rights
        } else {
            rights | 1 << 16
        }
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
    /// Attributes.
    pub attributes: Attributes,
}

impl SegmentRegister {
    /// The register as the VMCB holds it.
    #[must_use]
    pub fn read(vmcb: &impl Vmcb, segment: Segment) -> Self {
        Self {
            selector: vmcb.read(segment.selector()) as u16,
            base: vmcb.read(segment.base()),
            limit: vmcb.read(segment.limit()) as u32,
            attributes: Attributes::from_bits(vmcb.read(segment.attributes()) as u16),
        }
    }

    /// Sets the register in the VMCB.
    pub fn write(&self, vmcb: &mut impl Vmcb, segment: Segment) {
        vmcb.write(segment.selector(), self.selector.into());
        vmcb.write(segment.base(), self.base);
        vmcb.write(segment.limit(), self.limit.into());
        vmcb.write(segment.attributes(), self.attributes.into_bits().into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::WORDS;
    use alloc::format;
    use proptest::prelude::*;

    #[test]
    fn the_fields_of_a_segment_bear_its_name() {
        for segment in Segment::ALL {
            let name = format!("{segment:?}").to_uppercase();
            for (field, part) in [
                (segment.selector(), "SELECTOR"),
                (segment.attributes(), "ATTRIBUTES"),
                (segment.limit(), "LIMIT"),
                (segment.base(), "BASE"),
            ] {
                assert_eq!(format!("{field}"), format!("{name}_{part}"));
            }
        }
    }

    #[test]
    fn the_named_attributes_are_those_of_flat_segments() {
        assert_eq!(Attributes::DATA_16.into_bits(), 0x93);
        assert_eq!(Attributes::CODE_16.into_bits(), 0x9b);
        assert_eq!(Attributes::DATA_32.into_bits(), 0xc93);
        assert_eq!(Attributes::CODE_32.into_bits(), 0xc9b);
        assert_eq!(Attributes::CODE_64.into_bits(), 0xa9b);
        assert_eq!(Attributes::BUSY_TSS.into_bits(), 0x8b);
        assert_eq!(Attributes::LDT.into_bits(), 0x82);
        assert_eq!(
            Attributes::from_descriptor(0x00cf_9b00_0000_ffff),
            Attributes::CODE_32
        );
    }

    #[test]
    fn a_register_without_a_segment_is_unusable_in_the_other_format() {
        assert_eq!(Attributes::ABSENT.to_rights(), 0x1_0000);
        assert_eq!(Attributes::from_rights(0x1_0000), Attributes::ABSENT);
        assert_eq!(Attributes::from_rights(0x1_c093), Attributes::ABSENT);
        assert_eq!(Attributes::CODE_64.to_rights(), 0xa09b);
    }

    proptest! {
        #[test]
        fn attributes_keep_every_bit_where_the_manual_puts_it(raw: u16) {
            let attributes = Attributes::from_bits(raw);
            prop_assert_eq!(attributes.into_bits(), raw);
            prop_assert_eq!(u16::from(attributes.dpl()), raw >> 5 & 3);
            prop_assert_eq!(attributes.present(), raw & 0x80 != 0);
            prop_assert_eq!(attributes.available(), raw & 0x100 != 0);
            prop_assert_eq!(attributes.long(), raw & 0x200 != 0);
            prop_assert_eq!(attributes.default_big(), raw & 0x400 != 0);
            prop_assert_eq!(attributes.granularity(), raw & 0x800 != 0);
        }

        #[test]
        fn attributes_survive_the_way_through_rights(raw in 0u16..0x1000) {
            let attributes = Attributes::from_bits(raw);
            let expected = if attributes.present() { attributes } else { Attributes::ABSENT };
            prop_assert_eq!(Attributes::from_rights(attributes.to_rights()), expected);
        }

        #[test]
        fn a_descriptor_and_its_rights_mean_the_same(descriptor: u64) {
            let rights = (descriptor >> 40) as u32 & 0xf0ff;
            prop_assert_eq!(Attributes::from_descriptor(descriptor), Attributes::from_rights(rights));
            prop_assert_eq!(Attributes::from_rights(rights).to_rights() & 0xffff, rights);
        }

        #[test]
        fn a_register_written_reads_back(
            selector: u16, base: u64, limit: u32, raw: u16, place in 0usize..10,
        ) {
            let register = SegmentRegister { selector, base, limit, attributes: Attributes::from_bits(raw) };
            let mut vmcb = [0; WORDS];
            register.write(&mut vmcb, Segment::ALL[place]);
            for (other, segment) in Segment::ALL.into_iter().enumerate() {
                let empty = SegmentRegister { selector: 0, base: 0, limit: 0, attributes: Attributes::ABSENT };
                let expected = if other == place { register } else { empty };
                prop_assert_eq!(SegmentRegister::read(&vmcb, segment), expected);
            }
        }
    }
}
