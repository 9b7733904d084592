//! A table of fixed size whose places are used again: the lowest free one first, each use with a generation of its own,
//! so that a key from before fails. Nothing is allocated after the start.
//!
//! Neighbours: [`super::tables`] says what is kept in it.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

/// How often a place was used. It tells keys apart and changes nothing else: two sides that differ in generations alone
/// do the same from then on. So it is not hashed, and a search of states does not tell them apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Generation(u32);

impl Hash for Generation {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Place<T> {
    generation: Generation,
    value: T,
}

/// The table.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Slab<T> {
    places: Vec<Place<T>>,
    /// A bit for each place, set while it is free.
    free: Vec<u64>,
    used: u32,
}

impl<T: Default> Slab<T> {
    /// A table of `capacity` places.
    pub(super) fn new(capacity: u32) -> Self {
        let places = (0..capacity)
            .map(|_| Place {
                generation: Generation::default(),
                value: T::default(),
            })
            .collect();
        let free = (0..capacity.div_ceil(64))
            .map(|word| match capacity - word * 64 {
                rest @ ..=63 => (1 << rest) - 1,
                _ => u64::MAX,
            })
            .collect();
        Self {
            places,
            free,
            used: 0,
        }
    }

    /// How many places are in use.
    pub(super) const fn used(&self) -> u32 {
        self.used
    }

    /// How many are free.
    pub(super) const fn free(&self) -> u32 {
        (self.places.len() as u32).saturating_sub(self.used)
    }

    /// Puts `value` in the lowest free place.
    pub(super) fn insert(&mut self, value: T) -> Option<u32> {
        let word = self.free.iter().position(|word| *word != 0)?;
        let bits = self.free.get_mut(word)?;
        let bit = bits.trailing_zeros();
        // At most the capacity, which is a u32.
        let index = word as u32 * 64 + bit;
        let place = self.places.get_mut(index as usize)?;
        *bits &= !(1 << bit);
        place.value = value;
        self.used += 1;
        Some(index)
    }

    /// Empties a place in use.
    pub(super) fn remove(&mut self, index: u32) -> Option<T> {
        if !self.is_used(index) {
            return None;
        }
        let place = self.places.get_mut(index as usize)?;
        place.generation.0 = place.generation.0.wrapping_add(1);
        let value = core::mem::take(&mut place.value);
        if let Some(word) = self.free.get_mut(index as usize / 64) {
            *word |= 1 << (index % 64);
        }
        self.used -= 1;
        Some(value)
    }

    fn is_used(&self, index: u32) -> bool {
        let free = self.free.get(index as usize / 64);
        (index as usize) < self.places.len()
            && free.is_some_and(|word| word & 1 << (index % 64) == 0)
    }

    /// What a number from outside names, if it names anything.
    pub(super) fn find(&self, index: u32) -> Option<&T> {
        let place = self.places.get(index as usize)?;
        self.is_used(index).then_some(&place.value)
    }

    /// The generation of a place.
    pub(super) fn generation(&self, index: u32) -> Generation {
        self.places
            .get(index as usize)
            .map_or_else(Generation::default, |place| place.generation)
    }

    /// Whether a place is in use as of `generation`.
    pub(super) fn is_current(&self, index: u32, generation: Generation) -> bool {
        self.is_used(index) && self.generation(index) == generation
    }

    /// The places in use.
    pub(super) fn indices(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.places.len() as u32).filter(|index| self.is_used(*index))
    }
}

/// For numbers that this side made itself: they came from [`Slab::insert`], and a table does not shrink.
impl<T> core::ops::Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, index: u32) -> &T {
        &self.places[index as usize].value
    }
}

impl<T> core::ops::IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, index: u32) -> &mut T {
        &mut self.places[index as usize].value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_used_lowest_first_and_a_key_from_before_fails() {
        let mut slab = Slab::new(66);
        for index in 0..66 {
            assert_eq!(slab.insert(index), Some(index));
        }
        assert_eq!(slab.insert(66), None);
        let before = slab.generation(64);
        assert_eq!(slab.remove(64), Some(64));
        assert_eq!(slab.remove(64), None);
        assert_eq!(slab.find(64), None);
        assert_eq!(slab.insert(7), Some(64));
        assert!(!slab.is_current(64, before));
        assert_eq!((slab.used(), slab.free()), (66, 0));
        assert_eq!((slab.find(66), slab.find(u32::MAX)), (None, None));
    }
}
