//! What a BIOS would have left in low memory, as far as guests look for it: where the extended data area is, how
//! much conventional memory there is, the first serial port; and in place of the BIOS itself an answer to
//! every call of it, "not supported".

use alloc::{vec, vec::Vec};

use isthmus_abi::Gpa;

use crate::{bytes::put, layout::EBDA};

/// Segment of the BIOS, and where in it the answer to every interrupt is: where BIOSes keep theirs for
/// interrupts nobody serves.
const SEGMENT: u16 = 0xf000;
const NOT_SUPPORTED: u16 = 0xff53;
/// Where a processor starts after reset, and where guests jump that want one.
const RESET: Gpa = Gpa(0xf_fff0);

/// Returns with the caller's carry flag set, as BIOS calls do that fail:
/// `push bp; mov bp, sp; or byte [bp + 6], 1; pop bp; iret`.
const NOT_SUPPORTED_CODE: [u8; 9] = [0x55, 0x89, 0xe5, 0x80, 0x4e, 0x06, 0x01, 0x5d, 0xcf];

/// Resets the machine by the port ACPI names too: `mov dx, 0xcf9; mov al, 6; out dx, al`, then
/// `cli; hlt; jmp` to the `hlt`.
const RESET_CODE: [u8; 10] = [0xba, 0xf9, 0x0c, 0xb0, 0x06, 0xee, 0xfa, 0xf4, 0xeb, 0xfd];

/// Interrupt table, data area, extended data area (whose first byte is its size in KiB), and the code.
pub fn areas(uart: bool) -> [(Gpa, Vec<u8>); 5] {
    let vector = [NOT_SUPPORTED.to_le_bytes(), SEGMENT.to_le_bytes()].concat();
    let code = Gpa((u64::from(SEGMENT) << 4) + u64::from(NOT_SUPPORTED));
    [
        (Gpa(0), vector.repeat(256)),
        (Gpa(0x400), data_area(uart)),
        (EBDA, vec![1]),
        (code, NOT_SUPPORTED_CODE.to_vec()),
        (RESET, RESET_CODE.to_vec()),
    ]
}

fn data_area(uart: bool) -> Vec<u8> {
    let mut area = vec![0; 0x100];
    if uart {
        put(&mut area, 0x00, &0x3f8u16.to_le_bytes());
    }
    let segment = u16::try_from(EBDA.0 >> 4).unwrap_or(0);
    put(&mut area, 0x0e, &segment.to_le_bytes());
    let kibibytes = u16::try_from(EBDA.0 >> 10).unwrap_or(0);
    put(&mut area, 0x13, &kibibytes.to_le_bytes());
    area
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        acpi::{RESET_PORT, RESET_VALUE},
        bytes::u16_at,
        layout::{ACPI_AREA, HIGH_RAM_START},
    };

    #[test]
    fn every_interrupt_leads_to_the_answer() {
        let [(_, table), _, _, (code, _), _] = areas(true);
        assert_eq!(table.len(), 1024);
        for entry in table.chunks_exact(4) {
            let target =
                u64::from(u16_at(entry, 2).unwrap()) * 16 + u64::from(u16_at(entry, 0).unwrap());
            assert_eq!(Gpa(target), code);
        }
    }

    #[test]
    fn code_lies_between_the_tables_and_the_end_of_the_first_mebibyte() {
        let [.., (answer, answer_code), (reset, reset_code)] = areas(true);
        assert!(ACPI_AREA.end <= answer.0);
        assert!(answer.0 + answer_code.len() as u64 <= reset.0);
        assert!(reset.0 + reset_code.len() as u64 <= HIGH_RAM_START.0);
    }

    #[test]
    fn the_reset_code_uses_the_announced_register() {
        assert_eq!(u16_at(&RESET_CODE, 1), Some(RESET_PORT));
        assert_eq!(RESET_CODE[4], RESET_VALUE);
    }

    #[test]
    fn the_data_area_names_a_serial_port_only_if_there_is_one() {
        let port = |uart| u16_at(&data_area(uart), 0);
        assert_eq!((port(true), port(false)), (Some(0x3f8), Some(0)));
        assert_eq!(
            (
                u16_at(&data_area(true), 0x0e),
                u16_at(&data_area(true), 0x13)
            ),
            (Some(0x9fc0), Some(639))
        );
    }
}
