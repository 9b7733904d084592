//! The fields of a VMCB by their offsets (APM Vol. 2 Appendix B), and the trait through which pure code reads and
//! writes them. A VMCB is plain memory while its guest does not run, so the view is a page of 512 words: `hv/hal`
//! lends the page that VMRUN names, tests own one. Neighbours: [`crate::control`], [`crate::segment`] and
//! [`crate::exit`] give the bits of a field their names.

use crate::control::Clean;
use core::fmt;

/// Words of 64 bits in a VMCB, which is one 4 KiB page (§15.5.1).
pub const WORDS: usize = 512;

/// A VMCB as memory. The processor keeps each field little-endian at its offset, as this host does.
pub type VmcbPage = [u64; WORDS];

/// A VMCB field: its offset within the page and its width. No field crosses a multiple of 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field(u16);

/// How wide a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Width {
    /// 8 bits.
    Bits8 = 0,
    /// 16 bits.
    Bits16 = 1,
    /// 32 bits.
    Bits32 = 2,
    /// 64 bits.
    Bits64 = 3,
}

impl Width {
    /// 1, 2, 4 or 8.
    #[must_use]
    pub const fn bytes(self) -> u16 {
        1 << self as u16
    }

    /// The bits that a field of this width holds.
    #[must_use]
    pub const fn mask(self) -> u64 {
        match self {
            Self::Bits8 => 0xff,
            Self::Bits16 => 0xffff,
            Self::Bits32 => 0xffff_ffff,
            Self::Bits64 => u64::MAX,
        }
    }
}

/// Read and write access to one VMCB whose guest is not running.
pub trait Vmcb {
    /// The word at byte offset 8 · `index`; zero beyond the page.
    fn word(&self, index: usize) -> u64;
    /// Sets that word; nothing beyond the page.
    fn set_word(&mut self, index: usize, value: u64);

    /// The field's value, zero-extended.
    #[inline]
    fn read(&self, field: Field) -> u64 {
        self.word(field.word()) >> field.shift() & field.width().mask()
    }

    /// Sets the field to as many low bits of `value` as it has, and marks the group of fields that a processor may
    /// cache together with it as changed (§15.15), so that no entry runs on what it was before.
    #[inline]
    fn write(&mut self, field: Field, value: u64) {
        let mask = field.width().mask();
        let word = self.word(field.word()) & !(mask << field.shift());
        self.set_word(field.word(), word | (value & mask) << field.shift());
        let cached = field.cached();
        if !cached.is_empty() {
            let clean = Field::VMCB_CLEAN.word();
            self.set_word(clean, self.word(clean) & !u64::from(cached.bits()));
        }
    }
}

impl Vmcb for VmcbPage {
    #[inline]
    fn word(&self, index: usize) -> u64 {
        self.get(index).copied().unwrap_or(0)
    }

    #[inline]
    fn set_word(&mut self, index: usize, value: u64) {
        if let Some(word) = self.get_mut(index) {
            *word = value;
        }
    }
}

impl Field {
    const fn at(offset: u16, width: Width) -> Self {
        Self(offset | (width as u16) << 12)
    }

    /// A field of the state save area, whose offsets the APM counts from 400H (Table B-2).
    const fn state(offset: u16, width: Width) -> Self {
        Self::at(0x400 + offset, width)
    }

    /// Byte offset within the VMCB, below 4096.
    #[must_use]
    #[inline]
    pub const fn offset(self) -> u16 {
        self.0 & 0xfff
    }

    /// The field's width.
    #[must_use]
    #[inline]
    pub const fn width(self) -> Width {
        match self.0 >> 12 {
            0 => Width::Bits8,
            1 => Width::Bits16,
            2 => Width::Bits32,
            _ => Width::Bits64,
        }
    }

    /// Whether the field belongs to the state save area; otherwise to the control area.
    #[must_use]
    pub const fn is_state(self) -> bool {
        self.offset() >= 0x400
    }

    #[inline]
    const fn word(self) -> usize {
        (self.offset() / 8) as usize
    }

    #[inline]
    const fn shift(self) -> u32 {
        (self.offset() % 8 * 8) as u32
    }

    /// The same field of the segment register `places` further in the save area, 16 bytes each.
    pub(crate) const fn in_segment(self, places: u16) -> Self {
        Self(self.0 + 16 * places)
    }

    /// The group of fields with which a processor may cache this one; empty if it reads the field at every VMRUN
    /// (Figure 15-4). Where the figure is silent on a control, the group of its neighbours is named: a group marked
    /// changed without need costs time and nothing else.
    #[must_use]
    #[inline]
    pub const fn cached(self) -> Clean {
        match self.offset() {
            0x000..=0x03f | 0x050 => Clean::INTERCEPTS,
            0x040 | 0x048 => Clean::PERMISSION_MAPS,
            0x058 => Clean::ASID,
            0x060 => Clean::VIRTUAL_INTERRUPTS,
            0x090 | 0x0b0 | 0x668 => Clean::NESTED_PAGING,
            0x098 | 0x0e0 | 0x0f0 | 0x0f8 => Clean::AVIC,
            0x0b8 | 0x670..=0x690 => Clean::LBR,
            0x400..=0x43f | 0x4cb => Clean::SEGMENTS,
            0x460..=0x46f | 0x480..=0x48f => Clean::DESCRIPTOR_TABLES,
            0x4d0 | 0x548..=0x558 => Clean::CONTROL_REGISTERS,
            0x560 | 0x568 => Clean::DEBUG_REGISTERS,
            0x5e0..=0x5f0 => Clean::SHADOW_STACK,
            0x640 => Clean::CR2,
            _ => Clean::empty(),
        }
    }

    /// The field's name as spelled here, if it has one.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let place = Self::ALL
            .binary_search_by_key(&self.offset(), |&(field, _)| field.offset())
            .ok()?;
        let &(field, name) = Self::ALL.get(place)?;
        (field == self).then_some(name)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "VMCB field {:#05x}", self.offset()),
        }
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! fields {
    ($($area:ident { $($name:ident = $offset:literal, $width:ident;)* })*) => {
        impl Field {
            $($(
                #[doc = concat!("Offset ", stringify!($offset), " of the ", stringify!($area), " area, ",
                    stringify!($width), ".")]
                pub const $name: Self = fields!($area $offset $width);
            )*)*

            /// Every field that has a name here, by rising offset.
            pub const ALL: &'static [(Self, &'static str)] =
                &[$($((Self::$name, stringify!($name)),)*)*];
        }
    };
    (control $offset:literal $width:ident) => { Self::at($offset, Width::$width) };
    (state $offset:literal $width:ident) => { Self::state($offset, Width::$width) };
}

fields! {
    // Table B-1.
    control {
        CR_READ_INTERCEPTS = 0x000, Bits16;
        CR_WRITE_INTERCEPTS = 0x002, Bits16;
        DR_READ_INTERCEPTS = 0x004, Bits16;
        DR_WRITE_INTERCEPTS = 0x006, Bits16;
        EXCEPTION_INTERCEPTS = 0x008, Bits32;
        INTERCEPT_VECTOR_3 = 0x00c, Bits32;
        INTERCEPT_VECTOR_4 = 0x010, Bits32;
        INTERCEPT_VECTOR_5 = 0x014, Bits32;
        PAUSE_FILTER_THRESHOLD = 0x03c, Bits16;
        PAUSE_FILTER_COUNT = 0x03e, Bits16;
        IOPM_BASE_PA = 0x040, Bits64;
        MSRPM_BASE_PA = 0x048, Bits64;
        TSC_OFFSET = 0x050, Bits64;
        GUEST_ASID = 0x058, Bits32;
        TLB_CONTROL = 0x05c, Bits8;
        VIRTUAL_INTERRUPT = 0x060, Bits64;
        INTERRUPT_SHADOW = 0x068, Bits64;
        EXITCODE = 0x070, Bits64;
        EXITINFO1 = 0x078, Bits64;
        EXITINFO2 = 0x080, Bits64;
        EXITINTINFO = 0x088, Bits64;
        NESTED_CONTROL = 0x090, Bits64;
        AVIC_APIC_BAR = 0x098, Bits64;
        GHCB_GPA = 0x0a0, Bits64;
        EVENTINJ = 0x0a8, Bits64;
        N_CR3 = 0x0b0, Bits64;
        LBR_VIRTUALIZATION = 0x0b8, Bits64;
        VMCB_CLEAN = 0x0c0, Bits32;
        NRIP = 0x0c8, Bits64;
        NUMBER_OF_BYTES_FETCHED = 0x0d0, Bits8;
        AVIC_BACKING_PAGE = 0x0e0, Bits64;
        AVIC_LOGICAL_TABLE = 0x0f0, Bits64;
        AVIC_PHYSICAL_TABLE = 0x0f8, Bits64;
        VMSA_POINTER = 0x108, Bits64;
    }
    // Table B-2.
    state {
        ES_SELECTOR = 0x000, Bits16;
        ES_ATTRIBUTES = 0x002, Bits16;
        ES_LIMIT = 0x004, Bits32;
        ES_BASE = 0x008, Bits64;
        CS_SELECTOR = 0x010, Bits16;
        CS_ATTRIBUTES = 0x012, Bits16;
        CS_LIMIT = 0x014, Bits32;
        CS_BASE = 0x018, Bits64;
        SS_SELECTOR = 0x020, Bits16;
        SS_ATTRIBUTES = 0x022, Bits16;
        SS_LIMIT = 0x024, Bits32;
        SS_BASE = 0x028, Bits64;
        DS_SELECTOR = 0x030, Bits16;
        DS_ATTRIBUTES = 0x032, Bits16;
        DS_LIMIT = 0x034, Bits32;
        DS_BASE = 0x038, Bits64;
        FS_SELECTOR = 0x040, Bits16;
        FS_ATTRIBUTES = 0x042, Bits16;
        FS_LIMIT = 0x044, Bits32;
        FS_BASE = 0x048, Bits64;
        GS_SELECTOR = 0x050, Bits16;
        GS_ATTRIBUTES = 0x052, Bits16;
        GS_LIMIT = 0x054, Bits32;
        GS_BASE = 0x058, Bits64;
        GDTR_SELECTOR = 0x060, Bits16;
        GDTR_ATTRIBUTES = 0x062, Bits16;
        GDTR_LIMIT = 0x064, Bits32;
        GDTR_BASE = 0x068, Bits64;
        LDTR_SELECTOR = 0x070, Bits16;
        LDTR_ATTRIBUTES = 0x072, Bits16;
        LDTR_LIMIT = 0x074, Bits32;
        LDTR_BASE = 0x078, Bits64;
        IDTR_SELECTOR = 0x080, Bits16;
        IDTR_ATTRIBUTES = 0x082, Bits16;
        IDTR_LIMIT = 0x084, Bits32;
        IDTR_BASE = 0x088, Bits64;
        TR_SELECTOR = 0x090, Bits16;
        TR_ATTRIBUTES = 0x092, Bits16;
        TR_LIMIT = 0x094, Bits32;
        TR_BASE = 0x098, Bits64;
        CPL = 0x0cb, Bits8;
        EFER = 0x0d0, Bits64;
        CR4 = 0x148, Bits64;
        CR3 = 0x150, Bits64;
        CR0 = 0x158, Bits64;
        DR7 = 0x160, Bits64;
        DR6 = 0x168, Bits64;
        RFLAGS = 0x170, Bits64;
        RIP = 0x178, Bits64;
        RSP = 0x1d8, Bits64;
        S_CET = 0x1e0, Bits64;
        SSP = 0x1e8, Bits64;
        ISST_ADDR = 0x1f0, Bits64;
        RAX = 0x1f8, Bits64;
        STAR = 0x200, Bits64;
        LSTAR = 0x208, Bits64;
        CSTAR = 0x210, Bits64;
        SFMASK = 0x218, Bits64;
        KERNEL_GS_BASE = 0x220, Bits64;
        SYSENTER_CS = 0x228, Bits64;
        SYSENTER_ESP = 0x230, Bits64;
        SYSENTER_EIP = 0x238, Bits64;
        CR2 = 0x240, Bits64;
        G_PAT = 0x268, Bits64;
        DBGCTL = 0x270, Bits64;
        BR_FROM = 0x278, Bits64;
        BR_TO = 0x280, Bits64;
        LASTEXCPFROM = 0x288, Bits64;
        LASTEXCPTO = 0x290, Bits64;
        SPEC_CTRL = 0x2e0, Bits64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::boxed::Box;
    use alloc::format;
    use proptest::prelude::*;

    fn page() -> Box<VmcbPage> {
        Box::new([0; WORDS])
    }

    fn any_field() -> impl Strategy<Value = Field> {
        (0..Field::ALL.len()).prop_map(|place| Field::ALL[place].0)
    }

    #[test]
    fn fields_rise_and_do_not_overlap() {
        assert!(
            Field::ALL
                .is_sorted_by(|(a, _), (b, _)| { a.offset() + a.width().bytes() <= b.offset() })
        );
    }

    #[test]
    fn no_field_crosses_a_word() {
        for &(field, name) in Field::ALL {
            assert!(field.offset() % 8 + field.width().bytes() <= 8, "{name}");
            assert_eq!(field.offset() % field.width().bytes(), 0, "{name}");
        }
    }

    #[test]
    fn the_two_areas_divide_where_the_manual_divides_them() {
        assert!(!Field::VMSA_POINTER.is_state() && Field::ES_SELECTOR.is_state());
        assert_eq!(Field::ES_SELECTOR.offset(), 0x400);
        assert_eq!(Field::RAX.offset(), 0x5f8);
        assert_eq!(Field::G_PAT.offset(), 0x668);
    }

    #[test]
    fn fields_are_shown_by_name_and_others_by_offset() {
        assert_eq!(format!("{}", Field::N_CR3), "N_CR3");
        assert_eq!(format!("{:?}", Field::TLB_CONTROL), "TLB_CONTROL");
        assert_eq!(
            format!("{}", Field::at(0x58, Width::Bits8)),
            "VMCB field 0x058"
        );
        assert_eq!(
            format!("{}", Field::at(0x3f8, Width::Bits64)),
            "VMCB field 0x3f8"
        );
    }

    #[test]
    fn what_hardware_reads_at_every_entry_is_in_no_group() {
        for field in [
            Field::RIP,
            Field::RSP,
            Field::RAX,
            Field::RFLAGS,
            Field::EVENTINJ,
            Field::TLB_CONTROL,
            Field::INTERRUPT_SHADOW,
            Field::FS_BASE,
            Field::TR_SELECTOR,
            Field::LDTR_BASE,
            Field::STAR,
        ] {
            assert!(field.cached().is_empty(), "{field}");
        }
    }

    #[test]
    fn each_group_of_the_manual_holds_its_fields() {
        for (group, fields) in [
            (
                Clean::INTERCEPTS,
                &[
                    Field::CR_READ_INTERCEPTS,
                    Field::INTERCEPT_VECTOR_5,
                    Field::TSC_OFFSET,
                    Field::PAUSE_FILTER_COUNT,
                ][..],
            ),
            (
                Clean::PERMISSION_MAPS,
                &[Field::IOPM_BASE_PA, Field::MSRPM_BASE_PA],
            ),
            (Clean::ASID, &[Field::GUEST_ASID]),
            (Clean::VIRTUAL_INTERRUPTS, &[Field::VIRTUAL_INTERRUPT]),
            (
                Clean::NESTED_PAGING,
                &[Field::N_CR3, Field::G_PAT, Field::NESTED_CONTROL],
            ),
            (
                Clean::CONTROL_REGISTERS,
                &[Field::CR0, Field::CR3, Field::CR4, Field::EFER],
            ),
            (Clean::DEBUG_REGISTERS, &[Field::DR6, Field::DR7]),
            (
                Clean::DESCRIPTOR_TABLES,
                &[Field::GDTR_BASE, Field::IDTR_LIMIT],
            ),
            (
                Clean::SEGMENTS,
                &[
                    Field::ES_SELECTOR,
                    Field::CS_ATTRIBUTES,
                    Field::SS_LIMIT,
                    Field::DS_BASE,
                    Field::CPL,
                ],
            ),
            (Clean::CR2, &[Field::CR2]),
            (
                Clean::LBR,
                &[Field::DBGCTL, Field::BR_FROM, Field::LASTEXCPTO],
            ),
            (
                Clean::AVIC,
                &[Field::AVIC_APIC_BAR, Field::AVIC_PHYSICAL_TABLE],
            ),
            (
                Clean::SHADOW_STACK,
                &[Field::S_CET, Field::SSP, Field::ISST_ADDR],
            ),
        ] {
            for field in fields {
                assert_eq!(field.cached(), group, "{field}");
            }
        }
    }

    #[test]
    fn words_beyond_the_page_are_zero_and_stay_so() {
        let mut vmcb = page();
        vmcb.set_word(WORDS, 1);
        assert_eq!(vmcb.word(WORDS), 0);
    }

    proptest! {
        #[test]
        fn a_write_is_read_back_cut_to_width_and_touches_nothing_else(
            words: [u64; 32], field in any_field(), value: u64,
        ) {
            let mut vmcb = page();
            for (index, word) in vmcb.iter_mut().enumerate() {
                *word = words[index % 32].rotate_left(index as u32);
            }
            let before = vmcb.clone();
            vmcb.write(field, value);
            for &(other, _) in Field::ALL {
                let expected = if other == field {
                    value & field.width().mask()
                } else if other == Field::VMCB_CLEAN {
                    before.read(other) & !u64::from(field.cached().bits())
                } else {
                    before.read(other)
                };
                prop_assert_eq!(vmcb.read(other), expected, "{}", other);
            }
        }

        #[test]
        fn a_field_lies_at_its_offset_in_little_endian_bytes(field in any_field(), value: u64) {
            let mut vmcb = page();
            vmcb.write(field, value);
            let bytes: alloc::vec::Vec<u8> = vmcb.iter().flat_map(|word| word.to_le_bytes()).collect();
            let (from, width) = (usize::from(field.offset()), usize::from(field.width().bytes()));
            prop_assert_eq!(&bytes[from..from + width], &value.to_le_bytes()[..width]);
        }
    }
}
