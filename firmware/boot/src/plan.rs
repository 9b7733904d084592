//! A load plan: which bytes go where in a guest's memory, and the state its first processor starts in. Each
//! boot protocol makes one from a [`Request`]; the hypervisor carries it out into cleared memory.
//!
//! The layout and the numbers of a request come from the checked manifest; images and command lines are foreign.

use alloc::vec::Vec;
use core::{fmt, ops::Range};

use isthmus_abi::Gpa;

use crate::{
    bios, bytes,
    layout::{ABOVE_4G, MemoryLayout},
    linux::LinuxError,
    multiboot1::Multiboot1Error,
    pvh::PvhError,
    region::Regions,
    start::{StartState, gdt_bytes},
};

/// Which file of a partition: 0 is the kernel, n is module n - 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ImageId(pub u8);

impl ImageId {
    /// The kernel.
    pub const KERNEL: Self = Self(0);

    /// The module at `index`, from 0; `None` past the most a partition may have, 255.
    #[must_use]
    pub fn module(index: usize) -> Option<Self> {
        u8::try_from(index.checked_add(1)?).ok().map(Self)
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.checked_sub(1) {
            None => f.write_str("the kernel"),
            Some(index) => write!(f, "module {index}"),
        }
    }
}

/// Where a segment's bytes come from. What no segment covers stays zero: memory is cleared before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A piece of one of the partition's files; it lies within that file.
    Image {
        /// The file.
        which: ImageId,
        /// First byte in the file.
        offset: usize,
        /// Bytes.
        len: usize,
    },
}

impl Content {
    /// Bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Image { len, .. } => *len,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One copy to make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Where its first byte goes.
    pub gpa: Gpa,
    /// Its bytes.
    pub content: Content,
}

/// Everything needed to start a guest. Segments lie in backed memory and do not overlap.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadPlan {
    /// What to copy, in no particular order.
    pub segments: Vec<Segment>,
    /// How the first processor starts.
    pub start: StartState,
}

/// The boot protocol of a guest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GuestKind {
    /// A Linux bzImage; its modules are initial RAM disks, given to it one after the other as one.
    Linux,
    /// An ELF with Xen's PVH entry.
    Pvh,
    /// A Multiboot 1 image.
    Multiboot1,
}

/// A file given to a guest beside its kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Module<'a> {
    /// Its size in bytes. Its content has no part in the plan.
    pub size: usize,
    /// The string that goes with it; Linux has no place for one.
    pub cmdline: &'a str,
}

/// What to plan for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The kernel's file.
    pub kernel: &'a [u8],
    /// Further files, at most 255.
    pub modules: &'a [Module<'a>],
    /// The kernel's command line, without NUL.
    pub cmdline: &'a str,
    /// The guest's memory.
    pub layout: &'a MemoryLayout,
    /// Where the ACPI root pointer will be, if there is one.
    pub rsdp: Option<Gpa>,
    /// Whether the guest has a serial port at 0x3f8 that firmware data should name.
    pub uart: bool,
}

/// Why there is no plan. Each variant's image is at fault, or the manifest that paired it with this memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlanError {
    /// From [`crate::linux`].
    Linux(LinuxError),
    /// From [`crate::pvh`].
    Pvh(PvhError),
    /// From [`crate::multiboot1`].
    Multiboot1(Multiboot1Error),
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linux(error) => write!(f, "Linux boot: {error}"),
            Self::Pvh(error) => write!(f, "PVH boot: {error}"),
            Self::Multiboot1(error) => write!(f, "Multiboot 1 boot: {error}"),
        }
    }
}

impl core::error::Error for PlanError {}

/// Plans the start of a guest of any kind.
///
/// # Errors
/// The kernel is not of that kind or is damaged, or the pieces do not fit the memory.
pub fn plan(kind: GuestKind, request: &Request<'_>) -> Result<LoadPlan, PlanError> {
    match kind {
        GuestKind::Linux => crate::linux::plan(request).map_err(PlanError::Linux),
        GuestKind::Pvh => crate::pvh::plan(request).map_err(PlanError::Pvh),
        GuestKind::Multiboot1 => crate::multiboot1::plan(request).map_err(PlanError::Multiboot1),
    }
}

/// What was being placed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece {
    /// A file.
    Image(ImageId),
    /// The command line, or a module's.
    CommandLine,
    /// What the boot protocol hands over: parameters, module lists, descriptor and page tables.
    BootData,
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(image) => image.fmt(f),
            Self::CommandLine => f.write_str("the command line"),
            Self::BootData => f.write_str("boot data"),
        }
    }
}

/// A piece that cannot be placed. The remedy is more memory for the partition, or a smaller or other image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlacementError {
    /// Nowhere within `bounds` are `len` bytes free.
    NoRoom {
        /// What needed the room.
        piece: Piece,
        /// Bytes needed.
        len: u64,
        /// Lowest address allowed.
        from: u64,
        /// End of the addresses allowed.
        to: u64,
    },
    /// The image insists on an address where the guest has no free RAM, or two of its parts overlap.
    NotFree {
        /// What insists.
        piece: Piece,
        /// Its first byte.
        start: Gpa,
        /// Its bytes.
        len: u64,
    },
    /// A command line holds a NUL, which would cut it short.
    NulInCommandLine,
    /// More than 255 modules.
    TooManyModules,
}

impl fmt::Display for PlacementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoom {
                piece,
                len,
                from,
                to,
            } => {
                write!(
                    f,
                    "no room for {piece}: {len:#x} bytes between {from:#x} and {to:#x}; give the partition more memory"
                )
            }
            Self::NotFree { piece, start, len } => write!(
                f,
                "{piece} must be at {start} and needs {len:#x} bytes there, which are not all free RAM; give the partition more memory, or link the image elsewhere"
            ),
            Self::NulInCommandLine => f.write_str("a command line holds a NUL character"),
            Self::TooManyModules => f.write_str("there are more than 255 modules"),
        }
    }
}

impl core::error::Error for PlacementError {}

/// Where small boot data goes: above what real-mode code and trampolines like to use.
const BOOT_DATA: Range<u64> = 0x1_0000..ABOVE_4G.0;

/// A plan in the making. Whatever passes through it is in free RAM, once.
pub(crate) struct Builder {
    regions: Regions,
    segments: Vec<Segment>,
}

impl Builder {
    pub fn new(request: &Request<'_>) -> Result<Self, PlacementError> {
        let lines = request
            .modules
            .iter()
            .map(|module| module.cmdline)
            .chain([request.cmdline]);
        if lines.into_iter().any(|line| line.contains('\0')) {
            return Err(PlacementError::NulInCommandLine);
        }
        if request.modules.len() > usize::from(u8::MAX) {
            return Err(PlacementError::TooManyModules);
        }
        let segments = bios::areas(request.uart).map(|(gpa, data)| Segment {
            gpa,
            content: Content::Bytes(data),
        });
        Ok(Self {
            regions: Regions::new(request.layout),
            segments: segments.into(),
        })
    }

    /// Takes `len` bytes at `start`, which the image insists on.
    pub fn reserve(&mut self, piece: Piece, start: Gpa, len: u64) -> Result<(), PlacementError> {
        if self.regions.reserve(start, len) {
            Ok(())
        } else {
            Err(PlacementError::NotFree { piece, start, len })
        }
    }

    pub fn try_reserve(&mut self, start: Gpa, len: u64) -> bool {
        self.regions.reserve(start, len)
    }

    pub fn take_lowest(
        &mut self,
        piece: Piece,
        len: u64,
        align: u64,
        bounds: Range<u64>,
    ) -> Result<Gpa, PlacementError> {
        let error = PlacementError::NoRoom {
            piece,
            len,
            from: bounds.start,
            to: bounds.end,
        };
        self.regions
            .take_lowest(len.max(1), align, bounds)
            .ok_or(error)
    }

    pub fn take_highest(
        &mut self,
        piece: Piece,
        len: u64,
        align: u64,
        bounds: Range<u64>,
    ) -> Result<Gpa, PlacementError> {
        let error = PlacementError::NoRoom {
            piece,
            len,
            from: bounds.start,
            to: bounds.end,
        };
        self.regions
            .take_highest(len.max(1), align, bounds)
            .ok_or(error)
    }

    /// Fills a place that was taken before with a piece of a file.
    pub fn image(&mut self, gpa: Gpa, which: ImageId, offset: usize, len: usize) {
        if len > 0 {
            self.segments.push(Segment {
                gpa,
                content: Content::Image { which, offset, len },
            });
        }
    }

    /// Fills a place that was taken before.
    pub fn fill(&mut self, gpa: Gpa, bytes: Vec<u8>) {
        self.segments.push(Segment {
            gpa,
            content: Content::Bytes(bytes),
        });
    }

    /// Places boot data in low memory where there is room, below 4 GiB in any case.
    pub fn boot_data(&mut self, bytes: Vec<u8>, align: u64) -> Result<Gpa, PlacementError> {
        let gpa = self.take_lowest(Piece::BootData, bytes.len() as u64, align, BOOT_DATA)?;
        self.fill(gpa, bytes);
        Ok(gpa)
    }

    pub fn command_line(&mut self, text: &str) -> Result<Gpa, PlacementError> {
        let bytes = bytes::with_nul(text);
        let gpa = self.take_lowest(Piece::CommandLine, bytes.len() as u64, 1, BOOT_DATA)?;
        self.fill(gpa, bytes);
        Ok(gpa)
    }

    pub fn gdt(&mut self, long: bool) -> Result<Gpa, PlacementError> {
        self.boot_data(gdt_bytes(long).to_vec(), 8)
    }

    pub fn finish(self, start: StartState) -> LoadPlan {
        LoadPlan {
            segments: self.segments,
            start,
        }
    }
}

/// An address that placement has kept below 4 GiB, as the 32-bit field of a boot protocol.
pub(crate) fn low32(gpa: Gpa) -> u32 {
    debug_assert!(gpa < ABOVE_4G, "{gpa} does not fit 32 bits");
    (gpa.0 & 0xffff_ffff) as u32
}

/// A place for every module below 4 GiB, page-aligned, with its size.
pub(crate) fn place_modules(
    builder: &mut Builder,
    modules: &[Module<'_>],
    mut take: impl FnMut(&mut Builder, Piece, u64) -> Result<Gpa, PlacementError>,
) -> Result<Vec<Gpa>, PlacementError> {
    let place = |(index, module): (usize, &Module<'_>)| {
        let image = ImageId::module(index).ok_or(PlacementError::TooManyModules)?;
        let gpa = take(builder, Piece::Image(image), module.size as u64)?;
        builder.image(gpa, image, 0, module.size);
        Ok(gpa)
    };
    modules.iter().enumerate().map(place).collect()
}

#[cfg(test)]
pub(crate) mod testing {
    //! What every plan must hold, checked the slow way.
    use super::*;

    /// Panics if a segment leaves the backed memory or its file, or two overlap.
    pub fn assert_sound(plan: &LoadPlan, request: &Request<'_>) {
        let mut spans: Vec<(u64, u64)> = Vec::new();
        for segment in &plan.segments {
            let len = segment.content.len() as u64;
            assert!(
                request.layout.contains(segment.gpa, len),
                "{segment:?} is outside memory"
            );
            if let Content::Image { which, offset, len } = segment.content {
                let size = match usize::from(which.0).checked_sub(1) {
                    None => request.kernel.len(),
                    Some(index) => request.modules[index].size,
                };
                assert!(
                    offset.checked_add(len).is_some_and(|end| end <= size),
                    "{segment:?} is outside its file"
                );
            }
            spans.push((segment.gpa.0, segment.gpa.0 + len));
        }
        spans.sort_unstable();
        for pair in spans.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "segments overlap: {pair:x?}");
        }
    }

    /// What guest memory holds at `gpa` after the plan's own bytes are copied.
    pub fn read(plan: &LoadPlan, gpa: u64, len: usize) -> Vec<u8> {
        let find = |segment: &Segment| match &segment.content {
            Content::Bytes(bytes) => {
                let offset = usize::try_from(gpa.checked_sub(segment.gpa.0)?).ok()?;
                crate::bytes::slice(bytes, offset, len).map(<[u8]>::to_vec)
            }
            Content::Image { .. } => None,
        };
        plan.segments.iter().find_map(find).expect("no bytes there")
    }

    pub fn read_u32(plan: &LoadPlan, gpa: u64) -> u32 {
        u32::from_le_bytes(read(plan, gpa, 4).try_into().unwrap())
    }

    pub fn read_u64(plan: &LoadPlan, gpa: u64) -> u64 {
        u64::from_le_bytes(read(plan, gpa, 8).try_into().unwrap())
    }

    pub fn image_at(plan: &LoadPlan, which: ImageId) -> Vec<(Gpa, usize, usize)> {
        let find = |segment: &Segment| match segment.content {
            Content::Image {
                which: image,
                offset,
                len,
            } if image == which => Some((segment.gpa, offset, len)),
            _ => None,
        };
        plan.segments.iter().filter_map(find).collect()
    }
}
