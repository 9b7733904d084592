//! What the loader says by PVH's start information (Xen include/public/arch-x86/hvm/start_info.h): command line and memory map.
//! The loader is the hypervisor, which this guest does not suspect of lying about what it gave.

use isthmus_abi::{Gpa, Gva};

use super::memory;

const MAGIC: u64 = 0x336e_c578;
/// Entries of the memory map that are looked at.
const MAX_ENTRIES: u64 = 32;

/// A span of guest-physical memory that is something.
#[derive(Clone, Copy)]
pub struct Span {
    /// First byte.
    pub start: Gpa,
    /// First byte after it.
    pub end: Gpa,
    /// Whether it is RAM.
    pub ram: bool,
}

/// The start information.
#[derive(Clone, Copy)]
pub struct StartInfo {
    at: Gpa,
}

unsafe extern "C" {
    static IMAGE_END: u8;
}

/// The first guest-physical address after this program.
pub fn image_end() -> Gpa {
    let end = &raw const IMAGE_END;
    Gpa(end as u64 & 0x7fff_ffff)
}

impl StartInfo {
    /// The one at `at`, below 4 GiB; `None` if nothing is there.
    pub fn new(at: Gpa) -> Option<Self> {
        let info = Self { at };
        (info.field(0, 4) == MAGIC).then_some(info)
    }

    /// A field, by the identity map.
    fn field(&self, offset: u64, bytes: u64) -> u64 {
        memory::read(Gva(self.at.0 + offset), bytes)
    }

    fn command_line(&self) -> Gpa {
        Gpa(self.field(24, 8))
    }

    fn map(&self) -> Gpa {
        Gpa(self.field(40, 8))
    }

    /// Whether the command line has `word`.
    pub fn has_word(&self, word: &str) -> bool {
        let at = self.command_line();
        if at.0 == 0 {
            return false;
        }
        let byte = |offset: usize| memory::read(Gva(at.0 + offset as u64), 1) as u8;
        let length = (0..4096).find(|offset| byte(*offset) == 0).unwrap_or(4096);
        let is_edge = |offset: usize| offset >= length || byte(offset) == b' ';
        (0..length).any(|start| {
            (start == 0 || is_edge(start - 1))
                && word.bytes().enumerate().all(|(offset, wanted)| {
                    start + offset < length && byte(start + offset) == wanted
                })
                && is_edge(start + word.len())
        })
    }

    /// The memory map.
    pub fn spans(&self) -> impl Iterator<Item = Span> {
        let info = *self;
        let count = if self.field(4, 4) == 0 {
            0
        } else {
            self.field(48, 4).min(MAX_ENTRIES)
        };
        (0..count).map(move |index| {
            let at = info.map().0 + 24 * index;
            let start = memory::read(Gva(at), 8);
            let size = memory::read(Gva(at + 8), 8);
            let kind = memory::read(Gva(at + 16), 4);
            Span {
                start: Gpa(start),
                end: Gpa(start.wrapping_add(size)),
                ram: kind == 1,
            }
        })
    }

    /// Whether something is at an address, by the memory map; the first MiB always is.
    pub fn is_something(&self, at: Gpa) -> bool {
        at.0 < 0x10_0000 || self.spans().any(|span| span.start <= at && at < span.end)
    }

    /// Whether the loader put something into the page at `page`: this structure, the map, the command line or the list of modules.
    pub fn is_loaders(&self, page: Gpa) -> bool {
        let modules = Gpa(self.field(16, 8));
        [self.at, self.map(), self.command_line(), modules]
            .iter()
            .any(|at| {
                // The map and the line may reach into a second page.
                at.0 != 0 && (at.page() == page || at.page().wrapping_add(4096) == page)
            })
    }
}
