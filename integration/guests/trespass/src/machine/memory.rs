//! Single accesses to linear memory by chosen instructions: what a compiler would pick is not what is to be tried.

use core::arch::asm;

use isthmus_abi::Gva;

use super::trap::{Fault, probe};

/// Reads `bytes` (1, 2, 4 or 8) with a MOV.
pub fn read(at: Gva, bytes: u64) -> u64 {
    let value: u64;
    match bytes {
        // SAFETY: callers pass addresses that are mapped; what answers there is the question. So in the arms below.
        1 => unsafe { asm!("movzx {0:e}, byte ptr [{1}]", out(reg) value, in(reg) at.0) },
        // SAFETY: as above.
        2 => unsafe { asm!("movzx {0:e}, word ptr [{1}]", out(reg) value, in(reg) at.0) },
        // SAFETY: as above.
        4 => unsafe { asm!("mov {0:e}, [{1}]", out(reg) value, in(reg) at.0) },
        // SAFETY: as above.
        _ => unsafe { asm!("mov {0}, [{1}]", out(reg) value, in(reg) at.0) },
    }
    value
}

/// Writes `bytes` (1, 2, 4 or 8) with a MOV.
pub fn write(at: Gva, bytes: u64, value: u64) {
    match bytes {
        // SAFETY: callers pass addresses that are mapped and not this program's, or mean to restore them. So in the arms below.
        1 => unsafe { asm!("mov [{1}], {0}", in(reg_byte) value as u8, in(reg) at.0) },
        // SAFETY: as above.
        2 => unsafe { asm!("mov [{1}], {0:x}", in(reg) value, in(reg) at.0) },
        // SAFETY: as above.
        4 => unsafe { asm!("mov [{1}], {0:e}", in(reg) value, in(reg) at.0) },
        // SAFETY: as above.
        _ => unsafe { asm!("mov [{1}], {0}", in(reg) value, in(reg) at.0) },
    }
}

/// A read-modify-write instruction with an address in RDI and an operand in RSI, which returns RSI.
pub struct Modify {
    /// What it is.
    pub name: &'static str,
    /// Executes it.
    pub run: fn(at: Gva, operand: u64) -> Result<u64, Fault>,
    /// What RSI is to be afterwards, where memory is all ones and drops writes and the operand was 5.
    pub expected: u64,
}

macro_rules! modify {
    ($($line:literal => $expected:expr),+ $(,)?) => {
        &[$(Modify {
            name: $line,
            run: |at, operand| {
                let mut value = operand;
                // SAFETY: callers pass addresses that are mapped and not this program's; faults are caught.
                let fault = unsafe {
                    probe!($line; in("rdi") at.0, inout("rsi") value, out("rax") _, out("rcx") _)
                };
                match fault {
                    Some(fault) => Err(fault),
                    None => Ok(core::mem::take(&mut value)),
                }
            },
            expected: $expected,
        }),+]
    };
}

/// Instructions that a decoder may meet at a device.
pub const MODIFY: &[Modify] = modify!(
    "xchg [rdi], rsi" => u64::MAX,
    "xchg [rdi], sil" => 0xff,
    "lock xadd [rdi], rsi" => u64::MAX,
    "xadd [rdi], esi" => 0xffff_ffff,
    "lock add [rdi], rsi" => 5,
    "lock inc dword ptr [rdi]" => 5,
    "dec byte ptr [rdi]" => 5,
    "not qword ptr [rdi]" => 5,
    "neg word ptr [rdi]" => 5,
    "add rsi, [rdi]" => 4,
    "and rsi, [rdi]" => 5,
    "xor rsi, [rdi]" => !5,
    "or si, [rdi]" => 0xffff,
    "sub rsi, [rdi]" => 6,
    "mov rsi, gs:[rdi]" => u64::MAX,
    "movsx esi, byte ptr [rdi]" => 0xffff_ffff,
    "movsxd rsi, dword ptr [rdi]" => u64::MAX,
    "movzx esi, word ptr [rdi]" => 0xffff,
    "bts qword ptr [rdi], rsi" => 5,
    "lock btr qword ptr [rdi], rsi" => 5,
    "bt qword ptr [rdi], rsi" => 5,
    "movnti [rdi], rsi" => 5,
    "mov qword ptr [rdi], -1" => 5,
    "mov eax, 5
     lock cmpxchg [rdi], rsi
     mov rsi, rax" => u64::MAX,
    "test dword ptr [rdi], 1
     setnz sil" => 1,
    "cmp dword ptr [rdi], -1
     sete sil" => 1,
    "push qword ptr [rdi]
     pop rsi" => u64::MAX,
    "pop qword ptr [rdi]
     sub rsp, 8" => 5,
    "cmp byte ptr [rdi], sil
     sbb byte ptr [rdi], sil
     adc sil, byte ptr [rdi]" => 4,
);

/// REP STOS of `count` bytes.
pub fn fill(at: Gva, count: u64, value: u8) -> Option<Fault> {
    // SAFETY: callers pass memory that is nobody's; faults are caught.
    unsafe { probe!("rep stosb"; inout("rdi") at.0 => _, inout("rcx") count => _, in("al") value) }
}

/// REP MOVS of `count` bytes.
pub fn copy(from: Gva, to: Gva, count: u64) -> Option<Fault> {
    // SAFETY: callers pass a buffer of their own as one side and memory that is nobody's as the other; faults are caught.
    unsafe {
        probe!("rep movsb"; inout("rdi") to.0 => _, inout("rsi") from.0 => _, inout("rcx") count => _)
    }
}

/// REPE SCAS: how many of `count` bytes from `at` are `value`.
pub fn run_length(at: Gva, count: u64, value: u8) -> u64 {
    let left: u64;
    // SAFETY: callers pass addresses that are mapped.
    unsafe {
        asm!(
            "cmp al, al",
            "repe scasb",
            "sete dl",
            "movzx edx, dl",
            // A mismatch has been counted already.
            "xor edx, 1",
            "add rcx, rdx",
            inout("rdi") at.0 => _,
            inout("rcx") count => left,
            in("al") value,
            out("rdx") _,
        );
    }
    count - left
}
