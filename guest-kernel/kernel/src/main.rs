//! The capability kernel's binary. Boot calls `prepare` with all authority over the machine; it deals it out to modules.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::sync::Arc;
use core::time::Duration;

use isthmus_abi::CoreId;
use isthmus_heartbeat::Config;
use isthmus_kernel_core::command_line::{BadValue, CommandLine};
use isthmus_kernel_core::service::{Console, LineSink, Switch};
use isthmus_kernel_core::worker::Worker;
use isthmus_kernel_hal::{Booted, End, Grants, Power, SerialLine, hardware};
use spin::Once;

#[cfg(target_os = "none")]
isthmus_kernel_hal::entry!(prepare, work);

struct System {
    booted: &'static Booted,
    serial: Arc<Com1>,
    power: Arc<PowerSwitch>,
}

static SYSTEM: Once<System> = Once::new();

struct Com1(SerialLine);

impl LineSink for Com1 {
    fn write_line(&self, line: &str) {
        self.0.write(line.as_bytes());
    }
}

struct PowerSwitch(Power);

impl Switch for PowerSwitch {
    fn end(&self, verdict: Option<u32>) -> ! {
        self.0.end(verdict.map_or(End::PowerOff, End::Verdict))
    }
}

fn prepare(booted: &'static Booted, grants: Grants) {
    log::info!(
        "{} cores, {} KiB free, {}",
        booted.cores,
        booted.memory / 1024,
        if booted.under_isthmus {
            "a partition of Isthmus"
        } else {
            "standalone"
        },
    );
    SYSTEM.call_once(|| System {
        booted,
        serial: Arc::new(Com1(grants.serial)),
        power: Arc::new(PowerSwitch(grants.power)),
    });
}

fn config(line: &'static str) -> Result<Config, BadValue<'static>> {
    let line = CommandLine(line);
    Ok(Config {
        period: line
            .duration("heartbeat")?
            .unwrap_or(Duration::from_secs(1)),
        ticks: line.number("ticks")?,
        verdict: line.number("verdict")?.map(|verdict| verdict as u32),
    })
}

fn work(core: CoreId) -> ! {
    let worker = Worker::new(core, hardware());
    if core == CoreId(0)
        && let Some(system) = SYSTEM.get()
    {
        match config(system.booted.command_line) {
            Ok(config) => {
                let console = Console::new("heartbeat", system.serial.clone());
                let handle = worker.handle();
                worker.handle().spawn(isthmus_heartbeat::run(
                    config,
                    console,
                    handle,
                    system.power.clone(),
                ));
            }
            Err(error) => log::error!("command line: {error:?}"),
        }
    }
    worker.run()
}

#[cfg(target_os = "none")]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    isthmus_kernel_hal::report_panic(info)
}

/// On a host the program only says where it belongs.
#[cfg(not(target_os = "none"))]
fn main() {
    let _ = (prepare as fn(_, _), work as fn(CoreId) -> !);
    std::eprintln!("isthmus-kernel runs on bare metal: build it for x86_64-unknown-none");
}
