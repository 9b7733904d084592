//! Rules for values that need no state: debug registers, linear addresses, page-directory pointers.

use super::GeneralProtection;

/// MOV to DR7: the value the register takes, with its fixed bits (SDM Vol. 3B §18.2.4).
///
/// # Errors
/// [`GeneralProtection`] when one of bits 63:32 is set.
pub const fn write_dr7(value: u64) -> Result<u64, GeneralProtection> {
    // Bits 11, 12, 14 and 15 read as 0 (no RTM is offered), bit 10 as 1.
    if value >> 32 != 0 {
        Err(GeneralProtection)
    } else {
        Ok((value & 0xffff_23ff) | 1 << 10)
    }
}

/// MOV to DR6: the value the register takes, with its fixed bits (SDM Vol. 3B §18.2.3).
///
/// # Errors
/// [`GeneralProtection`] when one of bits 63:32 is set.
pub const fn write_dr6(value: u64) -> Result<u64, GeneralProtection> {
    if value >> 32 != 0 {
        Err(GeneralProtection)
    } else {
        Ok((value & 0xe00f) | 0xffff_0ff0)
    }
}

/// Whether a linear address is canonical for 48-bit paging.
#[must_use]
pub const fn is_canonical(address: u64) -> bool {
    ((address << 16) as i64 >> 16) as u64 == address
}

/// Whether one of a guest's four PDPTEs is legal: present ones have their reserved bits clear (SDM Vol. 3A table 4-8).
#[must_use]
pub const fn is_valid_pdpte(entry: u64, maxphyaddr: u8) -> bool {
    let reserved = 0b1_1110_0110 | (u64::MAX << maxphyaddr);
    entry & 1 == 0 || entry & reserved == 0
}
