//! The ModRM and SIB bytes and the displacement: SDM Vol. 2A §2.1.5 (Tables 2-1 to 2-3) and §2.2.1.

use crate::decode::{Cursor, DecodeError, Frame};
use isthmus_abi::Gpr;

use crate::instruction::{Base, CodeSize, Memory, Segment, Width, gpr};

/// The r/m operand.
pub(crate) enum Rm {
    /// A register's number, with REX.B.
    Register(u8),
    /// Memory.
    Memory(Memory),
}

/// A ModRM byte and what follows it.
pub(crate) struct ModRm {
    /// The reg operand's number, with REX.R.
    pub(crate) reg: u8,
    pub(crate) rm: Rm,
}

/// The extensions that REX carries, each 0 or 8.
struct Rex {
    r: u8,
    x: u8,
    b: u8,
}

impl ModRm {
    pub(crate) fn read(cursor: &mut Cursor<'_>, frame: &Frame) -> Result<Self, DecodeError> {
        let rex = frame.prefixes.rex.unwrap_or(0);
        let rex = Rex {
            r: (rex & 4) << 1,
            x: (rex & 2) << 2,
            b: (rex & 1) << 3,
        };
        let byte = cursor.byte()?;
        let (mode, reg, rm) = (byte >> 6, (byte >> 3) & 7, byte & 7);
        let rm = match (mode, frame.address) {
            (3, _) => Rm::Register(rm | rex.b),
            (_, Width::Word) => Rm::Memory(memory_16(cursor, frame, mode, rm)?),
            _ => Rm::Memory(memory_32(cursor, frame, mode, rm, &rex)?),
        };
        Ok(Self {
            reg: reg | rex.r,
            rm,
        })
    }
}

/// Table 2-1: pairs of BX, BP, SI and DI.
fn memory_16(
    cursor: &mut Cursor<'_>,
    frame: &Frame,
    mode: u8,
    rm: u8,
) -> Result<Memory, DecodeError> {
    let (base, index) = match rm {
        0 => (Some(Gpr::Rbx), Some(Gpr::Rsi)),
        1 => (Some(Gpr::Rbx), Some(Gpr::Rdi)),
        2 => (Some(Gpr::Rbp), Some(Gpr::Rsi)),
        3 => (Some(Gpr::Rbp), Some(Gpr::Rdi)),
        4 => (Some(Gpr::Rsi), None),
        5 => (Some(Gpr::Rdi), None),
        6 if mode == 0 => (None, None),
        6 => (Some(Gpr::Rbp), None),
        _ => (Some(Gpr::Rbx), None),
    };
    let displacement = match mode {
        0 if base.is_none() => cursor.signed(Width::Word)?,
        0 => 0,
        1 => cursor.signed(Width::Byte)?,
        _ => cursor.signed(Width::Word)?,
    };
    Ok(Memory {
        segment: frame.segment(default_segment(base)),
        base: base.map_or(Base::None, Base::Gpr),
        index: index.map(|index| (index, 1)),
        displacement,
        address: frame.address,
    })
}

/// Table 2-2, and in 64-bit mode RIP-relative addresses (Vol. 2A §2.2.1.6).
fn memory_32(
    cursor: &mut Cursor<'_>,
    frame: &Frame,
    mode: u8,
    rm: u8,
    rex: &Rex,
) -> Result<Memory, DecodeError> {
    let (base, index) = match (rm, mode) {
        (4, _) => sib(cursor, mode, rex)?,
        (5, 0) if frame.code == CodeSize::Long64 => (Base::NextRip, None),
        (5, 0) => (Base::None, None),
        _ => (Base::Gpr(gpr(rm | rex.b)), None),
    };
    let displacement = match (mode, base) {
        (0, Base::Gpr(_)) => 0,
        (1, _) => cursor.signed(Width::Byte)?,
        _ => cursor.signed(Width::Dword)?,
    };
    let register = match base {
        Base::Gpr(base) => Some(base),
        Base::None | Base::NextRip => None,
    };
    Ok(Memory {
        segment: frame.segment(default_segment(register)),
        base,
        index,
        displacement,
        address: frame.address,
    })
}

/// Table 2-3.
fn sib(
    cursor: &mut Cursor<'_>,
    mode: u8,
    rex: &Rex,
) -> Result<(Base, Option<(Gpr, u8)>), DecodeError> {
    let byte = cursor.byte()?;
    let (scale, index, base) = (1 << (byte >> 6), (byte >> 3) & 7 | rex.x, byte & 7);
    let index = (index != 4).then(|| (gpr(index), scale));
    let base = match (base, mode) {
        (5, 0) => Base::None,
        _ => Base::Gpr(gpr(base | rex.b)),
    };
    Ok((base, index))
}

/// SS for the stack's two registers, else DS (SDM Vol. 1 Table 3-5).
const fn default_segment(base: Option<Gpr>) -> Segment {
    match base {
        Some(Gpr::Rsp | Gpr::Rbp) => Segment::Ss,
        _ => Segment::Ds,
    }
}
