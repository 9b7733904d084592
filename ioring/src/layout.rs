//! How a window lies in memory, version 2, as `docs/ioring.md` has it: two halves alike, each written by one side alone.
//! Here are the sizes, where things lie, and the header that says so; a peer's header is checked here once.

use core::num::NonZeroU32;

/// Bytes of an entry and of a cache line.
pub const ENTRY_BYTES: usize = 64;
/// Words of an entry.
pub const ENTRY_WORDS: usize = ENTRY_BYTES / 8;
/// Bytes of a cache line; each index has one to itself.
pub const LINE_BYTES: u64 = 64;
/// Bytes of a page: halves and pools begin at a multiple.
pub const PAGE_BYTES: u64 = 4096;
/// First word of a half: "isthring".
pub const MAGIC: u64 = u64::from_le_bytes(*b"isthring");
/// Layout version.
pub const VERSION: u32 = 2;

/// Line of the state word.
pub(crate) const STATE_LINE: usize = 1;
/// Lines before those of the first lane.
const HEADER_LINES: usize = 4;
/// Lines of indices for each lane.
const LANE_LINES: usize = 4;

/// Feature bits. None is defined in version 2.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Features(pub u64);

impl Features {
    /// Those this code knows.
    pub const KNOWN: Self = Self(0);
}

/// Which half of a window is a side's own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Side {
    /// The one that writes its header first; client of the lanes below [`Geometry::forward`].
    A,
    /// The other.
    B,
}

/// Why a geometry or header was refused: the fault of the side that made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LayoutError {
    /// The first word is not [`MAGIC`].
    Magic(u64),
    /// Another version.
    Version(u32),
    /// Required features that are not known, or not offered by who requires them.
    Features(u64),
    /// Entries a queue: not a power of two from [`Geometry::MIN_ENTRIES`] to [`Geometry::MAX_ENTRIES`].
    Entries(u32),
    /// Lanes: not from 1 to [`Geometry::MAX_LANES`]; or more of them forward than there are.
    Lanes(u32),
    /// Buffers: more than [`Geometry::MAX_BUFFERS`], or sizes without buffers.
    Buffers(u32),
    /// Bytes of a buffer: not a power of two from [`Geometry::MIN_BUFFER`] to [`Geometry::MAX_BUFFER`].
    BufferBytes(u32),
    /// A reserved word is not zero.
    Reserved,
    /// The other side's sizes are not this side's.
    Differs,
    /// The memory is shorter than the sizes say.
    Memory,
}

/// The pool of each half.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Buffers {
    count: NonZeroU32,
    bytes: u32,
}

/// Sizes, checked once and frozen: whoever holds one may compute with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    entries: u32,
    lanes: u32,
    forward: u32,
    buffers: Option<Buffers>,
}

impl Geometry {
    /// Fewest entries a queue.
    pub const MIN_ENTRIES: u32 = 2;
    /// Most entries a queue.
    pub const MAX_ENTRIES: u32 = 1 << 15;
    /// Most lanes a window.
    pub const MAX_LANES: u32 = 1 << 10;
    /// Most buffers a half.
    pub const MAX_BUFFERS: u32 = 1 << 16;
    /// Fewest bytes a buffer.
    pub const MIN_BUFFER: u32 = 256;
    /// Most bytes a buffer.
    pub const MAX_BUFFER: u32 = 1 << 16;

    /// A geometry of `lanes` lanes of two queues of `entries` entries, all with side A as their client, and no buffers.
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
        Ok(Self {
            entries,
            lanes,
            forward: lanes,
            buffers: None,
        })
    }

    /// The same with `forward` lanes whose client is side A; B is the others'.
    ///
    /// # Errors
    /// [`LayoutError::Lanes`]: more than there are.
    pub const fn with_forward(self, forward: u32) -> Result<Self, LayoutError> {
        if forward > self.lanes {
            return Err(LayoutError::Lanes(forward));
        }
        Ok(Self { forward, ..self })
    }

    /// The same with `count` buffers of `bytes` bytes in each half.
    ///
    /// # Errors
    /// [`LayoutError::Buffers`], [`LayoutError::BufferBytes`].
    pub const fn with_buffers(self, count: u32, bytes: u32) -> Result<Self, LayoutError> {
        let Some(some) = NonZeroU32::new(count) else {
            return match bytes {
                0 => Ok(Self {
                    buffers: None,
                    ..self
                }),
                _ => Err(LayoutError::Buffers(count)),
            };
        };
        if count > Self::MAX_BUFFERS {
            return Err(LayoutError::Buffers(count));
        }
        if !bytes.is_power_of_two() || bytes < Self::MIN_BUFFER || bytes > Self::MAX_BUFFER {
            return Err(LayoutError::BufferBytes(bytes));
        }
        let buffers = Some(Buffers { count: some, bytes });
        Ok(Self { buffers, ..self })
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

    /// Lanes whose client is side A: those with lower numbers.
    #[must_use]
    pub const fn forward(self) -> u32 {
        self.forward
    }

    /// Buffers of each half.
    #[must_use]
    pub const fn buffers(self) -> u32 {
        match self.buffers {
            Some(buffers) => buffers.count.get(),
            None => 0,
        }
    }

    /// Bytes of a buffer; 0 if there are none.
    #[must_use]
    pub const fn buffer_bytes(self) -> u32 {
        match self.buffers {
            Some(buffers) => buffers.bytes,
            None => 0,
        }
    }

    /// Bytes that a lane takes in both halves together.
    #[must_use]
    pub const fn lane_bytes(self) -> u64 {
        2 * LINE_BYTES * (LANE_LINES as u64 + self.entries as u64)
    }

    /// Bytes before the pool, a multiple of [`PAGE_BYTES`].
    const fn pool_offset(self) -> u64 {
        let used = HEADER_LINES as u64 * LINE_BYTES + self.lanes as u64 * (self.lane_bytes() / 2);
        used.next_multiple_of(PAGE_BYTES)
    }

    /// Bytes of a half, a multiple of [`PAGE_BYTES`].
    #[must_use]
    pub const fn half_bytes(self) -> u64 {
        let pool = self.buffers() as u64 * self.buffer_bytes() as u64;
        (self.pool_offset() + pool).next_multiple_of(PAGE_BYTES)
    }

    /// Bytes of a window: both halves.
    #[must_use]
    pub const fn window_bytes(self) -> u64 {
        2 * self.half_bytes()
    }

    /// Lines of a half. At most 2^27.
    #[must_use]
    pub const fn half_lines(self) -> usize {
        (self.half_bytes() / LINE_BYTES) as usize
    }

    /// Where lane `lane` lies in each half; `None` if there is no such lane.
    pub(crate) const fn lane(self, lane: u32) -> Option<LaneLines> {
        if lane >= self.lanes {
            return None;
        }
        let indices = HEADER_LINES + LANE_LINES * lane as usize;
        let queues = HEADER_LINES + LANE_LINES * self.lanes as usize;
        Some(LaneLines {
            tail: indices,
            head: indices + 1,
            sleep: indices + 2,
            entries: queues + (lane * self.entries) as usize,
            mask: self.entries - 1,
        })
    }

    /// First line of buffer `index` in each half; `None` if there is no such buffer.
    pub(crate) const fn buffer(self, index: u32) -> Option<usize> {
        if index >= self.buffers() {
            return None;
        }
        let offset = self.pool_offset() + index as u64 * self.buffer_bytes() as u64;
        Some((offset / LINE_BYTES) as usize)
    }
}

/// Lines of a lane in a half.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneLines {
    pub(crate) tail: usize,
    pub(crate) head: usize,
    pub(crate) sleep: usize,
    /// The first entry's; the others follow.
    entries: usize,
    mask: u32,
}

impl LaneLines {
    /// Entries of the queue.
    #[inline]
    pub(crate) const fn size(self) -> u32 {
        self.mask + 1
    }

    /// Line of entry number `index`.
    #[inline]
    pub(crate) const fn place(self, index: u32) -> usize {
        self.entries + (index & self.mask) as usize
    }
}

/// A half's first line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Sizes.
    pub geometry: Geometry,
    /// Features offered.
    pub offered: Features,
    /// Features required: a subset of those offered.
    pub required: Features,
}

impl Header {
    /// The header of a side that offers what this code knows.
    #[must_use]
    pub const fn new(geometry: Geometry) -> Self {
        Self {
            geometry,
            offered: Features::KNOWN,
            required: Features(0),
        }
    }

    /// The header as it lies in memory.
    #[must_use]
    pub const fn encode(self) -> [u64; ENTRY_WORDS] {
        let geometry = self.geometry;
        [
            MAGIC,
            (geometry.entries as u64) << 32 | VERSION as u64,
            self.offered.0,
            self.required.0,
            (geometry.forward as u64) << 32 | geometry.lanes as u64,
            (geometry.buffer_bytes() as u64) << 32 | geometry.buffers() as u64,
            0,
            0,
        ]
    }

    /// Checks a header read once from memory that a peer writes.
    ///
    /// # Errors
    /// Any of [`LayoutError`] but the last two.
    pub fn decode(words: [u64; ENTRY_WORDS]) -> Result<Self, LayoutError> {
        let [magic, sizes, offered, required, lanes, buffers, rest @ ..] = words;
        if magic != MAGIC {
            return Err(LayoutError::Magic(magic));
        }
        let [version, entries] = halves(sizes);
        if version != VERSION {
            return Err(LayoutError::Version(version));
        }
        if required & !(offered & Features::KNOWN.0) != 0 {
            return Err(LayoutError::Features(required));
        }
        if rest != [0; 2] {
            return Err(LayoutError::Reserved);
        }
        let [lanes, forward] = halves(lanes);
        let [count, bytes] = halves(buffers);
        let geometry = Geometry::new(entries, lanes)?
            .with_forward(forward)?
            .with_buffers(count, bytes)?;
        Ok(Self {
            geometry,
            offered: Features(offered),
            required: Features(required),
        })
    }

    /// Checks the other side's header against this side's: the features that both offer.
    ///
    /// # Errors
    /// [`LayoutError::Differs`], [`LayoutError::Features`].
    pub fn agree(self, other: Self) -> Result<Features, LayoutError> {
        if self.geometry != other.geometry {
            return Err(LayoutError::Differs);
        }
        let both = self.offered.0 & other.offered.0;
        let missing = (self.required.0 | other.required.0) & !both;
        if missing != 0 {
            return Err(LayoutError::Features(missing));
        }
        Ok(Features(both))
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
        let geometry = Geometry::new(64, 2).unwrap();
        assert_eq!(geometry.with_forward(3), Err(LayoutError::Lanes(3)));
        for (count, bytes, error) in [
            (0, 256, LayoutError::Buffers(0)),
            (65537, 256, LayoutError::Buffers(65537)),
            (1, 0, LayoutError::BufferBytes(0)),
            (1, 128, LayoutError::BufferBytes(128)),
            (1, 768, LayoutError::BufferBytes(768)),
            (1, 1 << 17, LayoutError::BufferBytes(1 << 17)),
        ] {
            assert_eq!(geometry.with_buffers(count, bytes), Err(error));
        }
    }

    #[test]
    fn a_small_window_is_a_page_a_half() {
        let geometry = Geometry::new(32, 1).unwrap();
        assert_eq!(geometry.half_bytes(), 4096);
        assert_eq!(geometry.with_buffers(3, 256).unwrap().half_bytes(), 8192);
    }

    prop_compose! {
        fn geometry()(
            log in 1_u32..=15, lanes in 1_u32..=1024, forward in 0_u32..=1024, count in 0_u32..=65536, size in 8_u32..=16,
        ) -> Geometry {
            let bytes = if count == 0 { 0 } else { 1 << size };
            let geometry = Geometry::new(1 << log, lanes).unwrap();
            geometry.with_forward(forward.min(lanes)).unwrap().with_buffers(count, bytes).unwrap()
        }
    }

    proptest! {
        #[test]
        fn a_header_reads_back(geometry in geometry(), offered: u64) {
            let header = Header { geometry, offered: Features(offered), required: Features(0) };
            prop_assert_eq!(Header::decode(header.encode()), Ok(header));
            prop_assert_eq!(Header::new(geometry).agree(header), Ok(Features(0)));
        }

        #[test]
        fn a_header_changed_anywhere_is_refused_or_differs(geometry in geometry(), word in 0_usize..8, bit in 0_u32..64) {
            let header = Header::new(geometry);
            let mut words = header.encode();
            words[word] ^= 1 << bit;
            if let Ok(read) = Header::decode(words) {
                prop_assert!(header.agree(read).is_err() || word == 2);
            }
        }

        /// Nothing overlaps, and all of it lies in the half.
        #[test]
        fn parts_lie_one_after_the_other(geometry in geometry(), lane in 0_u32..1024, buffer in 0_u32..65536) {
            let lane = lane % geometry.lanes();
            let lines = geometry.lane(lane).unwrap();
            prop_assert_eq!([lines.tail, lines.head, lines.sleep], [0, 1, 2].map(|line| 4 + 4 * lane as usize + line));
            prop_assert!(lines.sleep < geometry.lane(0).unwrap().place(0));
            if let Some(next) = geometry.lane(lane + 1) {
                prop_assert_eq!(next.place(0), lines.place(0) + geometry.entries() as usize);
            }
            let last = geometry.lane(geometry.lanes() - 1).unwrap().place(geometry.entries() - 1);
            prop_assert!(last < geometry.half_lines());
            match geometry.buffer(buffer) {
                Some(first) => {
                    prop_assert!(first > last && (first * 64) % 4096 % geometry.buffer_bytes() as usize == 0);
                    prop_assert!(first * 64 + geometry.buffer_bytes() as usize <= geometry.half_bytes() as usize);
                }
                None => prop_assert!(buffer >= geometry.buffers()),
            }
        }
    }
}
