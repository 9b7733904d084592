//! Seeded mutations for the replay that every test run makes: the same on every machine, and aimed like a fuzzer's
//! (bits, bytes, interesting numbers, cuts, copies) but without its feedback.

/// SplitMix64: enough randomness for a test, and the same every time.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A sequence of its own for each seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `bound`, which is at least 1.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

const INTERESTING: [u64; 12] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x1000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 47,
    1 << 63,
    u64::MAX,
];

/// Changes `bytes` in one to four places. `other` is what pieces are copied from.
pub fn mutate(bytes: &mut Vec<u8>, other: &[u8], most: usize, random: &mut Random) {
    for _ in 0..=random.below(4) {
        once(bytes, other, random);
    }
    bytes.truncate(most);
}

fn once(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    if bytes.is_empty() {
        bytes.push(random.next() as u8);
        return;
    }
    let at = random.below(bytes.len());
    match random.below(8) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = random.next() as u8,
        2 => {
            bytes[at] = bytes[at]
                .wrapping_add(random.below(16) as u8)
                .wrapping_sub(8)
        }
        3 => {
            let value = INTERESTING[random.below(INTERESTING.len())].to_le_bytes();
            let width = 1 << random.below(4);
            for (to, from) in bytes[at..].iter_mut().zip(&value[..width]) {
                *to = *from;
            }
        }
        4 => {
            let end = at + random.below(bytes.len() - at) + 1;
            bytes.drain(at..end.min(at + 16));
        }
        5 => {
            let end = (at + 1 + random.below(16)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
        6 if !other.is_empty() => {
            let from = random.below(other.len());
            let end = (from + 1 + random.below(32)).min(other.len());
            for (to, from) in bytes[at..].iter_mut().zip(&other[from..end]) {
                *to = *from;
            }
        }
        _ => bytes.insert(at, random.next() as u8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_sequence_and_inputs_keep_their_limit() {
        let run = |seed| {
            let mut random = Random::new(seed);
            let mut bytes = b"seed".to_vec();
            for _ in 0..1000 {
                mutate(&mut bytes, b"other", 64, &mut random);
                assert!(bytes.len() <= 64);
            }
            bytes
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }
}
