//! What a capability lets its holder do, and how its object tells holders apart.

use core::fmt;
use core::ops::BitOr;

/// A set of rights. The low 24 bits mean what the object says they mean; the upper ones are about the capability
/// itself. Deriving never adds one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rights(u32);

impl Rights {
    /// None.
    pub const NONE: Self = Self(0);
    /// All.
    pub const ALL: Self = Self(u32::MAX);
    /// May be copied, minted from, and moved to another table.
    pub const GRANT: Self = Self(1 << 31);

    /// The right that the object numbers `bit`.
    ///
    /// # Panics
    /// At compile time, if `bit` is above 23, when used in a constant as it is meant to be.
    #[must_use]
    pub const fn object(bit: u32) -> Self {
        assert!(bit < 24);
        Self(1 << bit)
    }

    /// Whether all of `other` is in it.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in it and not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The set with these bits; every bit pattern is a set.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The set as bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl BitOr for Rights {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rights({:#010x})", self.0)
    }
}

/// A number that the object sees at every call through the capability. Set once, when it is minted, and kept by
/// all that is derived from it: a holder cannot pass for another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Badge(pub u64);

impl Badge {
    /// Not set yet.
    pub const NONE: Self = Self(0);
}
