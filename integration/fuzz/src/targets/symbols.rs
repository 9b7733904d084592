//! What the hypervisor reads of foreign bytes late or rarely: its symbol table and stack in a panic, and the firmware's
//! way to turn the machine off.

use isthmus_abi::Hva;
use isthmus_hv_core::power;
use isthmus_hv_core::symbols::{SymbolTable, SymbolTableBuilder, backtrace};

use crate::input::Input;

/// As a table, as material to build one from, and as a stack.
pub fn table(data: &[u8]) {
    read(data);
    build(data);
    walk(data);
}

fn read(data: &[u8]) {
    let Ok(table) = SymbolTable::new(data) else {
        return;
    };
    assert!(table.len() * 16 + 24 <= data.len());
    let base = u64::from_le_bytes(data[8..16].try_into().expect("a header"));
    let mut input = Input::new(data);
    for _ in 0..16 {
        for address in [base.wrapping_add(input.word()), input.word()] {
            if let Some((name, inside)) = table.lookup(address) {
                assert!(name.len() <= data.len() && inside <= address - base);
            }
        }
    }
}

/// Every symbol of a built table is found at its first and its last byte.
fn build(data: &[u8]) {
    let mut input = Input::new(data);
    let mut builder = SymbolTableBuilder::new();
    let (base, count) = (input.word(), input.below(12));
    let mut symbols = Vec::new();
    for _ in 0..count {
        let address = base.saturating_add(u64::from(input.u16()));
        let size = u32::from(input.byte());
        let name = String::from_utf8_lossy(input.take(5)).into_owned();
        builder.add(address, size, &name);
        symbols.push((address, size, name));
    }
    let bytes = builder.build().expect("small");
    let table = SymbolTable::new(&bytes).expect("just built");
    symbols.sort();
    symbols.dedup_by_key(|(address, ..)| *address);
    assert_eq!(table.len(), symbols.len());
    for (index, (address, size, name)) in symbols.iter().enumerate() {
        assert_eq!(table.lookup(*address), Some((name.as_str(), 0)));
        let last = address.saturating_add(u64::from(size.saturating_sub(1)));
        let hidden = symbols.get(index + 1).is_some_and(|next| next.0 <= last);
        if !hidden {
            assert_eq!(table.lookup(last), Some((name.as_str(), last - address)));
        }
    }
}

/// A stack that loops or lies ends the walk all the same.
fn walk(data: &[u8]) {
    const STACK: u64 = 0xffff_ffff_8000_0000;
    let (words, _) = data.as_chunks::<8>();
    let stack = |address: Hva| {
        let index = usize::try_from(address.0.checked_sub(STACK)? / 8).ok()?;
        words.get(index).map(|word| u64::from_le_bytes(*word))
    };
    let mut input = Input::new(data);
    let starts = [STACK, STACK + input.u64() % 256, input.u64(), !7];
    for frame in starts {
        assert!(backtrace::walk(stack, 1, frame).count() <= backtrace::MAX_FRAMES);
    }
}

/// Tables as the image's build makes them, a chain of frames, one that loops.
pub fn table_seeds() -> Vec<Vec<u8>> {
    let table = |symbols: &[(u64, u32, &str)]| {
        let mut builder = SymbolTableBuilder::new();
        for (address, size, name) in symbols {
            builder.add(*address, *size, name);
        }
        builder.build().expect("small")
    };
    let stack = |words: &[u64]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
    const STACK: u64 = 0xffff_ffff_8000_0000;
    vec![
        table(&[]),
        table(&[(0xffff_ffff_8020_0000, 16, "start")]),
        table(&[
            (0x20_0000, 16, "start"),
            (0x20_0010, 0, "rust_panic"),
            (0x20_4000, 0x200, "h\u{e9}"),
        ]),
        stack(&[
            STACK + 32,
            0x20_0000,
            0,
            0,
            STACK + 48,
            0x20_0010,
            0,
            0x20_0020,
        ]),
        stack(&[STACK, 1, STACK, 1]),
    ]
}

/// The sleep type fits the register's three bits, whatever the table.
pub fn soft_off(data: &[u8]) {
    if let Some((first, second)) = power::soft_off(data) {
        assert!(first < 8 && second < 8);
        assert!(data.windows(5).any(|bytes| bytes == b"_S5_\x12"));
    }
}

/// Each encoding of a number and of a length.
pub fn soft_off_seeds() -> Vec<Vec<u8>> {
    let seeds: [&[u8]; 6] = [
        b"xx\x08_S5_\x12\x06\x04\x0a\x05\x0a\x05\x00\x00",
        b"\x08_S5_\x12\x06\x04\x01\x00\x00\x00",
        b"\x08_S5_\x12\x46\x00\x04\x0a\x07\x01\x00\x00",
        b"\x08_S5_\x12\x86\x00\x00\x01\x0a\x03",
        b"\x08_S5_\x12\xc6\x00\x00\x00\x04\x0a\x05\x0a\x05",
        b"_S5__S5_\x12\x06\x04\x0c\x05\x00\x00\x00",
    ];
    seeds.map(<[u8]>::to_vec).into()
}
