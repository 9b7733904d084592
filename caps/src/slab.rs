//! Values in numbered places that are used again, each use told from the others by a generation. Everything that names
//! something from outside (handles, tables, accounts) and everything that refers to something inside goes through it, so
//! there is one place where a stale name fails.
//!
//! Places are kept in chunks, small ones first: growing never moves what is there, so its cost is bounded. Freeing allocates nothing.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// Places in the first chunk and in the second; each one after them has twice as many, up to [`LARGEST`].
const SMALLEST: u32 = 4;

/// Most places in a chunk.
const LARGEST: u32 = 256;

/// Chunks of fewer places than [`LARGEST`]: together they have just so many.
const SMALL_CHUNKS: u32 = LARGEST.ilog2() - SMALLEST.ilog2() + 1;

/// No place: the end of the list of free ones, or the end of any list of places.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// A place, and which use of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Key {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

#[derive(Debug)]
enum State<T> {
    /// Free, and the next free place.
    Free(u32),
    Full(T),
    /// Its generations are used up: it is never filled again.
    Retired,
}

#[derive(Debug)]
struct Place<T> {
    generation: u32,
    state: State<T>,
}

#[derive(Debug)]
pub(crate) struct Slab<T> {
    chunks: Vec<Box<[Place<T>]>>,
    first_free: u32,
    places: u32,
    full: u32,
    retired: u32,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            first_free: NOWHERE,
            places: 0,
            full: 0,
            retired: 0,
        }
    }

    /// How many values there are.
    pub(crate) const fn len(&self) -> u32 {
        self.full
    }

    /// Whether a value could be added if there may be at most `capacity` places in use, retired ones included.
    pub(crate) const fn has_room(&self, capacity: u32) -> bool {
        self.full + self.retired < capacity
    }

    /// Puts a value in a place. Gives it back if all places there can be are taken.
    pub(crate) fn insert(&mut self, value: T) -> Result<Key, T> {
        if self.first_free == NOWHERE {
            if self.places == NOWHERE {
                return Err(value);
            }
            self.grow();
        }
        let index = self.first_free;
        let Some(place) = self.place_mut(index) else {
            return Err(value);
        };
        let State::Free(next) = place.state else {
            return Err(value);
        };
        place.state = State::Full(value);
        let generation = place.generation;
        self.first_free = next;
        self.full += 1;
        Ok(Key { index, generation })
    }

    /// Takes the value out. The key is stale from now on, and stays so.
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let first_free = self.first_free;
        let place = self
            .place_mut(key.index)
            .filter(|place| place.generation == key.generation)?;
        if !matches!(place.state, State::Full(_)) {
            return None;
        }
        let next = place.generation.checked_add(1);
        let state = match next {
            Some(next) => {
                place.generation = next;
                State::Free(first_free)
            }
            None => State::Retired,
        };
        let State::Full(value) = core::mem::replace(&mut place.state, state) else {
            return None;
        };
        match next {
            Some(_) => self.first_free = key.index,
            None => self.retired += 1,
        }
        self.full -= 1;
        Some(value)
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        self.place(key.index)
            .filter(|place| place.generation == key.generation)
            .and_then(Place::value)
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        match self.place_mut(key.index)? {
            Place {
                generation,
                state: State::Full(value),
            } if *generation == key.generation => Some(value),
            _ => None,
        }
    }

    /// The value in a place, whichever use of it this is.
    pub(crate) fn at(&self, index: u32) -> Option<&T> {
        self.place(index).and_then(Place::value)
    }

    /// The value in a place, whichever use of it this is.
    pub(crate) fn at_mut(&mut self, index: u32) -> Option<&mut T> {
        match &mut self.place_mut(index)?.state {
            State::Full(value) => Some(value),
            _ => None,
        }
    }

    /// The name of what is in a place.
    pub(crate) fn key(&self, index: u32) -> Option<Key> {
        let place = self.place(index)?;
        place.value().map(|_| Key {
            index,
            generation: place.generation,
        })
    }

    /// All values, by place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        (0..self.places).filter_map(|index| Some((self.key(index)?, self.at(index)?)))
    }

    /// Removes and returns some value, from `from` on; and where to go on.
    pub(crate) fn pop_from(&mut self, mut from: u32) -> Option<(u32, T)> {
        while from < self.places {
            if let Some(key) = self.key(from) {
                return self.remove(key).map(|value| (from + 1, value));
            }
            from += 1;
        }
        None
    }

    fn place(&self, index: u32) -> Option<&Place<T>> {
        let (chunk, offset) = locate(index);
        self.chunks.get(chunk)?.get(offset)
    }

    fn place_mut(&mut self, index: u32) -> Option<&mut Place<T>> {
        let (chunk, offset) = locate(index);
        self.chunks.get_mut(chunk)?.get_mut(offset)
    }

    /// Adds a chunk's worth of free places, the lowest first in the list.
    fn grow(&mut self) {
        let base = self.places;
        let size = base.clamp(SMALLEST, LARGEST).min(NOWHERE - base);
        let end = base + size;
        let links = (base + 1..end).chain([NOWHERE]);
        let places = links.map(|next| Place {
            generation: 0,
            state: State::Free(next),
        });
        self.chunks.push(places.collect());
        self.first_free = base;
        self.places = end;
    }

    /// What a value costs, in bytes.
    #[cfg(test)]
    pub(crate) const fn cost() -> usize {
        size_of::<Place<T>>()
    }

    #[cfg(test)]
    pub(crate) fn set_generation(&mut self, index: u32, generation: u32) {
        self.place_mut(index).unwrap().generation = generation;
    }
}

/// The chunk that a place is in, and where in it.
const fn locate(index: u32) -> (usize, usize) {
    if index >= LARGEST {
        let chunk = SMALL_CHUNKS - 1 + index / LARGEST;
        return (chunk as usize, (index % LARGEST) as usize);
    }
    if index < SMALLEST {
        return (0, index as usize);
    }
    let power = index.ilog2();
    let chunk = power + 1 - SMALLEST.ilog2();
    (chunk as usize, (index - (1 << power)) as usize)
}

impl<T> Place<T> {
    fn value(&self) -> Option<&T> {
        match &self.state {
            State::Full(value) => Some(value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_place_whose_generations_are_used_up_is_never_filled_again() {
        let mut slab = Slab::new();
        let first = slab.insert('a').unwrap();
        slab.remove(first).unwrap();
        slab.set_generation(first.index, u32::MAX);
        let last = slab.insert('b').unwrap();
        assert_eq!(
            last,
            Key {
                index: first.index,
                generation: u32::MAX
            }
        );
        assert_eq!(slab.get(first), None);
        assert_eq!(slab.remove(last), Some('b'));
        for _ in 0..2 * LARGEST {
            assert_ne!(slab.insert('c').unwrap().index, first.index);
        }
        assert_eq!((slab.get(first), slab.get(last)), (None, None));
        assert_eq!(slab.remove(last), None);
    }

    #[test]
    fn places_follow_each_other_through_all_sizes_of_chunks() {
        let mut slab = Slab::new();
        for number in 0..5 * LARGEST {
            let key = slab.insert(number).unwrap();
            assert_eq!(key.index, number);
        }
        for number in 0..5 * LARGEST {
            assert_eq!(slab.at(number), Some(&number));
        }
        assert_eq!(slab.iter().count(), 5 * LARGEST as usize);
        let sizes: Vec<usize> = slab.chunks.iter().map(|chunk| chunk.len()).collect();
        assert_eq!(sizes, [4, 4, 8, 16, 32, 64, 128, 256, 256, 256, 256]);
    }

    proptest! {
        #[test]
        fn agrees_with_a_map(ops in proptest::collection::vec((any::<bool>(), any::<usize>()), 0..700)) {
            let mut slab = Slab::new();
            let mut map = BTreeMap::new();
            let mut stale = Vec::new();
            for (number, (add, which)) in ops.into_iter().enumerate() {
                if add || map.is_empty() {
                    let key = slab.insert(number).unwrap();
                    prop_assert!(!stale.contains(&key));
                    prop_assert_eq!(map.insert(key, number), None);
                } else {
                    let key = *map.keys().nth(which % map.len()).unwrap();
                    prop_assert_eq!(slab.remove(key), map.remove(&key));
                    stale.push(key);
                }
                prop_assert_eq!(slab.len() as usize, map.len());
            }
            for (key, value) in &map {
                prop_assert_eq!(slab.get(*key), Some(value));
                prop_assert_eq!(slab.at(key.index), Some(value));
            }
            for key in stale {
                prop_assert_eq!(slab.get(key), None);
            }
        }
    }
}
