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

#[cfg(test)]
mod tests {
    use super::*;

    /// Flags of a byte addition or subtraction by the definitions: CF and OF say that the unsigned and the signed result
    /// do not fit, AF the same of the low four bits.
    fn model(a: u8, b: u8, carry: u8, minus: bool) -> (u64, u64) {
        let sign = if minus { -1 } else { 1 };
        let sum = |a: i32, b: i32| a + sign * (b + i32::from(carry));
        let unsigned = sum(a.into(), b.into());
        let signed = sum((a as i8).into(), (b as i8).into());
        let nibble = sum((a & 15).into(), (b & 15).into());
        let value = (unsigned & 0xff) as u8;
        let mut flags = 0;
        for (flag, set) in [
            (CF, !(0..256).contains(&unsigned)),
            (OF, !(-128..128).contains(&signed)),
            (AF, !(0..16).contains(&nibble)),
            (ZF, value == 0),
            (SF, (value as i8) < 0),
            (PF, value.count_ones().is_multiple_of(2)),
        ] {
            if set {
                flags |= flag;
            }
        }
        (value.into(), flags)
    }

    #[test]
    fn bytes_add_and_subtract_as_defined() {
        for a in 0..=255u8 {
            for b in 0..=255u8 {
                for carry in 0..=1u8 {
                    let (wide_a, wide_b) = (u64::from(a), u64::from(b));
                    let sum = add(Width::Byte, wide_a, wide_b, carry.into());
                    assert_eq!((sum.value, sum.flags), model(a, b, carry, false));
                    let difference = subtract(Width::Byte, wide_a, wide_b, carry.into());
                    assert_eq!(
                        (difference.value, difference.flags),
                        model(a, b, carry, true)
                    );
                }
            }
        }
    }

    /// The wider widths behave as bytes do when all that is below their top byte carries nothing, and take a carry
    /// from there when it does.
    #[test]
    fn wider_operands_carry_through() {
        for width in [Width::Word, Width::Dword, Width::Qword] {
            let ones = width.mask();
            let sum = add(width, ones, 1, 0);
            assert_eq!((sum.value, sum.flags), (0, CF | AF | ZF | PF));
            let sum = add(width, ones >> 1, 0, 1);
            assert_eq!((sum.value, sum.flags), (width.sign(), OF | SF | AF | PF));
            let difference = subtract(width, 0, 1, 0);
            assert_eq!(
                (difference.value, difference.flags),
                (ones, CF | AF | SF | PF)
            );
            let difference = subtract(width, width.sign(), 0, 1);
            assert_eq!(
                (difference.value, difference.flags),
                (ones >> 1, OF | AF | PF)
            );
            // Bits above the operand do not count.
            assert_eq!(add(width, !ones, !ones, 0).value, 0);
        }
    }

    #[test]
    fn inc_and_dec_leave_carry() {
        let outcome = increment(Width::Byte, 0xff);
        assert_eq!(outcome.value, 0);
        assert_eq!(outcome.rflags(CF | OF), CF | ZF | AF | PF);
        assert_eq!(decrement(Width::Byte, 0).rflags(0), AF | SF | PF);
    }

    #[test]
    fn logic_clears_carry_and_overflow() {
        let outcome = alu(Alu::And, Width::Word, 0xf0f0, 0x8f80, 0);
        assert_eq!(outcome.value, 0x8080);
        assert_eq!(outcome.rflags(STATUS | TF), SF | TF);
    }

    #[test]
    fn a_bit_number_is_taken_modulo_the_width() {
        let outcome = bit(BitOperation::Complement, Width::Word, 0x8000, 31);
        assert_eq!((outcome.value, outcome.rflags(ZF)), (0, CF | ZF));
        let outcome = bit(BitOperation::Set, Width::Qword, 0, 127);
        assert_eq!((outcome.value, outcome.rflags(CF)), (1 << 63, 0));
    }
}
