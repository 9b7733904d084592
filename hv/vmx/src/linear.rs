//! What makes a linear address canonical. Entry checks and INVVPID ask it; nothing else is here.

/// Whether all bits of `address` from bit `bits` − 1 up are equal (SDM Vol. 1 §3.3.7.1). `bits` is what CPUID leaf
/// 80000008H tells in EAX bits 15:8, 48 or 57; any number is taken.
#[must_use]
pub const fn is_canonical(address: u64, bits: u32) -> bool {
    let unused = match 64u32.checked_sub(bits) {
        Some(unused) if unused < 64 => unused,
        Some(_) => 63,
        None => 0,
    };
    ((address << unused) as i64 >> unused) as u64 == address
}

#[cfg(test)]
mod tests {
    use super::is_canonical;

    #[test]
    fn the_hole_begins_and_ends_where_the_width_says() {
        for bits in [48, 57] {
            let half = 1 << (bits - 1);
            assert!(is_canonical(half - 1, bits) && is_canonical(half.wrapping_neg(), bits));
            assert!(!is_canonical(half, bits) && !is_canonical(half.wrapping_neg() - 1, bits));
        }
    }

    #[test]
    fn odd_widths_have_an_answer() {
        assert!(is_canonical(u64::MAX, 0) && !is_canonical(1, 0));
        assert!(is_canonical(1 << 63, 64) && is_canonical(1 << 63, 99));
    }
}
