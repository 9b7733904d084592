//! The serial port against the 16550A's data sheet, and against `vm-superio`'s where both say something.

use proptest::prelude::*;

use super::*;

const TSC_HZ: u64 = 1_000_000_000;
const NOW: Ticks = Ticks(0);

fn uart() -> Uart16550 {
    Uart16550::new(TSC_HZ)
}

/// With interrupts wired through and the FIFO on, trigger level 8.
fn driven(enable: u8) -> Uart16550 {
    let mut uart = uart();
    uart.write(2, 0x87, NOW);
    uart.write(4, 0x0b, NOW);
    uart.write(1, enable, NOW);
    uart
}

#[test]
fn bytes_written_come_out_in_order() {
    let mut uart = uart();
    for byte in b"hello" {
        assert_eq!(uart.read(5, NOW) & 0x60, 0x60);
        uart.write(0, *byte, NOW);
    }
    assert_eq!(uart.take_output().as_slice(), b"hello");
    assert!(!uart.has_output());
}

#[test]
fn a_full_output_shows_and_loses_only_what_is_written_anyway() {
    let mut uart = uart();
    for byte in 0..=255 {
        uart.write(0, byte, NOW);
    }
    assert_eq!(uart.read(5, NOW) & 0x60, 0);
    uart.write(0, 7, NOW);
    assert_eq!(uart.take_output().len(), OUTPUT);
    assert_eq!(uart.read(5, NOW) & 0x60, 0x60);
}

#[test]
fn the_transmitter_interrupt_comes_when_enabled_and_after_each_byte() {
    let mut uart = driven(0x02);
    assert!(uart.irq());
    assert_eq!(uart.read(2, NOW), 0xc2);
    assert!(!uart.irq());
    assert_eq!(uart.read(2, NOW), 0xc1);
    uart.write(0, b'x', NOW);
    assert!(uart.irq());
    // Enabling again what is enabled gives none.
    uart.read(2, NOW);
    uart.write(1, 0x02, NOW);
    assert!(!uart.irq());
    uart.write(1, 0x00, NOW);
    uart.write(1, 0x02, NOW);
    assert!(uart.irq());
}

#[test]
fn out2_gates_the_interrupt() {
    let mut uart = driven(0x02);
    uart.write(4, 0x03, NOW);
    assert!(!uart.irq());
    uart.write(4, 0x0b, NOW);
    assert!(uart.irq());
}

#[test]
fn received_data_interrupts_at_the_trigger_or_after_four_characters() {
    let mut uart = driven(0x01);
    assert_eq!(uart.input(b"1234567", NOW), 7);
    assert!(!uart.irq());
    let timeout = uart.next_event().expect("bytes wait");
    // 40 bits at 115,200 baud.
    assert!(timeout.0.abs_diff(347_222) < 100);
    uart.poll(timeout);
    assert!(uart.irq());
    assert_eq!(uart.read(2, timeout), 0xcc);
    assert_eq!(uart.read(0, timeout), b'1');
    assert_eq!(uart.read(2, timeout), 0xc1);
    assert_eq!(uart.input(b"89", timeout), 2);
    assert_eq!(uart.read(2, timeout), 0xc4);
    for byte in b"23456789" {
        assert_eq!(uart.read(5, timeout) & 1, 1);
        assert_eq!(uart.read(0, timeout), *byte);
    }
    assert_eq!(uart.read(5, timeout) & 1, 0);
    assert_eq!(uart.next_event(), None);
    assert!(!uart.irq());
}

#[test]
fn input_stops_at_a_full_fifo_and_one_byte_without() {
    let mut uart = driven(0);
    assert_eq!(uart.input(&[0x55; 40], NOW), 16);
    assert_eq!(uart.input(b"x", NOW), 0);
    assert_eq!(uart.read(5, NOW) & 0x02, 0);
    uart.write(2, 0, NOW);
    assert_eq!(uart.input(b"ab", NOW), 1);
}

#[test]
fn loopback_returns_data_and_modem_lines_and_overruns() {
    let mut uart = uart();
    uart.read(6, NOW);
    uart.write(4, 0x1a, NOW);
    // RTS and OUT2 to CTS and DCD; DSR fell, no ring.
    assert_eq!(uart.read(6, NOW), 0x92);
    assert_eq!(uart.read(6, NOW), 0x90);
    uart.write(0, 0x5a, NOW);
    uart.write(0, 0xa5, NOW);
    assert!(!uart.has_output());
    assert_eq!(uart.read(5, NOW), 0x63);
    assert_eq!(uart.read(5, NOW), 0x61);
    assert_eq!(uart.read(0, NOW), 0xa5);
    assert_eq!(uart.input(b"x", NOW), 0);
}

#[test]
fn line_errors_have_the_highest_priority() {
    let mut uart = driven(0x0f);
    uart.write(4, 0x1b, NOW);
    uart.write(3, 0x43, NOW);
    let mut seen = [0; 3].map(|_: u8| 0);
    seen[0] = uart.read(2, NOW);
    assert_eq!(uart.read(5, NOW) & 0x10, 0x10);
    seen[1] = uart.read(2, NOW);
    seen[2] = uart.read(2, NOW);
    assert_eq!(seen, [0xc6, 0xc2, 0xc1]);
}

#[test]
fn the_divisor_hides_behind_its_latch() {
    let mut uart = uart();
    uart.write(3, 0x83, NOW);
    uart.write(0, 0x0c, NOW);
    uart.write(1, 0x01, NOW);
    assert_eq!([uart.read(0, NOW), uart.read(1, NOW)], [0x0c, 0x01]);
    uart.write(3, 0x03, NOW);
    assert_eq!([uart.read(0, NOW), uart.read(1, NOW)], [0, 0]);
    assert!(!uart.has_output());
}

#[test]
fn reset_keeps_output_alone() {
    let mut uart = driven(0x0f);
    uart.write(0, b'x', NOW);
    uart.write(7, 0x77, NOW);
    uart.reset();
    assert_eq!(
        [1, 2, 3, 4, 7].map(|offset| uart.read(offset, NOW)),
        [0, 1, 0, 0, 0]
    );
    assert_eq!(uart.take_output().as_slice(), b"x");
}

struct NoInterrupt;

impl vm_superio::Trigger for NoInterrupt {
    type E = core::convert::Infallible;
    fn trigger(&self) -> Result<(), Self::E> {
        Ok(())
    }
}

proptest! {
    /// Where `vm-superio` models less (trigger levels, FIFO control, errors, modem line changes), the
    /// sequences keep away: what is compared is data both ways, the divisor, the scratch register, line
    /// control and the data-ready bit.
    #[test]
    fn data_and_plain_registers_agree_with_another_model(
        acts in proptest::collection::vec((0u8..6, any::<u8>()), 1..200)
    ) {
        let mut uart = uart();
        uart.write(2, 0x01, NOW);
        // After power-up the divisor is anything; the other model's is that of 9,600 baud.
        for (offset, value) in [(3, 0x83), (0, 12), (1, 0), (3, 0x03)] {
            uart.write(offset, value, NOW);
        }
        let mut oracle = vm_superio::Serial::new(NoInterrupt, alloc::vec::Vec::new());
        let mut waiting = 0;
        let mut latch = false;
        let mut sent = alloc::vec::Vec::new();
        for (kind, value) in acts {
            match kind {
                0 => {
                    uart.write(0, value, NOW);
                    prop_assert!(oracle.write(0, value).is_ok());
                    sent.extend(uart.take_output());
                }
                1 if waiting < 16 => {
                    prop_assert_eq!(uart.input(&[value], NOW), 1);
                    prop_assert_eq!(oracle.enqueue_raw_bytes(&[value]).ok(), Some(1));
                    waiting += 1;
                }
                1 | 2 => {
                    prop_assert_eq!(uart.read(0, NOW), oracle.read(0));
                    waiting -= i32::from(!latch && waiting > 0);
                }
                3 => {
                    latch = value & 0x80 != 0;
                    uart.write(3, value, NOW);
                    prop_assert!(oracle.write(3, value).is_ok());
                    prop_assert_eq!(uart.read(3, NOW), oracle.read(3));
                }
                4 => {
                    uart.write(7, value, NOW);
                    prop_assert!(oracle.write(7, value).is_ok());
                    prop_assert_eq!(uart.read(7, NOW), oracle.read(7));
                }
                _ if latch => {
                    uart.write(1, value, NOW);
                    prop_assert!(oracle.write(1, value).is_ok());
                    prop_assert_eq!(uart.read(1, NOW), oracle.read(1));
                }
                _ => {}
            }
            prop_assert_eq!(uart.read(5, NOW), oracle.read(5));
        }
        prop_assert_eq!(&sent, oracle.writer());
    }
}
