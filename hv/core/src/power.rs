//! Turning the machine off: the sleep type that the firmware's DSDT names for S5 (ACPI 6.5 §7.4.2).

/// SLP_TYPa and SLP_TYPb of the `\_S5` package, found by looking for its encoding: `Name(_S5, Package)` of small
/// integers, which is what firmware has there. `None` if it is not found or is anything else.
#[must_use]
pub fn soft_off(dsdt: &[u8]) -> Option<(u8, u8)> {
    let at = dsdt.windows(5).position(|bytes| bytes == b"_S5_\x12")?;
    let mut rest = dsdt.get(at + 5..)?.iter().copied();
    // PkgLength (ACPI 6.5 §20.2.4): the top two bits count the bytes that follow; then NumElements.
    let lead = rest.next()?;
    for _ in 0..lead >> 6 {
        rest.next()?;
    }
    let elements = rest.next()?;
    let mut integer = || match rest.next()? {
        0 => Some(0),
        1 => Some(1),
        0x0a => rest.next(),
        _ => None,
    };
    let first = integer()?;
    let second = if elements > 1 { integer()? } else { first };
    Some((first & 7, second & 7))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_constants_and_one_op_are_read() {
        assert_eq!(
            soft_off(b"xx\x08_S5_\x12\x06\x04\x0a\x05\x0a\x05\x00\x00"),
            Some((5, 5))
        );
        assert_eq!(
            soft_off(b"\x08_S5_\x12\x06\x04\x01\x00\x00\x00"),
            Some((1, 0))
        );
    }

    #[test]
    fn a_cut_or_foreign_encoding_is_no_answer() {
        assert_eq!(soft_off(b"_S5_\x12\x06\x04\x0a"), None);
        assert_eq!(soft_off(b"_S5_\x12\x06\x04\x0c\x05\x00\x00\x00"), None);
        assert_eq!(soft_off(b""), None);
    }
}
