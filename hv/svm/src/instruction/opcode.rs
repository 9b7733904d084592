//! Which opcodes exit, and what follows them: APM Vol. 3 Tables.

use super::Mnemonic;

/// What follows the opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Nothing.
    Nothing,
    /// A byte.
    Immediate,
    /// A ModRM byte that names registers alone, whatever its mod field says.
    Registers,
    /// A ModRM byte, and what it asks for.
    Operand,
    /// A ModRM byte whose operand must be in memory.
    Memory,
}

/// The prefixes that pick one of several instructions with the same opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picks {
    /// 66H.
    pub operand_size: bool,
    /// F3H, unless F2H came later.
    pub f3: bool,
    /// F2H, unless F3H came later.
    pub f2: bool,
    /// 64-bit mode.
    pub long: bool,
}

type Entry = Option<(Mnemonic, Tail)>;

/// The one-byte map.
pub const fn one_byte(opcode: u8, picks: Picks) -> Entry {
    use Mnemonic as M;
    Some(match opcode {
        0x6c | 0x6d => (M::Ins, Tail::Nothing),
        0x6e | 0x6f => (M::Outs, Tail::Nothing),
        // Without F3 it is NOP or an exchange.
        0x90 if picks.f3 => (M::Pause, Tail::Nothing),
        0x9c => (M::Pushf, Tail::Nothing),
        0x9d => (M::Popf, Tail::Nothing),
        0xcc => (M::Int3, Tail::Nothing),
        0xcd => (M::IntN, Tail::Immediate),
        0xce if !picks.long => (M::Into, Tail::Nothing),
        0xcf => (M::Iret, Tail::Nothing),
        0xe4 | 0xe5 => (M::In, Tail::Immediate),
        0xe6 | 0xe7 => (M::Out, Tail::Immediate),
        0xec | 0xed => (M::In, Tail::Nothing),
        0xee | 0xef => (M::Out, Tail::Nothing),
        0xf1 => (M::Int1, Tail::Nothing),
        0xf4 => (M::Hlt, Tail::Nothing),
        _ => return None,
    })
}

/// The map after 0F. `modrm` is the byte that follows the opcode, where there is one.
pub const fn two_byte(opcode: u8, modrm: Option<u8>, picks: Picks) -> Entry {
    use Mnemonic as M;
    Some(match opcode {
        0x00 => return group_6(modrm),
        0x01 => return group_7(modrm, picks),
        0x06 => (M::Clts, Tail::Nothing),
        0x08 => (M::Invd, Tail::Nothing),
        0x09 if picks.f3 => (M::Wbnoinvd, Tail::Nothing),
        0x09 => (M::Wbinvd, Tail::Nothing),
        0x20 => (M::MovFromCr, Tail::Registers),
        0x21 => (M::MovFromDr, Tail::Registers),
        0x22 => (M::MovToCr, Tail::Registers),
        0x23 => (M::MovToDr, Tail::Registers),
        0x30 => (M::Wrmsr, Tail::Nothing),
        0x31 => (M::Rdtsc, Tail::Nothing),
        0x32 => (M::Rdmsr, Tail::Nothing),
        0x33 => (M::Rdpmc, Tail::Nothing),
        0xa2 => (M::Cpuid, Tail::Nothing),
        0xaa => (M::Rsm, Tail::Nothing),
        _ => return None,
    })
}

/// The map after 0F 38.
pub const fn three_byte(opcode: u8, picks: Picks) -> Entry {
    match opcode {
        0x82 if picks.operand_size && !picks.f2 && !picks.f3 => {
            Some((Mnemonic::Invpcid, Tail::Memory))
        }
        _ => None,
    }
}

const fn group_6(modrm: Option<u8>) -> Entry {
    use Mnemonic as M;
    let Some(modrm) = modrm else { return None };
    Some(match modrm >> 3 & 7 {
        0 => (M::Sldt, Tail::Operand),
        1 => (M::Str, Tail::Operand),
        2 => (M::Lldt, Tail::Operand),
        3 => (M::Ltr, Tail::Operand),
        _ => return None,
    })
}

/// With a register operand most of the group's ModRM bytes are opcodes of their own.
const fn group_7(modrm: Option<u8>, picks: Picks) -> Entry {
    use Mnemonic as M;
    let Some(modrm) = modrm else { return None };
    Some(match (modrm >> 6, modrm >> 3 & 7) {
        (_, 4) => (M::Smsw, Tail::Operand),
        (_, 6) => (M::Lmsw, Tail::Operand),
        (3, _) => return group_7_registers(modrm, picks),
        (_, 0) => (M::Sgdt, Tail::Memory),
        (_, 1) => (M::Sidt, Tail::Memory),
        (_, 2) => (M::Lgdt, Tail::Memory),
        (_, 3) => (M::Lidt, Tail::Memory),
        (_, 7) => (M::Invlpg, Tail::Memory),
        _ => return None,
    })
}

const fn group_7_registers(modrm: u8, picks: Picks) -> Entry {
    use Mnemonic as M;
    let mnemonic = match modrm {
        0xc8 => M::Monitor,
        0xc9 => M::Mwait,
        0xd1 => M::Xsetbv,
        0xd8 => M::Vmrun,
        0xd9 => M::Vmmcall,
        0xda => M::Vmload,
        0xdb => M::Vmsave,
        0xdc => M::Stgi,
        0xdd => M::Clgi,
        0xde => M::Skinit,
        0xdf => M::Invlpga,
        0xf9 => M::Rdtscp,
        0xfa if picks.f3 => M::Mcommit,
        0xfa => M::Monitorx,
        0xfb => M::Mwaitx,
        // With F2 or F3 they are RMPQUERY, RMPUPDATE, RMPADJUST, PVALIDATE and PSMASH.
        0xfd if !picks.f2 && !picks.f3 => M::Rdpru,
        0xfe if !picks.f2 && !picks.f3 => M::Invlpgb,
        0xff if !picks.f2 && !picks.f3 => M::Tlbsync,
        _ => return None,
    };
    Some((mnemonic, Tail::Registers))
}
