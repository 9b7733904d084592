//! Bytes in, [`Instruction`] out: prefixes, opcode, and as much of the operands as the length needs (APM Vol. 3 §1.2 to
//! §1.5).

use super::opcode::{self, Picks, Tail};
use super::{CodeSize, Instruction, MAX_INSTRUCTION_BYTES, Mnemonic};
use crate::segment::Segment;
use core::fmt;

/// Why bytes are no instruction that exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The slice ends inside the instruction: the caller reads more of it, or gives up where the guest's memory does.
    Truncated,
    /// The guest's fault, #GP(0): longer than 15 bytes.
    TooLong,
    /// Valid or not, no instruction that exits.
    Unknown,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the bytes end inside the instruction",
            Self::TooLong => "the instruction is longer than 15 bytes",
            Self::Unknown => "the bytes are no instruction that exits, or another one",
        })
    }
}

impl core::error::Error for DecodeError {}

/// Decodes the instruction that `bytes` begins with; what follows it is ignored.
///
/// # Errors
/// See [`DecodeError`].
pub fn decode(bytes: &[u8], code_size: CodeSize) -> Result<Instruction, DecodeError> {
    let mut cursor = Cursor { bytes, position: 0 };
    let (prefixes, first) = Prefixes::read(&mut cursor, code_size)?;
    let picks = prefixes.picks(code_size);
    let entry = match first {
        0x0f => match cursor.byte()? {
            0x38 => opcode::three_byte(cursor.byte()?, picks),
            second @ (0x00 | 0x01) => opcode::two_byte(second, Some(cursor.peek()?), picks),
            second => opcode::two_byte(second, None, picks),
        },
        first => opcode::one_byte(first, picks),
    };
    let (mnemonic, tail) = entry.ok_or(DecodeError::Unknown)?;
    let moves_cr = matches!(mnemonic, Mnemonic::MovToCr | Mnemonic::MovFromCr);
    if prefixes.lock && !moves_cr {
        return Err(DecodeError::Unknown);
    }
    let address_bits = prefixes.address_bits(code_size);
    let (modrm, immediate) = read_tail(&mut cursor, tail, address_bits)?;
    Ok(Instruction {
        mnemonic,
        length: cursor.length(),
        address_bits,
        segment: prefixes.segment.unwrap_or(Segment::Ds),
        repeat: prefixes.f2 || prefixes.f3,
        lock: prefixes.lock,
        rex: prefixes.rex,
        modrm,
        immediate,
    })
}

/// Reads past what follows the opcode: ModRM and immediate, zero where there is none.
fn read_tail(
    cursor: &mut Cursor<'_>,
    tail: Tail,
    address_bits: u8,
) -> Result<(u8, u8), DecodeError> {
    Ok(match tail {
        Tail::Nothing => (0, 0),
        Tail::Immediate => (0, cursor.byte()?),
        Tail::Registers => (cursor.byte()?, 0),
        Tail::Operand | Tail::Memory => {
            let modrm = cursor.byte()?;
            match modrm >> 6 {
                3 if tail == Tail::Memory => return Err(DecodeError::Unknown),
                3 => {}
                mode if address_bits == 16 => cursor.skip_address_16(mode, modrm & 7)?,
                mode => cursor.skip_address_32(mode, modrm & 7)?,
            }
            (modrm, 0)
        }
    })
}

/// The bytes and how far they are read.
struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Result<u8, DecodeError> {
        if self.position >= MAX_INSTRUCTION_BYTES {
            return Err(DecodeError::TooLong);
        }
        self.bytes
            .get(self.position)
            .copied()
            .ok_or(DecodeError::Truncated)
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        let byte = self.peek()?;
        self.position += 1;
        Ok(byte)
    }

    fn skip(&mut self, bytes: usize) -> Result<(), DecodeError> {
        (0..bytes).try_for_each(|_| self.byte().map(drop))
    }

    /// The displacement of a 16-bit address (Table A-32).
    fn skip_address_16(&mut self, mode: u8, rm: u8) -> Result<(), DecodeError> {
        self.skip(match (mode, rm) {
            (0, 6) | (2, _) => 2,
            (1, _) => 1,
            _ => 0,
        })
    }

    /// The SIB byte and the displacement of a 32-bit or 64-bit address (Tables ).
    fn skip_address_32(&mut self, mode: u8, rm: u8) -> Result<(), DecodeError> {
        let base = if rm == 4 { self.byte()? & 7 } else { rm };
        self.skip(match (mode, base) {
            (0, 5) | (2, _) => 4,
            (1, _) => 1,
            _ => 0,
        })
    }

    /// At most 15, because `peek` goes no further.
    fn length(&self) -> u8 {
        self.position.min(MAX_INSTRUCTION_BYTES) as u8
    }
}

/// Prefix bytes, in their effect (APM Vol. 3 §1.2).
#[derive(Default)]
struct Prefixes {
    operand_size: bool,
    address_size: bool,
    segment: Option<Segment>,
    lock: bool,
    f2: bool,
    f3: bool,
    rex: u8,
}

impl Prefixes {
    /// Reads up to and with the first opcode byte, which it returns too. Of one kind the last prefix counts; REX only
    /// right before the opcode.
    fn read(cursor: &mut Cursor<'_>, code_size: CodeSize) -> Result<(Self, u8), DecodeError> {
        let long = code_size == CodeSize::Bits64;
        let mut prefixes = Self::default();
        loop {
            let byte = cursor.byte()?;
            match byte {
                0x40..=0x4f if long => {
                    prefixes.rex = byte;
                    continue;
                }
                0x26 | 0x2e | 0x36 | 0x3e if long => {}
                0x26 => prefixes.segment = Some(Segment::Es),
                0x2e => prefixes.segment = Some(Segment::Cs),
                0x36 => prefixes.segment = Some(Segment::Ss),
                0x3e => prefixes.segment = Some(Segment::Ds),
                0x64 => prefixes.segment = Some(Segment::Fs),
                0x65 => prefixes.segment = Some(Segment::Gs),
                0x66 => prefixes.operand_size = true,
                0x67 => prefixes.address_size = true,
                0xf0 => prefixes.lock = true,
                0xf2 => (prefixes.f2, prefixes.f3) = (true, false),
                0xf3 => (prefixes.f2, prefixes.f3) = (false, true),
                opcode => return Ok((prefixes, opcode)),
            }
            prefixes.rex = 0;
        }
    }

    const fn picks(&self, code_size: CodeSize) -> Picks {
        Picks {
            operand_size: self.operand_size,
            f3: self.f3,
            f2: self.f2,
            long: matches!(code_size, CodeSize::Bits64),
        }
    }

    const fn address_bits(&self, code_size: CodeSize) -> u8 {
        match (code_size, self.address_size) {
            (CodeSize::Bits64, false) => 64,
            (CodeSize::Bits64, true) | (CodeSize::Bits32, false) | (CodeSize::Bits16, true) => 32,
            (CodeSize::Bits32, true) | (CodeSize::Bits16, false) => 16,
        }
    }
}
