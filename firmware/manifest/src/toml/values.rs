//! Sizes and time spans as people write them: a whole number and a unit.

use crate::model::Micros;

fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit.trim()))
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (number, unit) = split(text)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.checked_mul(*factor)
}

/// Bytes from `256M`: K, M, G and T are powers of 1024; KiB to TiB mean the same.
#[must_use]
pub fn size(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 8] = [
        ("K", 1 << 10),
        ("M", 1 << 20),
        ("G", 1 << 30),
        ("T", 1 << 40),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ];
    scaled(text, &UNITS)
}

/// A time span from `500ms`: us, ms, s and min.
#[must_use]
pub fn duration(text: &str) -> Option<Micros> {
    scaled(
        text,
        &[
            ("us", 1),
            ("ms", 1000),
            ("s", 1_000_000),
            ("min", 60_000_000),
        ],
    )
    .map(Micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_binary() {
        assert_eq!(
            ["64K", "256M", "3 GiB", "1T"].map(size),
            [
                Some(64 << 10),
                Some(256 << 20),
                Some(3 << 30),
                Some(1 << 40)
            ]
        );
    }

    #[test]
    fn times_have_units() {
        assert_eq!(
            ["7us", "500ms", "2 s", "1min"].map(duration),
            [7, 500_000, 2_000_000, 60_000_000].map(|time| Some(Micros(time)))
        );
    }

    #[test]
    fn what_is_not_a_number_with_a_unit_is_nothing() {
        for text in [
            "",
            "M",
            "12",
            "-1M",
            "1.5G",
            "1m",
            "99999999999999T",
            "1 M M",
        ] {
            assert_eq!(size(text), None, "{text}");
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
