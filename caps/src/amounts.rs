//! What is scarce, amounts of it, and names for who pays.

use core::fmt;

/// What is drawn from an account.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Resource {
    /// Memory, in pages of 4 KiB.
    Pages,
    /// Buffers of a ring's pool.
    Buffers,
    /// Armed timers.
    Timers,
    /// Tasks of a worker.
    Tasks,
    /// Slots of capability tables.
    Slots,
    /// Calls in flight.
    Calls,
    /// Processor time, in microseconds.
    CpuMicros,
}

impl Resource {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Pages,
        Self::Buffers,
        Self::Timers,
        Self::Tasks,
        Self::Slots,
        Self::Calls,
        Self::CpuMicros,
    ];
}

/// An amount of each resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Amounts {
    /// In pages of 4 KiB.
    pub pages: u64,
    /// Ring buffers.
    pub buffers: u64,
    /// Armed timers.
    pub timers: u64,
    /// Tasks.
    pub tasks: u64,
    /// Table slots.
    pub slots: u64,
    /// Calls in flight.
    pub calls: u64,
    /// Processor time, in microseconds.
    pub cpu_micros: u64,
}

impl Amounts {
    /// Nothing.
    pub const NONE: Self = Self::all(0);
    /// No limit that would ever be met.
    pub const UNLIMITED: Self = Self::all(u64::MAX);

    /// The same amount of every resource.
    #[must_use]
    pub const fn all(amount: u64) -> Self {
        Self {
            pages: amount,
            buffers: amount,
            timers: amount,
            tasks: amount,
            slots: amount,
            calls: amount,
            cpu_micros: amount,
        }
    }

    /// The amount of one resource.
    #[must_use]
    pub const fn of(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Pages => self.pages,
            Resource::Buffers => self.buffers,
            Resource::Timers => self.timers,
            Resource::Tasks => self.tasks,
            Resource::Slots => self.slots,
            Resource::Calls => self.calls,
            Resource::CpuMicros => self.cpu_micros,
        }
    }

    /// The amount of one resource, to change.
    pub const fn of_mut(&mut self, resource: Resource) -> &mut u64 {
        match resource {
            Resource::Pages => &mut self.pages,
            Resource::Buffers => &mut self.buffers,
            Resource::Timers => &mut self.timers,
            Resource::Tasks => &mut self.tasks,
            Resource::Slots => &mut self.slots,
            Resource::Calls => &mut self.calls,
            Resource::CpuMicros => &mut self.cpu_micros,
        }
    }
}

/// Longest name that is kept.
pub const MAX_NAME: usize = 23;

/// What an account is called, for people: the first [`MAX_NAME`] bytes of it, cut between characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Name {
    length: u8,
    bytes: [u8; MAX_NAME],
}

impl Name {
    /// `name`, shortened if need be.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut kept = Self::default();
        for character in name.chars() {
            let start = usize::from(kept.length);
            let end = start + character.len_utf8();
            let Some(place) = kept.bytes.get_mut(start..end) else {
                break;
            };
            character.encode_utf8(place);
            // At most MAX_NAME.
            kept.length = end as u8;
        }
        kept
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length));
        // It was made of whole characters.
        core::str::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_between_characters() {
        assert_eq!(Name::new("store").as_str(), "store");
        assert_eq!(Name::new("").as_str(), "");
        let long = "ä".repeat(20);
        assert_eq!(Name::new(&long).as_str(), "ä".repeat(11));
        assert_eq!(Name::new(&"x".repeat(99)).as_str(), "x".repeat(MAX_NAME));
    }

    #[test]
    fn every_resource_has_an_amount_of_its_own() {
        let mut amounts = Amounts::NONE;
        for (number, resource) in (1..).zip(Resource::ALL) {
            *amounts.of_mut(resource) = number;
        }
        let sum: u64 = Resource::ALL
            .iter()
            .map(|resource| amounts.of(*resource))
            .sum();
        assert_eq!(sum, (1..=Resource::ALL.len() as u64).sum());
    }
}
