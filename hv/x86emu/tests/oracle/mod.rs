//! Ours against `iced-x86`: whatever ours accepts, the other decodes to the same instruction, with the same length, operands
//! and sizes; what the other calls invalid, ours refuses. Shared by the tests here and the fuzz target `decode`.

use iced_x86::{
    Code, Decoder, DecoderOptions, Instruction as Iced, Mnemonic, OpKind, Register as IcedRegister,
};
use isthmus_x86emu::{
    Alu, Base, BitOperation, CodeSize, DecodeError, Gpr, Instruction, Memory, Operand, Operation,
    Register, Repeat, Segment, Width, decode,
};

/// The modes to decode for.
pub const MODES: [CodeSize; 4] = [
    CodeSize::Real16,
    CodeSize::Protected16,
    CodeSize::Protected32,
    CodeSize::Long64,
];

fn bitness(code: CodeSize) -> u32 {
    match code {
        CodeSize::Real16 | CodeSize::Protected16 => 16,
        CodeSize::Protected32 => 32,
        CodeSize::Long64 => 64,
    }
}

fn mnemonic(operation: Operation) -> &'static [Mnemonic] {
    match operation {
        Operation::Mov => &[Mnemonic::Mov, Mnemonic::Movnti],
        Operation::MovZx => &[Mnemonic::Movzx],
        Operation::MovSx => &[Mnemonic::Movsx, Mnemonic::Movsxd],
        Operation::Alu(Alu::Add) => &[Mnemonic::Add],
        Operation::Alu(Alu::Or) => &[Mnemonic::Or],
        Operation::Alu(Alu::Adc) => &[Mnemonic::Adc],
        Operation::Alu(Alu::Sbb) => &[Mnemonic::Sbb],
        Operation::Alu(Alu::And) => &[Mnemonic::And],
        Operation::Alu(Alu::Sub) => &[Mnemonic::Sub],
        Operation::Alu(Alu::Xor) => &[Mnemonic::Xor],
        Operation::Alu(Alu::Cmp) => &[Mnemonic::Cmp],
        Operation::Test => &[Mnemonic::Test],
        Operation::Not => &[Mnemonic::Not],
        Operation::Neg => &[Mnemonic::Neg],
        Operation::Inc => &[Mnemonic::Inc],
        Operation::Dec => &[Mnemonic::Dec],
        Operation::Xchg => &[Mnemonic::Xchg],
        Operation::Xadd => &[Mnemonic::Xadd],
        Operation::CmpXchg => &[Mnemonic::Cmpxchg],
        Operation::Bit(BitOperation::Test) => &[Mnemonic::Bt],
        Operation::Bit(BitOperation::Set) => &[Mnemonic::Bts],
        Operation::Bit(BitOperation::Reset) => &[Mnemonic::Btr],
        Operation::Bit(BitOperation::Complement) => &[Mnemonic::Btc],
        Operation::Push => &[Mnemonic::Push],
        Operation::Pop => &[Mnemonic::Pop],
        Operation::Movs => &[
            Mnemonic::Movsb,
            Mnemonic::Movsw,
            Mnemonic::Movsd,
            Mnemonic::Movsq,
        ],
        Operation::Cmps => &[
            Mnemonic::Cmpsb,
            Mnemonic::Cmpsw,
            Mnemonic::Cmpsd,
            Mnemonic::Cmpsq,
        ],
        Operation::Stos => &[
            Mnemonic::Stosb,
            Mnemonic::Stosw,
            Mnemonic::Stosd,
            Mnemonic::Stosq,
        ],
        Operation::Lods => &[
            Mnemonic::Lodsb,
            Mnemonic::Lodsw,
            Mnemonic::Lodsd,
            Mnemonic::Lodsq,
        ],
        Operation::Scas => &[
            Mnemonic::Scasb,
            Mnemonic::Scasw,
            Mnemonic::Scasd,
            Mnemonic::Scasq,
        ],
    }
}

#[rustfmt::skip]
const GPRS: [Gpr; 16] = [
    Gpr::Rax, Gpr::Rcx, Gpr::Rdx, Gpr::Rbx, Gpr::Rsp, Gpr::Rbp, Gpr::Rsi, Gpr::Rdi,
    Gpr::R8, Gpr::R9, Gpr::R10, Gpr::R11, Gpr::R12, Gpr::R13, Gpr::R14, Gpr::R15,
];

fn gpr(register: IcedRegister) -> Gpr {
    GPRS[register.full_register().number()]
}

fn segment(register: IcedRegister) -> Segment {
    Segment::from_number(u8::try_from(register.number()).expect("a segment register"))
        .expect("a segment register")
}

fn is_high(register: IcedRegister) -> bool {
    matches!(
        register,
        IcedRegister::AH | IcedRegister::BH | IcedRegister::CH | IcedRegister::DH
    )
}

fn width(bytes: usize) -> Width {
    Width::from_bytes(bytes as u64).expect("a width")
}

/// Width of a memory operand's address: that of its base or index register, or of the displacement where there is neither.
fn address_width(iced: &Iced) -> Width {
    let base = iced.memory_base();
    let index = iced.memory_index();
    let size = if base != IcedRegister::None {
        base.size()
    } else {
        index.size()
    };
    width(if size == 0 {
        iced.memory_displ_size() as usize
    } else {
        size
    })
}

/// Our form of the other's memory operand. `ours` supplies what the other does not tell apart.
fn memory(iced: &Iced, ours: &Memory, code: CodeSize) -> Memory {
    let known =
        iced.memory_base() != IcedRegister::None || iced.memory_index() != IcedRegister::None;
    let address = if known {
        address_width(iced)
    } else {
        ours.address
    };
    let relative = matches!(iced.memory_base(), IcedRegister::RIP | IcedRegister::EIP);
    let (base, displacement) = match iced.memory_base() {
        IcedRegister::None => (Base::None, iced.memory_displacement64()),
        _ if relative => {
            let next = iced.next_ip();
            (
                Base::NextRip,
                iced.memory_displacement64().wrapping_sub(next),
            )
        }
        register => (Base::Gpr(gpr(register)), iced.memory_displacement64()),
    };
    let index = (iced.memory_index() != IcedRegister::None)
        .then(|| (gpr(iced.memory_index()), iced.memory_index_scale() as u8));
    let named = segment(iced.memory_segment());
    // The other names overrides that have no effect in 64-bit mode.
    let counts = code != CodeSize::Long64 || matches!(named, Segment::Fs | Segment::Gs);
    Memory {
        segment: if counts { named } else { ours.segment },
        base,
        index,
        displacement: if relative && address == Width::Dword {
            Width::Dword.sign_extend(displacement)
        } else {
            displacement
        },
        address,
    }
}

fn same_operand(ours: &Operand, bytes: Width, iced: &Iced, operand: u32, code: CodeSize) {
    match ours {
        Operand::Register(Register {
            gpr: register,
            high,
        }) => {
            assert_eq!(iced.op_kind(operand), OpKind::Register, "{iced}");
            let theirs = iced.op_register(operand);
            assert_eq!((*register, *high), (gpr(theirs), is_high(theirs)), "{iced}");
            assert_eq!(bytes, width(theirs.size()), "{iced}");
        }
        Operand::Memory(ours) => {
            assert_eq!(iced.op_kind(operand), OpKind::Memory, "{iced}");
            let theirs = memory(iced, ours, code);
            let mut expected = theirs;
            // Equal modulo the address width: the other extends displacements only as far as that.
            expected.displacement = theirs.address.truncate(theirs.displacement);
            let mut found = *ours;
            found.displacement = ours.address.truncate(ours.displacement);
            assert_eq!(found, expected, "{iced}");
            assert_eq!(bytes, width(iced.memory_size().size()), "{iced}");
        }
        Operand::Immediate(value) => {
            let theirs = iced.immediate(operand);
            assert_eq!(bytes.truncate(*value), bytes.truncate(theirs), "{iced}");
        }
        Operand::None => panic!("{iced} has an operand that ours lacks"),
    }
}

fn same_string(ours: &Instruction, iced: &Iced, code: CodeSize) {
    assert_eq!(ours.width, width(iced.memory_size().size()), "{iced}");
    let repeat = match (
        iced.has_rep_prefix() || iced.has_repe_prefix(),
        iced.has_repne_prefix(),
    ) {
        (_, true) => Repeat::WhileNotEqual,
        (true, false) => Repeat::WhileEqual,
        (false, false) => Repeat::None,
    };
    assert_eq!(ours.repeat, repeat, "{iced}");
    let mut sources = 0;
    for operand in 0..iced.op_count() {
        let (address, source) = match iced.op_kind(operand) {
            OpKind::MemorySegSI => (Width::Word, true),
            OpKind::MemorySegESI => (Width::Dword, true),
            OpKind::MemorySegRSI => (Width::Qword, true),
            OpKind::MemoryESDI => (Width::Word, false),
            OpKind::MemoryESEDI => (Width::Dword, false),
            OpKind::MemoryESRDI => (Width::Qword, false),
            OpKind::Register => continue,
            other => panic!("{iced}: {other:?}"),
        };
        assert_eq!(ours.address, address, "{iced}");
        if source {
            sources += 1;
            let named = segment(iced.memory_segment());
            if code != CodeSize::Long64 || matches!(named, Segment::Fs | Segment::Gs) {
                assert_eq!(ours.string_segment, named, "{iced}");
            } else {
                assert!(
                    !matches!(ours.string_segment, Segment::Fs | Segment::Gs),
                    "{iced}"
                );
            }
        }
    }
    let reads = matches!(
        ours.operation,
        Operation::Movs | Operation::Cmps | Operation::Lods
    );
    assert_eq!(sources, u32::from(reads), "{iced}");
}

/// Compares the decoders on one input and says whether ours accepted it.
pub fn agree(bytes: &[u8], code: CodeSize) -> bool {
    const IP: u64 = 0x7fff_1000;
    let mut decoder = Decoder::with_ip(bitness(code), bytes, IP, DecoderOptions::NONE);
    let iced = decoder.decode();
    match decode(bytes, code) {
        Ok(ours) => {
            assert!(!iced.is_invalid(), "we accept {bytes:02x?} as {ours:?}");
            same(&ours, &iced, code);
            true
        }
        Err(DecodeError::Truncated) => {
            assert!(
                bytes.len() < 15 && iced.is_invalid(),
                "{bytes:02x?}: {iced}"
            );
            false
        }
        Err(DecodeError::InvalidOpcode | DecodeError::TooLong) => {
            assert!(iced.is_invalid(), "{bytes:02x?}: {iced}");
            false
        }
        Err(DecodeError::Unsupported) => {
            assert!(!expected(&iced), "{bytes:02x?}: {iced} is refused");
            false
        }
    }
}

fn same(ours: &Instruction, iced: &Iced, code: CodeSize) {
    assert_eq!(usize::from(ours.length), iced.len(), "{iced}");
    assert!(
        mnemonic(ours.operation).contains(&iced.mnemonic()),
        "{ours:?} is {iced}"
    );
    assert_eq!(ours.lock, iced.has_lock_prefix(), "{iced}");
    if iced.is_string_instruction() {
        same_string(ours, iced, code);
        return;
    }
    assert_eq!(ours.repeat, Repeat::None);
    let operands = [
        (ours.destination, ours.width),
        (ours.source, ours.source_width),
    ];
    let mut theirs = 0;
    for (operand, width) in operands {
        if operand != Operand::None {
            // A bit number is one byte, of which six bits count at most.
            let constant = matches!(operand, Operand::Immediate(_));
            let bit = constant && matches!(ours.operation, Operation::Bit(_));
            let width = if bit { Width::Byte } else { width };
            same_operand(&operand, width, iced, theirs, code);
            theirs += 1;
        }
    }
    assert_eq!(theirs, iced.op_count(), "{iced}");
}

/// What must not be refused: the instructions in the table, with memory as an operand.
fn expected(iced: &Iced) -> bool {
    let memory = (0..iced.op_count()).any(|operand| iced.op_kind(operand) == OpKind::Memory);
    let general = (0..iced.op_count()).all(|operand| {
        iced.op_kind(operand) != OpKind::Register || iced.op_register(operand).is_gpr()
    });
    // 128-bit and x87 namesakes, and moves with segment registers, are not meant.
    let listed = matches!(
        iced.mnemonic(),
        Mnemonic::Mov
            | Mnemonic::Movnti
            | Mnemonic::Movzx
            | Mnemonic::Movsx
            | Mnemonic::Movsxd
            | Mnemonic::Add
            | Mnemonic::Or
            | Mnemonic::Adc
            | Mnemonic::Sbb
            | Mnemonic::And
            | Mnemonic::Sub
            | Mnemonic::Xor
            | Mnemonic::Cmp
            | Mnemonic::Test
            | Mnemonic::Not
            | Mnemonic::Neg
            | Mnemonic::Inc
            | Mnemonic::Dec
            | Mnemonic::Xchg
            | Mnemonic::Xadd
            | Mnemonic::Cmpxchg
            | Mnemonic::Bt
            | Mnemonic::Bts
            | Mnemonic::Btr
            | Mnemonic::Btc
            | Mnemonic::Push
            | Mnemonic::Pop
    );
    memory && general && listed && iced.code() != Code::INVALID
}
