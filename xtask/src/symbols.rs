//! The table by which the hypervisor names functions in its backtraces. `isthmus_hv_core::symbols` reads it and has the format.
//!
//! It is written here and not there, so that the task runner builds while the hypervisor does not; a test holds the two together.
//! Neighbours: [`crate::elf`] has the functions, [`crate::image`] packs the table.

use crate::elf::Function;

/// The table for `functions`, their names as people write them. Functions 4 GiB or more above the first have no place in it.
pub fn table(functions: &[Function]) -> Vec<u8> {
    let mut sorted: Vec<&Function> = functions.iter().collect();
    sorted.sort_by_key(|function| (function.address, function.size));
    sorted.dedup_by_key(|function| function.address);
    let base = sorted.first().map_or(0, |function| function.address);
    let mut entries: Vec<u8> = Vec::new();
    let mut names = String::new();
    let mut count: u32 = 0;
    for function in sorted {
        let name = format!("{:#}", rustc_demangle::demangle(&function.name));
        let offset = u32::try_from(function.address - base);
        let (Ok(offset), Ok(at), Ok(length)) = (
            offset,
            u32::try_from(names.len()),
            u32::try_from(name.len()),
        ) else {
            break;
        };
        for field in [offset, function.size, at, length] {
            entries.extend_from_slice(&field.to_le_bytes());
        }
        names.push_str(&name);
        count += 1;
    }
    let mut table = b"ISYM\x01\x00\x00\x00".to_vec();
    table.extend_from_slice(&base.to_le_bytes());
    table.extend_from_slice(&count.to_le_bytes());
    table.extend_from_slice(&u32::try_from(names.len()).unwrap_or(u32::MAX).to_le_bytes());
    table.extend_from_slice(&entries);
    table.extend_from_slice(names.as_bytes());
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use isthmus_hv_core::symbols::SymbolTable;

    fn function(name: &str, address: u64, size: u32) -> Function {
        Function {
            name: name.into(),
            address,
            size,
        }
    }

    #[test]
    fn the_hypervisor_reads_what_is_written() {
        let base = 0xffff_ffff_8020_0000;
        let bytes = table(&[
            function("second", base + 0x100, 0x20),
            function(
                "_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE",
                base,
                0x40,
            ),
        ]);
        let table = SymbolTable::new(&bytes).expect("a table");
        assert_eq!(
            table.lookup(base + 4),
            Some(("core::fmt::Write::write_fmt", 4))
        );
        assert_eq!(table.lookup(base + 0x11f), Some(("second", 0x1f)));
        assert_eq!(table.lookup(base + 0x50), None);
    }
}
