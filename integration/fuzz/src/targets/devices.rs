//! A guest that may do anything to its board and its local APIC, at any time.

use isthmus_abi::{ApicId, Gpa, Msr, Port, Vector};
use isthmus_devices::board::{IOAPIC_BASE, MAX_EVENTS};
use isthmus_devices::lapic::{Lint, LintOutcome, offset};
use isthmus_devices::{
    Board, BoardConfig, BoardEvent, DeliveryMode, Effect, Lapic, LapicConfig, Shorthand, Ticks,
    TriggerMode,
};

use crate::input::Input;

const TSC_HZ: u64 = 1_000_000_000;
/// The end of the board's time: 8 days at 100 GHz, two thousand years at 1 MHz.
const END: Ticks = Ticks(1 << 56);

/// Ports where something answers.
const PORTS: [u16; 40] = [
    0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x40, 0x41, 0x42, 0x43, 0x61, 0x60, 0x64, 0x70, 0x71,
    0x80, 0x92, 0xcf8, 0xcf9, 0xcfc, 0xf4, 0x3f8, 0x3f9, 0x3fa, 0x3fb, 0x3fc, 0x3fd, 0x3fe, 0x3ff,
    0x600, 0x602, 0x603, 0x604, 0x605, 0x606, 0x608, 0x60a, 0x60b, 0x60c, 0x5ff,
];

fn port(input: &mut Input<'_>) -> Port {
    let choice = usize::from(input.byte());
    Port(PORTS.get(choice).copied().unwrap_or_else(|| input.u16()))
}

/// A clock's: the hypervisor measured it, so it is possible, 1 MHz to 100 GHz.
fn frequency(input: &mut Input<'_>) -> u64 {
    1_000_000 + input.word() % 100_000_000_000
}

/// Accesses, input, acknowledgements and pauses. Events are bounded, and after a poll the next one is in the future.
pub fn board(data: &[u8]) {
    let mut input = Input::new(data);
    let flags = input.byte();
    let config = BoardConfig {
        tsc_hz: if flags & 0x80 != 0 {
            frequency(&mut input)
        } else {
            TSC_HZ
        },
        rtc_epoch: if flags & 0x40 != 0 {
            input.word()
        } else {
            1_600_000_000
        },
        uart: flags & 1 == 0,
        rtc: flags & 2 == 0,
        debug_exit: flags & 4 == 0,
        firmware_state: flags & 8 == 0,
    };
    let mut board = Board::new(config);
    let mut now = Ticks(0);
    while !input.is_empty() {
        board_step(&mut board, &mut now, &mut input);
    }
    let events = board.take_events();
    assert!(events.len() <= MAX_EVENTS && !board.has_events());
    board.take_console_output();
    assert!(!board.has_console_output());
    board.reset();
    board.poll(now);
}

fn board_step(board: &mut Board, now: &mut Ticks, input: &mut Input<'_>) {
    let kind = input.byte();
    let size = match kind >> 5 {
        0..4 => 1,
        4 => 2,
        5 => 4,
        6 => 8,
        _ => input.byte(),
    };
    match kind & 15 {
        0..4 => board.port_write(port(input), size, u32::from(input.byte()), *now),
        4 => board.port_write(port(input), size, input.u32(), *now),
        5..8 => {
            let value = board.port_read(port(input), size, *now);
            if matches!(size, 1 | 2) {
                assert_eq!(
                    u64::from(value) >> (8 * u32::from(size)),
                    0,
                    "wider than asked for"
                );
            }
        }
        8 => {
            let (at, value) = (Gpa(IOAPIC_BASE.0 + u64::from(input.byte())), input.word());
            assert!(size > 8 || board.mmio_write(at, size, value, *now));
        }
        9 => {
            let at = Gpa(IOAPIC_BASE.0.wrapping_add(input.word()).wrapping_sub(8));
            let value = board.mmio_read(at, size, *now);
            assert!(at >= IOAPIC_BASE || value.is_none());
        }
        10 => {
            let bytes = input.take(usize::from(kind >> 4));
            assert!(board.console_input(bytes, *now) <= bytes.len());
        }
        11 => board.eoi(Vector(input.byte())),
        12 => drain(board, input),
        13 => board.press_power_button(),
        _ => {
            let next = board.next_event().unwrap_or(*now).max(*now);
            let later = now.saturating_add(input.word());
            *now = if kind & 0x10 != 0 { next } else { later }.min(END);
            board.poll(*now);
            let soon = board.next_event();
            assert!(
                soon.is_none_or(|next| next > *now || *now == END),
                "{soon:?} at {now:?}"
            );
        }
    }
}

fn drain(board: &mut Board, input: &mut Input<'_>) {
    let events = board.take_events();
    assert!(events.len() <= MAX_EVENTS && !board.has_events());
    for event in events {
        match event {
            BoardEvent::ExtInt(level) => {
                assert_eq!(level, board.ext_int());
                if level && input.flag() {
                    board.pic_acknowledge();
                }
            }
            BoardEvent::Message(message) => assert!(matches!(
                message.delivery_mode,
                DeliveryMode::Fixed
                    | DeliveryMode::LowestPriority
                    | DeliveryMode::Nmi
                    | DeliveryMode::Init
                    | DeliveryMode::ExtInt
            )),
            BoardEvent::Reset if input.flag() => board.reset(),
            _ => {}
        }
    }
}

/// What drivers do: the timer, the serial port, the clock, both interrupt controllers, power.
pub fn board_seeds() -> Vec<Vec<u8>> {
    let number = |port: u16| {
        PORTS
            .iter()
            .position(|known| *known == port)
            .expect("known") as u8
    };
    let out = |port: u16, value: u8| vec![0, number(port), value];
    let pass = vec![14, 2, 0, 0, 0x10, 0];
    let next = vec![0x1f];
    let take = vec![12, 1];
    let pic = [
        out(0x20, 0x11),
        out(0x21, 0x20),
        out(0x21, 4),
        out(0x21, 1),
        out(0x21, 0),
    ]
    .concat();
    let timer = [
        out(0x43, 0x34),
        out(0x40, 0xff),
        out(0x40, 1),
        next.clone(),
        take.clone(),
        next.clone(),
    ]
    .concat();
    let uart = [
        out(0x3f9, 0xf),
        out(0x3fa, 7),
        out(0x3fc, 0xb),
        out(0x3f8, b'x'),
        vec![0x4a, 1, 2, 3, 4],
        next.clone(),
    ]
    .concat();
    let rtc = [
        out(0x70, 0xb),
        out(0x71, 0x72),
        out(0x70, 0xa),
        out(0x71, 0x26),
        next.clone(),
        out(0x70, 0xc),
        vec![5, number(0x71)],
    ]
    .concat();
    let ioapic = [
        vec![0xa8, 0, 0, 0x14],
        vec![0xa8, 0x10, 1, 0x30, 0x80],
        next.clone(),
        take.clone(),
        vec![11, 0x30],
    ]
    .concat();
    let power = [
        vec![13],
        vec![0x84, number(0x602), 0, 1, 0, 0],
        vec![0x84, number(0x604), 0, 0x34, 0, 0],
        take.clone(),
    ]
    .concat();
    let scenes = [pic.clone(), timer, uart, rtc, ioapic, power, pass];
    let mut seeds: Vec<_> = scenes
        .iter()
        .map(|scene| [&[0][..], &pic, scene, &take].concat())
        .collect();
    seeds.push([&[8][..], &scenes.concat(), &scenes.concat()].concat());
    seeds
}

/// Register accesses in every mode, messages, acknowledgements, time.
pub fn lapic(data: &[u8]) {
    let mut input = Input::new(data);
    let flags = input.byte();
    let config = LapicConfig {
        tsc_hz: if flags & 0x80 != 0 {
            frequency(&mut input)
        } else {
            TSC_HZ
        },
        timer_hz: if flags & 0x40 != 0 {
            frequency(&mut input)
        } else {
            25_000_000
        },
        bsp: flags & 1 == 0,
    };
    let mut lapic = Lapic::new(ApicId(input.byte().into()), config);
    if flags & 2 != 0 {
        lapic.enter_virtual_wire_mode();
    }
    let mut now = Ticks(0);
    while !input.is_empty() {
        lapic_step(&mut lapic, &mut now, &mut input);
        if let Some(vector) = lapic.pending() {
            let class = lapic.page().get(offset::PPR) & 0xf0;
            assert!(lapic.page().test(offset::IRR, vector) && u32::from(vector.0 & 0xf0) > class);
        }
    }
}

fn lapic_step(lapic: &mut Lapic, now: &mut Ticks, input: &mut Input<'_>) {
    let kind = input.byte();
    let effect = match kind & 15 {
        0..3 => lapic.write_mmio(
            u16::from(input.byte() & 0x3f) << 4,
            input.word() as u32,
            *now,
        ),
        3 => {
            lapic.read_mmio(input.u16(), *now);
            lapic.write_mmio(input.u16(), input.u32(), *now)
        }
        4 | 5 => {
            let (msr, value) = (Msr(0x800 + u32::from(input.byte())), input.word());
            lapic.write_msr(msr, value, *now).unwrap_or(Effect::None)
        }
        6 => {
            let _ = lapic.read_msr(Msr(0x7f8 + u32::from(input.u16() & 0x1ff)), *now);
            Effect::None
        }
        7 => {
            let known = [
                0xfee0_0000,
                0xfee0_0100,
                0xfee0_0800,
                0xfee0_0900,
                0xfee0_0c00,
                0xfee0_0d00,
            ];
            let value = if kind & 0x80 != 0 {
                input.word()
            } else {
                input.pick(&known)
            };
            let before = lapic.apic_base();
            assert!(lapic.set_apic_base(value).is_ok() || lapic.apic_base() == before);
            Effect::None
        }
        8 => {
            let value = input.word();
            assert_eq!(lapic.set_cr8(value).is_ok(), value < 16);
            assert!(lapic.cr8() < 16);
            Effect::None
        }
        9 => {
            let trigger = if kind & 0x10 != 0 {
                TriggerMode::Level
            } else {
                TriggerMode::Edge
            };
            let vector = Vector(input.byte());
            assert!(!lapic.accept(vector, trigger) || lapic.page().test(offset::IRR, vector));
            Effect::None
        }
        10 => {
            if let Some(vector) = lapic.pending() {
                lapic.acknowledge(vector);
                assert!(lapic.page().test(offset::ISR, vector));
                assert!(
                    lapic
                        .pending()
                        .is_none_or(|next| next.0 & 0xf0 > vector.0 & 0xf0)
                );
            }
            Effect::None
        }
        11 => {
            let lint = if kind & 0x10 != 0 {
                Lint::Lint0
            } else {
                Lint::Lint1
            };
            let outcome = lapic.signal(lint);
            assert!(
                outcome != LintOutcome::Accepted || lapic.page().highest(offset::IRR).is_some()
            );
            Effect::None
        }
        12 => {
            lapic.set_tsc_deadline(now.0.wrapping_add(input.word()), *now);
            lapic.tsc_deadline(*now);
            Effect::None
        }
        13 => {
            let moved = Ticks(now.0.wrapping_add(input.word()));
            lapic.tsc_moved(*now, moved);
            *now = moved;
            Effect::None
        }
        14 => {
            lapic.reset(kind & 0x10 != 0);
            Effect::None
        }
        _ => {
            pass(lapic, now, kind, input);
            Effect::None
        }
    };
    if let Effect::Ipi(ipi) = effect {
        assert!(ipi.shorthand != Shorthand::Itself && ipi.level);
        match ipi.delivery_mode {
            DeliveryMode::Fixed | DeliveryMode::LowestPriority => assert!(ipi.vector.0 >= 16),
            DeliveryMode::Nmi | DeliveryMode::Init | DeliveryMode::StartUp => {}
            other => panic!("{other:?} is sent"),
        }
    }
}

fn pass(lapic: &mut Lapic, now: &mut Ticks, kind: u8, input: &mut Input<'_>) {
    let next = lapic.next_event().unwrap_or(*now).max(*now);
    *now = if kind & 0x10 != 0 {
        next
    } else {
        now.saturating_add(input.word())
    };
    lapic.poll(*now);
    let soon = lapic.next_event();
    assert!(
        soon.is_none_or(|next| next > *now || now.0 == u64::MAX),
        "{soon:?} at {now:?}"
    );
}

/// What systems do: enable it, run the timer in each mode, send to others and to itself, move to x2APIC mode.
pub fn lapic_seeds() -> Vec<Vec<u8>> {
    let write = |register: u16, value: u32| {
        let mut step = vec![0, (register >> 4) as u8, 2];
        step.extend(value.to_le_bytes());
        step
    };
    let (next, take, eoi) = (vec![0x1f], vec![10], write(0xb0, 0));
    let on = write(0xf0, 0x1ff);
    let timer = |mode: u32| {
        [
            write(0x3e0, 0xb),
            write(0x320, mode << 17 | 0x40),
            write(0x380, 1000),
            next.clone(),
            take.clone(),
            eoi.clone(),
        ]
        .concat()
    };
    let deadline = [
        write(0x320, 2 << 17 | 0x40),
        vec![12, 1, 0, 4],
        next.clone(),
    ]
    .concat();
    let ipi = [
        write(0x310, 1 << 24),
        write(0x300, 0x4040),
        write(0x300, 0x4_4050),
        write(0x300, 0xc_4500),
        write(0x300, 0x607),
    ]
    .concat();
    let x2apic = [
        vec![7, 5],
        vec![4, 0x30, 7, 0x40, 0x40, 0, 0, 1, 0, 0, 0],
        vec![4, 0x3f, 0, 0x41],
        take.clone(),
        vec![6, 0x38, 0],
    ]
    .concat();
    let level = [
        vec![0x19, 0x51],
        take.clone(),
        vec![9, 0x61],
        vec![8, 0, 5],
        take.clone(),
        eoi.clone(),
    ]
    .concat();
    let errors = [
        write(0x370, 0x22),
        write(0x300, 3),
        write(0x280, 0),
        vec![0x1b],
        vec![11],
    ]
    .concat();
    let scenes = [timer(0), timer(1), deadline, ipi, x2apic, level, errors];
    let mut seeds: Vec<_> = scenes
        .iter()
        .map(|scene| [&[0, 0][..], &on, scene].concat())
        .collect();
    seeds.push(
        [
            &[2, 3][..],
            &on,
            &scenes.concat(),
            &[7, 0],
            &scenes.concat(),
        ]
        .concat(),
    );
    seeds
}
