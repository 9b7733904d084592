//! The board of a partition: its chipset's devices, the wires between them and the interrupt controllers, and
//! what it asks of the outside. One a partition, shared by its vCPUs behind the hypervisor's lock.
//!
//! Trusts its owner to drain [`Board::take_events`] and [`Board::take_console_output`] after each call; if it
//! does not, nothing grows: each pin of the I/O APIC has one place for a message, each other event is a flag.
//!
//! ISA interrupt n is input n of the 8259 pair and pin n of the I/O APIC, but interrupt 0 is pin 2. Pin 0
//! carries nothing. The devices' ports are in `ports`.

mod ports;
#[cfg(test)]
mod tests;

use arrayvec::ArrayVec;
use isthmus_abi::{Gpa, Vector};

use crate::i8042::I8042;
use crate::interrupt::InterruptMessage;
use crate::ioapic::{self, IoApic, Messages};
use crate::pci::NoPci;
use crate::pic::DualPic;
use crate::pit::Pit;
use crate::pm::AcpiPm;
use crate::reset::{ControlA, ResetControl};
use crate::rtc::Rtc;
use crate::time::{Ticks, earliest};
use crate::uart::{self, Uart16550};

/// Where the I/O APIC's window is.
pub const IOAPIC_BASE: Gpa = Gpa(0xfec0_0000);
/// Bytes of the window.
pub const IOAPIC_SIZE: u64 = 0x1000;
/// APIC id of the I/O APIC, as the MADT has it.
pub const IOAPIC_ID: u8 = 0;

/// ISA interrupts of the devices.
pub mod irq {
    /// The 8254's counter 0.
    pub const TIMER: u8 = 0;
    /// The keyboard controller.
    pub const KEYBOARD: u8 = 1;
    /// COM1.
    pub const COM1: u8 = 4;
    /// The real-time clock.
    pub const RTC: u8 = 8;
    /// ACPI's system control interrupt: level-triggered, active high.
    pub const SCI: u8 = 9;
}

/// Most events that one [`Board::take_events`] gives: a message for each pin, and one of each other kind.
pub const MAX_EVENTS: usize = 32;

/// Events of one [`Board::take_events`].
pub type BoardEvents = ArrayVec<BoardEvent, MAX_EVENTS>;

/// What a board is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BoardConfig {
    /// Frequency of the guest's TSC.
    pub tsc_hz: u64,
    /// Time that the real-time clock shows at tick 0, in seconds since 1970, UTC.
    pub rtc_epoch: u64,
    /// Whether COM1 is there.
    pub uart: bool,
    /// Whether the real-time clock is there.
    pub rtc: bool,
    /// Whether the test device at port 0xf4 is there.
    pub debug_exit: bool,
    /// Whether the 8259 pair and the 8254 start as PC firmware leaves them (vectors 8 and 0x70, all masked;
    /// 18.2 ticks a second) instead of as after power-up.
    pub firmware_state: bool,
}

/// What the board asks of its owner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BoardEvent {
    /// Deliver this to the local APICs that match.
    Message(InterruptMessage),
    /// The 8259 pair's INTR line changed to this level; it goes to LINT0 of every local APIC.
    ExtInt(bool),
    /// The guest turned itself off.
    PowerOff,
    /// The guest resets its machine.
    Reset,
    /// The guest of a test said how it went.
    Verdict(u32),
    /// The A20 gate opened or closed. Informative: the board's partitions have no wrap at 1 MiB.
    A20(bool),
}

/// A partition's board.
#[derive(Clone, Debug)]
pub struct Board {
    config: BoardConfig,
    ioapic: IoApic,
    pic: DualPic,
    pit: Pit,
    pm: AcpiPm,
    keyboard: I8042,
    control_a: ControlA,
    reset_control: ResetControl,
    pci: NoPci,
    uart: Option<Uart16550>,
    rtc: Option<Rtc>,
    /// Last byte written to port 0x80.
    post: u8,
    /// Levels that the inputs were last driven to, by ISA interrupt.
    lines: u16,
    outbox: Outbox,
}

/// Events that were not taken yet.
#[derive(Clone, Debug, Default)]
struct Outbox {
    /// The last message of each pin.
    messages: [Option<InterruptMessage>; ioapic::PINS],
    /// Whether there is any message.
    has_messages: bool,
    /// Level of INTR as last told.
    told_ext_int: bool,
    /// State of the A20 gate as last told; open at the start.
    told_a20: Option<bool>,
    power_off: bool,
    reset: bool,
    verdict: Option<u32>,
}

impl Outbox {
    fn put(&mut self, messages: impl IntoIterator<Item = (u8, InterruptMessage)>) {
        for (pin, message) in messages {
            if let Some(slot) = self.messages.get_mut(usize::from(pin)) {
                *slot = Some(message);
                self.has_messages = true;
            }
        }
    }
}

/// The I/O APIC's pin of an ISA interrupt.
#[must_use]
pub const fn pin_of(irq: u8) -> u8 {
    if irq == irq::TIMER { 2 } else { irq }
}

impl Board {
    /// A board after power-up, at tick 0.
    #[must_use]
    pub fn new(config: BoardConfig) -> Self {
        let mut board = Self {
            config,
            ioapic: IoApic::new(IOAPIC_ID),
            pic: DualPic::new(),
            pit: Pit::new(config.tsc_hz),
            pm: AcpiPm::new(config.tsc_hz),
            keyboard: I8042::new(),
            control_a: ControlA::new(),
            reset_control: ResetControl::default(),
            pci: NoPci::new(),
            uart: config.uart.then(|| Uart16550::new(config.tsc_hz)),
            rtc: config
                .rtc
                .then(|| Rtc::new(config.tsc_hz, config.rtc_epoch)),
            post: 0,
            lines: 0,
            outbox: Outbox::default(),
        };
        board.start();
        board
    }

    /// What both power-up and reset end with.
    fn start(&mut self) {
        if self.config.firmware_state {
            self.pic.firmware_state();
            self.pit.firmware_state(Ticks::default());
        }
    }

    /// Resets every device as the reset line does. The real-time clock keeps time and memory; events and output
    /// that were not taken are dropped, the console's excepted. The board's time goes on: `now` does not begin
    /// again with the guest.
    pub fn reset(&mut self) {
        self.ioapic.reset();
        self.pic.reset();
        self.pit.reset();
        self.pm.reset();
        self.keyboard = I8042::new();
        self.control_a = ControlA::new();
        self.reset_control = ResetControl::default();
        self.pci = NoPci::new();
        if let Some(uart) = &mut self.uart {
            uart.reset();
        }
        if let Some(rtc) = &mut self.rtc {
            rtc.reset();
        }
        self.post = 0;
        let told_ext_int = self.outbox.told_ext_int;
        self.outbox = Outbox {
            told_ext_int,
            ..Outbox::default()
        };
        self.drive_lines();
        self.start();
    }

    /// Drives one ISA interrupt.
    fn drive(&mut self, irq: u8, high: bool) {
        self.pic.set_irq(irq, high);
        let pin = pin_of(irq);
        let message = self.ioapic.set_line(pin, high);
        self.outbox.put(message.map(|message| (pin, message)));
    }

    /// Brings the inputs of the interrupt controllers to the levels of the devices' outputs. Devices call for
    /// it by every access to them.
    fn drive_lines(&mut self) {
        let levels = [
            (irq::KEYBOARD, self.keyboard.keyboard_irq()),
            (irq::COM1, self.uart.as_ref().is_some_and(Uart16550::irq)),
            (irq::RTC, self.rtc.as_ref().is_some_and(Rtc::irq)),
            (irq::SCI, self.pm.sci()),
        ];
        for (irq, high) in levels {
            let mask = 1 << irq;
            if (self.lines & mask != 0) != high {
                self.lines ^= mask;
                self.drive(irq, high);
            }
        }
    }

    /// Lets time pass for every device.
    pub fn poll(&mut self, now: Ticks) {
        self.poll_timer(now);
        self.pm.poll(now);
        if let Some(uart) = &mut self.uart {
            uart.poll(now);
        }
        if let Some(rtc) = &mut self.rtc {
            rtc.poll(now);
        }
        self.drive_lines();
    }

    /// A tick of counter 0 is a pulse: its output is low for part of each period.
    fn poll_timer(&mut self, now: Ticks) {
        if self.pit.poll(now) {
            self.drive(irq::TIMER, false);
            self.drive(irq::TIMER, true);
        }
    }

    /// When [`Board::poll`] is next needed; `None` if nothing is under way. A timer tick that is masked at both
    /// interrupt controllers needs none: it is noted whenever it is looked for.
    #[must_use]
    pub fn next_event(&self) -> Option<Ticks> {
        let heard = |irq| !self.pic.is_masked(irq) || !self.ioapic.is_masked(pin_of(irq));
        let timer = self.pit.next_event().filter(|_| heard(irq::TIMER));
        let uart = self.uart.as_ref().and_then(Uart16550::next_event);
        let rtc = self.rtc.as_ref().and_then(Rtc::next_event);
        let devices = [
            timer,
            uart.filter(|_| heard(irq::COM1)),
            rtc.filter(|_| heard(irq::RTC)),
            self.pm.next_event().filter(|_| heard(irq::SCI)),
        ];
        devices.into_iter().fold(None, earliest)
    }

    /// Whether [`Board::take_events`] would give any.
    #[must_use]
    pub fn has_events(&self) -> bool {
        let outbox = &self.outbox;
        outbox.has_messages
            || outbox.power_off
            || outbox.reset
            || outbox.verdict.is_some()
            || outbox.told_ext_int != self.pic.intr()
            || outbox.told_a20.unwrap_or(true) != self.is_a20_open()
    }

    /// What happened since the last call, messages first. Several messages of one pin are the last of them,
    /// several changes of a line the present level.
    pub fn take_events(&mut self) -> BoardEvents {
        let mut events = BoardEvents::new();
        // At most 24 messages and five others: there is space for each.
        let mut put = |event| {
            let _ = events.try_push(event);
        };
        let (intr, a20) = (self.pic.intr(), self.is_a20_open());
        let outbox = &mut self.outbox;
        if core::mem::take(&mut outbox.has_messages) {
            for message in outbox.messages.iter_mut().filter_map(Option::take) {
                put(BoardEvent::Message(message));
            }
        }
        if core::mem::replace(&mut outbox.told_ext_int, intr) != intr {
            put(BoardEvent::ExtInt(intr));
        }
        if outbox.told_a20.replace(a20).unwrap_or(true) != a20 {
            put(BoardEvent::A20(a20));
        }
        if let Some(verdict) = outbox.verdict.take() {
            put(BoardEvent::Verdict(verdict));
        }
        if core::mem::take(&mut outbox.power_off) {
            put(BoardEvent::PowerOff);
        }
        if core::mem::take(&mut outbox.reset) {
            put(BoardEvent::Reset);
        }
        events
    }

    /// Level of the 8259 pair's INTR line.
    #[must_use]
    pub fn ext_int(&self) -> bool {
        self.pic.intr()
    }

    /// The interrupt acknowledge cycle of a vCPU that takes an ExtINT: the 8259 pair's vector.
    pub fn pic_acknowledge(&mut self) -> Vector {
        self.pic.acknowledge()
    }

    /// A local APIC broadcast the EOI of a level-triggered interrupt.
    pub fn eoi(&mut self, vector: Vector) {
        let messages = self.ioapic.eoi(vector);
        self.outbox.put(messages);
    }

    /// Either of the two gates opens A20.
    fn is_a20_open(&self) -> bool {
        self.control_a.a20() || self.keyboard.a20()
    }

    /// Somebody pressed the partition's power button.
    pub fn press_power_button(&mut self) {
        self.pm.press_power_button();
        self.drive_lines();
    }

    /// Gives typed bytes to COM1; returns how many it took. The rest is to be offered again later.
    pub fn console_input(&mut self, bytes: &[u8], now: Ticks) -> usize {
        let taken = match &mut self.uart {
            Some(uart) => uart.input(bytes, now),
            None => 0,
        };
        self.drive_lines();
        taken
    }

    /// What COM1 sent since the last call.
    pub fn take_console_output(&mut self) -> ArrayVec<u8, { uart::OUTPUT }> {
        match &mut self.uart {
            Some(uart) => uart.take_output(),
            None => ArrayVec::new(),
        }
    }

    /// Whether there is output of COM1 to take.
    #[must_use]
    pub fn has_console_output(&self) -> bool {
        self.uart.as_ref().is_some_and(Uart16550::has_output)
    }

    /// Offset into the I/O APIC's window of an access of `size` bytes; `None` outside of it.
    fn ioapic_offset(gpa: Gpa, size: u8) -> Option<u16> {
        let offset = gpa.0.checked_sub(IOAPIC_BASE.0)?;
        let end = offset.checked_add(size.into())?;
        (end <= IOAPIC_SIZE).then_some(u16::try_from(offset).ok()?)
    }

    /// Reads `size` bytes (1, 2, 4 or 8) of memory-mapped registers; `None` if no device of the board is at
    /// `gpa`. The I/O APIC has 32-bit registers at multiples of 16: narrower reads give part of one, what
    /// lies between them is 0.
    pub fn mmio_read(&mut self, gpa: Gpa, size: u8, now: Ticks) -> Option<u64> {
        let offset = Self::ioapic_offset(gpa, size)?;
        self.poll_timer(now);
        if offset & 0xc != 0 {
            return Some(0);
        }
        let value = self.ioapic.read(offset & !3) >> (u32::from(offset & 3) * 8);
        let mask = match size {
            1 => 0xff,
            2 => 0xffff,
            _ => u32::MAX,
        };
        Some(u64::from(value & mask))
    }

    /// Writes memory-mapped registers; false if no device of the board is at `gpa`. The I/O APIC takes aligned
    /// accesses: the low 32 bits count, narrower ones are zero-extended as on the bus of the time.
    pub fn mmio_write(&mut self, gpa: Gpa, size: u8, value: u64, now: Ticks) -> bool {
        let Some(offset) = Self::ioapic_offset(gpa, size) else {
            return false;
        };
        self.poll_timer(now);
        let mask = match size {
            1 => 0xff,
            2 => 0xffff,
            _ => u64::from(u32::MAX),
        };
        // The mask leaves 32 bits.
        let messages: Messages = self.ioapic.write(offset, (value & mask) as u32);
        self.outbox.put(messages);
        true
    }
}
