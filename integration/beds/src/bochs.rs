//! The `bochs` bed: an x86 emulator with VT-x, EPT and the rest in software, exact to the instruction.
//!
//! One processor runs at 50 to 100 million instructions a second; more of them share that. The environment variable
//! `ISTHMUS_BOCHS` names another Bochs than the distribution's. Facts and their sources: `docs/beds.md`.
//! Neighbours: [`crate::process`] runs it, [`crate::cmos`] and [`MSRS`] are parts of its configuration.

use crate::{
    cmos,
    error::{Error, Result},
    machine::{Boot, End, Machine, Outcome, Watcher},
    process::{self, Ended, SerialPort},
    transcript::Transcript,
};
use std::{env, fs, path::Path};

/// Instructions a second of emulated time: what the TSC and every device clock is scaled by.
pub const TICKS_PER_SECOND: u64 = 50_000_000;

/// The BIOS of the package `bochsbios`.
const BIOS: &str = "/usr/share/bochs/BIOS-bochs-latest";
/// The video BIOS of the package `vgabios`.
const VGA_BIOS: &str = "/usr/share/bochs/VGABIOS-lgpl-latest";
const HELP: &str = "install the packages bochs, bochsbios and vgabios, or set ISTHMUS_BOCHS to a Bochs of your own";

/// Model-specific registers that Bochs leaves out and that Linux and the hypervisor read: address and reset value.
/// MISC_ENABLE (0x1a0) has fast strings, thermal monitor, no BTS and no PEBS, and MONITOR (SDM Vol. 4, table 2-2);
/// without it Linux takes the processor for another one and hangs.
const MSRS: &[(u32, u64)] = &[
    (0x017, 0),           // PLATFORM_ID
    (0x08b, 0),           // BIOS_SIGN_ID
    (0x0ce, 0),           // PLATFORM_INFO
    (0x0e7, 0),           // MPERF
    (0x0e8, 0),           // APERF
    (0x122, 0),           // TSX_CTRL
    (0x140, 0),           // MISC_FEATURES_ENABLES
    (0x19b, 0),           // THERM_INTERRUPT
    (0x1a0, 0x0004_1889), // MISC_ENABLE
    (0x1b0, 6),           // ENERGY_PERF_BIAS
    (0x1b1, 0),           // PACKAGE_THERM_STATUS
    (0x1b2, 0),           // PACKAGE_THERM_INTERRUPT
    (0x1d9, 0),           // DEBUGCTL
];

/// Says why this bed cannot run here, if it cannot.
///
/// # Errors
/// [`Error::Unavailable`] with what would help.
pub fn available() -> Result<()> {
    if env::var_os("ISTHMUS_BOCHS").is_none() && !crate::in_path("bochs") {
        return Err(Error::Unavailable(format!(
            "bed bochs: Bochs is not installed; {HELP}"
        )));
    }
    for file in [BIOS, VGA_BIOS] {
        if !Path::new(file).exists() {
            return Err(Error::Unavailable(format!(
                "bed bochs: {file} is missing; {HELP}"
            )));
        }
    }
    Ok(())
}

/// Boots `machine` and waits for its end.
///
/// # Errors
/// If the bed cannot run, or the machine asks for what it does not have.
pub fn run(machine: &Machine, watcher: &mut dyn Watcher) -> Result<Outcome> {
    available()?;
    if machine.gdb {
        return Err(Error::Input(
            "bed bochs has no GDB stub; take qemu-svm, or Bochs' own debugger (docs/debugging.md)"
                .to_owned(),
        ));
    }
    let Boot::Iso(iso) = &machine.boot else {
        return Err(Error::Input("bed bochs boots CD images only".to_owned()));
    };
    let iso = fs::canonicalize(iso).map_err(Error::io("find", iso))?;
    fs::create_dir_all(&machine.folder).map_err(Error::io("create", &machine.folder))?;
    let folder = fs::canonicalize(&machine.folder).map_err(Error::io("find", &machine.folder))?;
    let write = |name: &str, data: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, data).map_err(Error::io("write", path))
    };
    let port = SerialPort::bind()?;
    write(
        "bochsrc",
        configuration(machine, &iso, port.port).as_bytes(),
    )?;
    write("msrs.def", msr_table().as_bytes())?;
    write("cmos.img", &cmos::image(machine.memory_mib))?;
    // Debian's Bochs has its debugger compiled in, which waits for a command before the first instruction.
    write("debugger.rc", b"continue\n")?;
    let console = folder.join("emulator.out");
    let console = fs::File::create(&console).map_err(Error::io("create", console))?;
    let errors = console
        .try_clone()
        .map_err(Error::io("write", folder.join("emulator.out")))?;
    let binary = env::var_os("ISTHMUS_BOCHS").unwrap_or_else(|| "bochs".into());
    let mut command = process::emulator(&binary);
    command
        .args(["-q", "-f", "bochsrc", "-rc", "debugger.rc"])
        .current_dir(&folder)
        .stdout(console)
        .stderr(errors);
    let ran = process::run(
        &mut command,
        port,
        &folder.join("serial.log"),
        machine.limit,
        watcher,
        HELP,
    )?;
    let log = fs::read(folder.join("machine.log")).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    Ok(Outcome {
        end: end(&ran.ended, &log),
        transcript: Transcript::new(&ran.serial),
        findings: findings(&log),
        marks: marks(&log),
        elapsed: ran.elapsed,
        folder,
    })
}

/// The configuration file. Time is the emulated machine's own (`sync=none`), so a run does not depend on the host's load.
fn configuration(machine: &Machine, iso: &Path, port: u16) -> String {
    let Machine {
        cpu,
        cores,
        memory_mib,
        ..
    } = machine;
    format!(
        "plugin_ctrl: unmapped=1, biosdev=1, speaker=0, e1000=0, serial=1\n\
         config_interface: textconfig\n\
         display_library: rfb, options=\"timeout=0\"\n\
         memory: guest={memory_mib}, host={memory_mib}\n\
         romimage: file={BIOS}\n\
         vgaromimage: file={VGA_BIOS}\n\
         cpu: model={}, count={cores}, ips={TICKS_PER_SECOND}, reset_on_triple_fault=0, ignore_bad_msrs=1, msrs=msrs.def\n\
         clock: sync=none, time0=946681200\n\
         cmosimage: file=cmos.img, rtc_init=time0\n\
         pci: enabled=1, chipset=i440fx\n\
         ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14\n\
         ata0-master: type=cdrom, path=\"{}\", status=inserted\n\
         boot: cdrom\n\
         com1: enabled=1, mode=socket-client, dev=127.0.0.1:{port}\n\
         port_e9_hack: enabled=1\n\
         log: machine.log\n\
         panic: action=fatal\n\
         error: action=report\n\
         info: action=report\n\
         debug: action=ignore\n",
        cpu.bochs_name(),
        iso.display()
    )
}

/// The table of [`MSRS`] in Bochs' form: address, type 0 (no side effect), then reset value, reserved bits and ignored
/// bits as high and low halves.
fn msr_table() -> String {
    let mut text = String::from(
        "# address type reset_hi reset_lo reserved_hi reserved_lo ignored_hi ignored_lo\n",
    );
    for (address, reset) in MSRS {
        text.push_str(&format!(
            "0x{address:03x} 0 {:08x} {:08x} 0 0 0 0\n",
            reset >> 32,
            reset & 0xffff_ffff
        ));
    }
    text
}

/// Every way to leave Bochs returns 1, so its log says which it was.
fn end(ended: &Ended, log: &str) -> End {
    match ended {
        Ended::Stopped => End::Watched,
        Ended::TimedOut => End::TimedOut,
        Ended::Lingered => End::PoweredOff,
        Ended::Left(status) => {
            if log.contains("Shutdown port: shutdown requested")
                || log.contains("ACPI control: soft power off")
            {
                return End::PoweredOff;
            }
            if log.contains("triple fault") || log.contains("Triple fault") {
                return End::Crashed("the processor was shut down by a triple fault".to_owned());
            }
            match log.lines().rev().find(|line| line.contains(">>PANIC<<")) {
                Some(line) => End::Crashed(
                    line.split_whitespace()
                        .skip(1)
                        .collect::<Vec<_>>()
                        .join(" "),
                ),
                None => End::Crashed(format!(
                    "Bochs left with {status}; emulator.out has its words"
                )),
            }
        }
    }
}

/// Lines of the log that say what was wrong with a VMX instruction or a VM entry, at most 20.
fn findings(log: &str) -> Vec<String> {
    let named = |line: &&str| {
        line.contains("VMFAIL") || line.contains("VMENTER FAIL") || line.contains(">>PANIC<<")
    };
    let benign =
        |line: &&str| line.contains("shutdown requested") || line.contains("soft power off");
    log.lines()
        .filter(named)
        .filter(|line| !benign(line))
        .take(20)
        .map(str::to_owned)
        .collect()
}

/// Lines that were written to the BIOS' message port, with the tick: `00205342055i[BIOS  ] L`. Only one-letter lines
/// are marks; the BIOS itself says more.
fn marks(log: &str) -> Vec<(String, u64)> {
    let mark = |line: &str| {
        let (stamp, message) = line.split_once("i[BIOS  ] ")?;
        let one = message.len() == 1 && message.chars().all(char::is_alphanumeric);
        Some((one.then(|| message.to_owned())?, stamp.parse().ok()?))
    };
    let mut marks: Vec<(String, u64)> = log.lines().filter_map(mark).collect();
    if let Some(line) = log
        .lines()
        .find(|line| line.contains("shutdown requested") || line.contains("soft power off"))
    {
        let tick = line.get(..11).and_then(|stamp| stamp.parse().ok());
        marks.extend(tick.map(|tick| ("off".to_owned(), tick)));
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::CpuModel;
    use std::{os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};

    const LEFT: fn() -> Ended = || Ended::Left(ExitStatus::from_raw(256));

    #[test]
    fn the_configuration_names_model_cores_memory_and_port() {
        let machine = Machine {
            name: "m".into(),
            boot: Boot::Iso("/x.iso".into()),
            cpu: CpuModel::Haswell,
            cores: 2,
            memory_mib: 384,
            gdb: false,
            host_time: false,
            limit: Duration::from_secs(1),
            folder: "/f".into(),
        };
        let text = configuration(&machine, Path::new("/x.iso"), 4711);
        assert!(text.contains("model=corei7_haswell_4770, count=2, ips=50000000"));
        assert!(text.contains("guest=384, host=384"));
        assert!(text.contains("dev=127.0.0.1:4711"));
        assert!(text.contains("path=\"/x.iso\""));
    }

    #[test]
    fn misc_enable_is_in_the_table() {
        assert!(msr_table().contains("\n0x1a0 0 00000000 00041889 0 0 0 0\n"));
    }

    #[test]
    fn the_log_tells_a_power_off_from_a_crash() {
        let off = "00000000100p[UNMAP ] >>PANIC<< Shutdown port: shutdown requested\n";
        assert_eq!(end(&LEFT(), off), End::PoweredOff);
        assert!(findings(off).is_empty());
        assert_eq!(marks(off), [("off".to_owned(), 100)]);
        let crash =
            "00000000100p[CPU0  ] >>PANIC<< exception(): 3rd (14) exception with no resolution\n";
        let End::Crashed(message) = end(&LEFT(), crash) else {
            panic!("a crash")
        };
        assert!(message.contains("3rd (14) exception"), "{message}");
    }

    #[test]
    fn a_failed_entry_check_is_found() {
        let log = "1i[CPU0  ] hello\n2e[CPU0  ] VMFAIL: VMCS host CS selector 0\n3e[CPU0  ] VMENTER FAIL: VMCS guest invalid CR4\n";
        assert_eq!(findings(log).len(), 2);
    }

    #[test]
    fn marks_are_single_letters_of_the_bios_port() {
        let log =
            "00004763053i[BIOS  ] IDE time out\n00205342055i[BIOS  ] L\n00387436923i[BIOS  ] B\n";
        assert_eq!(
            marks(log),
            [("L".to_owned(), 205_342_055), ("B".to_owned(), 387_436_923)]
        );
    }
}
