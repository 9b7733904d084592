//! The console: COM1, polled.

use core::fmt::{self, Write};

use isthmus_abi::Port;

use super::port;

const DATA: Port = Port(0x3f8);
const LINE_STATUS: Port = Port(0x3fd);
const LINE_CONTROL: Port = Port(0x3fb);
const FIFO_CONTROL: Port = Port(0x3fa);
const MODEM_CONTROL: Port = Port(0x3fc);
const INTERRUPT_ENABLE: Port = Port(0x3f9);
const TRANSMITTER_EMPTY: u32 = 1 << 6;
const HOLDING_EMPTY: u32 = 1 << 5;
/// Polls before a byte is given up: a console that hangs must not hang the run.
const PATIENCE: u32 = 200_000;

struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            wait_for(HOLDING_EMPTY);
            port::write(DATA, 1, byte.into());
        }
        Ok(())
    }
}

fn wait_for(bit: u32) {
    for _ in 0..PATIENCE {
        if port::read(LINE_STATUS, 1) & bit != 0 {
            return;
        }
    }
}

/// 115,200 baud, eight bits, FIFO on, no interrupts.
pub fn open() {
    for (port, value) in [
        (INTERRUPT_ENABLE, 0),
        (LINE_CONTROL, 0x80),
        (DATA, 1),
        (INTERRUPT_ENABLE, 0),
        (LINE_CONTROL, 3),
        (FIFO_CONTROL, 7),
        (MODEM_CONTROL, 3),
    ] {
        port::write(port, 1, value);
    }
}

/// Prints.
pub fn print(text: fmt::Arguments<'_>) {
    // `Console` never fails.
    let _ = Console.write_fmt(text);
}

/// Waits until all is sent.
pub fn flush() {
    wait_for(TRANSMITTER_EMPTY);
}
