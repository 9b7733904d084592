//! Which opcodes are emulated and how their operands are laid out: SDM Vol. 2D Tables.

use crate::decode::DecodeError;
use crate::instruction::{Alu, BitOperation, CodeSize, Operation, Width};

/// Where an instruction's operands are encoded; destination first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Layout {
    /// ModRM.r/m, ModRM.reg.
    RmReg,
    /// ModRM.reg, ModRM.r/m.
    RegRm,
    /// ModRM.r/m alone, written.
    Rm,
    /// ModRM.r/m alone, read.
    SourceRm,
    /// ModRM.r/m, immediate of the operand's size, at most a sign-extended dword.
    RmImmediate,
    /// ModRM.r/m, sign-extended byte.
    RmImmediateByte,
    /// rAX, memory at a bare offset.
    AccumulatorOffset,
    /// Memory at a bare offset, rAX.
    OffsetAccumulator,
    /// All implied.
    String,
}

/// Width of what is read from the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SourceWidth {
    /// As wide as the destination.
    Same,
    /// This wide, or as the destination if that is less.
    AtMost(Width),
}

/// An opcode's meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) operation: Operation,
    pub(crate) layout: Layout,
    /// The operand is a byte, whatever the operand size.
    pub(crate) byte: bool,
    pub(crate) source: SourceWidth,
    /// MOVNTI, which allows no prefix 66, F2 or F3 and no register as destination.
    pub(crate) non_temporal: bool,
}

impl Entry {
    const fn new(operation: Operation, layout: Layout, byte: bool) -> Self {
        Self {
            operation,
            layout,
            byte,
            source: SourceWidth::Same,
            non_temporal: false,
        }
    }

    const fn extend(operation: Operation, source: Width) -> Self {
        Self {
            operation,
            layout: Layout::RegRm,
            byte: false,
            source: SourceWidth::AtMost(source),
            non_temporal: false,
        }
    }

    /// Whether LOCK is allowed if the destination is memory (SDM Vol. 2A, LOCK).
    pub(crate) const fn lockable(&self) -> bool {
        match self.operation {
            Operation::Alu(alu) => !matches!(alu, Alu::Cmp),
            Operation::Bit(bit) => !matches!(bit, BitOperation::Test),
            Operation::Not
            | Operation::Neg
            | Operation::Inc
            | Operation::Dec
            | Operation::Xchg
            | Operation::Xadd
            | Operation::CmpXchg => true,
            _ => false,
        }
    }
}

/// The one-byte map. `reg` reads the reg field of the ModRM byte that follows.
pub(crate) fn one_byte(
    opcode: u8,
    code: CodeSize,
    reg: impl Fn() -> Result<u8, DecodeError>,
) -> Result<Entry, DecodeError> {
    let byte = opcode & 1 == 0;
    let long = code == CodeSize::Long64;
    Ok(match opcode {
        0x00..=0x3f if opcode & 7 < 4 => {
            let layout = if opcode & 2 == 0 {
                Layout::RmReg
            } else {
                Layout::RegRm
            };
            Entry::new(Operation::Alu(Alu::from_number(opcode >> 3)), layout, byte)
        }
        0x63 if long => Entry::extend(Operation::MovSx, Width::Dword),
        0x82 if long => return Err(DecodeError::InvalidOpcode),
        0x80..=0x83 => {
            let layout = if opcode == 0x83 {
                Layout::RmImmediateByte
            } else {
                Layout::RmImmediate
            };
            Entry::new(Operation::Alu(Alu::from_number(reg()?)), layout, byte)
        }
        0x84 | 0x85 => Entry::new(Operation::Test, Layout::RmReg, byte),
        0x86 | 0x87 => Entry::new(Operation::Xchg, Layout::RmReg, byte),
        0x88 | 0x89 => Entry::new(Operation::Mov, Layout::RmReg, byte),
        0x8a | 0x8b => Entry::new(Operation::Mov, Layout::RegRm, byte),
        0x8f if reg()? == 0 => Entry::new(Operation::Pop, Layout::Rm, false),
        0xa0 | 0xa1 => Entry::new(Operation::Mov, Layout::AccumulatorOffset, byte),
        0xa2 | 0xa3 => Entry::new(Operation::Mov, Layout::OffsetAccumulator, byte),
        0xa4 | 0xa5 => Entry::new(Operation::Movs, Layout::String, byte),
        0xa6 | 0xa7 => Entry::new(Operation::Cmps, Layout::String, byte),
        0xaa | 0xab => Entry::new(Operation::Stos, Layout::String, byte),
        0xac | 0xad => Entry::new(Operation::Lods, Layout::String, byte),
        0xae | 0xaf => Entry::new(Operation::Scas, Layout::String, byte),
        0xc6 | 0xc7 if reg()? == 0 => Entry::new(Operation::Mov, Layout::RmImmediate, byte),
        0xf6 | 0xf7 => match reg()? {
            0 | 1 => Entry::new(Operation::Test, Layout::RmImmediate, byte),
            2 => Entry::new(Operation::Not, Layout::Rm, byte),
            3 => Entry::new(Operation::Neg, Layout::Rm, byte),
            _ => return Err(DecodeError::Unsupported),
        },
        0xfe | 0xff => match (reg()?, byte) {
            (0, _) => Entry::new(Operation::Inc, Layout::Rm, byte),
            (1, _) => Entry::new(Operation::Dec, Layout::Rm, byte),
            (6, false) => Entry::new(Operation::Push, Layout::SourceRm, false),
            _ => return Err(DecodeError::Unsupported),
        },
        _ => return Err(DecodeError::Unsupported),
    })
}

/// The map after 0F. `reg` reads the reg field of the ModRM byte that follows.
pub(crate) fn two_byte(
    opcode: u8,
    reg: impl Fn() -> Result<u8, DecodeError>,
) -> Result<Entry, DecodeError> {
    let byte = opcode & 1 == 0;
    Ok(match opcode {
        0xa3 | 0xab | 0xb3 | 0xbb => Entry::new(
            Operation::Bit(bit_operation(opcode >> 3)),
            Layout::RmReg,
            false,
        ),
        0xba => match reg()? {
            reg @ 4..=7 => Entry::new(
                Operation::Bit(bit_operation(reg)),
                Layout::RmImmediateByte,
                false,
            ),
            _ => return Err(DecodeError::Unsupported),
        },
        0xb0 | 0xb1 => Entry::new(Operation::CmpXchg, Layout::RmReg, byte),
        0xb6 => Entry::extend(Operation::MovZx, Width::Byte),
        0xb7 => Entry::extend(Operation::MovZx, Width::Word),
        0xbe => Entry::extend(Operation::MovSx, Width::Byte),
        0xbf => Entry::extend(Operation::MovSx, Width::Word),
        0xc0 | 0xc1 => Entry::new(Operation::Xadd, Layout::RmReg, byte),
        0xc3 => Entry {
            non_temporal: true,
            ..Entry::new(Operation::Mov, Layout::RmReg, false)
        },
        _ => return Err(DecodeError::Unsupported),
    })
}

/// BT, BTS, BTR and BTC have the same two low bits in both of their encodings.
const fn bit_operation(number: u8) -> BitOperation {
    match number & 3 {
        0 => BitOperation::Test,
        1 => BitOperation::Set,
        2 => BitOperation::Reset,
        _ => BitOperation::Complement,
    }
}
