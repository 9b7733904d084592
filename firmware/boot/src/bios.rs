//! The few bytes a BIOS would have left in low memory that guests look for: where the extended data area is,
//! how much conventional memory there is, and the first serial port.

use alloc::{vec, vec::Vec};

use isthmus_abi::Gpa;

use crate::{bytes::put, layout::EBDA};

/// The BIOS data area, and the extended one whose first byte is its size in KiB.
pub fn data_areas(uart: bool) -> [(Gpa, Vec<u8>); 2] {
    let mut bda = vec![0; 0x100];
    if uart {
        put(&mut bda, 0x00, &0x3f8u16.to_le_bytes());
    }
    let segment = u16::try_from(EBDA.0 >> 4).unwrap_or(0);
    put(&mut bda, 0x0e, &segment.to_le_bytes());
    let kibibytes = u16::try_from(EBDA.0 >> 10).unwrap_or(0);
    put(&mut bda, 0x13, &kibibytes.to_le_bytes());
    [(Gpa(0x400), bda), (EBDA, vec![1])]
}
