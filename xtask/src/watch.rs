//! Watchers of a running machine's serial line: one that shows everything, one that shows a sign of life now and then,
//! one that joins the user's terminal to it.
//!
//! Neighbours: [`crate::run`] and [`crate::scenario`] choose one.

use isthmus_beds::{
    machine::{Flow, Watcher},
    transcript::Transcript,
};
use std::{
    io::{self, Read, Write},
    process::{Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

/// Writes what comes to the standard output as it is.
#[derive(Debug, Default)]
pub struct Stream;

impl Watcher for Stream {
    fn serial(&mut self, bytes: &[u8], _: &mut Vec<u8>) -> Flow {
        show(bytes)
    }
}

/// Where nobody reads the output any more, there is no point in going on.
fn show(bytes: &[u8]) -> Flow {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Flow::Go,
        Err(_) => Flow::Stop,
    }
}

/// Prints a line every ten seconds: the machine's name, the time, and the last line it said.
#[derive(Debug)]
pub struct Heartbeat {
    name: String,
    next: Duration,
    tail: Vec<u8>,
}

impl Heartbeat {
    const EVERY: Duration = Duration::from_secs(10);
    const TAIL: usize = 400;

    /// For the machine `name`.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            next: Self::EVERY,
            tail: Vec::new(),
        }
    }

    fn last_line(&self) -> String {
        let said = Transcript::new(&self.tail);
        let last = said.lines().iter().rev().find(|line| !line.is_empty());
        let line = last.map_or("(nothing yet)", String::as_str);
        line.chars().filter(|c| !c.is_control()).take(100).collect()
    }
}

impl Watcher for Heartbeat {
    fn serial(&mut self, bytes: &[u8], _: &mut Vec<u8>) -> Flow {
        self.tail.extend_from_slice(bytes);
        let surplus = self.tail.len().saturating_sub(Self::TAIL);
        self.tail.drain(..surplus);
        Flow::Go
    }

    fn tick(&mut self, elapsed: Duration, _: &mut Vec<u8>) -> Flow {
        if elapsed >= self.next {
            println!(
                "  {} {:>3} s: {}",
                self.name,
                elapsed.as_secs(),
                self.last_line()
            );
            self.next = elapsed + Self::EVERY;
        }
        Flow::Go
    }
}

/// Stops the machine when all of some texts have come, beside another watcher.
#[derive(Debug)]
pub struct Until<W> {
    missing: Vec<&'static str>,
    line: Vec<u8>,
    has_any: bool,
    inner: W,
}

impl<W: Watcher> Until<W> {
    /// Stops at the last of `texts`; never, if there are none.
    pub fn new(texts: &[&'static str], inner: W) -> Self {
        Self {
            missing: texts.to_vec(),
            line: Vec::new(),
            has_any: !texts.is_empty(),
            inner,
        }
    }
}

impl<W: Watcher> Watcher for Until<W> {
    fn serial(&mut self, bytes: &[u8], input: &mut Vec<u8>) -> Flow {
        // Texts are within a line, but guests that draw on the terminal never end one: what is kept is bounded.
        const KEPT: usize = 16 * 1024;
        self.line.extend_from_slice(bytes);
        let text = String::from_utf8_lossy(&self.line).into_owned();
        self.missing.retain(|wanted| !text.contains(wanted));
        let surplus = self.line.len().saturating_sub(KEPT);
        self.line.drain(..surplus);
        let flow = self.inner.serial(bytes, input);
        if self.has_any && self.missing.is_empty() {
            Flow::Stop
        } else {
            flow
        }
    }

    fn tick(&mut self, elapsed: Duration, input: &mut Vec<u8>) -> Flow {
        self.inner.tick(elapsed, input)
    }
}

/// Joins the user's terminal to the machine: keys go to it raw, what it says is shown. The hypervisor itself takes the
/// prefix key. The terminal is as before when this is dropped.
#[derive(Debug)]
pub struct Terminal {
    keys: Receiver<Vec<u8>>,
    before: String,
    end: EndKeys,
}

impl Terminal {
    /// Takes the terminal. `None` if the standard input is none.
    pub fn take() -> Option<Self> {
        let before = stty(&["-g"])?;
        stty(&["raw", "-echo"])?;
        let (sender, keys) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 256];
            while let Ok(count @ 1..) = io::stdin().read(&mut buffer) {
                if sender
                    .send(buffer.get(..count).unwrap_or(&[]).to_vec())
                    .is_err()
                {
                    return;
                }
            }
        });
        Some(Self {
            keys,
            before: before.trim().to_owned(),
            end: EndKeys::default(),
        })
    }
}

impl Watcher for Terminal {
    fn serial(&mut self, bytes: &[u8], _: &mut Vec<u8>) -> Flow {
        show(bytes)
    }

    fn tick(&mut self, elapsed: Duration, input: &mut Vec<u8>) -> Flow {
        while let Ok(keys) = self.keys.try_recv() {
            self.end.read(&keys, elapsed);
            input.extend_from_slice(&keys);
        }
        if self.end.is_due(elapsed) {
            Flow::Stop
        } else {
            Flow::Go
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = stty(&[&self.before]);
    }
}

fn stty(arguments: &[&str]) -> Option<String> {
    let output = Command::new("stty")
        .args(arguments)
        .stdin(Stdio::inherit())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Recognises Ctrl-A x. The hypervisor is told as well and ends the machine in order; one that no longer listens (or is
/// not there yet) is stopped from here a little later.
#[derive(Debug, Default)]
struct EndKeys {
    prefix: bool,
    asked: Option<Duration>,
}

impl EndKeys {
    const CTRL_A: u8 = 1;
    /// How long the hypervisor has to end the machine by itself.
    const GRACE: Duration = Duration::from_secs(5);

    fn read(&mut self, keys: &[u8], now: Duration) {
        for &key in keys {
            if self.prefix && matches!(key, b'x' | b'X') {
                self.asked.get_or_insert(now);
            }
            self.prefix = !self.prefix && key == Self::CTRL_A;
        }
    }

    fn is_due(&self, now: Duration) -> bool {
        self.asked
            .is_some_and(|asked| now.saturating_sub(asked) > Self::GRACE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_keys_work_across_reads_and_leave_a_grace() {
        let mut keys = EndKeys::default();
        keys.read(b"\x01", Duration::ZERO);
        keys.read(b"x", Duration::from_secs(1));
        assert!(!keys.is_due(Duration::from_secs(2)));
        assert!(keys.is_due(Duration::from_secs(7)));
    }

    #[test]
    fn a_doubled_prefix_is_a_typed_one() {
        let mut keys = EndKeys::default();
        keys.read(b"\x01\x01x", Duration::ZERO);
        assert!(!keys.is_due(Duration::from_secs(60)));
    }

    #[test]
    fn a_machine_is_stopped_when_the_last_text_has_come() {
        let mut until = Until::new(&["one", "two"], Heartbeat::new("m"));
        let mut input = Vec::new();
        assert_eq!(until.serial(b"tw", &mut input), Flow::Go);
        assert_eq!(until.serial(b"o", &mut input), Flow::Go);
        assert_eq!(until.serial(b"one", &mut input), Flow::Stop);
        assert_eq!(
            Until::new(&[], Heartbeat::new("m")).serial(b"x", &mut input),
            Flow::Go
        );
    }

    #[test]
    fn the_heartbeat_shows_the_last_line_that_says_something() {
        let mut heartbeat = Heartbeat::new("m");
        let mut input = Vec::new();
        heartbeat.serial(b"one\r\n\x1b[31mtwo\r\n\r\n", &mut input);
        assert_eq!(heartbeat.last_line(), "two");
    }
}
