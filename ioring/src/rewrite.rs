//! Capabilities in messages, rewritten for the receiver's table: all of a list, or none of it. Who stands between the two
//! tables implements [`Translate`]; it sees the list and not the data.

use arrayvec::ArrayVec;

use crate::entry::{CapRef, Completion, Spilled, Status};
use crate::lane::{Incoming, Taken};

/// Why a list was not rewritten: what the call ends with. Whose fault it is, the status says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused {
    /// [`Status::NO_CAPABILITY`], [`Status::REVOKED`], [`Status::OVERLOADED`] or [`Status::BROKEN_PROMISE`], mostly.
    pub status: Status,
    /// What the status says it is.
    pub detail: u64,
}

impl From<Refused> for Completion {
    fn from(refused: Refused) -> Self {
        Self::new(refused.status).with_detail(refused.detail)
    }
}

/// Two tables, the sender's and the receiver's, and a transfer between them that is being prepared.
pub trait Translate {
    /// What `cap` of the sender becomes for the receiver. Whatever that takes (a slot, a charge, the sender's own
    /// reference) is only set aside; it must be possible to give all of it back.
    ///
    /// # Errors
    /// [`Refused`]; then nothing was set aside for this one.
    fn prepare(&mut self, cap: CapRef) -> Result<CapRef, Refused>;

    /// All were prepared: what was set aside changes hands. This cannot fail.
    fn commit(&mut self);

    /// One was refused: what was set aside goes back to where it was.
    fn roll_back(&mut self);
}

/// A list that can be read and written in place.
trait List {
    fn get(&self, index: u8) -> Option<CapRef>;
    fn set(&mut self, index: u8, cap: CapRef);
}

/// A list at the beginning of a buffer, which is private memory by now.
struct InBuffer<'b>(Spilled, &'b mut [u8]);

impl List for InBuffer<'_> {
    fn get(&self, index: u8) -> Option<CapRef> {
        self.0.cap(self.1, index).ok()
    }

    fn set(&mut self, index: u8, cap: CapRef) {
        let written = self.0.set_cap(self.1, index, cap);
        debug_assert_eq!(written, Ok(()));
    }
}

impl List for [CapRef] {
    fn get(&self, index: u8) -> Option<CapRef> {
        <[CapRef]>::get(self, usize::from(index)).copied()
    }

    fn set(&mut self, index: u8, cap: CapRef) {
        if let Some(place) = self.get_mut(usize::from(index)) {
            *place = cap;
        }
    }
}

/// Rewrites `count` capabilities of `list`, or changes nothing.
fn all_or_nothing<L: List + ?Sized>(
    list: &mut L,
    count: u8,
    tables: &mut impl Translate,
) -> Result<(), Refused> {
    let mut prepared = ArrayVec::<CapRef, { Spilled::MAX_CAPS as usize }>::new();
    for index in 0..count {
        // A reference that does not decode: the sender's fault, and no more than that, since the lists in buffers are
        // looked at by nobody before.
        let malformed = Refused {
            status: Status::BAD_ARGUMENT,
            detail: index.into(),
        };
        let cap = list.get(index).ok_or(malformed);
        let done = cap
            .and_then(|cap| tables.prepare(cap))
            .and_then(|cap| prepared.try_push(cap).map_err(|_| malformed));
        if let Err(refused) = done {
            tables.roll_back();
            return Err(refused);
        }
    }
    for (index, cap) in (0..count).zip(&prepared) {
        list.set(index, *cap);
    }
    tables.commit();
    Ok(())
}

/// Rewrites a list in the slice, all of it or nothing.
///
/// # Errors
/// [`Refused`]: the list and the tables are as before.
pub fn rewrite(list: &mut [CapRef], tables: &mut impl Translate) -> Result<(), Refused> {
    let count = u8::try_from(list.len()).unwrap_or(u8::MAX);
    all_or_nothing(list, count, tables)
}

impl Incoming {
    /// Rewrites the capability list of the call for the receiver's table, wherever it lies.
    ///
    /// # Errors
    /// [`Refused`], what the call is to be completed with; nothing has changed hands.
    pub fn rewrite_caps(&mut self, tables: &mut impl Translate) -> Result<(), Refused> {
        let spilled = self.call.spilled();
        if let Some(buffer) = self.buffer.as_mut().filter(|_| spilled.caps > 0) {
            return all_or_nothing(&mut InBuffer(spilled, buffer), spilled.caps, tables);
        }
        let mut caps = self.call.caps();
        if caps.is_empty() {
            return Ok(());
        }
        rewrite(caps.as_mut_slice(), tables)?;
        // As many as before: they fit.
        self.call = self.call.with_caps(caps.as_slice()).unwrap_or(self.call);
        Ok(())
    }
}

impl Taken {
    /// Rewrites the capability list of the results for the caller's table, wherever it lies.
    ///
    /// # Errors
    /// [`Refused`]; nothing has changed hands.
    pub fn rewrite_caps(&mut self, tables: &mut impl Translate) -> Result<(), Refused> {
        let spilled = self.completion.spilled();
        if let Some(buffer) = self.buffer.as_mut().filter(|_| spilled.caps > 0) {
            return all_or_nothing(&mut InBuffer(spilled, buffer), spilled.caps, tables);
        }
        let mut caps = self.completion.caps();
        if caps.is_empty() {
            return Ok(());
        }
        rewrite(caps.as_mut_slice(), tables)?;
        let rewritten = self.completion.with_caps(caps.as_slice());
        self.completion = rewritten.unwrap_or(self.completion);
        Ok(())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::buffer::buffers;
    use crate::entry::{Call, Transfer};
    use crate::lane::lane;
    use crate::layout::Geometry;
    use crate::pool::Stash;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    /// Two tables of slots that are full or not.
    #[derive(Clone, PartialEq, Eq, Debug)]
    struct Tables {
        sender: BTreeSet<u32>,
        receiver: BTreeSet<u32>,
        room: usize,
        /// Taken from the sender, and put at the receiver, but not for good.
        moved: Vec<u32>,
        made: Vec<u32>,
    }

    impl Translate for Tables {
        fn prepare(&mut self, cap: CapRef) -> Result<CapRef, Refused> {
            let CapRef::Slot { slot, transfer } = cap else {
                return Ok(cap);
            };
            let refused = |status| Refused {
                status,
                detail: slot.into(),
            };
            if !self.sender.contains(&slot) {
                return Err(refused(Status::NO_CAPABILITY));
            }
            let free = (0..)
                .find(|slot| !self.receiver.contains(slot))
                .unwrap_or(u32::MAX);
            if self.receiver.len() >= self.room {
                return Err(refused(Status::OVERLOADED));
            }
            if transfer == Transfer::Move {
                self.sender.remove(&slot);
                self.moved.push(slot);
            }
            self.receiver.insert(free);
            self.made.push(free);
            Ok(CapRef::Slot {
                slot: free,
                transfer: Transfer::Copy,
            })
        }

        fn commit(&mut self) {
            self.moved.clear();
            self.made.clear();
        }

        fn roll_back(&mut self) {
            self.sender.extend(self.moved.drain(..));
            for slot in self.made.drain(..) {
                self.receiver.remove(&slot);
            }
        }
    }

    fn tables(room: usize) -> Tables {
        Tables {
            sender: (0..8).collect(),
            receiver: BTreeSet::new(),
            room,
            moved: Vec::new(),
            made: Vec::new(),
        }
    }

    fn slot() -> impl Strategy<Value = CapRef> {
        let transfer = prop_oneof![Just(Transfer::Copy), Just(Transfer::Move)];
        prop_oneof![
            Just(CapRef::Null),
            (0_u32..9, transfer).prop_map(|(slot, transfer)| CapRef::Slot { slot, transfer }),
        ]
    }

    proptest! {
        #[test]
        fn all_is_rewritten_or_nothing(list in proptest::collection::vec(slot(), 0..64), room in 0_usize..20) {
            let mut tables = tables(room);
            let (before, mut new) = (tables.clone(), list.clone());
            match rewrite(&mut new, &mut tables) {
                Ok(()) => {
                    let given = list.iter().filter(|cap| matches!(cap, CapRef::Slot { .. })).count();
                    let slots: BTreeSet<_> = new.iter().filter(|cap| matches!(cap, CapRef::Slot { .. })).map(|cap| cap.encode()).collect();
                    prop_assert_eq!((tables.receiver.len(), slots.len()), (given, given));
                    let moved = |slot: u32| list.contains(&CapRef::Slot { slot, transfer: Transfer::Move });
                    prop_assert!((0..8).all(|slot| tables.sender.contains(&slot) != moved(slot)));
                }
                Err(_) => prop_assert_eq!((tables, new), (before, list)),
            }
        }

        /// In the entry and at the beginning of a buffer alike.
        #[test]
        fn a_call_arrives_with_the_receivers_slots(list in proptest::collection::vec(slot(), 1..20)) {
            let pool = buffers(8, 4096);
            let mut stash = Stash::of(&pool);
            let (mut client, mut server) = lane(Geometry::new(4, 1).unwrap());
            let mut expected = list.clone();
            let wanted = rewrite(&mut expected, &mut tables(64));
            if list.len() <= 4 {
                client.submit(&Call::default().with_caps(&list).unwrap()).unwrap();
            } else {
                let mut buffer = stash.claim().unwrap();
                buffer.set_len(4096);
                let spilled = Spilled::write(&mut buffer, &list, &[]).unwrap();
                client.submit_with(&Call::default().with_spilled(spilled).unwrap(), buffer).unwrap();
            }
            let mut incoming = server.take().unwrap().unwrap();
            prop_assert_eq!(incoming.rewrite_caps(&mut tables(64)), wanted);
            let spilled = incoming.call.spilled();
            let arrived: Vec<_> = match &incoming.buffer {
                Some(buffer) => (0..spilled.caps).map(|index| spilled.cap(buffer, index).unwrap()).collect(),
                None => incoming.call.caps().as_slice().to_vec(),
            };
            prop_assert_eq!(arrived, expected);
        }
    }

    #[test]
    fn a_reference_that_does_not_decode_refuses_the_list() {
        let mut bytes = [0; 16];
        let first = CapRef::Slot {
            slot: 1,
            transfer: Transfer::Move,
        };
        let spilled = Spilled::write(&mut bytes, &[first, CapRef::Null], &[]).unwrap();
        bytes[8] = 0x77;
        let (mut tables, before) = (tables(8), bytes);
        let untouched = tables.clone();
        let refused = all_or_nothing(
            &mut InBuffer(spilled, &mut bytes),
            spilled.caps,
            &mut tables,
        );
        assert_eq!(
            refused,
            Err(Refused {
                status: Status::BAD_ARGUMENT,
                detail: 1
            })
        );
        assert_eq!((tables, bytes), (untouched, before));
    }
}
