//! Checked access to byte slices in little-endian order. Reads answer `None` past the end; writes go only to
//! buffers this crate has made, at offsets it has fixed.

use alloc::vec::Vec;

/// `len` bytes from `offset`, or `None` where the slice is shorter.
pub fn slice(bytes: &[u8], offset: usize, len: usize) -> Option<&[u8]> {
    bytes.get(offset..offset.checked_add(len)?)
}

fn array<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    slice(bytes, offset, N)?.try_into().ok()
}

pub fn u8_at(bytes: &[u8], offset: usize) -> Option<u8> {
    bytes.get(offset).copied()
}

pub fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    array(bytes, offset).map(u16::from_le_bytes)
}

pub fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    array(bytes, offset).map(u32::from_le_bytes)
}

pub fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    array(bytes, offset).map(u64::from_le_bytes)
}

/// The text before the first NUL; `None` without a NUL or where it is not UTF-8.
pub fn c_str(bytes: &[u8]) -> Option<&str> {
    let end = bytes.iter().position(|&byte| byte == 0)?;
    core::str::from_utf8(bytes.get(..end)?).ok()
}

/// The text with its terminating NUL.
pub fn with_nul(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len().saturating_add(1));
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
    bytes
}

/// Overwrites `buffer` from `offset`. Both are this crate's own, so a miss is a mistake here; it is loud in
/// debug builds and changes nothing otherwise.
pub fn put(buffer: &mut [u8], offset: usize, data: &[u8]) {
    let target = offset
        .checked_add(data.len())
        .and_then(|end| buffer.get_mut(offset..end));
    debug_assert!(
        target.is_some(),
        "write of {} bytes at {offset} is outside its buffer",
        data.len()
    );
    if let Some(target) = target {
        target.copy_from_slice(data);
    }
}

/// The sum of all bytes, modulo 256: zero over a table with a right checksum.
pub fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, &byte| sum.wrapping_add(byte))
}
