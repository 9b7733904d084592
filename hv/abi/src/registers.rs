//! The general-purpose registers, in the order in which instructions number them.

/// RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15: the index is the number in ModRM, REX and the VMX exit
/// qualifications (SDM Vol. 2A Table 2-4). Under VT-x, RSP lives in the VMCS and its place here is a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Gprs(pub [u64; 16]);

/// A register's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Gpr {
    Rax,
    Rcx,
    Rdx,
    Rbx,
    Rsp,
    Rbp,
    Rsi,
    Rdi,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
}

impl Gprs {
    /// A register by name.
    #[must_use]
    #[inline]
    pub const fn get(&self, register: Gpr) -> u64 {
        self.0[register as usize]
    }
    /// Sets all 64 bits of a register.
    #[inline]
    pub const fn set(&mut self, register: Gpr, value: u64) {
        self.0[register as usize] = value;
    }
    /// A register by number; only the low four bits of the number count, as in an instruction's encoding.
    #[must_use]
    #[inline]
    pub const fn by_number(&self, number: u8) -> u64 {
        self.0[(number & 15) as usize]
    }
    /// Sets a register by number, as [`Gprs::by_number`].
    #[inline]
    pub const fn set_by_number(&mut self, number: u8, value: u64) {
        self.0[(number & 15) as usize] = value;
    }
    /// The low 32 bits of a register, as 32-bit operands are read.
    #[must_use]
    #[inline]
    pub const fn low(&self, register: Gpr) -> u32 {
        self.get(register) as u32
    }
}
