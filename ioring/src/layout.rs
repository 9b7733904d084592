//! How a window lies in memory, version 1. All numbers little-endian; offsets in bytes.
//!
//! | offset | what |
//! |---|---|
//! | 0 | [`Header`], 64 bytes |
//! | 64 | lanes, one after the other, [`Geometry::lane_bytes`] each |
//!
//! | offset in a lane | what |
//! |---|---|
//! | 0, 64 | submission queue: tail (written by the client), head (by the server) |
//! | 128, 192 | completion queue: tail (by the server), head (by the client) |
//! | 256, 320 | asleep: of the server, of the client |
//! | 384 | submission entries, then completion entries, 64 bytes each |
//!
//! No two of these share a cache line. Who writes which word is what page rights will enforce across partitions.

/// Bytes of an entry and of a cache line.
pub const ENTRY_BYTES: usize = 64;
/// Words of an entry.
pub const ENTRY_WORDS: usize = ENTRY_BYTES / 8;
/// Bytes of a cache line; each index has one to itself.
pub const LINE_BYTES: u64 = 64;
/// First word of a window: "isthring".
pub const MAGIC: u64 = u64::from_le_bytes(*b"isthring");
/// Layout version.
pub const VERSION: u32 = 1;
/// Index lines before a lane's entries.
const LANE_LINES: u64 = 6;

/// Feature bits. None is defined in version 1; a bit that is not known is a reason to refuse.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Features(pub u64);

impl Features {
    /// Those this code knows.
    pub const KNOWN: Self = Self(0);
}

/// Why a geometry or header was refused: the fault of the side that made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LayoutError {
    /// The first word is not [`MAGIC`].
    Magic(u64),
    /// Another version.
    Version(u32),
    /// Feature bits that are not known.
    Features(u64),
    /// Entries a queue: not a power of two from [`Geometry::MIN_ENTRIES`] to [`Geometry::MAX_ENTRIES`].
    Entries(u32),
    /// Lanes: not from 1 to [`Geometry::MAX_LANES`].
    Lanes(u32),
    /// A reserved word is not zero.
    Reserved,
}

/// Sizes, checked once and frozen: whoever holds one may compute with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    entries: u32,
    lanes: u32,
}

impl Geometry {
    /// Fewest entries a queue.
    pub const MIN_ENTRIES: u32 = 2;
    /// Most entries a queue.
    pub const MAX_ENTRIES: u32 = 1 << 15;
    /// Most lanes a window.
    pub const MAX_LANES: u32 = 1 << 10;

    /// A geometry of `lanes` lanes of two queues of `entries` entries.
    ///
    /// # Errors
    /// [`LayoutError::Entries`], [`LayoutError::Lanes`].
    pub const fn new(entries: u32, lanes: u32) -> Result<Self, LayoutError> {
        if !entries.is_power_of_two() || entries < Self::MIN_ENTRIES || entries > Self::MAX_ENTRIES
        {
            return Err(LayoutError::Entries(entries));
        }
        if lanes == 0 || lanes > Self::MAX_LANES {
            return Err(LayoutError::Lanes(lanes));
        }
        Ok(Self { entries, lanes })
    }

    /// Entries a queue, a power of two.
    #[must_use]
    pub const fn entries(self) -> u32 {
        self.entries
    }

    /// Lanes a window.
    #[must_use]
    pub const fn lanes(self) -> u32 {
        self.lanes
    }

    /// Bytes of a lane.
    #[must_use]
    pub const fn lane_bytes(self) -> u64 {
        LANE_LINES * LINE_BYTES + 2 * self.entries as u64 * ENTRY_BYTES as u64
    }

    /// Bytes of a window.
    #[must_use]
    pub const fn window_bytes(self) -> u64 {
        LINE_BYTES + self.lanes as u64 * self.lane_bytes()
    }
}

/// A window's first line: magic, version, entries, features, lanes, and 36 bytes that are zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Sizes.
    pub geometry: Geometry,
    /// Features in use.
    pub features: Features,
}

impl Header {
    /// The header as it lies in memory.
    #[must_use]
    pub const fn encode(self) -> [u64; ENTRY_WORDS] {
        let sizes = (self.geometry.entries as u64) << 32 | VERSION as u64;
        [
            MAGIC,
            sizes,
            self.features.0,
            self.geometry.lanes as u64,
            0,
            0,
            0,
            0,
        ]
    }

    /// Checks a header read once from memory that a peer writes.
    ///
    /// # Errors
    /// Any of [`LayoutError`].
    pub fn decode(words: [u64; ENTRY_WORDS]) -> Result<Self, LayoutError> {
        let [magic, sizes, features, lanes, rest @ ..] = words;
        if magic != MAGIC {
            return Err(LayoutError::Magic(magic));
        }
        let [version, entries] = halves(sizes);
        if version != VERSION {
            return Err(LayoutError::Version(version));
        }
        if features & !Features::KNOWN.0 != 0 {
            return Err(LayoutError::Features(features));
        }
        let [lanes, high] = halves(lanes);
        if high != 0 || rest != [0; 4] {
            return Err(LayoutError::Reserved);
        }
        let geometry = Geometry::new(entries, lanes)?;
        Ok(Self {
            geometry,
            features: Features(features),
        })
    }
}

/// The low and the high half of a word.
pub(crate) const fn halves(word: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = word.to_le_bytes();
    [
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_out_of_range_are_refused() {
        for entries in [0, 1, 3, 1 << 16, u32::MAX] {
            assert_eq!(
                Geometry::new(entries, 1),
                Err(LayoutError::Entries(entries))
            );
        }
        for lanes in [0, 1025, u32::MAX] {
            assert_eq!(Geometry::new(2, lanes), Err(LayoutError::Lanes(lanes)));
        }
        assert_eq!(
            Geometry::new(64, 2).unwrap().window_bytes(),
            64 + 2 * (384 + 128 * 64)
        );
    }

    proptest! {
        #[test]
        fn a_header_reads_back(log in 1_u32..=15, lanes in 1_u32..=1024) {
            let header = Header { geometry: Geometry::new(1 << log, lanes).unwrap(), features: Features(0) };
            prop_assert_eq!(Header::decode(header.encode()), Ok(header));
        }

        #[test]
        fn a_header_changed_anywhere_but_in_its_sizes_is_refused(word in 0_usize..8, bit in 0_u32..64) {
            let header = Header { geometry: Geometry::new(64, 3).unwrap(), features: Features(0) };
            let mut words = header.encode();
            words[word] ^= 1 << bit;
            if let Ok(read) = Header::decode(words) {
                prop_assert!(read.geometry.lanes() != 3);
            }
        }
    }
}
