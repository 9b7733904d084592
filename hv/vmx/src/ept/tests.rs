//! Encodings against the SDM's tables, each refusal, and random histories against a flat map of pages.

extern crate std;

use super::{
    AddressSpace, ENTRIES, Entry, EptPointer, MapError, MemoryType, PageSizes, Permissions,
    TableMemory, UnmapError,
};
use crate::capabilities::EptVpid;
use isthmus_abi::{Gpa, Hpa};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::vec::Vec;

const RAM: Permissions = Permissions::all();
const ALL: PageSizes = PageSizes {
    large_2m: true,
    large_1g: true,
};
const SMALL: PageSizes = PageSizes {
    large_2m: false,
    large_1g: false,
};
const K4: u64 = 4096;
const M2: u64 = 2 << 20;
const G1: u64 = 1 << 30;

/// Tables in a map; frame 0 is one of them on purpose.
#[derive(Default)]
struct Fake {
    tables: BTreeMap<u64, Vec<u64>>,
    free: Vec<u64>,
    next: u64,
    limit: usize,
}

impl Fake {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }
}

impl TableMemory for Fake {
    fn allocate(&mut self) -> Option<Hpa> {
        if self.tables.len() >= self.limit {
            return None;
        }
        let table = self.free.pop().unwrap_or_else(|| {
            self.next += K4;
            self.next - K4
        });
        assert!(self.tables.insert(table, std::vec![0; ENTRIES]).is_none());
        Some(Hpa(table))
    }
    fn free(&mut self, table: Hpa) {
        assert!(self.tables.remove(&table.0).is_some(), "table freed twice");
        self.free.push(table.0);
    }
    fn read(&self, table: Hpa, index: usize) -> u64 {
        self.tables[&table.0][index]
    }
    fn write(&mut self, table: Hpa, index: usize, entry: u64) {
        self.tables
            .get_mut(&table.0)
            .expect("write to a table that was freed")[index] = entry;
    }
}

fn space(limit: usize) -> (Fake, AddressSpace) {
    let mut memory = Fake::new(limit);
    let space = AddressSpace::new(&mut memory).unwrap();
    (memory, space)
}

fn map(
    memory: &mut Fake,
    space: &mut AddressSpace,
    gpa: u64,
    hpa: u64,
    bytes: u64,
    sizes: PageSizes,
) -> Result<(), MapError> {
    space.map(
        memory,
        Gpa(gpa),
        Hpa(hpa),
        bytes,
        RAM,
        MemoryType::WriteBack,
        sizes,
    )
}

fn page_bytes(memory: &Fake, space: &AddressSpace, gpa: u64) -> Option<u64> {
    space
        .translate(memory, Gpa(gpa))
        .map(|translation| translation.page_bytes)
}

#[test]
fn pointer_has_write_back_and_four_levels() {
    assert_eq!(EptPointer::new(Hpa(0x1234_5000), false).bits(), 0x1234_501e);
    assert_eq!(EptPointer::new(Hpa(0x1234_5000), true).bits(), 0x1234_505e);
    assert_eq!(
        EptPointer::new(Hpa(0x1234_5000), true).root(),
        Hpa(0x1234_5000)
    );
}

#[test]
fn entries_have_the_bits_of_the_sdm() {
    assert_eq!(Entry::to_table(Hpa(0x7000)).into_bits(), 0x7007);
    let page =
        |level| Entry::to_page(Hpa(0x4000_0000), level, RAM, MemoryType::WriteBack).into_bits();
    assert_eq!(page(1), 0x4000_0037);
    assert_eq!(page(2), 0x4000_00b7);
    let device = Entry::to_page(
        Hpa(0xfee0_0000),
        1,
        Permissions::READ | Permissions::WRITE,
        MemoryType::Uncacheable,
    );
    assert_eq!(device.into_bits(), 0xfee0_0003);
}

#[test]
fn page_sizes_are_read_from_the_capability() {
    assert_eq!(
        PageSizes::new(EptVpid::new().with_pages_2m(true)),
        PageSizes {
            large_2m: true,
            large_1g: false
        }
    );
    assert_eq!(
        PageSizes::new(EptVpid::new().with_pages_1g(true)),
        PageSizes {
            large_2m: false,
            large_1g: true
        }
    );
}

#[test]
fn largest_pages_are_picked() {
    let (mut memory, mut space) = space(64);
    map(
        &mut memory,
        &mut space,
        M2 - K4,
        G1 * 3 + M2 - K4,
        2 * G1,
        ALL,
    )
    .unwrap();
    assert_eq!(page_bytes(&memory, &space, M2 - K4), Some(K4));
    assert_eq!(page_bytes(&memory, &space, M2), Some(M2));
    assert_eq!(page_bytes(&memory, &space, G1), Some(G1));
    assert_eq!(page_bytes(&memory, &space, 2 * G1), Some(K4));
    assert_eq!(page_bytes(&memory, &space, 2 * G1 + M2 - K4), None);
}

#[test]
fn a_target_that_is_less_aligned_gets_smaller_pages() {
    let (mut memory, mut space) = space(64);
    map(&mut memory, &mut space, 0, M2, G1, ALL).unwrap();
    assert_eq!(page_bytes(&memory, &space, 0), Some(M2));
    assert_eq!(
        space.translate(&memory, Gpa(G1 - 1)).unwrap().hpa,
        Hpa(G1 + M2 - 1)
    );
}

#[test]
fn without_2m_pages_1g_pages_are_not_used() {
    let (mut memory, mut space) = space(1024);
    map(
        &mut memory,
        &mut space,
        0,
        0,
        G1,
        PageSizes {
            large_2m: false,
            large_1g: true,
        },
    )
    .unwrap();
    assert_eq!(page_bytes(&memory, &space, 0), Some(K4));
    assert_eq!(space.tables(), 1 + 1 + 1 + 512);
}

#[test]
fn a_page_at_the_end_of_the_space_can_be_mapped() {
    let (mut memory, mut space) = space(8);
    map(&mut memory, &mut space, (1 << 48) - K4, 0, K4, ALL).unwrap();
    assert_eq!(
        space.translate(&memory, Gpa((1 << 48) - 1)).unwrap().hpa,
        Hpa(K4 - 1)
    );
    assert_eq!(space.translate(&memory, Gpa(1 << 48)), None);
}

#[test]
fn wrong_ranges_are_refused() {
    let (mut memory, mut space) = space(64);
    let mut try_map = |gpa, hpa, bytes| map(&mut memory, &mut space, gpa, hpa, bytes, ALL);
    assert_eq!(try_map(1, 0, K4), Err(MapError::Misaligned));
    assert_eq!(try_map(0, 8, K4), Err(MapError::Misaligned));
    assert_eq!(try_map(0, 0, K4 + 1), Err(MapError::Misaligned));
    assert_eq!(
        try_map((1 << 48) - K4, 0, 2 * K4),
        Err(MapError::BeyondGuestPhysical)
    );
    assert_eq!(
        try_map(u64::MAX - K4 + 1, 0, 2 * K4),
        Err(MapError::BeyondGuestPhysical)
    );
    assert_eq!(
        try_map(0, (1 << 52) - K4, 2 * K4),
        Err(MapError::BeyondHostPhysical)
    );
    assert_eq!(
        space.unmap(&mut memory, Gpa(1), K4),
        Err(UnmapError::Misaligned)
    );
    assert_eq!(
        space.unmap(&mut memory, Gpa(1 << 48), K4),
        Err(UnmapError::BeyondGuestPhysical)
    );
}

#[test]
fn pages_that_cannot_be_read_are_refused() {
    let (mut memory, mut space) = space(64);
    for permissions in [
        Permissions::empty(),
        Permissions::WRITE,
        Permissions::EXECUTE,
    ] {
        let result = space.map(
            &mut memory,
            Gpa(0),
            Hpa(0),
            K4,
            permissions,
            MemoryType::WriteBack,
            ALL,
        );
        assert_eq!(result, Err(MapError::Unreadable));
    }
}

#[test]
fn an_overlap_is_refused_and_changes_nothing() {
    let (mut memory, mut space) = space(64);
    map(&mut memory, &mut space, M2, 0, K4, ALL).unwrap();
    let before = memory.tables.clone();
    assert_eq!(
        map(&mut memory, &mut space, 0, 0, 2 * M2, ALL),
        Err(MapError::Overlap(Gpa(M2)))
    );
    assert_eq!(memory.tables, before);
}

#[test]
fn running_out_of_tables_changes_nothing() {
    for limit in 1..5 {
        let (mut memory, mut space) = space(limit);
        let before = memory.tables.clone();
        let result = map(&mut memory, &mut space, M2 - K4, M2 - K4, 2 * K4, SMALL);
        assert_eq!(result, Err(MapError::OutOfTables), "with {limit} tables");
        assert_eq!((memory.tables, space.tables()), (before, 1));
    }
}

#[test]
fn splitting_without_tables_changes_nothing() {
    let (mut memory, mut space) = space(3);
    map(&mut memory, &mut space, 0, 0, G1, ALL).unwrap();
    let before = memory.tables.clone();
    assert_eq!(
        space.unmap(&mut memory, Gpa(0), K4),
        Err(UnmapError::OutOfTables)
    );
    assert_eq!(memory.tables, before);
}

#[test]
fn a_page_cut_out_of_a_1g_page_leaves_the_rest() {
    let (mut memory, mut space) = space(8);
    map(&mut memory, &mut space, G1, 5 * G1, G1, ALL).unwrap();
    assert_eq!(space.unmap(&mut memory, Gpa(G1 + M2 + K4), K4), Ok(true));
    assert_eq!(page_bytes(&memory, &space, G1), Some(M2));
    assert_eq!(page_bytes(&memory, &space, G1 + M2), Some(K4));
    assert_eq!(page_bytes(&memory, &space, G1 + M2 + K4), None);
    let rest = space.translate(&memory, Gpa(2 * G1 - 5)).unwrap();
    assert_eq!((rest.hpa, rest.permissions), (Hpa(6 * G1 - 5), RAM));
    assert_eq!(space.tables(), 4);
}

#[test]
fn emptied_tables_are_kept_until_reclaimed() {
    let (mut memory, mut space) = space(8);
    map(&mut memory, &mut space, 0, 0, K4, ALL).unwrap();
    assert_eq!(space.unmap(&mut memory, Gpa(0), M2), Ok(true));
    assert_eq!((memory.tables.len(), space.tables()), (4, 4));
    assert_eq!(space.unmap(&mut memory, Gpa(0), M2), Ok(false));
    assert_eq!(space.reclaim(&mut memory), 3);
    assert_eq!((memory.tables.len(), space.tables()), (1, 1));
    assert_eq!(space.destroy(&mut memory), 1);
}

#[test]
fn destroy_frees_retired_tables_too() {
    let (mut memory, mut space) = space(64);
    map(&mut memory, &mut space, 0, 0, 3 * M2 + K4, SMALL).unwrap();
    space.unmap(&mut memory, Gpa(0), M2).unwrap();
    let tables = space.tables();
    assert_eq!(space.destroy(&mut memory), tables);
    assert!(memory.tables.is_empty());
}

#[derive(Clone, Debug)]
enum Step {
    Map {
        page: u64,
        frame: u64,
        count: u64,
        large_2m: bool,
        device: bool,
    },
    Unmap {
        page: u64,
        count: u64,
    },
    Reclaim,
}

/// Pages around a 2 MiB and a 1 GiB border, so that splits and merges of every kind occur.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let page = prop_oneof![
        0..1600_u64,
        261_000..263_400_u64,
        (0..6_u64).prop_map(|n| n * 512)
    ];
    let count = prop_oneof![0..8_u64, 500..1100_u64, Just(512_u64), Just(262_144_u64)];
    let frame = prop_oneof![0..4000_u64, (0..3_u64).prop_map(|n| n * 262_144)];
    let one = prop_oneof![
        4 => (page.clone(), frame, count.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(page, frame, count, large_2m, device)| Step::Map { page, frame, count, large_2m, device }),
        4 => (page, count).prop_map(|(page, count)| Step::Unmap { page, count }),
        1 => Just(Step::Reclaim),
    ];
    prop::collection::vec(one, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn histories_agree_with_a_map_of_pages(steps in steps(), limit in prop_oneof![Just(10_000_usize), 3..24_usize]) {
        let (mut memory, mut space) = space(limit);
        let mut model: BTreeMap<u64, (u64, bool)> = BTreeMap::new();
        for step in steps {
            let before = (memory.tables.clone(), space.tables());
            match step {
                Step::Map { page, frame, count, large_2m, device } => {
                    let sizes = PageSizes { large_2m, large_1g: true };
                    let (permissions, memory_type) = if device {
                        (Permissions::READ | Permissions::WRITE, MemoryType::Uncacheable)
                    } else {
                        (RAM, MemoryType::WriteBack)
                    };
                    let result = space.map(&mut memory, Gpa(page * K4), Hpa(frame * K4), count * K4, permissions, memory_type, sizes);
                    let overlap = model.range(page..page + count).next().is_some();
                    match result {
                        Ok(()) => {
                            prop_assert!(!overlap);
                            model.extend((0..count).map(|n| (page + n, (frame + n, device))));
                        }
                        Err(error) => {
                            prop_assert_eq!(matches!(error, MapError::Overlap(_)), overlap);
                            prop_assert!(overlap || limit < 10_000);
                            prop_assert_eq!((memory.tables.clone(), space.tables()), before);
                        }
                    }
                }
                Step::Unmap { page, count } => match space.unmap(&mut memory, Gpa(page * K4), count * K4) {
                    Ok(removed) => {
                        prop_assert_eq!(removed, model.range(page..page + count).next().is_some());
                        model.retain(|&at, _| at < page || at >= page + count);
                    }
                    Err(error) => {
                        prop_assert_eq!(error, UnmapError::OutOfTables);
                        prop_assert!(limit < 10_000);
                        prop_assert_eq!((memory.tables.clone(), space.tables()), before);
                    }
                },
                Step::Reclaim => {
                    space.reclaim(&mut memory);
                }
            }
            prop_assert_eq!(memory.tables.len(), space.tables());
        }
        let borders = model.keys().flat_map(|&page| [page.saturating_sub(1), page, page + 1]);
        for page in borders.chain(0..20) {
            let found = space.translate(&memory, Gpa(page * K4 + 7));
            let found = found.map(|at| (at.hpa.0, at.memory_type == MemoryType::Uncacheable, at.permissions == RAM));
            let expected = model.get(&page).map(|&(frame, device)| (frame * K4 + 7, device, !device));
            prop_assert_eq!(found, expected);
        }
        let tables = space.tables();
        prop_assert_eq!(space.destroy(&mut memory), tables);
        prop_assert!(memory.tables.is_empty());
    }
}
