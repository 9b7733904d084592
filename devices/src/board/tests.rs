//! The board's wiring: which port is whose, and where each device's interrupt goes.

use isthmus_abi::Port;

use super::*;
use crate::interrupt::{DeliveryMode, TriggerMode};

const TSC_HZ: u64 = 1_000_000_000;
const NOW: Ticks = Ticks(1_000);

fn config() -> BoardConfig {
    BoardConfig {
        tsc_hz: TSC_HZ,
        rtc_epoch: 951_782_400,
        uart: true,
        rtc: true,
        debug_exit: true,
        firmware_state: true,
    }
}

fn board() -> Board {
    Board::new(config())
}

fn inb(board: &mut Board, port: u16) -> u32 {
    board.port_read(Port(port), 1, NOW)
}

fn outb(board: &mut Board, port: u16, value: u8) {
    board.port_write(Port(port), 1, value.into(), NOW);
}

fn set_entry(board: &mut Board, pin: u8, low: u32) {
    let select = 0x10 + u64::from(pin) * 2;
    assert!(board.mmio_write(IOAPIC_BASE, 4, select, NOW));
    assert!(board.mmio_write(Gpa(IOAPIC_BASE.0 + 0x10), 4, low.into(), NOW));
}

/// The vectors of the messages among the events.
fn vectors(board: &mut Board) -> ArrayVec<u8, MAX_EVENTS> {
    let events = board.take_events();
    let vector = |event: &BoardEvent| match event {
        BoardEvent::Message(message) => Some(message.vector.0),
        _ => None,
    };
    events.iter().filter_map(vector).collect()
}

#[test]
fn a_board_at_rest_has_nothing_to_say() {
    let mut board = board();
    assert!(!board.has_events());
    assert!(board.take_events().is_empty());
    assert_eq!(board.next_event(), None);
    assert!(board.take_console_output().is_empty());
}

#[test]
fn ports_that_nobody_claims_read_as_ones() {
    let mut board = board();
    for (size, ones) in [(1, 0xff), (2, 0xffff), (4, u32::MAX)] {
        assert_eq!(board.port_read(Port(0x1000), size, NOW), ones);
        assert_eq!(board.port_read(Port(0xffff), size, NOW), ones);
    }
    let bare = BoardConfig {
        uart: false,
        rtc: false,
        debug_exit: false,
        ..config()
    };
    let mut board = Board::new(bare);
    for port in [0x3f8, 0x3fd, 0x70, 0x71, 0xf4] {
        outb(&mut board, port, 0);
        assert_eq!(inb(&mut board, port), 0xff);
    }
    assert!(!board.has_events());
}

#[test]
fn a_wide_access_is_one_byte_access_a_port() {
    let mut board = board();
    board.port_write(Port(0x3fe), 4, 0x1234_5678, NOW);
    // 0x3ff is the scratch register; 0x3fe cannot be written, 0x400 and 0x401 are nobody's.
    assert_eq!(board.port_read(Port(0x3ff), 4, NOW), 0xffff_ff56);
    // An index and its data in one word, as some firmware writes.
    board.port_write(Port(0x70), 2, 0xa540, NOW);
    assert_eq!(board.port_read(Port(0x70), 2, NOW), 0xa540);
}

#[test]
fn pci_has_an_address_and_no_function() {
    let mut board = board();
    board.port_write(Port(0xcf8), 4, 0x8000_1803, NOW);
    assert_eq!(board.port_read(Port(0xcf8), 4, NOW), 0x8000_1800);
    assert_eq!(board.port_read(Port(0xcfc), 4, NOW), u32::MAX);
    assert_eq!(board.port_read(Port(0xcfe), 2, NOW), 0xffff);
    // Narrow writes do not reach the address register.
    outb(&mut board, 0xcfb, 0);
    assert_eq!(board.port_read(Port(0xcf8), 4, NOW), 0x8000_1800);
}

#[test]
fn the_guest_can_turn_off_reset_and_say_its_verdict() {
    let mut board = board();
    board.port_write(Port(0x604), 2, 1 << 13 | 5 << 10, NOW);
    assert_eq!(board.take_events().as_slice(), [BoardEvent::PowerOff]);
    for (port, value) in [(0xcf9, 6), (0x92, 3), (0x64, 0xfe)] {
        outb(&mut board, port, value);
        assert_eq!(
            board.take_events().as_slice(),
            [BoardEvent::Reset],
            "{port:#x}"
        );
        assert!(board.take_events().is_empty());
    }
    board.port_write(Port(0xf4), 4, 0x1234_5678, NOW);
    assert_eq!(
        board.take_events().as_slice(),
        [BoardEvent::Verdict(0x1234_5678)]
    );
    board.port_write(Port(0xf4), 1, 0x1234_5678, NOW);
    assert_eq!(board.take_events().as_slice(), [BoardEvent::Verdict(0x78)]);
}

#[test]
fn a20_is_open_while_either_gate_is() {
    let mut board = board();
    outb(&mut board, 0x92, 0);
    assert!(!board.has_events());
    outb(&mut board, 0x64, 0xd1);
    outb(&mut board, 0x60, 0xdd);
    assert_eq!(board.take_events().as_slice(), [BoardEvent::A20(false)]);
    outb(&mut board, 0x92, 2);
    assert_eq!(board.take_events().as_slice(), [BoardEvent::A20(true)]);
}

#[test]
fn a_timer_tick_reaches_pin_2_and_input_0() {
    let mut board = board();
    set_entry(&mut board, 2, 0x30);
    outb(&mut board, 0x21, 0xfe);
    for (port, value) in [(0x43, 0x34), (0x40, 0xa9), (0x40, 0x04)] {
        outb(&mut board, port, value);
    }
    assert!(board.take_events().is_empty());
    let tick = board.next_event().expect("a millisecond from now");
    assert!(tick.since(NOW).abs_diff(1_000_000) < 1_000);
    board.poll(tick);
    assert_eq!(vectors(&mut board).as_slice(), [0x30]);
    assert!(board.ext_int());
    assert_eq!(board.pic_acknowledge(), Vector(8));
    assert_eq!(board.take_events().as_slice(), [BoardEvent::ExtInt(false)]);
    assert!(board.next_event().expect("periodic") > tick);
}

#[test]
fn a_tick_that_nobody_hears_wakes_nobody_and_is_noted() {
    let mut board = board();
    outb(&mut board, 0x43, 0x34);
    outb(&mut board, 0x40, 0xa9);
    outb(&mut board, 0x40, 0x04);
    assert_eq!(board.next_event(), None);
    let later = NOW.saturating_add(TSC_HZ);
    board.port_write(Port(0x20), 1, 0x0a, later);
    assert_eq!(board.port_read(Port(0x20), 1, later) & 1, 1);
}

#[test]
fn the_serial_port_interrupts_on_4() {
    let mut board = board();
    set_entry(&mut board, 4, 0x34);
    outb(&mut board, 0x3fc, 0x0b);
    outb(&mut board, 0x3f9, 0x03);
    assert_eq!(vectors(&mut board).as_slice(), [0x34]);
    assert_eq!(inb(&mut board, 0x3fa), 0x02);
    outb(&mut board, 0x3f8, b'!');
    assert_eq!(vectors(&mut board).as_slice(), [0x34]);
    assert!(board.has_console_output());
    assert_eq!(board.take_console_output().as_slice(), b"!");
    inb(&mut board, 0x3fa);
    assert_eq!(board.console_input(b"ab", NOW), 1);
    assert_eq!(vectors(&mut board).as_slice(), [0x34]);
    assert_eq!(inb(&mut board, 0x3f8), u32::from(b'a'));
}

#[test]
fn the_clock_interrupts_on_8_through_both_controllers() {
    let mut board = board();
    set_entry(&mut board, 8, 0x38);
    outb(&mut board, 0xa1, 0xfe);
    outb(&mut board, 0x70, 0x0b);
    outb(&mut board, 0x71, 0x12);
    let update = board.next_event().expect("the next second");
    assert!(update.0.abs_diff(TSC_HZ) < 10);
    board.poll(update);
    assert_eq!(vectors(&mut board).as_slice(), [0x38]);
    assert!(board.ext_int());
    assert_eq!(board.pic_acknowledge(), Vector(0x70));
    // Until register C is read there is no other.
    assert_eq!(board.next_event(), None);
    board.port_write(Port(0x70), 1, 0x0c, update);
    assert_eq!(board.port_read(Port(0x71), 1, update) & 0x90, 0x90);
    assert!(board.next_event().is_some());
}

#[test]
fn the_sci_is_a_level_that_comes_again_until_it_is_served() {
    let mut board = board();
    set_entry(&mut board, 9, 1 << 15 | 0x39);
    board.port_write(Port(0x602), 2, 0x100, NOW);
    board.press_power_button();
    let events = board.take_events();
    let [BoardEvent::Message(message)] = events.as_slice() else {
        panic!("one message: {events:?}");
    };
    assert_eq!(
        (message.trigger, message.delivery_mode),
        (TriggerMode::Level, DeliveryMode::Fixed)
    );
    board.eoi(Vector(0x39));
    assert_eq!(vectors(&mut board).as_slice(), [0x39]);
    board.port_write(Port(0x600), 2, 0x100, NOW);
    board.eoi(Vector(0x39));
    assert!(vectors(&mut board).is_empty());
}

#[test]
fn the_ioapic_window_answers_at_its_address_alone() {
    let mut board = board();
    assert_eq!(board.mmio_read(Gpa(0xfebf_ffff), 4, NOW), None);
    assert_eq!(board.mmio_read(Gpa(0xfec0_0ffd), 4, NOW), None);
    assert_eq!(board.mmio_read(Gpa(u64::MAX), 8, NOW), None);
    assert!(!board.mmio_write(Gpa(0xfec0_1000), 4, 0, NOW));
    assert!(board.mmio_write(IOAPIC_BASE, 1, 0x01, NOW));
    assert_eq!(board.mmio_read(Gpa(0xfec0_0010), 4, NOW), Some(0x0017_0020));
    assert_eq!(board.mmio_read(Gpa(0xfec0_0010), 1, NOW), Some(0x20));
    assert_eq!(board.mmio_read(Gpa(0xfec0_0012), 2, NOW), Some(0x17));
    assert_eq!(board.mmio_read(Gpa(0xfec0_0014), 8, NOW), Some(0));
}

#[test]
fn reset_brings_the_board_back_and_tells_that_intr_fell() {
    let mut board = board();
    outb(&mut board, 0x21, 0xee);
    outb(&mut board, 0x3fc, 0x0b);
    outb(&mut board, 0x3f9, 0x02);
    assert_eq!(board.take_events().as_slice(), [BoardEvent::ExtInt(true)]);
    set_entry(&mut board, 4, 1 << 15 | 0x34);
    outb(&mut board, 0xcf9, 6);
    board.reset();
    assert_eq!(board.take_events().as_slice(), [BoardEvent::ExtInt(false)]);
    assert_eq!(board.next_event(), None);
    assert_eq!(inb(&mut board, 0x21), 0xfb);
    assert_eq!(inb(&mut board, 0x3f9), 0);
    assert_eq!(inb(&mut board, 0xcf9), 0);
}

#[test]
fn several_messages_of_a_pin_are_the_last_one() {
    let mut board = board();
    outb(&mut board, 0x3fc, 0x0b);
    for vector in [0x51, 0x52] {
        set_entry(&mut board, 4, vector);
        outb(&mut board, 0x3f9, 0x00);
        outb(&mut board, 0x3f9, 0x02);
    }
    assert_eq!(vectors(&mut board).as_slice(), [0x52]);
}
