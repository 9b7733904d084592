//! Threads kept to one core, and whether the kernel took it from them.
//!
//! A sample during which another process ran on the core says something about that process. The kernel counts how often
//! it took the core away; such samples are left out, for ours and for the peers alike, and the row says how many.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{UsageWho, getrusage};
use nix::unistd::Pid;

/// The cores this process may use.
///
/// # Panics
/// If the kernel does not say.
pub fn allowed() -> Vec<usize> {
    let set = sched_getaffinity(Pid::from_raw(0)).expect("the kernel names the allowed cores");
    (0..CpuSet::count())
        .filter(|core| set.is_set(*core).unwrap_or(false))
        .collect()
}

/// Keeps the calling thread to a core.
///
/// # Panics
/// If the kernel refuses: what is measured would not be what the row says.
pub fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core).expect("a core of the allowed ones");
    sched_setaffinity(Pid::from_raw(0), &set).expect("an allowed core may be chosen");
}

/// How often the core was taken from the calling thread.
///
/// # Panics
/// If the kernel does not say.
pub fn preemptions() -> i64 {
    getrusage(UsageWho::RUSAGE_THREAD)
        .expect("the kernel counts for every thread")
        .involuntary_context_switches()
}
