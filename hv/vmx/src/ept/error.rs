//! Why a change of an address space is refused. Neighbour: [`super::AddressSpace`], whose every refusal leaves the
//! tables as they were.

use core::fmt;
use isthmus_abi::Gpa;

/// Why [`super::AddressSpace::map`] refused; nothing was changed. All but the last are the caller's mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapError {
    /// An address or the length is no multiple of 4 KiB.
    Misaligned,
    /// The range passes the end of the 48-bit guest-physical space.
    BeyondGuestPhysical,
    /// The range passes the end of the 52-bit host-physical space.
    BeyondHostPhysical,
    /// Pages must at least be readable: write-only is a misconfiguration (SDM Vol. 3C §29.3.3.1).
    Unreadable,
    /// A page within the 4 KiB or large page at this address is mapped already.
    Overlap(Gpa),
    /// Memory for tables is used up: free some and try again.
    OutOfTables,
}

/// Why [`super::AddressSpace::unmap`] refused; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnmapError {
    /// The caller's mistake: the address or the length is no multiple of 4 KiB.
    Misaligned,
    /// The caller's mistake: the range passes the end of the 48-bit guest-physical space.
    BeyondGuestPhysical,
    /// A large page has to be split and memory for tables is used up: free some and try again.
    OutOfTables,
}

/// Memory for tables is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfTables;

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misaligned => f.write_str("range to map is not 4 KiB aligned"),
            Self::BeyondGuestPhysical => {
                f.write_str("range to map ends beyond the 48-bit guest-physical space")
            }
            Self::BeyondHostPhysical => {
                f.write_str("range to map ends beyond the 52-bit host-physical space")
            }
            Self::Unreadable => f.write_str("pages to map are not readable"),
            Self::Overlap(gpa) => write!(f, "a page at guest-physical {gpa} is mapped already"),
            Self::OutOfTables => f.write_str("no memory for page tables"),
        }
    }
}

impl fmt::Display for UnmapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Misaligned => "range to unmap is not 4 KiB aligned",
            Self::BeyondGuestPhysical => {
                "range to unmap ends beyond the 48-bit guest-physical space"
            }
            Self::OutOfTables => "no memory for page tables to split a large page",
        })
    }
}

impl fmt::Display for OutOfTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no memory for page tables")
    }
}

impl core::error::Error for MapError {}
impl core::error::Error for UnmapError {}
impl core::error::Error for OutOfTables {}

impl From<OutOfTables> for MapError {
    fn from(_: OutOfTables) -> Self {
        Self::OutOfTables
    }
}

impl From<OutOfTables> for UnmapError {
    fn from(_: OutOfTables) -> Self {
        Self::OutOfTables
    }
}
