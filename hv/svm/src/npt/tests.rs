//! Encodings against the APM's figures, and random histories against a flat map of pages, looked up by a walker that
//! reads the raw bits as the manual tells the processor to.

extern crate std;

use super::*;
use isthmus_abi::Gpa;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::vec::Vec;

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
    let mut memory = Fake {
        limit,
        ..Fake::default()
    };
    let space = AddressSpace::new(&mut memory).unwrap();
    (memory, space)
}

/// What a processor finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    hpa: u64,
    writable: bool,
    fetchable: bool,
    /// PCD and PWT of the leaf: the index into the PAT.
    pat_index: u64,
    page_bytes: u64,
}

/// The walk of APM Vol. 2 §5.3 and §15.25.5, from the raw bits: a present entry without U, or with bits that are
/// reserved, would be a nested page fault that never resolves, so it fails the test.
fn walk(memory: &Fake, root: Hpa, gpa: u64) -> Option<Found> {
    let (mut table, mut writable, mut fetchable) = (root.0, true, true);
    for shift in [39, 30, 21, 12] {
        let entry = memory.tables[&table][(gpa >> shift & 511) as usize];
        if entry & 1 == 0 {
            return None;
        }
        assert_ne!(entry & 4, 0, "U is clear");
        assert_eq!(
            entry & 0x7ff << 52,
            0,
            "bits above the physical address are set"
        );
        writable &= entry & 2 != 0;
        fetchable &= entry >> 63 == 0;
        let large = shift > 12 && entry & 0x80 != 0;
        assert!(!(large && shift == 39), "a PML4 entry is no leaf");
        if shift == 12 || large {
            let offset = (1u64 << shift) - 1;
            let frame = entry & 0x000f_ffff_ffff_f000;
            assert_eq!(
                frame & offset,
                0,
                "reserved address bits of a large page are set"
            );
            assert!(shift > 12 || entry & 0x80 == 0, "the PAT bit is set");
            return Some(Found {
                hpa: frame | gpa & offset,
                writable,
                fetchable,
                pat_index: entry >> 3 & 3,
                page_bytes: 1 << shift,
            });
        }
        table = entry & 0x000f_ffff_ffff_f000;
    }
    None
}

#[test]
fn entries_have_the_bits_of_the_manual() {
    let bits = |level, permissions, memory_type| {
        <Entry as Format>::to_page(Hpa(0x4000_0000), level, permissions, memory_type).into_bits()
    };
    let data = Permissions::READ | Permissions::WRITE;
    assert_eq!(<Entry as Format>::to_table(Hpa(0x7000)).into_bits(), 0x7007);
    assert_eq!(
        bits(1, Permissions::all(), MemoryType::WriteBack),
        0x4000_0007
    );
    assert_eq!(
        bits(2, Permissions::all(), MemoryType::WriteBack),
        0x4000_0087
    );
    assert_eq!(bits(3, data, MemoryType::WriteBack), 0x8000_0000_4000_0087);
    assert_eq!(
        bits(1, Permissions::READ, MemoryType::WriteBack),
        0x8000_0000_4000_0005
    );
    assert_eq!(
        bits(1, data, MemoryType::Uncacheable),
        0x8000_0000_4000_0017
    );
    assert_eq!(
        bits(1, data, MemoryType::WriteThrough),
        0x8000_0000_4000_000f
    );
}

#[test]
fn only_the_reset_pat_gives_the_entries_their_meaning() {
    assert!(is_host_pat_usable(0x0007_0406_0007_0406));
    assert!(is_host_pat_usable(0x0100_0005_0007_0406));
    assert!(!is_host_pat_usable(0x0007_0406_0007_0106));
}

#[test]
fn permissions_and_types_read_back_as_they_were_given() {
    let (mut memory, mut space) = space(64);
    for (page, permissions, memory_type) in [
        (0, Permissions::all(), MemoryType::WriteBack),
        (1, Permissions::READ, MemoryType::WriteBack),
        (
            2,
            Permissions::READ | Permissions::WRITE,
            MemoryType::Uncacheable,
        ),
        (
            3,
            Permissions::READ | Permissions::EXECUTE,
            MemoryType::WriteThrough,
        ),
    ] {
        let gpa = Gpa(page * K4);
        space
            .map(
                &mut memory,
                gpa,
                Hpa(G1),
                K4,
                permissions,
                memory_type,
                page_sizes(true),
            )
            .unwrap();
        let found = space.translate(&memory, gpa).unwrap();
        assert_eq!(
            (found.permissions, found.memory_type),
            (permissions, memory_type)
        );
    }
}

#[test]
fn a_frame_buffer_may_be_write_combining_if_the_guest_asks() {
    let entry =
        <Entry as Format>::to_page(Hpa(0), 1, Permissions::all(), MemoryType::WriteCombining);
    assert_eq!(entry.into_bits() >> 3 & 3, 2, "UC- in the reset PAT");
}

#[test]
fn pages_that_cannot_be_read_are_refused() {
    let (mut memory, mut space) = space(64);
    let result = space.map(
        &mut memory,
        Gpa(0),
        Hpa(0),
        K4,
        Permissions::EXECUTE,
        MemoryType::WriteBack,
        page_sizes(false),
    );
    assert_eq!(result, Err(MapError::Unreadable));
}

#[test]
fn a_large_page_loses_a_hole_and_keeps_what_hardware_noted() {
    let (mut memory, mut space) = space(8);
    space
        .map(
            &mut memory,
            Gpa(G1),
            Hpa(5 * G1),
            G1,
            Permissions::READ | Permissions::WRITE,
            MemoryType::WriteBack,
            page_sizes(true),
        )
        .unwrap();
    let found = |memory: &Fake, gpa| walk(memory, space.root(), gpa);
    assert_eq!(found(&memory, G1).unwrap().page_bytes, G1);
    assert_eq!(space.unmap(&mut memory, Gpa(G1 + M2 + K4), K4), Ok(true));
    let found = |gpa| walk(&memory, space.root(), gpa);
    assert_eq!(found(G1).unwrap().page_bytes, M2);
    assert_eq!(found(G1 + M2).unwrap().page_bytes, K4);
    assert_eq!(found(G1 + M2 + K4), None);
    let rest = found(2 * G1 - 5).unwrap();
    assert_eq!(
        (rest.hpa, rest.writable, rest.fetchable),
        (6 * G1 - 5, true, false)
    );
    assert_eq!(space.tables(), 4);
}

#[derive(Clone, Debug)]
enum Step {
    Map {
        page: u64,
        frame: u64,
        count: u64,
        pages_1g: bool,
        kind: u8,
    },
    Unmap {
        page: u64,
        count: u64,
    },
    Reclaim,
    /// The processor sets A and D in every leaf.
    Touch,
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
        4 => (page.clone(), frame, count.clone(), any::<bool>(), 0..3_u8)
            .prop_map(|(page, frame, count, pages_1g, kind)| Step::Map { page, frame, count, pages_1g, kind }),
        4 => (page, count).prop_map(|(page, count)| Step::Unmap { page, count }),
        1 => Just(Step::Reclaim),
        1 => Just(Step::Touch),
    ];
    prop::collection::vec(one, 1..12)
}

/// RAM, ROM and a device.
const KINDS: [(Permissions, MemoryType); 3] = [
    (Permissions::all(), MemoryType::WriteBack),
    (
        Permissions::READ.union(Permissions::EXECUTE),
        MemoryType::WriteBack,
    ),
    (
        Permissions::READ.union(Permissions::WRITE),
        MemoryType::Uncacheable,
    ),
];

fn touch(memory: &mut Fake, table: u64, level: u32) {
    for index in 0..ENTRIES {
        let entry = memory.tables[&table][index];
        if entry & 1 == 0 {
            continue;
        }
        let leaf = level == 1 || entry & 0x80 != 0;
        if let Some(words) = memory.tables.get_mut(&table) {
            words[index] |= if leaf { 0x60 } else { 0x20 };
        }
        if !leaf {
            touch(memory, entry & 0x000f_ffff_ffff_f000, level - 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn histories_agree_with_a_map_of_pages(steps in steps(), limit in prop_oneof![Just(10_000_usize), 3..24_usize]) {
        let (mut memory, mut space) = space(limit);
        let mut model: BTreeMap<u64, (u64, u8)> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Map { page, frame, count, pages_1g, kind } => {
                    let (permissions, memory_type) = KINDS[usize::from(kind)];
                    let sizes = page_sizes(pages_1g);
                    let result = space.map(
                        &mut memory, Gpa(page * K4), Hpa(frame * K4), count * K4, permissions, memory_type, sizes,
                    );
                    let overlap = model.range(page..page + count).next().is_some();
                    match result {
                        Ok(()) => {
                            prop_assert!(!overlap);
                            model.extend((0..count).map(|n| (page + n, (frame + n, kind))));
                        }
                        Err(error) => {
                            prop_assert_eq!(matches!(error, MapError::Overlap(_)), overlap);
                            prop_assert!(overlap || limit < 10_000);
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
                    }
                },
                Step::Reclaim => {
                    space.reclaim(&mut memory);
                }
                Step::Touch => touch(&mut memory, space.root().0, 4),
            }
            prop_assert_eq!(memory.tables.len(), space.tables());
        }
        let borders = model.keys().flat_map(|&page| [page.saturating_sub(1), page, page + 1]);
        for page in borders.chain(0..20) {
            let found = walk(&memory, space.root(), page * K4 + 7)
                .map(|at| (at.hpa, at.writable, at.fetchable, at.pat_index));
            let expected = model.get(&page).map(|&(frame, kind)| {
                let (permissions, memory_type) = KINDS[usize::from(kind)];
                (
                    frame * K4 + 7,
                    permissions.contains(Permissions::WRITE),
                    permissions.contains(Permissions::EXECUTE),
                    if memory_type == MemoryType::Uncacheable { 2 } else { 0 },
                )
            });
            prop_assert_eq!(found, expected);
        }
        let tables = space.tables();
        prop_assert_eq!(space.destroy(&mut memory), tables);
        prop_assert!(memory.tables.is_empty());
    }
}
