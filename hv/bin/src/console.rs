//! The serial line, shared by the hypervisor's log and every partition's console. Output waits in a queue that
//! the UART's interrupt empties; a writer waits only when the queue is full.

use crate::machine;
use alloc::collections::VecDeque;
use core::fmt::Write;
use isthmus_abi::PartitionId;
use isthmus_hv_core::console::{ConsoleCommand, ConsoleId, ConsoleMux, ConsoleOptions};
use isthmus_hv_hal::{cpu, serial};
use spin::Mutex;

/// Bytes that may wait for the UART.
const QUEUE: usize = 32 << 10;

struct Console {
    mux: ConsoleMux,
    queue: VecDeque<u8>,
    waiting: bool,
}

static CONSOLE: Mutex<Option<Console>> = Mutex::new(None);

struct Log;

impl log::Log for Log {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }
    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            say(*record.args());
        }
    }
    fn flush(&self) {}
}

static LOG: Log = Log;

/// Opens the console for the partitions' names.
pub fn init<'a>(names: impl IntoIterator<Item = &'a str>, options: ConsoleOptions) {
    let mux = ConsoleMux::new("isthmus", names, options);
    let mut console = CONSOLE.lock();
    // What was said before the partitions' names were known still waits.
    let queue = console
        .take()
        .map_or_else(|| VecDeque::with_capacity(QUEUE), |before| before.queue);
    *console = Some(Console {
        mux,
        queue,
        waiting: false,
    });
    drop(console);
    if log::set_logger(&LOG).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
    }
}

/// Says a line (or several) in the hypervisor's name.
pub fn say(text: core::fmt::Arguments<'_>) {
    let mut buffer = alloc::string::String::new();
    let _ = writeln!(buffer, "{text}");
    write(ConsoleId::HYPERVISOR, buffer.as_bytes());
}

/// Shows what a partition's UART sent.
pub fn partition_output(partition: PartitionId, bytes: &[u8]) {
    write(ConsoleId::of(partition), bytes);
}

fn write(from: ConsoleId, bytes: &[u8]) {
    let mut guard = CONSOLE.lock();
    let Some(console) = guard.as_mut() else {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            serial::send_all_now(line);
            serial::send_all_now(b"\r");
        }
        return;
    };
    let Console { mux, queue, .. } = console;
    mux.write(from, bytes, cpu::rdtsc(), &mut |shown| queue.extend(shown));
    while console.queue.len() > QUEUE {
        console.send();
    }
    console.pump();
}

impl Console {
    /// Hands the UART what it takes now.
    fn send(&mut self) {
        let (front, _) = self.queue.as_slices();
        let sent = serial::send(front);
        self.queue.drain(..sent);
    }

    fn pump(&mut self) {
        if !self.queue.is_empty() {
            self.send();
        }
        let waiting = !self.queue.is_empty();
        if waiting != self.waiting {
            self.waiting = waiting;
            serial::set_interrupts(true, waiting);
        }
    }
}

/// The UART has room, or time has passed: sends what waits and shows unfinished lines.
pub fn pump() {
    if let Some(console) = CONSOLE.lock().as_mut() {
        let Console { mux, queue, .. } = console;
        mux.tick(cpu::rdtsc(), &mut |shown| queue.extend(shown));
        console.pump();
    }
}

/// Takes what was typed; commands are carried out by `act`, with the console free again.
pub fn input(mut act: impl FnMut(ConsoleCommand)) {
    let mut bytes = [0; 16];
    loop {
        let count = serial::receive(&mut bytes);
        for byte in bytes.iter().take(count) {
            let command = {
                let mut guard = CONSOLE.lock();
                let Some(Console { mux, queue, .. }) = guard.as_mut() else {
                    return;
                };
                mux.key(*byte, &mut |shown| queue.extend(shown))
            };
            act(command);
        }
        if count < bytes.len() {
            break;
        }
    }
    pump();
}

/// Sends everything and waits until the line is quiet.
pub fn flush() {
    let Some(mut guard) = CONSOLE.try_lock() else {
        return;
    };
    if let Some(console) = guard.as_mut() {
        while !console.queue.is_empty() {
            console.send();
        }
    }
    drop(guard);
    serial::drain();
}

/// Ends the machine with a verdict: 0 is success.
pub fn finish(verdict: u32) -> ! {
    say(format_args!("verdict {verdict}"));
    flush();
    machine::stop_other_cores();
    // The line that test beds read: at its start, in nobody's colour.
    let mut line = alloc::string::String::new();
    let _ = write!(line, "\r\nisthmus: verdict {verdict}\r\n");
    serial::send_all_now(line.as_bytes());
    serial::drain();
    machine::power_off();
    cpu::halt_forever()
}
