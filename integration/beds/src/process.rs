//! An emulator's process with a serial line on a TCP socket: starts it, moves bytes both ways, holds the time limit and
//! never leaves it behind.
//!
//! The emulator is told to connect to a port that was bound here before it started, so no two machines ever want the
//! same one. Neighbours: [`crate::bochs`], [`crate::qemu`].

use crate::{
    command,
    error::{Error, Result},
    machine::{Flow, Watcher},
    transcript::Transcript,
};
use std::{
    ffi::OsStr,
    fs::File,
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};

/// How often the watcher is called when the line is silent.
const TICK: Duration = Duration::from_millis(100);
/// How long an emulator may take to leave after the hypervisor's last word.
const LEAVE: Duration = Duration::from_secs(5);

/// The waiting end of a serial line.
#[derive(Debug)]
pub struct SerialPort {
    listener: TcpListener,
    /// The TCP port on the loopback interface that the emulator is to connect to.
    pub port: u16,
}

impl SerialPort {
    /// Binds a free port.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind() -> Result<Self> {
        let problem = |e| Error::io("listen on", "127.0.0.1")(e);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(problem)?;
        let port = listener.local_addr().map_err(problem)?.port();
        listener.set_nonblocking(true).map_err(problem)?;
        Ok(Self { listener, port })
    }
}

/// How a process ended.
#[derive(Debug)]
pub enum Ended {
    /// It left by itself.
    Left(ExitStatus),
    /// The watcher stopped it.
    Stopped,
    /// It said its last word but did not leave.
    Lingered,
    /// It ran into the limit.
    TimedOut,
}

/// What a process did.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub ended: Ended,
    /// All bytes of its serial line.
    pub serial: Vec<u8>,
    /// Host time.
    pub elapsed: Duration,
}

/// A child that is killed when its owner goes away, whatever the reason.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A command for the emulator `program` that the kernel ends when this process goes away, however that happens: an
/// emulated machine that nobody watches would keep a processor busy for ever. Where util-linux' `setpriv` is missing, only an
/// orderly end takes it along.
pub fn emulator(program: &OsStr) -> Command {
    if !crate::in_path("setpriv") {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

/// Runs `command`, whose serial line connects to `port`, until it leaves, `limit` has passed or `watcher` says so. The
/// serial line is also written to the file `copy`.
///
/// # Errors
/// If the program cannot be started (`help` says what to do), or `copy` cannot be written.
pub fn run(
    command: &mut Command,
    port: SerialPort,
    copy: &Path,
    limit: Duration,
    watcher: &mut dyn Watcher,
    help: &str,
) -> Result<Ran> {
    let mut file = File::create(copy).map_err(Error::io("create", copy))?;
    command.stdin(Stdio::null());
    let start = Instant::now();
    let child = command
        .spawn()
        .map_err(|e| command::start_error(command, &e, help))?;
    let mut child = Guarded(child);
    let (sender, receiver) = channel();
    let mut line = Line {
        port,
        stream: None,
        sender: Some(sender),
        receiver,
    };
    let mut serial = Vec::new();
    let mut last_word: Option<Instant> = None;
    let ended = loop {
        let mut input = Vec::new();
        let chunk = line.receive();
        let mut flow = watcher.tick(start.elapsed(), &mut input);
        if !chunk.is_empty() {
            file.write_all(&chunk).map_err(Error::io("write", copy))?;
            let fresh = serial.len().saturating_sub(64);
            serial.extend_from_slice(&chunk);
            if last_word.is_none() && says_last_word(serial.get(fresh..).unwrap_or(&[])) {
                last_word = Some(Instant::now());
            }
            if watcher.serial(&chunk, &mut input) == Flow::Stop {
                flow = Flow::Stop;
            }
        }
        line.send(&input);
        if flow == Flow::Stop {
            break Ended::Stopped;
        }
        if chunk.is_empty() {
            if let Some(status) = child.0.try_wait().map_err(Error::io("wait for", copy))? {
                break Ended::Left(status);
            }
            if last_word.is_some_and(|said| said.elapsed() > LEAVE) {
                break Ended::Lingered;
            }
        }
        if start.elapsed() > limit {
            break Ended::TimedOut;
        }
    };
    drop(child);
    let rest = line.rest();
    file.write_all(&rest).map_err(Error::io("write", copy))?;
    serial.extend_from_slice(&rest);
    let mut ignored = Vec::new();
    let _ = watcher.serial(&rest, &mut ignored);
    Ok(Ran {
        ended,
        serial,
        elapsed: start.elapsed(),
    })
}

/// Whether the hypervisor's final line begins in `bytes`.
fn says_last_word(bytes: &[u8]) -> bool {
    let text = Transcript::new(bytes);
    text.hypervisor()
        .any(|line| line.starts_with("verdict ") || line.starts_with("stopped: "))
}

/// The near end of the line: a thread reads the socket once the emulator has connected.
struct Line {
    port: SerialPort,
    stream: Option<TcpStream>,
    sender: Option<Sender<Vec<u8>>>,
    receiver: Receiver<Vec<u8>>,
}

impl Line {
    /// Waits up to [`TICK`] for bytes; empty if there were none.
    fn receive(&mut self) -> Vec<u8> {
        self.accept();
        match self.receiver.recv_timeout(TICK) {
            Ok(mut bytes) => {
                while let Ok(more) = self.receiver.try_recv() {
                    bytes.extend_from_slice(&more);
                }
                bytes
            }
            Err(RecvTimeoutError::Timeout) => Vec::new(),
            Err(RecvTimeoutError::Disconnected) => {
                // The far end closed; the process is about to leave.
                thread::sleep(TICK);
                Vec::new()
            }
        }
    }

    fn accept(&mut self) {
        if self.stream.is_some() {
            return;
        }
        let Ok((stream, _)) = self.port.listener.accept() else {
            return;
        };
        let _ = stream.set_nonblocking(false);
        let _ = stream.set_nodelay(true);
        if let (Ok(reader), Some(sender)) = (stream.try_clone(), self.sender.take()) {
            thread::spawn(move || pump(reader, &sender));
        }
        self.stream = Some(stream);
    }

    /// Types `input` at the machine. Before it has connected, or after it has left, there is nobody to type at.
    fn send(&mut self, input: &[u8]) {
        if let Some(stream) = &mut self.stream {
            let _ = stream.write_all(input);
        }
    }

    /// What was still on the way when the process ended.
    fn rest(&mut self) -> Vec<u8> {
        self.accept();
        self.sender = None;
        // The far end is closed, so the pump comes to an end and the channel with it.
        self.receiver.iter().flatten().collect()
    }
}

fn pump(mut stream: TcpStream, sender: &Sender<Vec<u8>>) {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                if sender
                    .send(buffer.get(..count).unwrap_or(&[]).to_vec())
                    .is_err()
                {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Silent;

    fn shell(script: &str, limit: Duration, watcher: &mut dyn Watcher) -> Ran {
        let port = SerialPort::bind().expect("a free port");
        let name = format!("isthmus-process-{}-{}", std::process::id(), port.port);
        let copy = std::env::temp_dir().join(name);
        let script = script.replace("LINE", &format!("/dev/tcp/127.0.0.1/{}", port.port));
        let mut command = Command::new("bash");
        command.args(["-c", &script]);
        let ran = run(&mut command, port, &copy, limit, watcher, "").expect("bash runs");
        assert_eq!(std::fs::read(&copy).expect("copied"), ran.serial);
        let _ = std::fs::remove_file(&copy);
        ran
    }

    #[test]
    fn the_line_is_collected_to_its_last_byte() {
        let ran = shell(
            "exec 3<>LINE; printf 'one\\ntwo' >&3",
            Duration::from_secs(20),
            &mut Silent,
        );
        assert_eq!(ran.serial, b"one\ntwo");
        assert!(matches!(ran.ended, Ended::Left(status) if status.success()));
    }

    #[test]
    fn a_machine_that_never_ends_is_stopped() {
        let ran = shell("sleep 60", Duration::from_millis(300), &mut Silent);
        assert!(matches!(ran.ended, Ended::TimedOut));
        assert!(ran.elapsed < Duration::from_secs(20));
    }

    /// A shell starts an emulator in a process of its own and is killed; the emulator has to be gone as well.
    #[test]
    fn an_emulator_does_not_outlive_its_owner() {
        let emulator = emulator(OsStr::new("sleep"));
        if emulator.get_program() != "setpriv" {
            return;
        }
        let line = format!(
            "{} 100 >/dev/null & echo $!; sleep 1; kill -KILL $$",
            command::line(&emulator)
        );
        let output = Command::new("sh")
            .args(["-c", &line])
            .output()
            .expect("sh runs");
        let pid = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let alive = |pid: &str| Path::new("/proc").join(pid).join("exe").exists();
        let patience = Instant::now() + Duration::from_secs(10);
        while alive(&pid) && Instant::now() < patience {
            thread::sleep(TICK);
        }
        assert!(!alive(&pid), "process {pid} is still there");
    }

    #[test]
    fn what_a_watcher_types_arrives_and_it_can_stop_the_machine() {
        struct Typist;
        impl Watcher for Typist {
            fn serial(&mut self, bytes: &[u8], input: &mut Vec<u8>) -> Flow {
                if bytes.ends_with(b"?") {
                    input.extend_from_slice(b"hello\n");
                }
                if bytes.ends_with(b"hello!") {
                    Flow::Stop
                } else {
                    Flow::Go
                }
            }
        }
        let script =
            "exec 3<>LINE; printf '?' >&3; read -r word <&3; printf \"$word!\" >&3; sleep 60";
        let ran = shell(script, Duration::from_secs(20), &mut Typist);
        assert!(matches!(ran.ended, Ended::Stopped), "{:?}", ran.ended);
        assert_eq!(ran.serial, b"?hello!");
    }
}
