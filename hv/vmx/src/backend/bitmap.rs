//! The MSR bitmap (SDM Vol. 3C §25.6.9): four parts of 1 KiB, reads of low and high registers, then writes.

use isthmus_abi::Msr;

/// Bytes of an MSR bitmap.
pub const BITMAP_BYTES: usize = 4096;
const WRITES: usize = 2048;
const HIGH: usize = 1024;

/// Fills an MSR bitmap: an exit for every access but those that `passes` lets through, as (reads, writes).
pub fn fill_msr_bitmap(bitmap: &mut [u8; BITMAP_BYTES], passes: impl Fn(Msr) -> (bool, bool)) {
    bitmap.fill(0xff);
    for half in [0u32, 0xc000_0000] {
        for number in 0..0x2000u32 {
            let at = if half == 0 { 0 } else { HIGH } + number as usize / 8;
            let bit = 1u8 << (number % 8);
            let (reads, writes) = passes(Msr(half | number));
            if reads {
                bitmap[at] &= !bit;
            }
            if writes {
                bitmap[at + WRITES] &= !bit;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::boxed::Box;
    use isthmus_hv_core::msr;

    #[test]
    fn every_register_is_where_the_processor_looks() {
        let mut bitmap = Box::new([0; BITMAP_BYTES]);
        fill_msr_bitmap(&mut bitmap, msr::passes);
        for base in [0u32, 0xc000_0000] {
            for number in 0..0x2000 {
                let part = if base == 0 { 0 } else { 1024 } + (number & 0x1fff) as usize / 8;
                let bit = |at: usize| bitmap[at] >> (number % 8) & 1 == 1;
                let (reads, writes) = msr::passes(Msr(base | number));
                assert_eq!(
                    (bit(part), bit(part + 2048)),
                    (!reads, !writes),
                    "{number:#x}"
                );
            }
        }
    }
}
