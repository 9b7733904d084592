//! Which core this is, and the stacks that all cores have. GS holds the address of a core's own block.

use alloc::boxed::Box;
use alloc::vec::Vec;

use isthmus_abi::{CoreId, Gva, PAGE_SIZE};
use spin::Once;
use x86_64::VirtAddr;
use x86_64::registers::model_specific::GsBase;

use crate::paging::{MapError, PageTables};

/// Pages of a core's main stack.
const MAIN_PAGES: u64 = 32;
/// Pages of each stack for exceptions that must not trust the main one.
const FAULT_PAGES: u64 = 4;
/// Exceptions with a stack of their own: #DF, NMI, #MC.
pub(crate) const FAULT_STACKS: usize = 3;

/// The tops of a core's stacks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stacks {
    pub main: Gva,
    pub fault: [Gva; FAULT_STACKS],
}

impl Stacks {
    /// Maps a core's stacks.
    pub(crate) fn map(tables: &mut PageTables<'_>) -> Result<Self, MapError> {
        let main = tables.map_stack(MAIN_PAGES)?;
        let mut fault = [main; FAULT_STACKS];
        for top in &mut fault {
            *top = tables.map_stack(FAULT_PAGES)?;
        }
        Ok(Self { main, fault })
    }

    fn contain(&self, at: Gva) -> bool {
        let within = |top: Gva, pages: u64| top.0 - pages * PAGE_SIZE <= at.0 && at < top;
        within(self.main, MAIN_PAGES) || self.fault.iter().any(|top| within(*top, FAULT_PAGES))
    }
}

static STACKS: Once<Vec<Stacks>> = Once::new();

/// Keeps where the stacks are, for backtraces.
pub(crate) fn keep(stacks: Vec<Stacks>) {
    STACKS.call_once(|| stacks);
}

/// Whether `at` is in a mapped page of some core's stack.
pub(crate) fn on_a_stack(at: Gva) -> bool {
    STACKS
        .get()
        .is_some_and(|all| all.iter().any(|stacks| stacks.contain(at)))
}

/// A core's own block; GS points to it, the number first.
#[repr(C)]
struct Block {
    core: u32,
}

/// The boot core's block, before there is a heap.
static BOOT_BLOCK: Block = Block { core: 0 };

/// Says which core this is. Until then [`current_core`] must not be called on it.
pub(crate) fn set_current(core: CoreId) {
    let block = match core {
        CoreId(0) => &BOOT_BLOCK,
        CoreId(number) => Box::leak(Box::new(Block {
            core: u32::from(number),
        })),
    };
    GsBase::write(VirtAddr::from_ptr(block));
}

/// The core that runs this.
#[must_use]
pub fn current_core() -> CoreId {
    let core: u32;
    // SAFETY: GS points to a `Block` that lives for ever, set before any Rust code on this core asks.
    unsafe {
        core::arch::asm!("mov {:e}, gs:[0]", out(reg) core, options(nostack, preserves_flags, readonly));
    }
    CoreId(u16::try_from(core).unwrap_or(u16::MAX))
}
