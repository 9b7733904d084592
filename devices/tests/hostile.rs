//! A guest that may do anything to its board and its local APICs: random accesses of every kind at random
//! times, from a fixed seed. Nothing panics, nothing grows, and time always moves.

use isthmus_abi::{ApicId, Gpa, Msr, Port};
use isthmus_devices::board::{IOAPIC_BASE, MAX_EVENTS};
use isthmus_devices::time::MIN_PERIOD_NS;
use isthmus_devices::{
    Board, BoardConfig, BoardEvent, DeliveryMode, Effect, Lapic, LapicConfig, Ticks, TriggerMode,
};
use proptest::prelude::*;

const TSC_HZ: u64 = 1_000_000_000;

/// SplitMix64: enough randomness for a test, and the same every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let length = u64::try_from(from.len()).expect("short");
        from[usize::try_from(self.below(length)).expect("short")]
    }
}

/// Ports where something answers; others are drawn from all 65,536.
const PORTS: [u16; 30] = [
    0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x40, 0x42, 0x43, 0x61, 0x60, 0x64, 0x70, 0x71, 0x80,
    0x92, 0xcf8, 0xcf9, 0xcfc, 0xf4, 0x3f8, 0x3f9, 0x3fa, 0x3fb, 0x3fc, 0x3fd, 0x600, 0x602, 0x604,
    0x608,
];

struct Machine {
    board: Board,
    lapics: [Lapic; 3],
    now: Ticks,
    random: Random,
}

impl Machine {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let config = BoardConfig {
            tsc_hz: TSC_HZ,
            rtc_epoch: random.next() >> random.below(64),
            uart: random.below(8) != 0,
            rtc: random.below(8) != 0,
            debug_exit: random.below(2) != 0,
            firmware_state: random.below(2) != 0,
        };
        let lapic = |id| {
            let config = LapicConfig {
                tsc_hz: TSC_HZ,
                timer_hz: 25_000_000,
                bsp: id == 0,
            };
            Lapic::new(ApicId(id), config)
        };
        Self {
            board: Board::new(config),
            lapics: [0, 1, 2].map(lapic),
            now: Ticks(0),
            random,
        }
    }

    fn value(&mut self) -> u64 {
        let value = self.random.next();
        match self.random.below(4) {
            0 => value,
            1 => value & 0xff,
            2 => self
                .random
                .pick(&[0, 1, 0x34, 0x36, 0x70, 0xb6, 0xff, 0x11, 0x1ff, u64::MAX]),
            _ => value & 0x3_ffff,
        }
    }

    fn step(&mut self) {
        let now = self.now;
        let size = self.random.pick(&[1, 1, 1, 2, 4]);
        let port = match self.random.below(8) {
            0 => self.random.next() as u16,
            _ => self.random.pick(&PORTS),
        };
        let value = self.value();
        match self.random.below(16) {
            0..5 => self.board.port_write(Port(port), size, value as u32, now),
            5..7 => {
                let read = self.board.port_read(Port(port), size, now);
                assert_eq!(
                    u64::from(read) >> (8 * u32::from(size)),
                    0,
                    "wider than asked for"
                );
            }
            7..9 => {
                let gpa = Gpa(IOAPIC_BASE.0 + self.random.pick(&[0, 0x10, 0x40, 3, 0xffc, 0x1000]));
                self.board.mmio_write(gpa, size, value, now);
            }
            9 => {
                let gpa = Gpa(IOAPIC_BASE.0.wrapping_add(self.random.below(64)));
                self.board.mmio_read(gpa, size, now);
            }
            10 => {
                let bytes = value.to_le_bytes();
                assert!(self.board.console_input(&bytes, now) <= bytes.len());
            }
            11 => self.board.eoi(isthmus_abi::Vector(value as u8)),
            12..15 => self.touch_lapic(value),
            _ => self.pass(),
        }
    }

    fn touch_lapic(&mut self, value: u64) {
        let now = self.now;
        let which = usize::try_from(self.random.below(3)).expect("small");
        let register = (self.random.below(0x40) << 4) as u16;
        let lapic = &mut self.lapics[which];
        let effect = match self.random.below(6) {
            0 | 1 => lapic.write_mmio(register, value as u32, now),
            2 => lapic
                .write_msr(Msr(0x800 | u32::from(register >> 4)), value, now)
                .unwrap_or(Effect::None),
            3 => {
                let base = 0xfee0_0000 | (value & 3) << 10;
                let _ = lapic.set_apic_base(base);
                Effect::None
            }
            4 => {
                lapic.set_tsc_deadline(now.0.wrapping_add(value >> 20), now);
                Effect::None
            }
            _ => {
                let _ = lapic.write_mmio(0xf0, 0x1ff, now);
                Effect::None
            }
        };
        self.carry_out(which, effect);
    }

    fn carry_out(&mut self, sender: usize, effect: Effect) {
        match effect {
            Effect::None => {}
            Effect::Eoi {
                vector,
                level: true,
            } => self.board.eoi(vector),
            Effect::Eoi { .. } => {}
            Effect::Ipi(ipi) => {
                let sender = self.lapics[sender].id().0;
                for lapic in &mut self.lapics {
                    if ipi.matches(sender, &lapic.address()) {
                        if ipi.delivery_mode == DeliveryMode::Init {
                            lapic.reset(true);
                        } else {
                            lapic.accept(ipi.vector, TriggerMode::Edge);
                        }
                    }
                }
            }
        }
    }

    /// Everything that the hypervisor does between two exits.
    fn settle(&mut self) {
        let events = self.board.take_events();
        assert!(events.len() <= MAX_EVENTS);
        for event in events {
            match event {
                BoardEvent::Message(message) => {
                    for lapic in &mut self.lapics {
                        if message.destination.matches(&lapic.address()) {
                            lapic.accept(message.vector, message.trigger);
                        }
                    }
                }
                BoardEvent::ExtInt(true) if self.lapics[0].accepts_ext_int() => {
                    self.board.pic_acknowledge();
                }
                BoardEvent::Reset if self.random.below(4) == 0 => self.board.reset(),
                _ => {}
            }
        }
        for which in 0..self.lapics.len() {
            if let Some(vector) = self.lapics[which].pending() {
                self.lapics[which].acknowledge(vector);
                if self.random.below(2) == 0 {
                    let effect = self.lapics[which].write_mmio(0xb0, 0, self.now);
                    self.carry_out(which, effect);
                }
            }
        }
        if self.random.below(4) == 0 {
            self.board.take_console_output();
        }
    }

    /// Time goes on, to the next event or anywhere.
    fn pass(&mut self) {
        let next = self.board.next_event().unwrap_or(self.now).max(self.now);
        self.now = match self.random.below(4) {
            0 => next,
            1 => self
                .now
                .saturating_add(self.random.next() >> (20 + self.random.below(40))),
            _ => self.now.saturating_add(self.random.below(200_000)),
        };
        self.board.poll(self.now);
        for lapic in &mut self.lapics {
            lapic.poll(self.now);
        }
    }
}

#[test]
fn random_accesses_never_break_the_machine() {
    for seed in 0..200 {
        let mut machine = Machine::new(seed);
        for _ in 0..2_000 {
            machine.step();
            machine.settle();
        }
    }
}

#[test]
fn a_board_that_nobody_drains_does_not_grow() {
    let mut machine = Machine::new(42);
    for _ in 0..100_000 {
        machine.step();
    }
    assert!(machine.board.take_events().len() <= MAX_EVENTS);
    let messages = machine.board.take_events();
    assert!(messages.is_empty(), "taken once: {messages:?}");
}

/// Sets every periodic source to run as fast as its registers can say, and to be heard.
fn storm(machine: &mut Machine) {
    let now = machine.now;
    let outs = [
        (0x21, 0),
        (0xa1, 0),
        // Counter 0 in mode 2 or 3, a low byte alone.
        (0x43, machine.random.pick(&[0x14, 0x16])),
        (0x40, machine.random.pick(&[1, 2, 3, 40])),
        // Clock: 8192 Hz, all interrupts.
        (0x70, 0x0a),
        (0x71, 0x23),
        (0x70, 0x0b),
        (0x71, 0x72),
        (0x70, 0x0c),
    ];
    for (port, value) in outs {
        machine.board.port_write(Port(port), 1, value, now);
    }
    for lapic in &mut machine.lapics {
        lapic.reset(false);
        let count = machine.random.pick(&[1, 2, 100]);
        for (register, value) in [
            (0xf0, 0x1ff),
            (0x3e0, 0x0b),
            (0x320, 0x2_0040),
            (0x380, count),
        ] {
            let _ = lapic.write_mmio(register, value, now);
        }
    }
}

/// However fast a guest runs its periodic sources, whoever follows `next_event` wakes up no more often than
/// the limit on each of them says.
#[test]
fn wake_ups_are_bounded_in_a_storm_of_timers() {
    const SPAN_NS: u64 = 10_000_000;
    // The 8254, three APIC timers, and the clock's 8192 Hz, which is slower than the limit.
    const LIMIT: u64 = 5 * SPAN_NS / MIN_PERIOD_NS;
    for seed in 0..100 {
        let mut machine = Machine::new(seed);
        storm(&mut machine);
        let end = machine.now.saturating_add(SPAN_NS);
        let mut wake_ups = 0;
        while machine.now < end {
            let lapics = machine.lapics.iter().filter_map(Lapic::next_event);
            let next = lapics.chain(machine.board.next_event()).min();
            machine.now = next.expect("periodic").max(machine.now);
            machine.board.poll(machine.now);
            for lapic in &mut machine.lapics {
                lapic.poll(machine.now);
            }
            // The guest makes way for the next tick of every source at once.
            machine.board.port_read(Port(0x71), 1, machine.now);
            machine.settle();
            wake_ups += 1;
            assert!(wake_ups <= LIMIT, "seed {seed}");
        }
        assert!(
            wake_ups >= SPAN_NS / MIN_PERIOD_NS / 2,
            "the storm did blow: {wake_ups}"
        );
    }
}

proptest! {
    #[test]
    fn port_and_memory_accesses_never_panic(
        accesses in proptest::collection::vec(
            (any::<u16>(), any::<u8>(), any::<u32>(), 0u64..1 << 32, any::<bool>()), 1..300
        )
    ) {
        let config = BoardConfig {
            tsc_hz: TSC_HZ,
            rtc_epoch: 0,
            uart: true,
            rtc: true,
            debug_exit: true,
            firmware_state: false,
        };
        let mut board = Board::new(config);
        let mut now = Ticks(0);
        for (port, size, value, pass, write) in accesses {
            now = now.saturating_add(pass);
            let port = Port(port % 0x700);
            if write {
                board.port_write(port, size, value, now);
            } else {
                board.port_read(port, size, now);
            }
            let gpa = Gpa(IOAPIC_BASE.0 + u64::from(value % 0x50));
            board.mmio_write(gpa, size, value.into(), now);
            board.poll(now);
            prop_assert!(board.next_event().is_none_or(|next| next > now));
            prop_assert!(board.take_events().len() <= MAX_EVENTS);
        }
    }
}
