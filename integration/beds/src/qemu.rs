//! The QEMU beds: `qemu-kvm` for the hypervisor on nested VT-x, `qemu-svm` for the hypervisor on an emulated processor
//! with AMD-V, `standalone` for the capability kernel alone on an emulated processor.
//!
//! All carry `isa-debug-exit`: a guest that writes v to port 0xf4 makes QEMU return 2v+1, also a way to report where there is
//! no hypervisor. Neighbours: [`crate::kvm`] decides whether nested VT-x is there, [`crate::process`] runs it.

use crate::{
    error::{Error, Result},
    kvm,
    machine::{Boot, End, GDB_PORT, Machine, Outcome, Watcher},
    process::{self, Ended, SerialPort},
    transcript::Transcript,
};
use std::fs;

const HELP: &str = "install the packages qemu-system-x86 and seabios";

/// Which of the beds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nested VT-x by KVM.
    Kvm,
    /// QEMU's own emulation, with AMD-V and PCIe.
    Svm,
    /// QEMU's own emulation.
    Emulated,
}

/// Says why the bed cannot run here, if it cannot.
///
/// # Errors
/// [`Error::Unavailable`] with what would help.
pub fn available(mode: Mode) -> Result<()> {
    if mode == Mode::Kvm {
        kvm::offers_vmx()?;
    }
    if crate::in_path("qemu-system-x86_64") {
        return Ok(());
    }
    let bed = match mode {
        Mode::Kvm => "qemu-kvm",
        Mode::Svm => "qemu-svm",
        Mode::Emulated => "standalone",
    };
    Err(Error::Unavailable(format!(
        "bed {bed}: QEMU is not installed; {HELP}"
    )))
}

/// Boots `machine` and waits for its end.
///
/// # Errors
/// If the bed cannot run.
pub fn run(mode: Mode, machine: &Machine, watcher: &mut dyn Watcher) -> Result<Outcome> {
    available(mode)?;
    fs::create_dir_all(&machine.folder).map_err(Error::io("create", &machine.folder))?;
    let folder = fs::canonicalize(&machine.folder).map_err(Error::io("find", &machine.folder))?;
    let port = SerialPort::bind()?;
    let mut command = process::emulator("qemu-system-x86_64".as_ref());
    command.args(arguments(mode, machine, port.port));
    let console = folder.join("emulator.out");
    let console = fs::File::create(&console).map_err(Error::io("create", console))?;
    let errors = console
        .try_clone()
        .map_err(Error::io("write", folder.join("emulator.out")))?;
    command.stdout(console).stderr(errors);
    let ran = process::run(
        &mut command,
        port,
        &folder.join("serial.log"),
        machine.limit,
        watcher,
        HELP,
    )?;
    let said = fs::read_to_string(folder.join("emulator.out")).unwrap_or_default();
    Ok(Outcome {
        end: end(&ran.ended, &said),
        transcript: Transcript::new(&ran.serial),
        findings: Vec::new(),
        marks: Vec::new(),
        elapsed: ran.elapsed,
        folder,
    })
}

fn arguments(mode: Mode, machine: &Machine, port: u16) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    let mut add = |name: &str, value: &str| list.extend([name.to_owned(), value.to_owned()]);
    match mode {
        Mode::Kvm => {
            add("-accel", "kvm");
            add("-cpu", "host");
        }
        Mode::Svm => {
            add("-machine", "q35");
            add("-accel", "tcg");
            add("-cpu", "max");
        }
        Mode::Emulated => {
            add("-accel", "tcg");
            add("-cpu", "max");
        }
    }
    if mode == Mode::Svm && !machine.host_time {
        // Time by instructions, 16 ns each, so that a loaded host does not take it away from the machine.
        add("-icount", "shift=4,sleep=off");
        add("-rtc", "base=2020-01-01T00:00:00,clock=vm");
    }
    if machine.gdb {
        add("-gdb", &format!("tcp:127.0.0.1:{GDB_PORT}"));
    }
    add("-smp", &machine.cores.to_string());
    add("-m", &machine.memory_mib.to_string());
    add("-display", "none");
    add("-monitor", "none");
    add("-device", "isa-debug-exit,iobase=0xf4,iosize=0x04");
    add(
        "-chardev",
        &format!("socket,id=line,host=127.0.0.1,port={port},nodelay=on"),
    );
    add("-serial", "chardev:line");
    match &machine.boot {
        Boot::Iso(iso) => add("-cdrom", &iso.display().to_string()),
        Boot::Pvh {
            kernel,
            command_line,
            initrd,
        } => {
            add("-kernel", &kernel.display().to_string());
            add("-append", command_line);
            if let Some(initrd) = initrd {
                add("-initrd", &initrd.display().to_string());
            }
        }
    }
    list.extend(["-nodefaults".to_owned(), "-no-reboot".to_owned()]);
    if machine.gdb {
        list.push("-S".to_owned());
    }
    list
}

/// QEMU returns 2v+1 for a debug exit, 0 for a power-off or (with `-no-reboot`) a reset; 1 is both debug exit 0 and its
/// own failure, which it explains.
fn end(ended: &Ended, said: &str) -> End {
    match ended {
        Ended::Stopped => End::Watched,
        Ended::TimedOut => End::TimedOut,
        Ended::Lingered => End::PoweredOff,
        Ended::Left(status) => match status.code() {
            Some(0) => End::PoweredOff,
            Some(1) if !said.trim().is_empty() => End::Crashed(said.trim().to_owned()),
            Some(code) if code % 2 == 1 => {
                End::DebugExit(u8::try_from(code / 2).unwrap_or(u8::MAX))
            }
            _ => End::Crashed(format!("QEMU left with {status}: {}", said.trim())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::CpuModel;
    use std::{os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};

    fn left(code: i32) -> Ended {
        Ended::Left(ExitStatus::from_raw(code << 8))
    }

    #[test]
    fn a_debug_exit_is_told_from_a_failure_of_qemu() {
        assert_eq!(end(&left(0), ""), End::PoweredOff);
        assert_eq!(end(&left(1), ""), End::DebugExit(0));
        assert_eq!(end(&left(15), "qemu: warning"), End::DebugExit(7));
        assert_eq!(
            end(&left(1), "qemu: no such file"),
            End::Crashed("qemu: no such file".to_owned())
        );
    }

    #[test]
    fn a_pvh_kernel_is_loaded_with_its_module() {
        let machine = Machine {
            name: "m".into(),
            boot: Boot::Pvh {
                kernel: "/k".into(),
                command_line: "a b".into(),
                initrd: Some("/i".into()),
            },
            cpu: CpuModel::default(),
            cores: 2,
            memory_mib: 64,
            gdb: false,
            host_time: false,
            limit: Duration::from_secs(1),
            folder: "/f".into(),
        };
        let line = arguments(Mode::Emulated, &machine, 9).join(" ");
        assert!(line.contains("-kernel /k -append a b -initrd /i"), "{line}");
        assert!(line.contains("-accel tcg"));
        assert!(!line.contains("-gdb") && !line.contains("-icount"));
        let machine = Machine {
            gdb: true,
            ..machine
        };
        let line = arguments(Mode::Svm, &machine, 9).join(" ");
        assert!(line.contains("-machine q35") && line.contains("-icount"));
        assert!(line.contains("-gdb tcp:127.0.0.1:1234") && line.ends_with("-S"));
    }
}
