//! What an exit does not say on a processor without decode assists or next-RIP save: how long the instruction is and
//! which registers it names. Only instructions that exit are known here, and each is recognised by the exit's own code.
//!
//! The bytes are the guest's, who may have changed them since: what does not fit the exit is refused.

use crate::exit::ExitCode;
use isthmus_hv_core::processor::CodeBytes;

/// What stands before an opcode (APM Vol. 3 §1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Prefixes {
    /// How many bytes.
    count: usize,
    /// 67H.
    address_size: bool,
    /// A segment override, by the segment's number.
    segment: Option<u8>,
    /// 40H to 4FH right before the opcode of 64-bit code; else 0.
    rex: u8,
}

const LONGEST: usize = 15;

fn prefixes(code: &CodeBytes) -> (Prefixes, &[u8]) {
    let mut found = Prefixes::default();
    let mut rest = code.as_slice();
    while let Some((&byte, after)) = rest.split_first() {
        match byte {
            0x66 | 0xf0 | 0xf2 | 0xf3 => {}
            0x67 => found.address_size = true,
            0x26 | 0x2e | 0x36 | 0x3e => found.segment = Some(byte >> 3 & 3),
            0x64 | 0x65 => found.segment = Some(byte & 7),
            0x40..=0x4f if code.long => {
                found.rex = byte;
                found.count += 1;
                rest = after;
                continue;
            }
            _ => break,
        }
        // A REX prefix that another prefix follows has no effect.
        found.rex = 0;
        found.count += 1;
        rest = after;
    }
    (found, rest)
}

/// The opcode that an exit is caused by.
const fn opcode(exit: ExitCode) -> Option<&'static [u8]> {
    Some(match exit {
        ExitCode::CPUID => &[0x0f, 0xa2],
        ExitCode::HLT => &[0xf4],
        ExitCode::RDPMC => &[0x0f, 0x33],
        ExitCode::XSETBV => &[0x0f, 0x01, 0xd1],
        ExitCode::VMMCALL => &[0x0f, 0x01, 0xd9],
        ExitCode::INVD => &[0x0f, 0x08],
        ExitCode::WBINVD => &[0x0f, 0x09],
        ExitCode::PAUSE => &[0x90],
        _ => return None,
    })
}

/// Bytes of the instruction that exited with that code; `None` if the bytes are another instruction, or the code's are
/// not known here.
#[must_use]
pub fn length(code: &CodeBytes, exit: ExitCode) -> Option<u8> {
    let (prefixes, rest) = prefixes(code);
    let expected: &[u8] = if exit == ExitCode::MSR {
        match rest {
            [0x0f, 0x30, ..] => &[0x0f, 0x30],
            _ => &[0x0f, 0x32],
        }
    } else {
        opcode(exit)?
    };
    let length = prefixes.count + expected.len();
    (rest.starts_with(expected) && length <= LONGEST).then_some(length as u8)
}

/// MOV to (`write`) or from a control register: the general register's number, 0 to 15, and the length.
#[must_use]
pub fn mov_control_register(code: &CodeBytes, write: bool) -> Option<(u8, u8)> {
    let (prefixes, rest) = prefixes(code);
    let opcode = if write { 0x22 } else { 0x20 };
    match rest {
        [0x0f, byte, modrm, ..] if *byte == opcode && prefixes.count + 3 <= LONGEST => {
            let register = modrm & 7 | (prefixes.rex & 1) << 3;
            Some((register, prefixes.count as u8 + 3))
        }
        _ => None,
    }
}

/// MOV to CR3: the general register's number and the length.
#[must_use]
pub fn mov_to_cr3(code: &CodeBytes) -> Option<(u8, u8)> {
    let (prefixes, rest) = prefixes(code);
    let is_cr3 = matches!(rest, [0x0f, 0x22, modrm, ..] if modrm >> 3 & 7 == 3);
    (is_cr3 && prefixes.rex & 4 == 0)
        .then(|| mov_control_register(code, true))
        .flatten()
}

/// LMSW from a general register: its number and the length.
#[must_use]
pub fn lmsw(code: &CodeBytes) -> Option<(u8, u8)> {
    let (prefixes, rest) = prefixes(code);
    match rest {
        [0x0f, 0x01, modrm @ 0xf0..=0xf7, ..] if prefixes.count + 3 <= LONGEST => {
            let register = modrm & 7 | (prefixes.rex & 1) << 3;
            Some((register, prefixes.count as u8 + 3))
        }
        _ => None,
    }
}

/// INS or OUTS: bytes of an address (2, 4 or 8) and the segment by number, DS unless overridden. `big` is the D bit of
/// the code segment.
#[must_use]
pub fn string_io(code: &CodeBytes, big: bool) -> Option<(u8, u8)> {
    const DS: u8 = 3;
    let (prefixes, rest) = prefixes(code);
    if !matches!(rest.first(), Some(0x6c..=0x6f)) {
        return None;
    }
    let address_size = match (code.long, big, prefixes.address_size) {
        (true, _, false) => 8,
        (true, _, true) | (false, true, false) | (false, false, true) => 4,
        (false, true, true) | (false, false, false) => 2,
    };
    Some((address_size, prefixes.segment.unwrap_or(DS)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(bytes: &[u8], long: bool) -> CodeBytes {
        let mut code = CodeBytes {
            length: bytes.len() as u8,
            long,
            ..CodeBytes::default()
        };
        code.bytes[..bytes.len()].copy_from_slice(bytes);
        code
    }

    #[test]
    fn instructions_are_as_long_as_an_assembler_makes_them() {
        for (bytes, exit, expected) in [
            (&[0x0f, 0xa2][..], ExitCode::CPUID, Some(2)),
            (&[0x48, 0x0f, 0xa2, 0x90], ExitCode::CPUID, Some(3)),
            (&[0x0f, 0x32], ExitCode::MSR, Some(2)),
            (&[0x66, 0x0f, 0x30], ExitCode::MSR, Some(3)),
            (&[0xf4], ExitCode::HLT, Some(1)),
            (&[0xf3, 0x90], ExitCode::PAUSE, Some(2)),
            (&[0x0f, 0x01, 0xd1], ExitCode::XSETBV, Some(3)),
            (&[0x0f, 0x01, 0xd9], ExitCode::VMMCALL, Some(3)),
            (&[0x0f, 0xa2], ExitCode::HLT, None),
            (&[0x0f], ExitCode::CPUID, None),
            (&[], ExitCode::CPUID, None),
        ] {
            assert_eq!(length(&code(bytes, true), exit), expected, "{bytes:x?}");
        }
        assert_eq!(length(&code(&[0x48, 0xf4], false), ExitCode::HLT), None);
    }

    #[test]
    fn a_move_names_its_general_register() {
        // mov cr4, rax; mov r9, cr8 (with the alternative encoding's LOCK); mov cr4, r15.
        let moved = |bytes: &[u8], write| mov_control_register(&code(bytes, true), write);
        assert_eq!(moved(&[0x0f, 0x22, 0xe0], true), Some((0, 3)));
        assert_eq!(moved(&[0xf0, 0x41, 0x0f, 0x20, 0xc1], false), Some((9, 5)));
        assert_eq!(moved(&[0x41, 0x0f, 0x22, 0xe7], true), Some((15, 4)));
        assert_eq!(moved(&[0x41, 0x66, 0x0f, 0x22, 0xe7], true), Some((7, 5)));
        assert_eq!(moved(&[0x0f, 0x22, 0xe0], false), None);
        assert_eq!(mov_to_cr3(&code(&[0x0f, 0x22, 0xd8], true)), Some((0, 3)));
        assert_eq!(mov_to_cr3(&code(&[0x0f, 0x22, 0xe0], true)), None);
        assert_eq!(lmsw(&code(&[0x41, 0x0f, 0x01, 0xf2], true)), Some((10, 4)));
        assert_eq!(lmsw(&code(&[0x0f, 0x01, 0x30], true)), None, "from memory");
    }

    #[test]
    fn string_instructions_have_address_size_and_segment() {
        assert_eq!(string_io(&code(&[0x6c], true), false), Some((8, 3)));
        assert_eq!(string_io(&code(&[0x67, 0x6e], true), false), Some((4, 3)));
        assert_eq!(
            string_io(&code(&[0xf3, 0x26, 0x6e], false), true),
            Some((4, 0))
        );
        assert_eq!(
            string_io(&code(&[0x67, 0x65, 0x6f], false), true),
            Some((2, 5))
        );
        assert_eq!(string_io(&code(&[0x67, 0x6f], false), false), Some((4, 3)));
        assert_eq!(string_io(&code(&[0xec], false), false), None);
    }

    proptest! {
        #[test]
        fn any_bytes_have_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..=15), long: bool, big: bool, raw in 0..0x500u64) {
            let code = code(&bytes, long);
            for length in [length(&code, ExitCode(raw)), mov_control_register(&code, big).map(|(_, length)| length)] {
                prop_assert!(length.is_none_or(|length| usize::from(length) <= bytes.len()));
            }
            if let Some((size, segment)) = string_io(&code, big) {
                prop_assert!(matches!(size, 2 | 4 | 8) && segment < 6);
            }
        }
    }
}
