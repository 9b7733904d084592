//! A machine to boot and what became of it, the same for every bed.
//!
//! Neighbours: [`crate::bochs`] and [`crate::qemu`] run one; [`crate::scenarios`] judge the [`Outcome`].

use crate::transcript::Transcript;
use std::{path::PathBuf, time::Duration};

/// The processor that Bochs shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CpuModel {
    /// The newest one: every VT-x feature that Bochs 2.7 has. Its CPUID leaf 0x15 claims another clock than the TSC runs at,
    /// and its XSAVE leaves contradict each other.
    Tigerlake,
    /// The one whose XSAVE and clock are sound, so that Linux uses both.
    #[default]
    Haswell,
    /// Server Skylake: PML and TSC scaling.
    SkylakeX,
    /// No VT-x at all.
    Athlon64,
    /// VT-x without EPT's unrestricted guest.
    Core2,
}

impl CpuModel {
    /// The name Bochs knows it by.
    pub const fn bochs_name(self) -> &'static str {
        match self {
            Self::Tigerlake => "tigerlake",
            Self::Haswell => "corei7_haswell_4770",
            Self::SkylakeX => "corei7_skylake_x",
            Self::Athlon64 => "athlon64_venice",
            Self::Core2 => "core2_penryn_t9600",
        }
    }
}

/// Where QEMU's GDB stub listens, on this host alone.
pub const GDB_PORT: u16 = 1234;

/// A machine to be booted.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Its name, for messages.
    pub name: String,
    /// What it boots.
    pub boot: Boot,
    /// The processor's model, where the bed lets us choose.
    pub cpu: CpuModel,
    /// Number of processors, 1 to 8.
    pub cores: u8,
    /// Memory in MiB, 32 to 4096.
    pub memory_mib: u32,
    /// After this much time on the host's clock it is stopped.
    pub limit: Duration,
    /// Whether it waits for a debugger before its first instruction (QEMU's GDB stub on [`GDB_PORT`]).
    pub gdb: bool,
    /// Whether time passes as on the host, where the bed could count instructions instead.
    pub host_time: bool,
    /// Folder for its configuration and logs; made if it is not there.
    pub folder: PathBuf,
}

/// What a machine boots.
#[derive(Debug, Clone)]
pub enum Boot {
    /// A CD image.
    Iso(PathBuf),
    /// An ELF with a PVH entry, loaded by the bed itself, and its command line.
    Pvh {
        /// The ELF file.
        kernel: PathBuf,
        /// Its command line.
        command_line: String,
        /// A module, if any.
        initrd: Option<PathBuf>,
    },
}

/// Why a machine is no longer running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It switched itself off.
    PoweredOff,
    /// It left through QEMU's `isa-debug-exit` with this value.
    DebugExit(u8),
    /// The watcher of its serial line had seen enough.
    Watched,
    /// It ran into its time limit.
    TimedOut,
    /// The bed gave up: the processor was reset by a triple fault, or the emulator stopped with this message.
    Crashed(String),
}

/// What became of a machine.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Why it ended.
    pub end: End,
    /// What it said on the serial line.
    pub transcript: Transcript,
    /// What the bed's own log says against it, such as a failed VM-entry check.
    pub findings: Vec<String>,
    /// Marks of the emulated machine's own time, in TSC ticks since power-on, where the bed has them.
    pub marks: Vec<(String, u64)>,
    /// How long it took on the host's clock.
    pub elapsed: Duration,
    /// Where its logs are.
    pub folder: PathBuf,
}

impl Outcome {
    /// The verdict of the partition that decides: by the hypervisor's line, or by the value of `isa-debug-exit` on a
    /// bed without hypervisor. `None` when it never came to one.
    pub fn verdict(&self) -> Option<u8> {
        match self.end {
            End::DebugExit(value) => Some(value),
            _ => self.transcript.verdict(),
        }
    }

    /// The tick of a mark.
    pub fn mark(&self, name: &str) -> Option<u64> {
        self.marks
            .iter()
            .find(|(mark, _)| mark == name)
            .map(|(_, tick)| *tick)
    }

    /// One sentence about the end.
    pub fn summary(&self) -> String {
        let seconds = self.elapsed.as_secs_f32();
        let how = match &self.end {
            End::PoweredOff => "the machine switched itself off".to_owned(),
            End::DebugExit(value) => format!("the machine left with verdict {value}"),
            End::Watched => {
                "the machine was stopped after it had shown what was waited for".to_owned()
            }
            End::TimedOut => "the machine ran into its time limit and was stopped".to_owned(),
            End::Crashed(message) => format!("the bed stopped: {message}"),
        };
        match (self.transcript.stopped(), self.verdict()) {
            (Some(reason), _) => format!("{how} after {seconds:.1} s; Isthmus stopped: {reason}"),
            (None, Some(verdict)) => format!("{how} after {seconds:.1} s; verdict {verdict}"),
            (None, None) => format!("{how} after {seconds:.1} s; no verdict"),
        }
    }
}

/// Watches a running machine.
pub trait Watcher {
    /// New bytes came over the serial line. What is put into `input` is typed at the machine.
    fn serial(&mut self, bytes: &[u8], input: &mut Vec<u8>) -> Flow;

    /// Called several times a second, with the time since power-on. What is put into `input` is typed at the machine.
    fn tick(&mut self, elapsed: Duration, input: &mut Vec<u8>) -> Flow {
        let _ = (elapsed, input);
        Flow::Go
    }
}

/// Whether a watcher has seen enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Let it run on.
    Go,
    /// Stop the machine.
    Stop,
}

/// A watcher that only lets the machine run.
#[derive(Debug, Default)]
pub struct Silent;

impl Watcher for Silent {
    fn serial(&mut self, _: &[u8], _: &mut Vec<u8>) -> Flow {
        Flow::Go
    }
}
