//! Results and status flags of arithmetic, as SDM Vol. 1 §3.4.3.1 and App. A define them.

use crate::instruction::{Alu, BitOperation, Width};

pub(crate) const CF: u64 = 1 << 0;
pub(crate) const PF: u64 = 1 << 2;
pub(crate) const AF: u64 = 1 << 4;
pub(crate) const ZF: u64 = 1 << 6;
pub(crate) const SF: u64 = 1 << 7;
pub(crate) const TF: u64 = 1 << 8;
pub(crate) const DF: u64 = 1 << 10;
pub(crate) const OF: u64 = 1 << 11;
/// All six.
pub(crate) const STATUS: u64 = CF | PF | AF | ZF | SF | OF;

/// A result and the flags that come with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Outcome {
    /// Truncated to the operand's width.
    pub(crate) value: u64,
    /// Values of the flags in `changed`.
    pub(crate) flags: u64,
    /// The flags that the instruction writes.
    pub(crate) changed: u64,
}

impl Outcome {
    /// RFLAGS after the instruction.
    pub(crate) const fn rflags(&self, before: u64) -> u64 {
        before & !self.changed | self.flags & self.changed
    }
}

/// One of the eight; `rflags` supplies the carry of ADC and SBB. For CMP the value is the difference, which is not stored.
pub(crate) fn alu(operation: Alu, width: Width, a: u64, b: u64, rflags: u64) -> Outcome {
    let carry = rflags & CF;
    match operation {
        Alu::Add => add(width, a, b, 0),
        Alu::Adc => add(width, a, b, carry),
        Alu::Sub | Alu::Cmp => subtract(width, a, b, 0),
        Alu::Sbb => subtract(width, a, b, carry),
        Alu::Or => logic(width, a | b),
        Alu::And => logic(width, a & b),
        Alu::Xor => logic(width, a ^ b),
    }
}

/// a + b + carry.
pub(crate) fn add(width: Width, a: u64, b: u64, carry: u64) -> Outcome {
    let (a, b) = (width.truncate(a), width.truncate(b));
    let value = width.truncate(a.wrapping_add(b).wrapping_add(carry));
    // Carry out of each bit position: both had a one, or one had and the sum has none.
    let carries = (a & b) | ((a | b) & !value);
    let overflow = (a ^ value) & (b ^ value);
    arithmetic(width, value, carries, overflow)
}

/// a - b - borrow.
pub(crate) fn subtract(width: Width, a: u64, b: u64, borrow: u64) -> Outcome {
    let (a, b) = (width.truncate(a), width.truncate(b));
    let value = width.truncate(a.wrapping_sub(b).wrapping_sub(borrow));
    let borrows = (!a & b) | ((!a | b) & value);
    let overflow = (a ^ b) & (a ^ value);
    arithmetic(width, value, borrows, overflow)
}

/// AND, OR, XOR and TEST: no carry, no overflow. AF, undefined by the SDM, is cleared as processors do.
pub(crate) fn logic(width: Width, value: u64) -> Outcome {
    let value = width.truncate(value);
    Outcome {
        value,
        flags: result_flags(width, value),
        changed: STATUS,
    }
}

/// INC and DEC leave CF as it is.
pub(crate) fn increment(width: Width, a: u64) -> Outcome {
    Outcome {
        changed: STATUS & !CF,
        ..add(width, a, 1, 0)
    }
}

/// See [`increment`].
pub(crate) fn decrement(width: Width, a: u64) -> Outcome {
    Outcome {
        changed: STATUS & !CF,
        ..subtract(width, a, 1, 0)
    }
}

/// Bit `position` modulo the width goes to CF; the other flags, undefined by the SDM but for ZF, stay.
pub(crate) fn bit(operation: BitOperation, width: Width, a: u64, position: u64) -> Outcome {
    let bit = 1u64 << (position & u64::from(width.bits() - 1));
    let value = match operation {
        BitOperation::Test => a,
        BitOperation::Set => a | bit,
        BitOperation::Reset => a & !bit,
        BitOperation::Complement => a ^ bit,
    };
    Outcome {
        value,
        flags: if a & bit != 0 { CF } else { 0 },
        changed: CF,
    }
}

fn arithmetic(width: Width, value: u64, carries: u64, overflow: u64) -> Outcome {
    let mut flags = result_flags(width, value);
    if carries & width.sign() != 0 {
        flags |= CF;
    }
    if carries & 8 != 0 {
        flags |= AF;
    }
    if overflow & width.sign() != 0 {
        flags |= OF;
    }
    Outcome {
        value,
        flags,
        changed: STATUS,
    }
}

fn result_flags(width: Width, value: u64) -> u64 {
    let mut flags = 0;
    if value == 0 {
        flags |= ZF;
    }
    if value & width.sign() != 0 {
        flags |= SF;
    }
    if (value & 0xff).count_ones().is_multiple_of(2) {
        flags |= PF;
    }
    flags
}
