//! The decoder against `iced-x86`, on random and on all short inputs.

mod oracle;

use isthmus_x86emu::{CodeSize, DecodeError, decode};
use oracle::{MODES, agree};
use proptest::prelude::*;

fn prefix() -> impl Strategy<Value = u8> {
    prop::sample::select(vec![
        0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x40, 0x41, 0x44, 0x48,
        0x4a, 0x4f, 0x47,
    ])
}

fn instruction() -> impl Strategy<Value = Vec<u8>> {
    let two_bytes = any::<u8>().prop_map(|opcode| vec![0x0f, opcode]);
    let opcode = prop_oneof![3 => any::<u8>().prop_map(|opcode| vec![opcode]), 1 => two_bytes];
    (
        prop::collection::vec(prefix(), 0..5),
        opcode,
        prop::collection::vec(any::<u8>(), 0..14),
    )
        .prop_map(|(mut bytes, opcode, rest)| {
            bytes.extend(opcode);
            bytes.extend(rest);
            bytes
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60_000) })]

    #[test]
    fn agrees_with_iced(bytes in instruction(), mode in 0..MODES.len()) {
        agree(&bytes, MODES[mode]);
    }

    #[test]
    fn any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..18), mode in 0..MODES.len()) {
        agree(&bytes, MODES[mode]);
    }
}

/// All opcodes and ModRM bytes under the prefixes that matter, one by one.
#[test]
fn agrees_with_iced_on_every_opcode_and_modrm() {
    let prefixes: [&[u8]; 8] = [
        &[],
        &[0x66],
        &[0x67],
        &[0xf0],
        &[0xf3],
        &[0x48],
        &[0x65, 0x4d],
        &[0x66, 0x40],
    ];
    let mut accepted = 0u32;
    for code in MODES {
        for prefix in prefixes {
            for opcode in 0..512u16 {
                for modrm in 0..=255u8 {
                    let mut bytes = prefix.to_vec();
                    if opcode >= 256 {
                        bytes.push(0x0f);
                    }
                    bytes.extend([
                        opcode as u8,
                        modrm,
                        0x25,
                        0x91,
                        0x82,
                        0x73,
                        0x64,
                        0xf5,
                        0x46,
                    ]);
                    accepted += u32::from(agree(&bytes, code));
                }
            }
        }
    }
    // About a fifth of the one-byte map and 19 opcodes of the other.
    assert!(accepted > 300_000, "{accepted}");
}

#[test]
fn a_sixteenth_byte_is_never_read() {
    let mut bytes = [0x66; 16];
    bytes[14] = 0x8b;
    bytes[15] = 0x07;
    assert_eq!(decode(&bytes, CodeSize::Long64), Err(DecodeError::TooLong));
    bytes[13] = 0x8b;
    bytes[14] = 0x07;
    assert_eq!(decode(&bytes, CodeSize::Long64).map(|i| i.length), Ok(15));
}

#[test]
fn every_cut_of_an_instruction_asks_for_more() {
    // lock add qword ptr gs:[rax+r12*8+0x12345678], 0x5a5a5a5a
    let bytes = [
        0x65, 0xf0, 0x4a, 0x81, 0x84, 0xe0, 0x78, 0x56, 0x34, 0x12, 0x5a, 0x5a, 0x5a, 0x5a,
    ];
    for length in 0..bytes.len() {
        assert_eq!(
            decode(&bytes[..length], CodeSize::Long64),
            Err(DecodeError::Truncated)
        );
    }
    assert!(decode(&bytes, CodeSize::Long64).is_ok());
}
