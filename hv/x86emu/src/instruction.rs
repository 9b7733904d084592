//! The decoded form of an instruction: what [`decode`](crate::decode()) makes and [`execute`](crate::execute())
//! reads. Every value of these types is one that hardware could execute; the decoder refuses the rest.

use isthmus_abi::Gpr;

/// How the code segment makes the processor read instructions (SDM Vol. 1 §3.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeSize {
    /// Real-address or virtual-8086 mode: 16-bit operands and addresses, no segment type checks.
    Real16,
    /// Protected (or compatibility) mode with CS.D = 0.
    Protected16,
    /// Protected (or compatibility) mode with CS.D = 1.
    Protected32,
    /// IA-32e mode with CS.L = 1.
    Long64,
}

/// Bytes in an operand or in an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Width {
    /// 8 bits.
    Byte,
    /// 16 bits.
    Word,
    /// 32 bits.
    Dword,
    /// 64 bits.
    Qword,
}

impl Width {
    /// 1, 2, 4 or 8.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        1 << self as u64
    }
    /// 8, 16, 32 or 64.
    #[must_use]
    pub const fn bits(self) -> u32 {
        8 << self as u32
    }
    /// A one in every bit of the operand.
    #[must_use]
    pub const fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits())
    }
    /// The operand's sign bit.
    #[must_use]
    pub const fn sign(self) -> u64 {
        1 << (self.bits() - 1)
    }
    /// The low bits of `value`, zero-extended.
    #[must_use]
    pub const fn truncate(self, value: u64) -> u64 {
        value & self.mask()
    }
    /// The low bits of `value`, sign-extended to 64 bits.
    #[must_use]
    pub const fn sign_extend(self, value: u64) -> u64 {
        let low = self.truncate(value);
        (low ^ self.sign()).wrapping_sub(self.sign())
    }
    /// The width of so many bytes; `None` unless 1, 2, 4 or 8.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Option<Self> {
        match bytes {
            1 => Some(Self::Byte),
            2 => Some(Self::Word),
            4 => Some(Self::Dword),
            8 => Some(Self::Qword),
            _ => None,
        }
    }
}

/// The register of a number in ModRM, SIB and REX; bits above the low four are ignored.
pub(crate) const fn gpr(number: u8) -> Gpr {
    match number & 15 {
        0 => Gpr::Rax,
        1 => Gpr::Rcx,
        2 => Gpr::Rdx,
        3 => Gpr::Rbx,
        4 => Gpr::Rsp,
        5 => Gpr::Rbp,
        6 => Gpr::Rsi,
        7 => Gpr::Rdi,
        8 => Gpr::R8,
        9 => Gpr::R9,
        10 => Gpr::R10,
        11 => Gpr::R11,
        12 => Gpr::R12,
        13 => Gpr::R13,
        14 => Gpr::R14,
        _ => Gpr::R15,
    }
}

/// A register operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Register {
    /// The register that holds it.
    pub gpr: Gpr,
    /// Bits 15:8 instead of the low bits: AH, CH, DH or BH. Only with operands of a byte.
    pub high: bool,
}

impl Register {
    /// The low bits of a register.
    #[must_use]
    pub const fn low(gpr: Gpr) -> Self {
        Self { gpr, high: false }
    }
}

/// A segment register, in the order of its number in the VMCS and in VM-exit instruction information
/// (SDM Vol. 3C Table 28-8).
#[expect(missing_docs, reason = "the names are the SDM's")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Segment {
    Es,
    Cs,
    Ss,
    Ds,
    Fs,
    Gs,
}

impl Segment {
    /// The segment register of a number; `None` above 5.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Es),
            1 => Some(Self::Cs),
            2 => Some(Self::Ss),
            3 => Some(Self::Ds),
            4 => Some(Self::Fs),
            5 => Some(Self::Gs),
            _ => None,
        }
    }
}

/// What a memory operand's offset starts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    /// No base.
    None,
    /// A register.
    Gpr(Gpr),
    /// The address of the following instruction.
    NextRip,
}

/// A memory operand (SDM Vol. 1 §3.7.5). The offset is base + index × scale + displacement, cut to the address width.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Memory {
    /// The segment that is used: the default of the base register or an override that counts in this mode.
    pub segment: Segment,
    /// Base.
    pub base: Base,
    /// Index and scale, which is 1, 2, 4 or 8.
    pub index: Option<(Gpr, u8)>,
    /// Displacement, sign-extended.
    pub displacement: u64,
    /// Width of the address arithmetic.
    pub address: Width,
}

/// An operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// The instruction has no such operand, or it is implied.
    None,
    /// A register.
    Register(Register),
    /// Memory.
    Memory(Memory),
    /// A constant, sign-extended to 64 bits where the instruction does so, else zero-extended.
    Immediate(u64),
}

/// The eight operations that share one encoding pattern (opcodes 00 to 3D, 80 to 83), in that encoding's order.
#[expect(missing_docs, reason = "the names are the SDM's")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alu {
    Add,
    Or,
    Adc,
    Sbb,
    And,
    Sub,
    Xor,
    Cmp,
}

impl Alu {
    /// The operation of a three-bit number in an opcode or in ModRM.reg; higher bits are ignored.
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        match number & 7 {
            0 => Self::Add,
            1 => Self::Or,
            2 => Self::Adc,
            3 => Self::Sbb,
            4 => Self::And,
            5 => Self::Sub,
            6 => Self::Xor,
            _ => Self::Cmp,
        }
    }
}

/// What BT, BTS, BTR and BTC do to the bit that they put into CF.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BitOperation {
    /// BT: leave it.
    Test,
    /// BTS: set it.
    Set,
    /// BTR: clear it.
    Reset,
    /// BTC: invert it.
    Complement,
}

/// What an instruction does. The operands are in [`Instruction::destination`] and [`Instruction::source`].
#[expect(missing_docs, reason = "the names are the SDM's")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Also MOVNTI.
    Mov,
    MovZx,
    /// Also MOVSXD.
    MovSx,
    Alu(Alu),
    Test,
    Not,
    Neg,
    Inc,
    Dec,
    Xchg,
    Xadd,
    CmpXchg,
    Bit(BitOperation),
    Push,
    Pop,
    Movs,
    Cmps,
    Stos,
    Lods,
    Scas,
}

/// The repeat prefix of a string instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeat {
    /// Once.
    None,
    /// F3: REP, and for CMPS and SCAS while equal.
    WhileEqual,
    /// F2: for CMPS and SCAS while not equal, elsewhere the same as REP.
    WhileNotEqual,
}

/// One instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instruction {
    /// What it does.
    pub operation: Operation,
    /// Where the result goes; for CMP and TEST the first operand.
    pub destination: Operand,
    /// The other operand.
    pub source: Operand,
    /// Width of the destination and, except for [`source_width`](Self::source_width), of all else.
    pub width: Width,
    /// Width of what MOVZX and MOVSX read; the same as `width` elsewhere.
    pub source_width: Width,
    /// Width of address arithmetic and, for string instructions, of the registers that count and point.
    pub address: Width,
    /// The segment of a string instruction's source, overridable; its destination is always ES.
    pub string_segment: Segment,
    /// Repeat prefix; `None` on all but string instructions.
    pub repeat: Repeat,
    /// LOCK prefix.
    pub lock: bool,
    /// Bytes it takes, 1 to 15.
    pub length: u8,
    /// The mode it was decoded for.
    pub code: CodeSize,
}

impl Instruction {
    /// The explicit memory operand, if there is one. String instructions and the stack of PUSH and POP are implied.
    #[must_use]
    pub const fn memory(&self) -> Option<&Memory> {
        match (&self.destination, &self.source) {
            (Operand::Memory(memory), _) | (_, Operand::Memory(memory)) => Some(memory),
            _ => None,
        }
    }

    /// Where execution goes on once the instruction is complete, given where it started. Outside 64-bit mode the
    /// instruction pointer has 32 bits.
    #[must_use]
    pub const fn next_rip(&self, rip: u64) -> u64 {
        let next = rip.wrapping_add(self.length as u64);
        match self.code {
            CodeSize::Long64 => next,
            _ => Width::Dword.truncate(next),
        }
    }
}
