//! The walk of a guest's page tables, over memory in which every address has something.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use isthmus_abi::{Gpa, Gva};
use isthmus_x86emu::walk::{error_code, walk};
use isthmus_x86emu::{Access, PagingState, PhysicalRead, WalkError, translate};

use super::make::put;
use crate::input::Input;

/// The input over and over, with what was written since; nothing from 2^45 on.
struct Memory<'a> {
    bytes: &'a [u8],
    written: RefCell<BTreeMap<u64, u64>>,
    reads: Cell<u32>,
}

impl PhysicalRead for Memory<'_> {
    type Error = ();
    fn read(&self, at: Gpa, buffer: &mut [u8]) -> Result<(), ()> {
        self.reads.set(self.reads.get() + 1);
        assert!(matches!(buffer.len(), 4 | 8) && at.is_aligned(buffer.len() as u64));
        if at.0 >> 45 != 0 {
            return Err(());
        }
        if let Some(value) = self.written.borrow().get(&at.0) {
            buffer.copy_from_slice(&value.to_le_bytes()[..buffer.len()]);
            return Ok(());
        }
        for (offset, byte) in (at.0..).zip(buffer) {
            let index = offset.checked_rem(self.bytes.len() as u64).unwrap_or(0);
            *byte = self.bytes.get(index as usize).copied().unwrap_or(0);
        }
        Ok(())
    }
}

const CR4_BITS: [u64; 8] = [
    1 << 4,
    1 << 5,
    1 << 12,
    1 << 20,
    1 << 21,
    1 << 22,
    1 << 5,
    1 << 5,
];
const CR4_SMEP: u64 = 1 << 20;
const EFER_NXE: u64 = 1 << 11;
const CR4_PAE: u64 = 1 << 5;

fn state(input: &mut Input<'_>) -> PagingState {
    let (how, bits) = (input.byte(), input.byte());
    let cr4 = CR4_BITS
        .iter()
        .enumerate()
        .filter(|(number, _)| bits >> number & 1 != 0)
        .fold(0, |cr4, (_, bit)| cr4 | bit);
    PagingState {
        cr0: 1 | u64::from(how & 1) << 16 | u64::from(how & 0x1e != 0) << 31,
        cr4,
        efer: (u64::from(how >> 5 & 1) * 0x500) | (u64::from(how >> 6 & 1) * EFER_NXE),
        cpl: input.byte() & 3,
        rflags_ac: input.flag(),
        cr3: input.word(),
        pkru: input.u32(),
        physical_bits: input.byte(),
        gigabyte_pages: how & 2 != 0,
        pdptes: (how & 0x80 != 0).then(|| [0; 4].map(|_: u64| input.word())),
    }
}

/// All three accesses to one address.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let state = state(&mut input);
    let address = Gva(input.word());
    let bytes = input.rest();
    let memory = Memory {
        bytes,
        written: RefCell::default(),
        reads: Cell::new(0),
    };
    let results = [Access::Read, Access::Write, Access::Fetch].map(|access| {
        memory.reads.set(0);
        let result = walk(&state, address, access, &memory);
        assert!(memory.reads.get() <= 5);
        assert_eq!(
            translate(&state, address, access, &memory),
            result.map(|walk| walk.gpa)
        );
        if let Err(WalkError::PageFault(code)) = result {
            assert_fault(&state, access, code);
        }
        result
    });
    if let Ok(write) = results[1] {
        let read = results[0].expect("what can be written can be read");
        assert_eq!(read.gpa, write.gpa);
        assert_translation(&state, address, write.gpa, write.page_bits);
        settle(&state, address, &memory);
    }
    if let (Ok(read), Ok(fetch)) = (results[0], results[2]) {
        assert_eq!(read.gpa, fetch.gpa);
    }
}

fn assert_translation(state: &PagingState, address: Gva, gpa: Gpa, page_bits: u32) {
    let width = u32::from(state.physical_bits.clamp(32, 52));
    assert_eq!(gpa.0 >> width, 0, "{gpa} has more than {width} bits");
    assert!(matches!(page_bits, 12 | 21 | 22 | 30 | 32));
    let offset = (1 << page_bits) - 1;
    assert_eq!(gpa.0 & offset, address.0 & offset);
}

fn assert_fault(state: &PagingState, access: Access, code: u32) {
    let has = |bit: u32| code & bit != 0;
    assert_eq!(has(error_code::WRITE), access == Access::Write);
    assert_eq!(has(error_code::USER), state.cpl == 3);
    let told = state.cr4 & CR4_SMEP != 0 || state.cr4 & CR4_PAE != 0 && state.efer & EFER_NXE != 0;
    assert_eq!(has(error_code::FETCH), access == Access::Fetch && told);
    assert!(!has(error_code::RESERVED) || has(error_code::PRESENT));
    assert!(!has(error_code::PROTECTION_KEY) || has(error_code::PRESENT));
}

/// Sets the flags that are due until none is. An entry may be on the way twice, so more than one round may be needed.
fn settle(state: &PagingState, address: Gva, memory: &Memory<'_>) {
    for _ in 0..6 {
        let walk = match walk(state, address, Access::Write, memory) {
            Ok(walk) => walk,
            // Flags in a table that is a page of itself can change where it leads.
            Err(_) => return,
        };
        let mut due = 0;
        for update in walk.updates() {
            assert_eq!(update.seen & !0x60, update.wanted & !0x60);
            assert_eq!(update.seen & !update.wanted, 0, "flags are only set");
            memory
                .written
                .borrow_mut()
                .insert(update.at.0, update.wanted);
            due += 1;
        }
        if due == 0 {
            return;
        }
    }
    panic!("there is always another flag to set");
}

/// Each paging mode with tables that lead somewhere.
pub fn seeds() -> Vec<Vec<u8>> {
    // how, CR4 bits, CPL, AC, CR3 (16 bits), PKRU, physical bits, address (32 bits), memory.
    let seed = |how: u8, cr4: u8, entry: u64, width: usize| {
        let mut seed = vec![how, cr4, 0, 0, 1, 0, 0x10];
        seed.extend([0; 4]);
        seed.push(46);
        seed.extend([2, 0x34, 0x12, 0x40, 0]);
        let mut memory = vec![0; 64];
        for at in (0..64).step_by(width) {
            put(&mut memory, at, &entry.to_le_bytes()[..width]);
        }
        seed.extend(memory);
        seed
    };
    vec![
        seed(0x00, 0, 7, 4),
        seed(0x03, 0, 0x2007, 4),
        seed(0x03, 1, 0x40_0087, 4),
        seed(0x43, 2, 0x2001, 8),
        seed(0x63, 2, 0x2007, 8),
        seed(0x63, 2, 0x4000_0087, 8),
        seed(0x63, 6, 0x2007, 8),
        seed(0x63, 0x22, 0x2007, 8),
        seed(0x63, 0x1a, 0x8000_0000_0000_2003, 8),
    ]
}
