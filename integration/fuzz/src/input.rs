//! Fuzzer bytes read as numbers and choices, front to back, so that a small change of the bytes is a small change of
//! what they mean. Past the end everything is zero: every input is a whole one.

/// What is left of an input.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    bytes: &'a [u8],
}

impl<'a> Input<'a> {
    /// All of it.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// At most `len` bytes.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (head, rest) = self.bytes.split_at(len.min(self.bytes.len()));
        self.bytes = rest;
        head
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        self.take(usize::MAX)
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        for (to, from) in array.iter_mut().zip(self.take(N)) {
            *to = *from;
        }
        array
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        u8::from_le_bytes(self.array())
    }

    /// Two bytes.
    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    /// Four bytes.
    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    /// The lowest bit of a byte.
    pub fn flag(&mut self) -> bool {
        self.byte() & 1 != 0
    }

    /// A number below `bound`; 0 if there is none.
    pub fn below(&mut self, bound: usize) -> usize {
        let number = if bound <= 256 {
            usize::from(self.byte())
        } else {
            usize::from(self.u16())
        };
        number.checked_rem(bound).unwrap_or(0)
    }

    /// One of several.
    ///
    /// # Panics
    /// If there are none.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A number as registers hold them: small, a single bit, sign-extended, or any.
    pub fn word(&mut self) -> u64 {
        let kind = self.byte();
        match kind & 7 {
            0 => u64::from(self.byte()),
            1 => u64::from(self.u16()),
            2 => u64::from(self.u32()),
            3 => 1 << (kind >> 3 & 31),
            4 => 1 << (32 | kind >> 3 & 31),
            5 => i64::from(self.u32().cast_signed()).cast_unsigned(),
            6 => u64::MAX >> (kind >> 3),
            _ => self.u64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn past_the_end_there_are_zeros() {
        let mut input = Input::new(&[1, 2, 3]);
        assert_eq!(
            (input.u16(), input.u32(), input.u64(), input.byte()),
            (0x201, 3, 0, 0)
        );
        assert!(input.is_empty());
    }

    #[test]
    fn choices_stay_in_bounds() {
        for byte in 0..=255 {
            assert!(Input::new(&[byte]).below(7) < 7);
            assert!(Input::new(&[byte, byte]).below(300) < 300);
        }
        assert_eq!(Input::new(&[9]).below(0), 0);
    }
}
