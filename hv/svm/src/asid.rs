//! Address-space identifiers and the flushing of what processors remember of a guest (APM Vol. 2 §15.16). A TLB
//! entry bears the ASID it was made under, and with nested paging holds the combined translation; so an ASID belongs
//! to one vCPU on one core at a time, and a fresh one is as good as a flush. Pure: the caller puts the result into
//! the VMCB. Neighbour: [`isthmus_vmx::invalidate::Shootdown`], whose `flush` is [`Epoch::advance`] of the
//! partition's epoch on that core.
//!
//! Why it holds:
//! 1. A core hands out each of its ASIDs once in a generation, and a generation begins with the flush of all of
//!    them (TLB_CONTROL 1, in the very VMRUN that uses its first ASID). So an ASID that was just handed out
//!    translates nothing.
//! 2. A vCPU keeps its ASID while it stays on the core, the generation lasts and the epoch of its partition there
//!    does; nobody else has it. What it finds under it, it made itself, there and in this epoch.
//! 3. In a new epoch it flushes the ASID or leaves it for a fresh one. Each of a partition's vCPUs does so at its own
//!    next entry; until then what it left behind bears an ASID that no VMRUN uses.

use crate::control::TlbControl;
use crate::field::{Field, Vmcb};
use core::num::NonZeroU32;
use isthmus_abi::CoreId;

/// Whether a change of a VMCB field by the hypervisor makes the vCPU's translations stale (§15.16, "Software Rule"), so
/// that [`Tag::forget`] must follow: a VMRUN loads these registers without flushing anything.
#[must_use]
pub const fn changes_translations(field: Field, before: u64, after: u64) -> bool {
    let watched = match field {
        // PG, CD, NW, WP.
        Field::CR0 => 1 << 31 | 1 << 30 | 1 << 29 | 1 << 16,
        Field::CR3 | Field::N_CR3 | Field::G_PAT => u64::MAX,
        // PSE, PAE, PGE, and what came later: LA57, PCIDE, SMEP, SMAP, PKE, CET.
        Field::CR4 => 1 << 4 | 1 << 5 | 1 << 7 | 1 << 12 | 1 << 17 | 7 << 20 | 1 << 23,
        // LME, LMA, NXE.
        Field::EFER => 1 << 8 | 1 << 10 | 1 << 11,
        _ => 0,
    };
    (before ^ after) & watched != 0
}

/// The ASID 0 is the host's (§15.16).
const FIRST: u32 = 1;

/// One core's ASIDs. Owned by that core.
#[derive(Debug)]
pub struct Asids {
    core: CoreId,
    /// One more than the highest.
    end: u32,
    next: u32,
    /// 64 bits never wrap.
    generation: u64,
    flush_by_asid: bool,
}

/// What a vCPU remembers of its last ASID; a default one remembers nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    held: Option<Held>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    core: CoreId,
    generation: u64,
    epoch: Epoch,
    asid: NonZeroU32,
}

/// A stretch of time in which nothing was taken away from a partition's address space that one core could remember.
/// There is one for each partition and core, shared by the partition's vCPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epoch(u64);

impl Epoch {
    /// Ends the epoch: each vCPU of the partition begins its next run on the core with nothing remembered. Stands for
    /// the flush of the partition on that core.
    pub const fn advance(&mut self) {
        self.0 = self.0.wrapping_add(1);
    }
}

impl Tag {
    /// Makes the vCPU's next run begin with nothing remembered, wherever it is.
    pub const fn forget(&mut self) {
        self.held = None;
    }
}

/// What the next VMRUN is to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The guest's ASID.
    pub asid: NonZeroU32,
    /// What to flush first.
    pub flush: TlbControl,
}

impl Assignment {
    /// Into the VMCB. A group of fields that did not change keeps its clean bit.
    pub fn write(self, vmcb: &mut impl Vmcb) {
        let asid = u64::from(self.asid.get());
        if vmcb.read(Field::GUEST_ASID) != asid {
            vmcb.write(Field::GUEST_ASID, asid);
        }
        self.flush.write(vmcb);
    }
}

impl Asids {
    /// The ASIDs of `core`, of which there are `count` with the host's 0: CPUID leaf 8000000AH, EBX. `None` if that
    /// leaves none for guests.
    ///
    /// `flush_by_asid` is [`crate::capabilities::Features::FLUSH_BY_ASID`].
    #[must_use]
    pub const fn new(core: CoreId, count: u32, flush_by_asid: bool) -> Option<Self> {
        if count <= FIRST {
            return None;
        }
        Some(Self {
            core,
            end: count,
            // Whatever ran on the core before may have left entries: the first assignment flushes.
            next: count,
            generation: 0,
            flush_by_asid,
        })
    }

    /// The ASID for the next VMRUN of the vCPU whose tag this is, on this core. `epoch` is that of the vCPU's
    /// partition on this core. The VMRUN must come before the next assignment on this core, or a flush that it was
    /// to do is lost.
    #[must_use]
    pub fn assign(&mut self, tag: &mut Tag, epoch: Epoch) -> Assignment {
        if let Some(held) = &mut tag.held
            && held.core == self.core
            && held.generation == self.generation
        {
            let stale = held.epoch != epoch;
            if !stale || self.flush_by_asid {
                held.epoch = epoch;
                return Assignment {
                    asid: held.asid,
                    flush: if stale {
                        TlbControl::Guest
                    } else {
                        TlbControl::Nothing
                    },
                };
            }
        }
        let assignment = self.fresh();
        tag.held = Some(Held {
            core: self.core,
            generation: self.generation,
            epoch,
            asid: assignment.asid,
        });
        assignment
    }

    /// An ASID that translates nothing, after what VMRUN is to flush.
    fn fresh(&mut self) -> Assignment {
        let mut flush = TlbControl::Nothing;
        if self.next >= self.end {
            self.next = FIRST;
            self.generation += 1;
            flush = TlbControl::Everything;
        }
        let asid = NonZeroU32::new(self.next).unwrap_or(NonZeroU32::MIN);
        self.next += 1;
        Assignment { asid, flush }
    }

    /// Makes the next assignment of any vCPU flush everything: for a core that lost track, as after its SVM was turned
    /// off and on.
    pub fn abandon_all(&mut self) {
        self.next = self.end;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Clean;
    use crate::field::WORDS;
    use alloc::collections::BTreeMap;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn asids(count: u32, flush_by_asid: bool) -> Asids {
        Asids::new(CoreId(0), count, flush_by_asid).unwrap()
    }

    #[test]
    fn a_processor_with_the_hosts_asid_alone_has_none_for_guests() {
        assert!(Asids::new(CoreId(0), 0, true).is_none());
        assert!(Asids::new(CoreId(0), 1, true).is_none());
    }

    #[test]
    fn a_change_of_paging_needs_a_flush_and_others_do_not() {
        for (field, bit) in [
            (Field::CR0, 31),
            (Field::CR0, 16),
            (Field::CR3, 12),
            (Field::CR4, 7),
            (Field::CR4, 20),
            (Field::EFER, 11),
            (Field::N_CR3, 12),
        ] {
            assert!(changes_translations(field, 0, 1 << bit), "{field} {bit}");
            assert!(
                !changes_translations(field, 1 << bit, 1 << bit),
                "{field} {bit}"
            );
        }
        for (field, bit) in [
            (Field::CR0, 3),
            (Field::CR4, 9),
            (Field::EFER, 0),
            (Field::RIP, 1),
        ] {
            assert!(!changes_translations(field, 0, 1 << bit), "{field} {bit}");
        }
    }

    const NOW: Epoch = Epoch(0);
    const LATER: Epoch = Epoch(1);

    #[test]
    fn the_first_guest_of_a_core_flushes_everything() {
        let mut tag = Tag::default();
        let first = asids(16, true).assign(&mut tag, NOW);
        assert_eq!((first.asid.get(), first.flush), (1, TlbControl::Everything));
    }

    #[test]
    fn a_vcpu_that_stays_keeps_its_asid_and_flushes_nothing() {
        let (mut core, mut tag) = (asids(16, false), Tag::default());
        let first = core.assign(&mut tag, NOW);
        for _ in 0..3 {
            let again = core.assign(&mut tag, NOW);
            assert_eq!((again.asid, again.flush), (first.asid, TlbControl::Nothing));
        }
    }

    #[test]
    fn a_new_epoch_flushes_the_asid_where_that_can_be_done_and_takes_a_fresh_one_elsewhere() {
        for (flush_by_asid, expected) in [
            (true, (1, TlbControl::Guest)),
            (false, (2, TlbControl::Nothing)),
        ] {
            let (mut core, mut tag) = (asids(16, flush_by_asid), Tag::default());
            let _ = core.assign(&mut tag, NOW);
            let flushed = core.assign(&mut tag, LATER);
            assert_eq!((flushed.asid.get(), flushed.flush), expected);
            let again = core.assign(&mut tag, LATER);
            assert_eq!(
                (again.asid, again.flush),
                (flushed.asid, TlbControl::Nothing)
            );
        }
    }

    #[test]
    fn when_all_are_used_up_everything_is_flushed_and_others_get_new_ones() {
        let mut core = asids(3, true);
        let mut tags = [Tag::default(); 3];
        let given: Vec<_> = tags.iter_mut().map(|tag| core.assign(tag, NOW)).collect();
        assert!(given.iter().map(|one| one.asid.get()).eq([1, 2, 1]));
        assert_eq!(given[2].flush, TlbControl::Everything);
        assert_eq!(core.assign(&mut tags[0], NOW).asid.get(), 2);
    }

    #[test]
    fn after_losing_track_every_vcpu_starts_anew() {
        let (mut core, mut tag) = (asids(16, true), Tag::default());
        let _ = core.assign(&mut tag, NOW);
        core.abandon_all();
        assert_eq!(core.assign(&mut tag, NOW).flush, TlbControl::Everything);
    }

    #[test]
    fn a_vcpu_that_is_to_forget_gets_a_fresh_asid() {
        let (mut core, mut tag) = (asids(16, true), Tag::default());
        let _ = core.assign(&mut tag, NOW);
        tag.forget();
        assert_eq!(core.assign(&mut tag, NOW).asid.get(), 2);
    }

    #[test]
    fn an_asid_that_stays_costs_no_clean_bit() {
        let mut vmcb = [0; WORDS];
        let (mut core, mut tag) = (asids(16, true), Tag::default());
        core.assign(&mut tag, NOW).write(&mut vmcb);
        assert_eq!(
            (vmcb.read(Field::GUEST_ASID), vmcb.read(Field::TLB_CONTROL)),
            (1, 1)
        );
        Clean::mark_all(&mut vmcb);
        core.assign(&mut tag, LATER).write(&mut vmcb);
        assert_eq!(
            (vmcb.read(Field::GUEST_ASID), vmcb.read(Field::TLB_CONTROL)),
            (1, 3)
        );
        assert_eq!(vmcb.read(Field::VMCB_CLEAN) as u32, Clean::all().bits());
    }

    /// What a core's TLB holds: under each ASID, whose entries and from which state of the tables.
    type Tlb = BTreeMap<u32, Vec<(usize, u32)>>;
    /// The partition of each vCPU.
    const PARTITIONS: [usize; 5] = [0, 0, 1, 1, 2];

    proptest! {
        #[test]
        fn no_vcpu_ever_finds_an_entry_of_another_or_one_older_than_its_tables(
            count in 2..6_u32, flush_by_asid: bool,
            steps in prop::collection::vec((0..3_usize, 0..5_usize, prop::bool::weighted(0.2)), 1..120),
        ) {
            let mut cores: Vec<_> = (0..3)
                .map(|core| Asids::new(CoreId(core), count, flush_by_asid).unwrap())
                .collect();
            // What an earlier hypervisor may have left.
            let mut tlbs: Vec<Tlb> = vec![(0..count).map(|asid| (asid, vec![(99, 0)])).collect(); 3];
            let mut tags = [Tag::default(); 5];
            let mut tables = [0_u32; 3];
            // For each partition, the cores on which `Shootdown` will ask for a flush at the next entry.
            let mut due = [[false; 3]; 3];
            let mut epochs = [[Epoch::default(); 3]; 3];
            for (core, vcpu, change) in steps {
                let partition = PARTITIONS[vcpu];
                if change {
                    tables[partition] += 1;
                    due[partition] = [true; 3];
                }
                if core::mem::take(&mut due[partition][core]) {
                    epochs[partition][core].advance();
                }
                let given = cores[core].assign(&mut tags[vcpu], epochs[partition][core]);
                prop_assert!(given.asid.get() < count);
                let tlb = &mut tlbs[core];
                match given.flush {
                    TlbControl::Nothing => {}
                    TlbControl::Everything => tlb.clear(),
                    TlbControl::Guest | TlbControl::GuestNonGlobal => {
                        prop_assert!(flush_by_asid);
                        tlb.remove(&given.asid.get());
                    }
                }
                let found = tlb.entry(given.asid.get()).or_default();
                for &entry in found.iter() {
                    prop_assert_eq!(entry, (vcpu, tables[partition]));
                }
                found.push((vcpu, tables[partition]));
            }
        }
    }
}
