//! The physical console: COM1, driven through the `uart_16550` crate.

use isthmus_abi::Port;
use spin::Mutex;
use uart_16550::backend::PioBackend;
use uart_16550::spec::registers::{FifoTriggerLevel, IER};
use uart_16550::{BaudRate, Config, Uart16550};

/// COM1's ports start here.
pub const COM1: Port = Port(0x3f8);
/// COM1's interrupt on the ISA bus.
pub const COM1_INTERRUPT: u8 = 4;

type Uart = Uart16550<PioBackend>;

static UART: Mutex<Option<Uart>> = Mutex::new(None);

/// Sets COM1 up: 115,200 baud, 8N1, FIFOs on, receive interrupts on. `false` if there is no such UART; output
/// is lost then.
pub fn init() -> bool {
    // SAFETY: the COM1 ports are the hypervisor's: no guest gets them.
    let Ok(mut uart) = (unsafe { Uart16550::new_port(COM1.0) }) else {
        return false;
    };
    let config = Config {
        interrupts: IER::empty(),
        baud_rate: BaudRate::Baud115200,
        // Every key counts at once.
        fifo_trigger_level: Some(FifoTriggerLevel::One),
        ..Config::default()
    };
    let present = uart.init(config).is_ok();
    if present {
        *UART.lock() = Some(uart);
    }
    present
}

/// Turns on the interrupts that tell of input, and (with `output`) of room for output.
pub fn set_interrupts(input: bool, output: bool) {
    if let Some(uart) = UART.lock().as_mut() {
        let mut wanted = IER::empty();
        if input {
            wanted |= IER::DATA_READY;
        }
        if output {
            wanted |= IER::THR_EMPTY;
        }
        uart.enable_interrupts(wanted);
        uart.disable_interrupts(wanted.complement());
        let _ = uart.isr();
    }
}

/// Sends as much as the UART takes now; returns how much.
pub fn send(bytes: &[u8]) -> usize {
    UART.lock()
        .as_mut()
        .map_or(bytes.len(), |uart| uart.send_bytes(bytes))
}

/// Receives what is there.
pub fn receive(buffer: &mut [u8]) -> usize {
    UART.lock()
        .as_mut()
        .map_or(0, |uart| uart.receive_bytes(buffer))
}

/// Sends everything, waiting as long as it takes: for the last words before the machine stops, when the lock
/// may be held by a core that no longer runs.
pub fn send_all_now(bytes: &[u8]) {
    for &byte in bytes {
        for _ in 0..1_000_000 {
            if crate::cpu::port_read8(Port(COM1.0 + 5)) & 0x20 != 0 {
                break;
            }
        }
        // SAFETY: the UART's transmit register.
        unsafe { crate::cpu::port_write8(COM1, byte) };
    }
}

/// Waits until the last byte has left the UART (transmitter empty), within reason.
pub fn drain() {
    for _ in 0..1_000_000 {
        if crate::cpu::port_read8(Port(COM1.0 + 5)) & 0x40 != 0 {
            break;
        }
    }
}
