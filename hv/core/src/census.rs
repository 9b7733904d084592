//! Proof that a partition's end gives everything back: what is held of each resource before its life and after, by count
//! and by identity. Neighbours: the partition code notes every item, the hypervisor prints the [`Difference`].

use core::fmt;

/// What a partition draws from the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resource {
    /// 4 KiB frames of memory for partitions that are free.
    FreeFrames,
    /// Frames of the hypervisor's own memory in use: EPT tables, VMCS regions, its own page tables.
    OwnFrames,
}

/// All of them, in the order of the report.
pub const RESOURCES: [Resource; 2] = [Resource::FreeFrames, Resource::OwnFrames];

impl Resource {
    const fn name(self) -> &'static str {
        match self {
            Self::FreeFrames => "free frames",
            Self::OwnFrames => "own frames",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Tally {
    count: u64,
    /// Sum of a mix of each item's identity, independent of the order.
    identity: u64,
}

/// What is held at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Census {
    tallies: [Tally; RESOURCES.len()],
}

impl Census {
    /// Nothing counted yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            tallies: [Tally {
                count: 0,
                identity: 0,
            }; RESOURCES.len()],
        }
    }

    /// Counts one item that can be told from others, such as a frame by its number: if another has taken its place
    /// later, the difference shows.
    pub const fn item(&mut self, resource: Resource, identity: u64) {
        self.range(resource, identity, 1);
    }

    /// Counts `count` items with identities from `first` on. Free memory is counted so, whatever pieces it is in.
    pub const fn range(&mut self, resource: Resource, first: u64, count: u64) {
        let tally = &mut self.tallies[resource as usize];
        tally.count = tally.count.wrapping_add(count);
        // The mix of a range must not depend on how it is cut: a difference of one function at its two ends.
        tally.identity = tally
            .identity
            .wrapping_add(mix(first.wrapping_add(count)).wrapping_sub(mix(first)));
    }

    /// Counts items that are all alike.
    pub const fn amount(&mut self, resource: Resource, count: u64) {
        let tally = &mut self.tallies[resource as usize];
        tally.count = tally.count.wrapping_add(count);
    }

    /// How much is counted.
    #[must_use]
    pub const fn count(&self, resource: Resource) -> u64 {
        self.tallies[resource as usize].count
    }

    /// What has changed from this census to a later one.
    #[must_use]
    pub const fn until(&self, after: &Self) -> Difference {
        Difference {
            before: *self,
            after: *after,
        }
    }
}

/// A bijection that spreads its input (the finaliser of MurmurHash3).
const fn mix(value: u64) -> u64 {
    let value = (value ^ value >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let value = (value ^ value >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    value ^ value >> 33
}

/// Two censuses compared; prints a line for each resource that does not match, or one that says all do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Difference {
    before: Census,
    after: Census,
}

impl Difference {
    /// Everything is back.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.before == self.after
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            let frames = self.after.count(Resource::FreeFrames);
            return write!(f, "census: all is back, {frames} frames free");
        }
        f.write_str("census:")?;
        for resource in RESOURCES {
            let (before, after) = (
                self.before.tallies[resource as usize],
                self.after.tallies[resource as usize],
            );
            if before.count != after.count {
                write!(
                    f,
                    " {} {} before, {} after;",
                    resource.name(),
                    before.count,
                    after.count
                )?;
            } else if before != after {
                write!(
                    f,
                    " {} {}, but not the same ones;",
                    resource.name(),
                    after.count
                )?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn the_same_items_in_another_order_are_equal() {
        let (mut before, mut after) = (Census::new(), Census::new());
        for frame in 0..100 {
            before.item(Resource::FreeFrames, frame);
            after.item(Resource::FreeFrames, 99 - frame);
        }
        assert!(before.until(&after).is_none());
        assert_eq!(
            before.until(&after).to_string(),
            "census: all is back, 100 frames free"
        );
    }

    #[test]
    fn how_a_range_is_cut_does_not_matter() {
        let (mut whole, mut cut) = (Census::new(), Census::new());
        whole.range(Resource::FreeFrames, 1_000, 50);
        cut.range(Resource::FreeFrames, 1_020, 30);
        cut.range(Resource::FreeFrames, 1_000, 20);
        assert!(whole.until(&cut).is_none());
    }

    #[test]
    fn a_missing_and_a_swapped_item_are_named() {
        let (mut before, mut after) = (Census::new(), Census::new());
        before.item(Resource::FreeFrames, 7);
        after.item(Resource::FreeFrames, 8);
        after.amount(Resource::OwnFrames, 1);
        let difference = before.until(&after);
        assert!(!difference.is_none());
        assert_eq!(
            difference.to_string(),
            "census: free frames 1, but not the same ones; own frames 0 before, 1 after;"
        );
    }
}
