//! COM1, a 16550 by polling (National Semiconductor PC16550D), and the log that goes to it. One line is
//! written whole: lines of two cores do not mix.

use core::fmt::{self, Write};

use isthmus_abi::Port;
use spin::Mutex;

use crate::port;

const BASE: u16 = 0x3f8;
const DATA: Port = Port(BASE);
const INTERRUPT_ENABLE: Port = Port(BASE + 1);
const FIFO_CONTROL: Port = Port(BASE + 2);
const LINE_CONTROL: Port = Port(BASE + 3);
const MODEM_CONTROL: Port = Port(BASE + 4);
const LINE_STATUS: Port = Port(BASE + 5);
/// Line status: the holding register, with a FIFO all of it, is empty.
const HOLDING_EMPTY: u8 = 1 << 5;
/// Line status: the shift register is empty too.
const ALL_SENT: u8 = 1 << 6;
/// Bytes that fit at once when the holding register is empty.
const FIFO: usize = 16;
/// Polls before a UART that never empties is given up: some seconds at a microsecond a poll.
const PATIENCE: u32 = 5_000_000;

/// The transmitter. There is one, behind [`LINE`].
struct Transmitter;

static LINE: Mutex<Transmitter> = Mutex::new(Transmitter);

/// 115,200 baud, 8 bits, no parity, one stop bit, FIFO on, no interrupts.
pub(crate) fn init() {
    port::write_u8(INTERRUPT_ENABLE, 0);
    port::write_u8(LINE_CONTROL, 0x80);
    port::write_u8(DATA, 1);
    port::write_u8(INTERRUPT_ENABLE, 0);
    port::write_u8(LINE_CONTROL, 0x03);
    port::write_u8(FIFO_CONTROL, 0x07);
    port::write_u8(MODEM_CONTROL, 0x03);
}

/// Waits until the last bit has left, or the UART is given up.
pub(crate) fn drain() {
    wait_for(ALL_SENT);
}

fn wait_for(status: u8) {
    for _ in 0..PATIENCE {
        if port::read_u8(LINE_STATUS) & status != 0 {
            return;
        }
        core::hint::spin_loop();
    }
}

impl Transmitter {
    fn send(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(FIFO) {
            wait_for(HOLDING_EMPTY);
            for byte in chunk {
                port::write_u8(DATA, *byte);
            }
        }
    }
}

/// Text with `\n` turned into `\r\n`.
impl Write for Transmitter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut lines = text.split('\n');
        if let Some(first) = lines.next() {
            self.send(first.as_bytes());
        }
        for line in lines {
            self.send(b"\r\n");
            self.send(line.as_bytes());
        }
        Ok(())
    }
}

/// The authority to write to COM1. Made for the console service by the boot code, once.
pub struct SerialLine(pub(crate) ());

impl SerialLine {
    /// Writes all of `bytes`, as one piece.
    pub fn write(&self, bytes: &[u8]) {
        LINE.lock().send(bytes);
    }
}

/// Writes at once, waiting for the line only for a while: a core that stopped while it held the line must not
/// silence the report of why.
pub(crate) fn write_urgent(text: fmt::Arguments<'_>) {
    for _ in 0..PATIENCE {
        if let Some(mut line) = LINE.try_lock() {
            // The transmitter reports no errors.
            let _ = line.write_fmt(text);
            return;
        }
        core::hint::spin_loop();
    }
    let _ = Transmitter.write_fmt(text);
}

struct Log;

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        let mut line = LINE.lock();
        let _ = match record.level() {
            log::Level::Info => writeln!(line, "kernel: {}", record.args()),
            level => writeln!(line, "kernel: {level}: {}", record.args()),
        };
    }
    fn flush(&self) {}
}

/// Sends what the kernel logs, from `level` up, to COM1.
pub fn init_log(level: log::LevelFilter) {
    static LOG: Log = Log;
    // Only a second call fails, and it asks for the same.
    let _ = log::set_logger(&LOG);
    log::set_max_level(level);
}
