//! The local APIC's registers as one page, laid out exactly as the virtual-APIC page (SDM Vol. 3C §30.1.1) and
//! the xAPIC's memory-mapped registers (Vol. 3A Table 11-1): so APIC virtualization can later work on the same
//! page. Offsets are masked to the page; there is no offset that is not a place in it.

use isthmus_abi::Vector;

/// Offsets of the registers, in bytes.
pub mod offset {
    #![allow(missing_docs, reason = "the names are those of SDM Vol. 3A Table 11-1")]
    pub const ID: u16 = 0x020;
    pub const VERSION: u16 = 0x030;
    pub const TPR: u16 = 0x080;
    pub const PPR: u16 = 0x0a0;
    pub const EOI: u16 = 0x0b0;
    pub const LDR: u16 = 0x0d0;
    pub const DFR: u16 = 0x0e0;
    pub const SVR: u16 = 0x0f0;
    pub const ISR: u16 = 0x100;
    pub const TMR: u16 = 0x180;
    pub const IRR: u16 = 0x200;
    pub const ESR: u16 = 0x280;
    pub const ICR_LOW: u16 = 0x300;
    /// Upper half of the ICR in x2APIC mode, where it is one 64-bit register.
    pub const ICR_X2APIC_HIGH: u16 = 0x304;
    pub const ICR_HIGH: u16 = 0x310;
    pub const LVT_TIMER: u16 = 0x320;
    pub const LVT_THERMAL: u16 = 0x330;
    pub const LVT_PERFORMANCE: u16 = 0x340;
    pub const LVT_LINT0: u16 = 0x350;
    pub const LVT_LINT1: u16 = 0x360;
    pub const LVT_ERROR: u16 = 0x370;
    pub const INITIAL_COUNT: u16 = 0x380;
    pub const CURRENT_COUNT: u16 = 0x390;
    pub const DIVIDE: u16 = 0x3e0;
    pub const SELF_IPI: u16 = 0x3f0;
}

/// The page: 1024 registers' worth of 32-bit words, of which each register uses the first of four.
#[derive(Clone, PartialEq, Eq, Debug)]
#[repr(C, align(4096))]
pub struct RegisterPage([u32; 1024]);

impl RegisterPage {
    pub(super) const fn zeroed() -> Self {
        Self([0; 1024])
    }

    pub(super) fn clear(&mut self) {
        self.0.fill(0);
    }

    /// The word at a byte offset; the offset's bits outside the page and below a word are ignored.
    #[must_use]
    pub const fn get(&self, offset: u16) -> u32 {
        self.0[(offset as usize & 0xfff) >> 2]
    }

    /// Replaces the word at a byte offset, which is read as [`RegisterPage::get`] does.
    pub const fn set(&mut self, offset: u16, value: u32) {
        self.0[(offset as usize & 0xfff) >> 2] = value;
    }

    /// Where a vector's bit lies in the 256-bit register at `register`: word offset and mask.
    const fn bit(register: u16, vector: Vector) -> (u16, u32) {
        let word = (vector.0 >> 5) as u16;
        (register + word * 0x10, 1 << (vector.0 & 31))
    }

    /// A vector's bit in the 256-bit register at `register` (ISR, TMR or IRR).
    #[must_use]
    pub const fn test(&self, register: u16, vector: Vector) -> bool {
        let (offset, mask) = Self::bit(register, vector);
        self.get(offset) & mask != 0
    }

    /// Sets or clears a vector's bit in the 256-bit register at `register`.
    pub const fn assign(&mut self, register: u16, vector: Vector, value: bool) {
        let (offset, mask) = Self::bit(register, vector);
        let word = self.get(offset);
        self.set(offset, if value { word | mask } else { word & !mask });
    }

    /// Whether any bit is set in the 256-bit register at `register`.
    #[must_use]
    #[inline]
    pub fn any(&self, register: u16) -> bool {
        let words = (0..8).map(|word| self.get(register + word * 0x10));
        words.fold(0, |all, word| all | word) != 0
    }

    /// The highest vector whose bit is set in the 256-bit register at `register`.
    #[must_use]
    pub fn highest(&self, register: u16) -> Option<Vector> {
        for word in (0u8..8).rev() {
            let bits = self.get(register + u16::from(word) * 0x10);
            if let Some(bit) = bits.checked_ilog2() {
                // At most 7 * 32 + 31.
                return Some(Vector(word << 5 | (bit as u8)));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_page_is_one_page() {
        assert_eq!(size_of::<RegisterPage>(), 4096);
        assert_eq!(align_of::<RegisterPage>(), 4096);
    }

    proptest! {
        #[test]
        fn the_highest_of_a_set_is_found(vectors in proptest::collection::vec(any::<u8>(), 1..20)) {
            let mut page = RegisterPage::zeroed();
            for vector in &vectors {
                page.assign(offset::IRR, Vector(*vector), true);
            }
            prop_assert!(page.any(offset::IRR));
            prop_assert!(!page.any(offset::ISR));
            prop_assert_eq!(page.highest(offset::IRR).map(|v| v.0), vectors.iter().max().copied());
            prop_assert_eq!(page.highest(offset::TMR), None);
            prop_assert_eq!(page.highest(offset::ISR), None);
        }
    }
}
