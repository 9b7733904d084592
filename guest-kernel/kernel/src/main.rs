//! The capability kernel's binary. Boot calls [`prepare`] with all authority over the machine, which hands to each module
//! what it is to have, and then [`work`] on every core.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![forbid(unsafe_code)]

extern crate alloc;

mod modules;

use alloc::boxed::Box;
use alloc::vec::Vec;

use isthmus_abi::CoreId;
use isthmus_kernel_core::command_line::CommandLine;
use isthmus_kernel_core::console::LineSink;
use isthmus_kernel_core::power::{PowerObject, Switch};
use isthmus_kernel_core::worker::Worker;
use isthmus_kernel_hal::{Booted, End, Fault, Grants, Power, SerialLine, hardware, provoke};
use spin::{Mutex, Once};

#[cfg(target_os = "none")]
isthmus_kernel_hal::entry!(prepare, work);

/// What the test device is told when the kernel cannot start its modules.
const CANNOT_START: u32 = 2;

/// A worker for each core, until that takes it.
static WORKERS: Once<Vec<Mutex<Option<Worker>>>> = Once::new();

/// Where the console prints.
struct Com1(SerialLine);

impl LineSink for Com1 {
    fn write_line(&self, line: &[u8]) {
        self.0.write(line);
    }
}

/// What ends the machine.
struct PowerSwitch(Power);

impl Switch for PowerSwitch {
    fn end(&self, verdict: Option<u32>) {
        self.0.end(verdict.map_or(End::PowerOff, End::Verdict))
    }
}

fn prepare(booted: &'static Booted, grants: Grants) {
    log::info!(
        "{} core(s), {} KiB of memory, {}",
        booted.cores,
        booted.memory / 1024,
        if booted.under_isthmus {
            "in a partition of Isthmus"
        } else {
            "standalone"
        },
    );
    let workers: Vec<_> = (0..booted.cores)
        .map(|core| Worker::new(CoreId(core), hardware()))
        .collect();
    let handles: Vec<_> = workers.iter().map(Worker::handle).collect();
    WORKERS.call_once(|| {
        workers
            .into_iter()
            .map(|worker| Mutex::new(Some(worker)))
            .collect()
    });
    let power = PowerObject::new(Box::new(PowerSwitch(grants.power)));
    if let Some(name) = CommandLine(booted.command_line).value("provoke") {
        match Fault::from_name(name) {
            Some(fault) => provoke(fault),
            None => {
                log::error!(
                    "command line: provoke={name}: expected one of {}",
                    Fault::names()
                );
                power.end(Some(CANNOT_START));
            }
        }
    }
    let parts = modules::Parts {
        command_line: booted.command_line,
        memory: booted.memory,
        workers: &handles,
        sink: Com1(grants.serial),
        power: power.clone(),
    };
    if let Err(error) = modules::start(parts) {
        log::error!("cannot start the modules: {error}");
        power.end(Some(CANNOT_START));
    }
}

fn work(core: CoreId) -> ! {
    let worker = WORKERS
        .get()
        .and_then(|workers| workers.get(usize::from(core.0))?.lock().take());
    match worker {
        Some(worker) => worker.run(),
        None => panic!("no worker for core {}", core.0),
    }
}

#[cfg(target_os = "none")]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    isthmus_kernel_hal::report_panic(info)
}

/// On a host the program only says where it belongs.
#[cfg(not(target_os = "none"))]
fn main() {
    let _ = (prepare as fn(_, _), work as fn(_) -> _);
    eprintln!("isthmus-kernel runs on bare metal: build it for x86_64-unknown-none");
}
