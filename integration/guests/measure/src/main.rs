//! Times what a Linux kernel does for its programs, in nanoseconds of the kernel's clock, and prints a line for each.
//!
//! Runs as a static program in the initramfs of a machine under Isthmus and of the same machine without, so that the two can be
//! compared (`cargo xtask bench overhead`). Each measurement is repeated and the least is printed: on an emulated processor that is the
//! path without an interrupt in it. Its partition alone trusts it. Neighbours: `integration/initramfs/measure.sh`.
#![forbid(unsafe_code)]

use std::{
    env,
    hint::black_box,
    io::{Read, Write},
    os::unix::net::UnixStream,
    process::{Command, exit},
    thread,
    time::Instant,
};

/// How often each measurement is taken.
const REPEATS: usize = 5;

/// A measurement: its name, and what it does once.
type Measurement = (&'static str, fn());

const ALL: [Measurement; 5] = [
    ("compute", compute),
    ("syscalls", system_calls),
    ("page-faults", page_faults),
    ("processes", processes),
    ("switches", switches),
];

fn main() {
    // As the child of `processes`, it has nothing to do.
    if env::args().nth(1).is_some() {
        exit(0);
    }
    for (name, work) in ALL {
        let times = (0..REPEATS).map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_nanos()
        });
        println!("measure: {name} {} ns", times.min().unwrap_or_default());
    }
}

/// Integer work in registers and a little memory.
fn compute() {
    let mut table = [0_u32; 1024];
    let mut state: u32 = 1;
    for round in 0..200_000_u32 {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let slot = (state % 1024) as usize;
        table[slot] = table[slot].wrapping_add(round);
    }
    black_box(table);
}

/// The cheapest system calls there are.
fn system_calls() {
    for _ in 0..2_000 {
        black_box(std::os::unix::process::parent_id());
    }
}

/// First touches of fresh pages.
fn page_faults() {
    const PAGE: usize = 4096;
    const COUNT: usize = 512;
    // Larger than what the allocator ever keeps for itself (32 MiB), so each time it is mapped anew.
    let mut memory = vec![0_u8; 40 << 20];
    for page in memory.chunks_mut(PAGE).take(COUNT) {
        if let Some(first) = page.first_mut() {
            *first = 1;
        }
    }
    black_box(memory);
}

/// Starts and reaps processes.
fn processes() {
    let Ok(own) = env::current_exe() else { return };
    for _ in 0..3 {
        let status = Command::new(&own).arg("child").status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "a child did not run"
        );
    }
}

/// A byte there and back between two threads on one processor, so each way is a switch.
fn switches() {
    const ROUNDS: usize = 100;
    let Ok((mut near, mut far)) = UnixStream::pair() else {
        return;
    };
    let echo = thread::spawn(move || {
        let mut byte = [0];
        while far
            .read_exact(&mut byte)
            .and_then(|()| far.write_all(&byte))
            .is_ok()
        {}
    });
    let mut byte = [0];
    for _ in 0..ROUNDS {
        let there_and_back = near
            .write_all(&byte)
            .and_then(|()| near.read_exact(&mut byte));
        assert!(there_and_back.is_ok(), "the pipe broke");
    }
    drop(near);
    let _ = echo.join();
}
