//! The decoder of instructions that exit against `iced-x86`, on all opcodes one by one and on random bytes.

use iced_x86::{Code, Decoder, DecoderOptions, Mnemonic as Iced, OpKind, Register};
use isthmus_svm::exit::ExitCode;
use isthmus_svm::instruction::Mnemonic as M;
use isthmus_svm::instruction::{CodeSize, DecodeError, Instruction, decode, decode_for_exit};
use isthmus_svm::segment::Segment;
use proptest::prelude::*;

const SIZES: [(CodeSize, u32); 3] = [
    (CodeSize::Bits16, 16),
    (CodeSize::Bits32, 32),
    (CodeSize::Bits64, 64),
];

/// What the other decoder calls an instruction that is known here.
fn expected(instruction: &iced_x86::Instruction) -> Option<M> {
    use Code::*;
    Some(match instruction.mnemonic() {
        Iced::Clgi => M::Clgi,
        Iced::Clts => M::Clts,
        Iced::Cpuid => M::Cpuid,
        Iced::Hlt => M::Hlt,
        Iced::In => M::In,
        Iced::Insb | Iced::Insw | Iced::Insd => M::Ins,
        Iced::Int1 => M::Int1,
        Iced::Int3 => M::Int3,
        Iced::Int => M::IntN,
        Iced::Into => M::Into,
        Iced::Invd => M::Invd,
        Iced::Invlpg => M::Invlpg,
        Iced::Invlpga => M::Invlpga,
        Iced::Invlpgb => M::Invlpgb,
        Iced::Invpcid => M::Invpcid,
        Iced::Iret | Iced::Iretd | Iced::Iretq => M::Iret,
        Iced::Lgdt => M::Lgdt,
        Iced::Lidt => M::Lidt,
        Iced::Lldt => M::Lldt,
        Iced::Lmsw => M::Lmsw,
        Iced::Ltr => M::Ltr,
        Iced::Mcommit => M::Mcommit,
        Iced::Monitor => M::Monitor,
        Iced::Monitorx => M::Monitorx,
        Iced::Mov => match instruction.code() {
            Mov_r32_cr | Mov_r64_cr => M::MovFromCr,
            Mov_r32_dr | Mov_r64_dr => M::MovFromDr,
            Mov_cr_r32 | Mov_cr_r64 => M::MovToCr,
            Mov_dr_r32 | Mov_dr_r64 => M::MovToDr,
            _ => return None,
        },
        Iced::Mwait => M::Mwait,
        Iced::Mwaitx => M::Mwaitx,
        Iced::Out => M::Out,
        Iced::Outsb | Iced::Outsw | Iced::Outsd => M::Outs,
        Iced::Pause => M::Pause,
        Iced::Popf | Iced::Popfd | Iced::Popfq => M::Popf,
        Iced::Pushf | Iced::Pushfd | Iced::Pushfq => M::Pushf,
        Iced::Rdmsr => M::Rdmsr,
        Iced::Rdpmc => M::Rdpmc,
        Iced::Rdpru => M::Rdpru,
        Iced::Rdtsc => M::Rdtsc,
        Iced::Rdtscp => M::Rdtscp,
        Iced::Rsm => M::Rsm,
        Iced::Sgdt => M::Sgdt,
        Iced::Sidt => M::Sidt,
        Iced::Skinit => M::Skinit,
        Iced::Sldt => M::Sldt,
        Iced::Smsw => M::Smsw,
        Iced::Stgi => M::Stgi,
        Iced::Str => M::Str,
        Iced::Tlbsync => M::Tlbsync,
        Iced::Vmload => M::Vmload,
        // Without encrypted guests it is the same.
        Iced::Vmmcall | Iced::Vmgexit => M::Vmmcall,
        Iced::Vmrun => M::Vmrun,
        Iced::Vmsave => M::Vmsave,
        Iced::Wbinvd => M::Wbinvd,
        Iced::Wbnoinvd => M::Wbnoinvd,
        Iced::Wrmsr => M::Wrmsr,
        Iced::Xsetbv => M::Xsetbv,
        _ => return None,
    })
}

fn number(register: Register) -> u8 {
    register.number() as u8
}

/// The registers, segment, repetition and immediate that both know.
fn agree_on_operands(ours: &Instruction, theirs: &iced_x86::Instruction, bytes: &[u8], long: bool) {
    match ours.mnemonic {
        M::MovToCr | M::MovToDr => {
            assert_eq!(
                ours.special_register(),
                number(theirs.op0_register()),
                "{bytes:x?}"
            );
            assert_eq!(
                ours.general_register(),
                number(theirs.op1_register()),
                "{bytes:x?}"
            );
        }
        M::MovFromCr | M::MovFromDr => {
            assert_eq!(
                ours.special_register(),
                number(theirs.op1_register()),
                "{bytes:x?}"
            );
            assert_eq!(
                ours.general_register(),
                number(theirs.op0_register()),
                "{bytes:x?}"
            );
        }
        M::Smsw | M::Lmsw => {
            let in_memory = theirs.op0_kind() == OpKind::Memory;
            assert_eq!(ours.has_memory_operand(), in_memory, "{bytes:x?}");
            if !in_memory {
                assert_eq!(
                    ours.general_register(),
                    number(theirs.op0_register()),
                    "{bytes:x?}"
                );
            }
        }
        M::IntN => assert_eq!(ours.immediate(), theirs.immediate8(), "{bytes:x?}"),
        M::In if theirs.op1_kind() == OpKind::Immediate8 => {
            assert_eq!(ours.immediate(), theirs.immediate8(), "{bytes:x?}");
        }
        M::Outs => {
            let segment = match theirs.memory_segment() {
                Register::FS => Segment::Fs,
                Register::GS => Segment::Gs,
                // It shows the other overrides, which 64-bit mode ignores (APM Vol. 3 §1.2.4).
                _ if long => Segment::Ds,
                Register::ES => Segment::Es,
                Register::CS => Segment::Cs,
                Register::SS => Segment::Ss,
                _ => Segment::Ds,
            };
            assert_eq!(ours.segment, segment, "{bytes:x?}");
            let repeated = theirs.has_rep_prefix() || theirs.has_repne_prefix();
            assert_eq!(ours.repeat, repeated, "{bytes:x?}");
            let bits = match theirs.op1_kind() {
                OpKind::MemorySegSI => 16,
                OpKind::MemorySegESI => 32,
                _ => 64,
            };
            assert_eq!(ours.address_bits, bits, "{bytes:x?}");
        }
        _ => {}
    }
}

/// Holds both decoders against each other; whether both know the instruction.
fn agree(bytes: &[u8], (size, bits): (CodeSize, u32)) -> bool {
    let mut decoder = Decoder::new(bits, bytes, DecoderOptions::AMD);
    let theirs = decoder.decode();
    let ours = decode(bytes, size);
    if theirs.is_invalid() {
        // The processor would not have exited for it, so any answer will do.
        return false;
    }
    match (ours, expected(&theirs)) {
        (Ok(ours), Some(mnemonic)) => {
            assert_eq!(ours.mnemonic, mnemonic, "{bytes:x?} {bits}");
            assert_eq!(usize::from(ours.length), theirs.len(), "{bytes:x?} {bits}");
            agree_on_operands(&ours, &theirs, bytes, size == CodeSize::Bits64);
            true
        }
        (Err(DecodeError::Unknown), None) => false,
        (ours, expected) => panic!("{bytes:x?} {bits}: {ours:?}, {expected:?} ({theirs})"),
    }
}

const PREFIXES: [u8; 22] = [
    0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x40, 0x41, 0x42, 0x44, 0x45,
    0x48, 0x49, 0x4c, 0x4d, 0x4f, 0x66,
];

/// Opcodes that are known here, weighted to be hit often.
fn known_opcode() -> impl Strategy<Value = Vec<u8>> {
    let one: Vec<Vec<u8>> = [
        0x6c, 0x6d, 0x6e, 0x6f, 0x90, 0x9c, 0x9d, 0xcc, 0xcd, 0xce, 0xcf, 0xe4, 0xe5, 0xe6, 0xe7,
        0xec, 0xed, 0xee, 0xef, 0xf1, 0xf4,
    ]
    .iter()
    .map(|&byte| vec![byte])
    .collect();
    let two: Vec<Vec<u8>> = [
        0x00, 0x01, 0x01, 0x01, 0x06, 0x08, 0x09, 0x20, 0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x33,
        0xa2, 0xaa,
    ]
    .iter()
    .map(|&byte| vec![0x0f, byte])
    .collect();
    prop_oneof![
        prop::sample::select(one),
        prop::sample::select(two),
        Just(vec![0x0f, 0x38, 0x82]),
        any::<u8>().prop_map(|byte| vec![byte]),
        any::<u8>().prop_map(|byte| vec![0x0f, byte]),
    ]
}

fn instruction() -> impl Strategy<Value = Vec<u8>> {
    (
        prop::collection::vec(prop::sample::select(&PREFIXES[..]), 0..5),
        known_opcode(),
        prop::collection::vec(any::<u8>(), 0..12),
    )
        .prop_map(|(mut bytes, opcode, rest)| {
            bytes.extend(opcode);
            bytes.extend(rest);
            bytes
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40_000) })]

    #[test]
    fn agrees_with_iced(bytes in instruction(), size in 0..SIZES.len()) {
        agree(&bytes, SIZES[size]);
    }

    #[test]
    fn any_bytes_are_an_answer(
        bytes in prop::collection::vec(any::<u8>(), 0..18), size in 0..SIZES.len(), raw in 0..0x410_u64,
    ) {
        agree(&bytes, SIZES[size]);
        if let Ok(instruction) = decode_for_exit(&bytes, SIZES[size].0, ExitCode(raw)) {
            prop_assert!(usize::from(instruction.length) <= bytes.len());
            prop_assert!(ExitCode(raw).is_instruction() || matches!(raw, 0x43 | 0x44));
        }
    }
}

/// All opcodes of both maps with all ModRM bytes, under the prefixes that matter, one by one.
#[test]
fn agrees_with_iced_on_every_opcode_and_modrm() {
    let prefixes: [&[u8]; 9] = [
        &[],
        &[0x66],
        &[0x67],
        &[0xf0],
        &[0xf2],
        &[0xf3],
        &[0x49],
        &[0x65, 0x4d],
        &[0x66, 0x40],
    ];
    let mut known = 0_u32;
    for size in SIZES {
        for prefix in prefixes {
            for opcode in 0..512_u16 {
                for modrm in 0..=255_u8 {
                    let mut bytes = prefix.to_vec();
                    if opcode >= 256 {
                        bytes.push(0x0f);
                    }
                    bytes.extend([opcode as u8, modrm, 0x25, 0x91, 0x82, 0x73, 0x64, 0xf5]);
                    known += u32::from(agree(&bytes, size));
                }
            }
        }
    }
    // Some 60 opcodes, most of them with any byte behind.
    assert!(known > 150_000, "{known}");
}

#[test]
fn every_cut_of_an_instruction_asks_for_more() {
    // invlpg byte ptr gs:[rax + r12 * 8 + 0x12345678]
    let bytes = [0x65, 0x42, 0x0f, 0x01, 0xbc, 0xe0, 0x78, 0x56, 0x34, 0x12];
    for length in 0..bytes.len() {
        assert_eq!(
            decode(&bytes[..length], CodeSize::Bits64),
            Err(DecodeError::Truncated)
        );
    }
    assert_eq!(
        decode(&bytes, CodeSize::Bits64).map(|found| found.length),
        Ok(10)
    );
}

#[test]
fn a_sixteenth_byte_is_never_read() {
    let mut bytes = [0x66; 16];
    bytes[14..].copy_from_slice(&[0x0f, 0xa2]);
    assert_eq!(decode(&bytes, CodeSize::Bits32), Err(DecodeError::TooLong));
    bytes[13..15].copy_from_slice(&[0x0f, 0xa2]);
    assert_eq!(
        decode(&bytes, CodeSize::Bits32).map(|found| found.length),
        Ok(15)
    );
}

#[test]
fn an_instruction_that_was_changed_since_fits_no_exit() {
    let cpuid = [0x0f, 0xa2];
    assert!(decode_for_exit(&cpuid, CodeSize::Bits64, ExitCode::CPUID).is_ok());
    let refused = decode_for_exit(&cpuid, CodeSize::Bits64, ExitCode::HLT);
    assert_eq!(refused, Err(DecodeError::Unknown));
    // mov cr4, rax for a write of CR0.
    let refused = decode_for_exit(&[0x0f, 0x22, 0xe0], CodeSize::Bits64, ExitCode(0x10));
    assert_eq!(refused, Err(DecodeError::Unknown));
}

#[test]
fn lock_makes_cr0_cr8() {
    let found = decode(&[0xf0, 0x0f, 0x22, 0xc3], CodeSize::Bits32).unwrap();
    assert_eq!((found.special_register(), found.general_register()), (8, 3));
    assert!(found.fits(ExitCode(0x18)) && !found.fits(ExitCode(0x10)));
}
