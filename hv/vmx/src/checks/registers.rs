//! Rules that host and guest share about what a register may hold.

use super::{Entry, Processor};
use crate::field::Vmcs;

/// Whether each byte of IA32_PAT is a memory type: 0, 1, 4, 5, 6 or 7 (SDM Vol. 3A §12.12.2).
pub fn is_pat(value: u64) -> bool {
    value
        .to_le_bytes()
        .into_iter()
        .all(|entry| matches!(entry, 0 | 1 | 4..=7))
}

/// Whether IA32_S_CET has no reserved bit, and not both SUPPRESS and TRACKER (SDM Vol. 1 §17.2).
pub const fn is_s_cet(value: u64) -> bool {
    const RESERVED: u64 = 0b1111 << 6;
    const SUPPRESS_AND_TRACKER: u64 = 0b11 << 10;
    value & RESERVED == 0 && value & SUPPRESS_AND_TRACKER != SUPPRESS_AND_TRACKER
}

impl<V: Vmcs> Entry<'_, V> {
    /// Whether CR3 has no bit beyond the physical-address width, other than those of linear-address masking.
    pub fn is_cr3(&self, value: u64) -> bool {
        const MASKING: u64 = 0b11 << 61;
        let Processor {
            linear_address_masking,
            ..
        } = *self.processor;
        self.is_physical(if linear_address_masking {
            value & !MASKING
        } else {
            value
        })
    }
}
