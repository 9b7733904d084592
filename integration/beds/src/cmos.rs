//! The content of the battery-backed RAM that Bochs starts with.
//!
//! Bochs' BIOS waits three seconds of machine time for a key on every start unless bit 0 of register 0x3f is set
//! (rombios.c, `interactive_bootkey`). Bochs takes such an image whole, so what it would have filled in is filled in here:
//! memory sizes, boot order and the checksum (bochs iodev/devices.cc). Neighbours: [`crate::bochs`].

/// An image for a machine with `memory_mib` MiB (32 to 4096) that boots from its CD drive without asking.
pub fn image(memory_mib: u32) -> [u8; 128] {
    let mut cmos = [0; 128];
    let kib = memory_mib.saturating_mul(1024);
    let above_1m = kib.saturating_sub(1024).min(0xfc00);
    let above_16m = (kib.saturating_sub(16 * 1024) / 64).min(0xbf00);
    let above_4g = kib.saturating_sub(4 * 1024 * 1024) / 64;
    cmos[0x0a] = 0x26; // 32.768 kHz, periodic rate 1024 Hz
    cmos[0x0b] = 0x02; // 24 hours, BCD
    cmos[0x0d] = 0x80; // the battery is good
    cmos[0x10] = 0x40; // one 1.44 MB drive
    cmos[0x14] = 0x07; // equipment: a drive, a coprocessor
    word(&mut cmos, 0x15, 640);
    word(&mut cmos, 0x17, above_1m);
    word(&mut cmos, 0x30, above_1m);
    word(&mut cmos, 0x34, above_16m);
    word(&mut cmos, 0x5b, above_4g);
    cmos[0x3d] = 0x03; // first boot device: CD drive
    cmos[0x3f] = 0x01; // do not wait for a key
    let sum: u32 = cmos[0x10..=0x2d].iter().map(|byte| u32::from(*byte)).sum();
    let [low, high, ..] = sum.to_le_bytes();
    (cmos[0x2e], cmos[0x2f]) = (high, low);
    cmos
}

/// Stores the low 16 bits of `value` at `index`, low byte first.
fn word(cmos: &mut [u8; 128], index: usize, value: u32) {
    let [low, high, ..] = value.to_le_bytes();
    (cmos[index], cmos[index + 1]) = (low, high);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read out of Bochs 2.7 with `info device "cmos"`, memory 512 MiB, but for the clock, the century and 0x3f.
    #[test]
    fn it_agrees_with_what_bochs_fills_in() {
        let cmos = image(512);
        assert_eq!(
            &cmos[0x10..0x19],
            [0x40, 0, 0, 0, 0x07, 0x80, 0x02, 0x00, 0xfc]
        );
        assert_eq!(&cmos[0x2e..0x32], [0x01, 0xc5, 0x00, 0xfc]);
        assert_eq!(&cmos[0x34..0x36], [0x00, 0x1f]);
        assert_eq!((cmos[0x3d], cmos[0x3f]), (3, 1));
    }

    #[test]
    fn memory_above_three_gib_does_not_overflow_its_field() {
        let cmos = image(4096);
        assert_eq!(&cmos[0x34..0x36], [0x00, 0xbf]);
        assert_eq!(&cmos[0x5b..0x5d], [0, 0]);
    }
}
