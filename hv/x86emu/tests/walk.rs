//! The page walk against a mapper: page tables are written entry by entry from a description, and the walk must find
//! what was described, under every combination of rights.

use std::cell::RefCell;
use std::collections::BTreeMap;

use isthmus_abi::{Gpa, Gva};
use isthmus_x86emu::walk::{error_code, walk};
use isthmus_x86emu::{Access, PagingState, PhysicalRead, WalkError, translate};
use proptest::prelude::*;

const CR0_PG_WP: u64 = 0x8001_0001;
const PAE: u64 = 1 << 5;
const PSE: u64 = 1 << 4;
const LA57: u64 = 1 << 12;
const SMEP: u64 = 1 << 20;
const SMAP: u64 = 1 << 21;
const LONG: u64 = 1 << 10 | 1 << 8;
const NXE: u64 = 1 << 11;
const NX: u64 = 1 << 63;

/// Memory in units of four bytes; what was never written does not exist.
#[derive(Default)]
struct Memory {
    words: BTreeMap<u64, u32>,
    reads: RefCell<u32>,
}

impl Memory {
    fn write(&mut self, at: u64, bytes: u64, value: u64) {
        self.words.insert(at, value as u32);
        if bytes == 8 {
            self.words.insert(at + 4, (value >> 32) as u32);
        }
    }
    fn clear_table(&mut self, at: u64) {
        for word in (at..at + 4096).step_by(4) {
            self.words.insert(word, 0);
        }
    }
}

impl PhysicalRead for Memory {
    type Error = ();
    fn read(&self, at: Gpa, buffer: &mut [u8]) -> Result<(), ()> {
        *self.reads.borrow_mut() += 1;
        assert_eq!(at.0 % buffer.len() as u64, 0, "an entry is aligned");
        for (word, chunk) in buffer.chunks_mut(4).enumerate() {
            let value = self.words.get(&(at.0 + 4 * word as u64)).ok_or(())?;
            chunk.copy_from_slice(&value.to_le_bytes());
        }
        Ok(())
    }
}

/// A paging mode and the size of the page at its end.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// (lowest address bit, entries) from the root down to the last level that is used.
    levels: &'static [(u32, u64)],
    entry: u64,
    state: PagingState,
}

fn state(cr4: u64, efer: u64) -> PagingState {
    PagingState {
        cr0: CR0_PG_WP,
        cr3: 0x1000,
        cr4,
        efer,
        physical_bits: 46,
        gigabyte_pages: true,
        ..PagingState::default()
    }
}

fn shapes() -> Vec<Shape> {
    let long: &'static [(u32, u64)] = &[(39, 512), (30, 512), (21, 512), (12, 512)];
    let five: &'static [(u32, u64)] = &[(48, 512), (39, 512), (30, 512), (21, 512), (12, 512)];
    let pae: &'static [(u32, u64)] = &[(30, 4), (21, 512), (12, 512)];
    let two: &'static [(u32, u64)] = &[(22, 1024), (12, 1024)];
    let shape = |levels, entry, state| Shape {
        levels,
        entry,
        state,
    };
    vec![
        shape(two, 4, state(0, 0)),
        shape(&two[..1], 4, state(PSE, 0)),
        shape(pae, 8, state(PAE, NXE)),
        shape(&pae[..2], 8, state(PAE, NXE)),
        shape(long, 8, state(PAE, LONG | NXE)),
        shape(&long[..3], 8, state(PAE, LONG | NXE)),
        shape(&long[..2], 8, state(PAE, LONG | NXE)),
        shape(five, 8, state(PAE | LA57, LONG | NXE)),
    ]
}

/// What an entry on the path allows.
#[derive(Clone, Copy, Debug)]
struct Rights {
    writable: bool,
    user: bool,
    no_execute: bool,
}

fn rights() -> impl Strategy<Value = Rights> {
    // Mostly generous, so that all levels together often allow something.
    let often = || prop::bool::weighted(0.8);
    (often(), often(), prop::bool::weighted(0.2)).prop_map(|(writable, user, no_execute)| Rights {
        writable,
        user,
        no_execute,
    })
}

impl Shape {
    fn is_pae_root(&self, level: usize) -> bool {
        level == 0 && self.levels[0].1 == 4
    }

    fn last(&self) -> usize {
        self.levels.len() - 1
    }

    fn page_bits(&self) -> u32 {
        self.levels[self.last()].0
    }

    /// Writes a path for `address` to `frame`, tables at 0x1000, 0x2000 and so on.
    fn map(&self, memory: &mut Memory, address: u64, frame: u64, rights: &[Rights]) {
        for (level, &(shift, entries)) in self.levels.iter().enumerate() {
            let table = 0x1000 * (level as u64 + 1);
            memory.clear_table(table);
            let last = level == self.last();
            let mut entry = if last { frame } else { table + 0x1000 } | 1;
            if last && shift == 22 {
                entry = (frame & 0xffc0_0000) | ((frame >> 32) & 0xff) << 13 | 1;
            }
            if last && shift != 12 {
                entry |= 1 << 7;
            }
            if !self.is_pae_root(level) {
                entry |= u64::from(rights[level].writable) << 1;
                entry |= u64::from(rights[level].user) << 2;
                if self.entry == 8 && rights[level].no_execute {
                    entry |= NX;
                }
            }
            memory.write(
                table + (address >> shift) % entries * self.entry,
                self.entry,
                entry,
            );
        }
    }

    /// The rights of the path as a whole.
    fn sum(&self, rights: &[Rights]) -> Rights {
        let mut sum = Rights {
            writable: true,
            user: true,
            no_execute: false,
        };
        for (level, rights) in rights.iter().enumerate().take(self.levels.len()) {
            if !self.is_pae_root(level) {
                sum.writable &= rights.writable;
                sum.user &= rights.user;
                sum.no_execute |= rights.no_execute && self.entry == 8;
            }
        }
        sum
    }

    fn address(&self, seed: u64) -> u64 {
        let bits = match self.levels[0].0 {
            48 => 57,
            39 => 48,
            _ => return seed & 0xffff_ffff,
        };
        ((seed << (64 - bits)) as i64 >> (64 - bits)) as u64
    }

    fn frame(&self, seed: u64) -> u64 {
        let width = match (self.entry, self.page_bits()) {
            (4, 12) => 32,
            (4, _) => 40,
            _ => 46,
        };
        (seed % (1 << width)) & !((1 << self.page_bits()) - 1)
    }
}

/// SDM Vol. 3A §4.6.1, as a list of what forbids.
fn forbidden(state: &PagingState, access: Access, rights: Rights) -> bool {
    if state.cpl == 3 && !rights.user {
        return true;
    }
    let on_user_page = state.cpl < 3 && rights.user;
    match access {
        Access::Fetch => rights.no_execute || (on_user_page && state.cr4 & SMEP != 0),
        Access::Read | Access::Write => {
            let read_only = access == Access::Write
                && !rights.writable
                && (state.cpl == 3 || state.cr0 & 0x1_0000 != 0);
            read_only || (on_user_page && state.cr4 & SMAP != 0 && !state.rflags_ac)
        }
    }
}

fn expected_code(shape: &Shape, state: &PagingState, access: Access, cause: u32) -> u32 {
    let mut code = cause;
    if access == Access::Write {
        code |= error_code::WRITE;
    }
    if state.cpl == 3 {
        code |= error_code::USER;
    }
    if access == Access::Fetch && (shape.entry == 8 || state.cr4 & SMEP != 0) {
        code |= error_code::FETCH;
    }
    code
}

fn access() -> impl Strategy<Value = Access> {
    prop::sample::select(vec![Access::Read, Access::Write, Access::Fetch])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4_000) })]

    #[test]
    fn finds_what_was_mapped(
        shape in prop::sample::select(shapes()),
        seeds in any::<(u64, u64)>(),
        rights in prop::collection::vec(rights(), 5),
        access in access(),
        cpl in prop::sample::select(vec![0u8, 3]),
        (smep, smap, ac, wp) in any::<(bool, bool, bool, bool)>(),
    ) {
        let (address, frame) = (shape.address(seeds.0), shape.frame(seeds.1));
        let mut memory = Memory::default();
        shape.map(&mut memory, address, frame, &rights);
        let mut state = PagingState { cpl, rflags_ac: ac, ..shape.state };
        state.cr4 |= if smep { SMEP } else { 0 } | if smap { SMAP } else { 0 };
        state.cr0 = if wp { CR0_PG_WP } else { CR0_PG_WP & !0x1_0000 };
        let offset = address & ((1 << shape.page_bits()) - 1);
        let expected = if forbidden(&state, access, shape.sum(&rights)) {
            Err(WalkError::PageFault(expected_code(&shape, &state, access, error_code::PRESENT)))
        } else {
            Ok(Gpa(frame | offset))
        };
        prop_assert_eq!(translate(&state, Gva(address), access, &memory), expected);
        prop_assert!(*memory.reads.borrow() <= 5);
    }

    #[test]
    fn a_missing_entry_faults_at_each_level(
        shape in prop::sample::select(shapes()), seed in any::<u64>(), missing in 0usize..5, access in access(),
    ) {
        let address = shape.address(seed);
        let missing = missing.min(shape.last());
        let all = [Rights { writable: true, user: true, no_execute: false }; 5];
        let mut memory = Memory::default();
        shape.map(&mut memory, address, 0, &all);
        let (shift, entries) = shape.levels[missing];
        let at = 0x1000 * (missing as u64 + 1) + (address >> shift) % entries * shape.entry;
        memory.write(at, shape.entry, 0xffff_fffe);
        let code = expected_code(&shape, &shape.state, access, 0);
        prop_assert_eq!(translate(&shape.state, Gva(address), access, &memory), Err(WalkError::PageFault(code)));
    }

    #[test]
    fn any_tables_give_an_answer_in_bounded_time(
        shape in prop::sample::select(shapes()),
        address in any::<u64>(),
        cr3 in 0u64..0x3000,
        words in prop::collection::vec(any::<u32>(), 64),
        access in access(),
    ) {
        /// All of memory repeats the same words, with addresses that stay low.
        struct Everywhere(Vec<u32>, RefCell<u32>);
        impl PhysicalRead for Everywhere {
            type Error = ();
            fn read(&self, at: Gpa, buffer: &mut [u8]) -> Result<(), ()> {
                *self.1.borrow_mut() += 1;
                for (word, chunk) in buffer.chunks_mut(4).enumerate() {
                    let value = self.0[((at.0 / 4) as usize + word) % self.0.len()];
                    chunk.copy_from_slice(&(if word == 0 { value | 1 } else { value & 0xf }).to_le_bytes());
                }
                Ok(())
            }
        }
        let memory = Everywhere(words, RefCell::new(0));
        let state = PagingState { cr3, ..shape.state };
        let walked = walk(&state, Gva(address), access, &memory);
        prop_assert!(*memory.1.borrow() <= 5);
        if let Ok(walked) = walked {
            prop_assert!(walked.gpa.0 < 1 << 46);
        }
    }

    #[test]
    fn accessed_and_dirty_flags_that_are_due_are_told(
        shape in prop::sample::select(shapes()), seed in any::<u64>(), write in any::<bool>(),
    ) {
        let address = shape.address(seed);
        let all = [Rights { writable: true, user: true, no_execute: false }; 5];
        let mut memory = Memory::default();
        shape.map(&mut memory, address, 0, &all);
        let access = if write { Access::Write } else { Access::Read };
        let first = walk(&shape.state, Gva(address), access, &memory).unwrap();
        let roots = usize::from(shape.is_pae_root(0));
        prop_assert_eq!(first.updates().count(), shape.levels.len() - roots);
        for (level, update) in first.updates().enumerate() {
            let last = level + roots == shape.last();
            let due = if last && write { 0x60 } else { 0x20 };
            prop_assert_eq!(update.wanted, update.seen | due);
            memory.write(update.at.0, update.bytes.into(), update.wanted);
        }
        let second = walk(&shape.state, Gva(address), access, &memory).unwrap();
        prop_assert_eq!(second.updates().count(), 0);
        prop_assert_eq!(second.gpa, first.gpa);
    }
}

/// A walk of one 4-level path whose entry at `level` (0 is the root) has `bits` set besides.
fn with_bits(shape: &Shape, level: usize, bits: u64) -> Result<Gpa, WalkError> {
    let all = [Rights {
        writable: true,
        user: true,
        no_execute: false,
    }; 5];
    let mut memory = Memory::default();
    shape.map(&mut memory, 0, 0, &all);
    let at = 0x1000 * (level as u64 + 1);
    let low = u64::from(memory.words[&at]);
    let high = if shape.entry == 8 {
        u64::from(memory.words[&(at + 4)]) << 32
    } else {
        0
    };
    memory.write(at, shape.entry, low | high | bits);
    translate(&shape.state, Gva(0), Access::Read, &memory)
}

const RESERVED: Result<Gpa, WalkError> = Err(WalkError::PageFault(
    error_code::PRESENT | error_code::RESERVED,
));

#[test]
fn reserved_bits_fault() {
    let shapes = shapes();
    let [two, four_mib, pae, pae_2m, long, long_2m, long_1g, five] = &shapes[..] else {
        panic!("eight shapes")
    };
    assert!(
        with_bits(two, 0, 0x80).is_ok(),
        "PS without CR4.PSE is ignored"
    );
    assert_eq!(with_bits(four_mib, 0, 1 << 21), RESERVED);
    let narrow = Shape {
        state: PagingState {
            physical_bits: 36,
            ..four_mib.state
        },
        ..*four_mib
    };
    assert_eq!(with_bits(&narrow, 0, 1 << 17), RESERVED);
    assert_eq!(with_bits(&narrow, 0, 1 << 16), Ok(Gpa(8 << 32)));
    for bit in [1, 2, 5, 8, 46, 63] {
        assert_eq!(with_bits(pae, 0, 1 << bit), RESERVED, "PDPTE bit {bit}");
    }
    for bit in [46, 52, 62] {
        assert_eq!(with_bits(pae, 1, 1 << bit), RESERVED, "PAE PDE bit {bit}");
        assert_eq!(with_bits(pae, 2, 1 << bit), RESERVED, "PAE PTE bit {bit}");
    }
    assert_eq!(with_bits(pae_2m, 1, 1 << 13), RESERVED);
    for level in 0..4 {
        assert_eq!(with_bits(long, level, 1 << 46), RESERVED);
        assert!(
            with_bits(long, level, 1 << 52).is_ok(),
            "bits 62:52 are the guest's"
        );
        let off = PagingState {
            efer: LONG,
            ..long.state
        };
        assert_eq!(
            with_bits(
                &Shape {
                    state: off,
                    ..*long
                },
                level,
                NX
            ),
            RESERVED
        );
    }
    assert_eq!(with_bits(long, 0, 0x80), RESERVED, "PS in a PML4E");
    assert_eq!(with_bits(five, 0, 0x80), RESERVED, "PS in a PML5E");
    assert_eq!(with_bits(long_2m, 2, 1 << 20), RESERVED);
    assert_eq!(with_bits(long_1g, 1, 1 << 29), RESERVED);
    assert!(with_bits(long_1g, 1, 1 << 12).is_ok(), "PAT");
    let none = PagingState {
        gigabyte_pages: false,
        ..long_1g.state
    };
    assert_eq!(
        with_bits(
            &Shape {
                state: none,
                ..*long_1g
            },
            1,
            0
        ),
        RESERVED
    );
}

#[test]
fn without_paging_addresses_are_physical() {
    let state = PagingState {
        cr0: 1,
        ..PagingState::default()
    };
    let memory = Memory::default();
    let got = translate(&state, Gva(0x1_2345_6789), Access::Write, &memory);
    assert_eq!(got, Ok(Gpa(0x2345_6789)));
}

#[test]
fn non_canonical_addresses_are_no_page_fault() {
    let memory = Memory::default();
    for (cr4, bad) in [(PAE, 1u64 << 47), (PAE | LA57, 1 << 56)] {
        let got = translate(&state(cr4, LONG), Gva(bad), Access::Read, &memory);
        assert_eq!(got, Err(WalkError::NonCanonical));
    }
}

#[test]
fn a_table_outside_memory_is_named() {
    let memory = Memory::default();
    let got = translate(
        &state(PAE, LONG),
        Gva(0x0000_7000_0000_0000),
        Access::Read,
        &memory,
    );
    assert_eq!(got, Err(WalkError::Unbacked(Gpa(0x1700))));
}

#[test]
fn pae_registers_come_before_memory() {
    let mut memory = Memory::default();
    memory.clear_table(0x5000);
    memory.write(0x5000, 8, 0x0020_0000 | 0x87);
    let registers = Some([0, 0, 0x5001, 0]);
    let state = PagingState {
        pdptes: registers,
        cr3: 0x9_0000,
        ..state(PAE, 0)
    };
    let got = translate(&state, Gva(0x8000_1234), Access::Read, &memory);
    assert_eq!(got, Ok(Gpa(0x0020_1234)));
}

#[test]
fn protection_keys_bind_data_accesses_to_user_pages() {
    let mut memory = Memory::default();
    let shape = &shapes()[4];
    let all = [Rights {
        writable: true,
        user: true,
        no_execute: false,
    }; 5];
    shape.map(&mut memory, 0, 5 << 59, &all);
    let pke = 1 << 22;
    for (pkru, cpl, read, write) in [
        (0u32, 3, true, true),
        (1 << 10, 3, false, false),
        (1 << 10, 0, false, false),
        (2 << 10, 3, true, false),
        (2 << 10, 0, true, false),
        (!(3 << 10), 3, true, true),
    ] {
        let mut state = PagingState {
            pkru,
            cpl,
            ..shape.state
        };
        assert!(
            translate(&state, Gva(0), Access::Write, &memory).is_ok(),
            "CR4.PKE is clear"
        );
        state.cr4 |= pke;
        let user = if cpl == 3 { error_code::USER } else { 0 };
        let denied = error_code::PRESENT | error_code::PROTECTION_KEY | user;
        let answer = |allowed, code| {
            if allowed {
                Ok(Gpa(0))
            } else {
                Err(WalkError::PageFault(code))
            }
        };
        assert_eq!(
            translate(&state, Gva(0), Access::Read, &memory),
            answer(read, denied)
        );
        let written = translate(&state, Gva(0), Access::Write, &memory);
        assert_eq!(written, answer(write, denied | error_code::WRITE));
        assert!(translate(&state, Gva(0), Access::Fetch, &memory).is_ok());
        state.cr0 &= !0x1_0000;
        if cpl == 0 && read {
            assert!(
                translate(&state, Gva(0), Access::Write, &memory).is_ok(),
                "CR0.WP is clear"
            );
        }
    }
}
