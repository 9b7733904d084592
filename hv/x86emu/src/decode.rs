//! Bytes in, [`Instruction`] out: prefixes, opcode, operands (SDM Vol. 2A ch. 2). The bytes are whatever the guest left
//! at its RIP, perhaps changed since by another of its vCPUs. Opcodes are in `opcode`, operands in `modrm`.

use crate::instruction::{
    CodeSize, Instruction, Memory, Operand, Operation, Register, Repeat, Segment, Width, gpr,
};
use crate::modrm::{self, ModRm};
use crate::opcode::{self, Entry, Layout, SourceWidth};

/// The longest instruction (SDM Vol. 2A §2.3.11); a longer one is #GP(0).
pub const MAX_INSTRUCTION_BYTES: usize = 15;

/// Why bytes are no instruction that can be executed here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecodeError {
    /// The slice ends inside the instruction: the caller fetches more, or delivers the page fault that stops it from doing so.
    Truncated,
    /// Longer than [`MAX_INSTRUCTION_BYTES`]: the guest's fault, #GP(0).
    TooLong,
    /// The guest's fault, #UD: a prefix or an operand that the instruction forbids.
    InvalidOpcode,
    /// Valid or not, none of those that are emulated.
    Unsupported,
}

/// Decodes the instruction that `bytes` begins with; what follows it is ignored.
///
/// # Errors
/// See [`DecodeError`].
pub fn decode(bytes: &[u8], code: CodeSize) -> Result<Instruction, DecodeError> {
    let mut cursor = Cursor { bytes, position: 0 };
    let (prefixes, first) = Prefixes::read(&mut cursor, code)?;
    let frame = Frame::new(code, prefixes);
    let entry = if first == 0x0f {
        let second = cursor.byte()?;
        opcode::two_byte(second, || cursor.peek_reg())?
    } else {
        opcode::one_byte(first, code, || cursor.peek_reg())?
    };
    let width = frame.width_of(&entry);
    let operands = frame.operands(&mut cursor, &entry, width)?;
    let instruction = Instruction {
        operation: entry.operation,
        destination: operands.0,
        source: operands.1,
        width,
        source_width: match entry.source {
            SourceWidth::Same => width,
            SourceWidth::AtMost(source) => source.min(width),
        },
        address: frame.address,
        string_segment: frame.segment(Segment::Ds),
        repeat: match entry.layout {
            Layout::String => frame.prefixes.repeat,
            _ => Repeat::None,
        },
        lock: frame.prefixes.lock,
        length: cursor.length(),
        code,
    };
    frame.check(&entry, &instruction)?;
    Ok(instruction)
}

/// The bytes and how far they are read.
pub(crate) struct Cursor<'a> {
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

    /// The next byte.
    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        let byte = self.peek()?;
        self.position += 1;
        Ok(byte)
    }

    /// The next `width` bytes, little-endian, sign-extended.
    pub(crate) fn signed(&mut self, width: Width) -> Result<u64, DecodeError> {
        let mut value = 0;
        for position in 0..width.bytes() {
            value |= u64::from(self.byte()?) << (8 * position);
        }
        Ok(width.sign_extend(value))
    }

    /// The reg field of the ModRM byte that comes next, which extends the opcode in groups.
    fn peek_reg(&self) -> Result<u8, DecodeError> {
        Ok((self.peek()? >> 3) & 7)
    }

    /// At most 15, because `peek` goes no further.
    fn length(&self) -> u8 {
        self.position.min(MAX_INSTRUCTION_BYTES) as u8
    }
}

/// Prefix bytes, in their effect (SDM Vol. 2A §2.1.1, §2.2.1).
pub(crate) struct Prefixes {
    pub(crate) operand_size: bool,
    pub(crate) address_size: bool,
    pub(crate) segment: Option<Segment>,
    pub(crate) lock: bool,
    pub(crate) repeat: Repeat,
    pub(crate) rex: Option<u8>,
}

impl Prefixes {
    /// Reads up to and with the first opcode byte, which it returns too. Of one kind the last prefix counts; REX only right before the opcode.
    fn read(cursor: &mut Cursor<'_>, code: CodeSize) -> Result<(Self, u8), DecodeError> {
        let mut prefixes = Self {
            operand_size: false,
            address_size: false,
            segment: None,
            lock: false,
            repeat: Repeat::None,
            rex: None,
        };
        loop {
            let byte = cursor.byte()?;
            if code == CodeSize::Long64 && byte & 0xf0 == 0x40 {
                prefixes.rex = Some(byte);
                continue;
            }
            match byte {
                0x26 => prefixes.set_segment(Segment::Es, code),
                0x2e => prefixes.set_segment(Segment::Cs, code),
                0x36 => prefixes.set_segment(Segment::Ss, code),
                0x3e => prefixes.set_segment(Segment::Ds, code),
                0x64 => prefixes.set_segment(Segment::Fs, code),
                0x65 => prefixes.set_segment(Segment::Gs, code),
                0x66 => prefixes.operand_size = true,
                0x67 => prefixes.address_size = true,
                0xf0 => prefixes.lock = true,
                0xf2 => prefixes.repeat = Repeat::WhileNotEqual,
                0xf3 => prefixes.repeat = Repeat::WhileEqual,
                opcode => return Ok((prefixes, opcode)),
            }
            prefixes.rex = None;
        }
    }

    /// In 64-bit mode overrides other than FS and GS are ignored (SDM Vol. 1 §3.3.4).
    fn set_segment(&mut self, segment: Segment, code: CodeSize) {
        if code != CodeSize::Long64 || matches!(segment, Segment::Fs | Segment::Gs) {
            self.segment = Some(segment);
        }
    }
}

/// What mode and prefixes say about operands.
pub(crate) struct Frame {
    pub(crate) code: CodeSize,
    pub(crate) prefixes: Prefixes,
    pub(crate) operand: Width,
    pub(crate) address: Width,
}

impl Frame {
    /// Operand and address sizes: SDM Vol. 1 Tables 3-3 and 3-4.
    fn new(code: CodeSize, prefixes: Prefixes) -> Self {
        let rex_w = prefixes.rex.is_some_and(|rex| rex & 8 != 0);
        let operand = match (code, prefixes.operand_size) {
            (CodeSize::Long64, _) if rex_w => Width::Qword,
            (CodeSize::Long64 | CodeSize::Protected32, false) => Width::Dword,
            (CodeSize::Long64 | CodeSize::Protected32, true) => Width::Word,
            (CodeSize::Real16 | CodeSize::Protected16, false) => Width::Word,
            (CodeSize::Real16 | CodeSize::Protected16, true) => Width::Dword,
        };
        let address = match (code, prefixes.address_size) {
            (CodeSize::Long64, false) => Width::Qword,
            (CodeSize::Long64, true) | (CodeSize::Protected32, false) => Width::Dword,
            (CodeSize::Protected32, true) => Width::Word,
            (CodeSize::Real16 | CodeSize::Protected16, false) => Width::Word,
            (CodeSize::Real16 | CodeSize::Protected16, true) => Width::Dword,
        };
        Self {
            code,
            prefixes,
            operand,
            address,
        }
    }

    /// The override, or else the default.
    pub(crate) fn segment(&self, default: Segment) -> Segment {
        self.prefixes.segment.unwrap_or(default)
    }

    fn width_of(&self, entry: &Entry) -> Width {
        let stack = matches!(entry.operation, Operation::Push | Operation::Pop);
        if entry.byte {
            Width::Byte
        } else if stack && self.code == CodeSize::Long64 && self.operand == Width::Dword {
            Width::Qword
        } else if entry.non_temporal {
            self.operand.max(Width::Dword)
        } else {
            self.operand
        }
    }

    /// A register operand. Without REX, byte registers 4 to 7 are AH, CH, DH and BH (SDM Vol. 2A Table 3-1).
    fn register(&self, number: u8, width: Width) -> Operand {
        let high = width == Width::Byte && self.prefixes.rex.is_none() && number & 4 != 0;
        let gpr = gpr(if high { number & 3 } else { number });
        Operand::Register(Register { gpr, high })
    }

    fn rm(&self, modrm: &ModRm, width: Width) -> Operand {
        match modrm.rm {
            modrm::Rm::Register(number) => self.register(number, width),
            modrm::Rm::Memory(memory) => Operand::Memory(memory),
        }
    }

    /// Destination and source.
    fn operands(
        &self,
        cursor: &mut Cursor<'_>,
        entry: &Entry,
        width: Width,
    ) -> Result<(Operand, Operand), DecodeError> {
        let source_width = match entry.source {
            SourceWidth::Same => width,
            SourceWidth::AtMost(source) => source.min(width),
        };
        Ok(match entry.layout {
            Layout::RmReg => {
                let modrm = ModRm::read(cursor, self)?;
                (self.rm(&modrm, width), self.register(modrm.reg, width))
            }
            Layout::RegRm => {
                let modrm = ModRm::read(cursor, self)?;
                (
                    self.register(modrm.reg, width),
                    self.rm(&modrm, source_width),
                )
            }
            Layout::Rm => (self.rm(&ModRm::read(cursor, self)?, width), Operand::None),
            Layout::SourceRm => (Operand::None, self.rm(&ModRm::read(cursor, self)?, width)),
            Layout::RmImmediate => {
                let modrm = ModRm::read(cursor, self)?;
                let value = cursor.signed(width.min(Width::Dword))?;
                (self.rm(&modrm, width), Operand::Immediate(value))
            }
            Layout::RmImmediateByte => {
                let modrm = ModRm::read(cursor, self)?;
                let value = cursor.signed(Width::Byte)?;
                (self.rm(&modrm, width), Operand::Immediate(value))
            }
            Layout::AccumulatorOffset => (self.register(0, width), self.offset(cursor)?),
            Layout::OffsetAccumulator => (self.offset(cursor)?, self.register(0, width)),
            Layout::String => (Operand::None, Operand::None),
        })
    }

    /// The bare offset of opcodes A0 to A3, as wide as an address.
    fn offset(&self, cursor: &mut Cursor<'_>) -> Result<Operand, DecodeError> {
        let displacement = self.address.truncate(cursor.signed(self.address)?);
        Ok(Operand::Memory(Memory {
            segment: self.segment(Segment::Ds),
            base: crate::instruction::Base::None,
            index: None,
            displacement,
            address: self.address,
        }))
    }

    /// What makes an otherwise known instruction #UD.
    fn check(&self, entry: &Entry, instruction: &Instruction) -> Result<(), DecodeError> {
        let to_memory = matches!(instruction.destination, Operand::Memory(_));
        if self.prefixes.lock && !(entry.lockable() && to_memory) {
            return Err(DecodeError::InvalidOpcode);
        }
        let prefixed = self.prefixes.operand_size || self.prefixes.repeat != Repeat::None;
        if entry.non_temporal && (prefixed || !to_memory) {
            return Err(DecodeError::InvalidOpcode);
        }
        Ok(())
    }
}
