//! One serial line for everyone: the hypervisor's log and every partition's console, each line under its owner's name, and
//! keys that choose who gets the input.
//!
//! What a guest prints is hostile: it may not write another's name or steer the terminal. So its text is held back by
//! lines, escape sequences and control characters are dropped, and only well-formed UTF-8 passes. The one exception is
//! the partition in focus of an interactive session, which its user chose to see raw, without a name in front. Pure: output
//! goes to a closure, time comes from the caller. Neighbours: the emulated UARTs feed it, the physical one carries it.

mod filter;

use alloc::string::String;
use alloc::vec::Vec;
use isthmus_abi::PartitionId;
use isthmus_manifest::model::Colour;

use crate::sched::Ticks;
use filter::Filter;

/// Bytes of a guest's line before it is wrapped.
pub const MAX_LINE: usize = 256;
/// Characters of a name that are shown.
pub const MAX_NAME: usize = 16;
/// Ctrl-A: the next key is for the hypervisor.
pub const PREFIX_KEY: u8 = 0x01;
/// What [`ConsoleCommand::Help`] asks to be shown.
pub const HELP: &str = "Ctrl-A then: n next console, p previous, 1-9 console by number, 0 hypervisor, \
c counters, r restart the partition in focus, s stop it, x power off the machine, h this help, Ctrl-A a Ctrl-A itself\n";

/// Colours in turn for those who have none of their own.
const COLOURS: [Colour; 6] = [
    Colour::Cyan,
    Colour::Green,
    Colour::Yellow,
    Colour::Magenta,
    Colour::Blue,
    Colour::Red,
];
const NO_COLOUR: &[u8] = b"\x1b[0m";
/// DECSTR: a raw guest may have left colours, margins or modes behind.
const SOFT_RESET: &str = "\x1b[!p\x1b[0m";

/// Who speaks or listens: the hypervisor or a partition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConsoleId(u16);

impl ConsoleId {
    /// The hypervisor's own log. It takes no input.
    pub const HYPERVISOR: Self = Self(0);

    /// A partition's console.
    #[must_use]
    pub const fn of(partition: PartitionId) -> Self {
        Self(partition.0.saturating_add(1))
    }

    /// The partition, unless it is the hypervisor.
    #[must_use]
    pub const fn partition(self) -> Option<PartitionId> {
        match self.0.checked_sub(1) {
            Some(number) => Some(PartitionId(number)),
            None => None,
        }
    }
}

/// How the line is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConsoleOptions {
    /// Colour names with ANSI sequences.
    pub colours: bool,
    /// Somebody sits at the terminal: the partition in focus is shown raw and gets the keys.
    pub interactive: bool,
    /// Ticks after which an unfinished line is shown.
    pub flush_after: Ticks,
}

/// What a key asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConsoleCommand {
    /// Nothing (the prefix was pressed, or an unknown key after it).
    None,
    /// Give the byte to the partition's UART.
    Input {
        /// Which.
        partition: PartitionId,
        /// What.
        byte: u8,
    },
    /// The focus has moved there.
    Focused(ConsoleId),
    /// Print the counters.
    Counters,
    /// Restart the partition.
    Restart(PartitionId),
    /// Stop the partition.
    Stop(PartitionId),
    /// Power off the machine.
    Quit,
    /// Print [`HELP`].
    Help,
}

#[derive(Debug)]
struct Source {
    name: String,
    line: Vec<u8>,
    /// Bytes of `line` that are on the terminal already.
    shown: usize,
    /// When the first byte came that is not shown.
    since: Option<Ticks>,
    filter: Filter,
    colour: Colour,
}

impl Source {
    fn new(name: &str, colour: Colour) -> Self {
        let name = name
            .chars()
            .filter(char::is_ascii_graphic)
            .take(MAX_NAME)
            .collect();
        Self {
            name,
            line: Vec::new(),
            shown: 0,
            since: None,
            filter: Filter::default(),
            colour,
        }
    }
}

/// The multiplexer.
#[derive(Debug)]
pub struct ConsoleMux {
    sources: Vec<Source>,
    options: ConsoleOptions,
    focus: ConsoleId,
    /// Whose unfinished line the terminal's cursor is on.
    open: Option<ConsoleId>,
    prefixed: bool,
}

impl ConsoleMux {
    /// The hypervisor's log (shown under `hypervisor`) and one console per partition, in the order of their ids. The
    /// first partition has the focus.
    pub fn new<'a>(
        hypervisor: &'a str,
        partitions: impl IntoIterator<Item = &'a str>,
        options: ConsoleOptions,
    ) -> Self {
        let names = core::iter::once(hypervisor).chain(partitions);
        let colours = COLOURS.into_iter().cycle();
        let sources: Vec<_> = names
            .zip(colours)
            .map(|(name, colour)| Source::new(name, colour))
            .collect();
        let focus = if sources.len() > 1 {
            ConsoleId(1)
        } else {
            ConsoleId::HYPERVISOR
        };
        Self {
            sources,
            options,
            focus,
            open: None,
            prefixed: false,
        }
    }

    /// Gives a source's name a colour, such as the manifest's. An unknown source has none.
    pub fn set_colour(&mut self, id: ConsoleId, colour: Colour) {
        if let Some(source) = self.sources.get_mut(usize::from(id.0)) {
            source.colour = colour;
        }
    }

    /// Who gets the input.
    #[must_use]
    pub const fn focus(&self) -> ConsoleId {
        self.focus
    }

    /// Text from `from` at `now`; what is to be shown goes to `sink`. An unknown source is not shown.
    pub fn write(
        &mut self,
        from: ConsoleId,
        bytes: &[u8],
        now: Ticks,
        sink: &mut dyn FnMut(&[u8]),
    ) {
        if self.is_raw(from) {
            self.pass(from, bytes, sink);
            return;
        }
        for &byte in bytes {
            let Some(source) = self.sources.get_mut(usize::from(from.0)) else {
                return;
            };
            match source.filter.accept(byte) {
                filter::Piece::Nothing => {}
                filter::Piece::Text(text, length) => {
                    self.append(from, text.get(..length).unwrap_or_default(), now, sink);
                }
                filter::Piece::Newline => self.show(from, true, sink),
                filter::Piece::Restart(byte) => {
                    if !source.line.is_empty() {
                        self.show(from, true, sink);
                    }
                    self.append(from, &[byte], now, sink);
                }
                filter::Piece::Backspace => self.erase(from, sink),
            }
        }
        if from == self.focus {
            self.show_partial(from, sink);
        }
    }

    /// Shows unfinished lines that have waited long enough. Call it now and then.
    pub fn tick(&mut self, now: Ticks, sink: &mut dyn FnMut(&[u8])) {
        for index in 0..self.sources.len() {
            let due = self.sources.get(index).and_then(|source| source.since);
            if due.is_some_and(|since| now.saturating_sub(since) >= self.options.flush_after) {
                self.show_partial(ConsoleId(index as u16), sink);
            }
        }
    }

    /// A key from the terminal.
    pub fn key(&mut self, byte: u8, sink: &mut dyn FnMut(&[u8])) -> ConsoleCommand {
        if !self.prefixed {
            if byte == PREFIX_KEY {
                self.prefixed = true;
                return ConsoleCommand::None;
            }
            return self.input(byte);
        }
        self.prefixed = false;
        let count = self.sources.len() as u16;
        match byte {
            PREFIX_KEY => self.input(PREFIX_KEY),
            b'n' => self.set_focus(ConsoleId((self.focus.0 + 1) % count), sink),
            b'p' => self.set_focus(ConsoleId((self.focus.0 + count - 1) % count), sink),
            b'0'..=b'9' if u16::from(byte - b'0') < count => {
                self.set_focus(ConsoleId(u16::from(byte - b'0')), sink)
            }
            b'c' => ConsoleCommand::Counters,
            b'r' => self
                .focus
                .partition()
                .map_or(ConsoleCommand::None, ConsoleCommand::Restart),
            b's' => self
                .focus
                .partition()
                .map_or(ConsoleCommand::None, ConsoleCommand::Stop),
            b'x' => ConsoleCommand::Quit,
            b'h' | b'?' => ConsoleCommand::Help,
            _ => ConsoleCommand::None,
        }
    }

    fn input(&self, byte: u8) -> ConsoleCommand {
        match self.focus.partition() {
            Some(partition) => ConsoleCommand::Input { partition, byte },
            None => ConsoleCommand::None,
        }
    }

    fn set_focus(&mut self, to: ConsoleId, sink: &mut dyn FnMut(&[u8])) -> ConsoleCommand {
        self.close_line(sink);
        if self.is_raw(self.focus) {
            sink(SOFT_RESET.as_bytes());
        }
        self.focus = to;
        if let Some(source) = self.sources.get(usize::from(to.0)) {
            sink(b"-- ");
            sink(source.name.as_bytes());
            sink(b" --\r\n");
        }
        self.show_partial(to, sink);
        ConsoleCommand::Focused(to)
    }

    fn is_raw(&self, id: ConsoleId) -> bool {
        self.options.interactive && id == self.focus && id != ConsoleId::HYPERVISOR
    }

    fn pass(&mut self, from: ConsoleId, bytes: &[u8], sink: &mut dyn FnMut(&[u8])) {
        let Some(&last) = bytes.last() else { return };
        if self.open != Some(from) {
            self.close_line(sink);
        }
        sink(bytes);
        self.open = if last == b'\n' { None } else { Some(from) };
    }

    fn close_line(&mut self, sink: &mut dyn FnMut(&[u8])) {
        if self.open.take().is_some() {
            sink(b"\r\n");
        }
    }

    fn show_partial(&mut self, id: ConsoleId, sink: &mut dyn FnMut(&[u8])) {
        let waiting = self
            .sources
            .get(usize::from(id.0))
            .is_some_and(|source| source.shown < source.line.len());
        if waiting {
            self.show(id, false, sink);
        }
    }

    /// Shows what is not shown of a line; `end` finishes it.
    fn show(&mut self, id: ConsoleId, end: bool, sink: &mut dyn FnMut(&[u8])) {
        if self.open.is_some_and(|open| open != id) {
            self.close_line(sink);
        }
        let continued = self.open == Some(id);
        let colours = self.options.colours;
        let Some(source) = self.sources.get_mut(usize::from(id.0)) else {
            return;
        };
        let rest = source.line.get(source.shown..).unwrap_or_default();
        // A line whose shown part another's text has ended already needs no end of its own.
        let already_ended = end && rest.is_empty() && !continued && source.shown > 0;
        if !already_ended {
            if !continued {
                write_prefix(&source.name, colours.then_some(source.colour), sink);
            }
            sink(rest);
        }
        source.since = None;
        if end {
            if !already_ended {
                sink(b"\r\n");
            }
            source.line.clear();
            source.shown = 0;
            self.open = None;
        } else {
            source.shown = source.line.len();
            self.open = Some(id);
        }
    }

    fn append(&mut self, id: ConsoleId, text: &[u8], now: Ticks, sink: &mut dyn FnMut(&[u8])) {
        let Some(source) = self.sources.get_mut(usize::from(id.0)) else {
            return;
        };
        source.line.extend_from_slice(text);
        source.since.get_or_insert(now);
        if source.line.len() >= MAX_LINE {
            self.show(id, true, sink);
        }
    }

    /// Takes back the last character of a line.
    fn erase(&mut self, id: ConsoleId, sink: &mut dyn FnMut(&[u8])) {
        let Some(source) = self.sources.get_mut(usize::from(id.0)) else {
            return;
        };
        while let Some(byte) = source.line.pop() {
            // Continuation bytes of UTF-8 go with their first.
            if byte & 0xc0 != 0x80 {
                break;
            }
        }
        if source.line.len() < source.shown {
            source.shown = source.line.len();
            if self.open == Some(id) {
                sink(b"\x08 \x08");
            }
        }
    }
}

fn write_prefix(name: &str, colour: Option<Colour>, sink: &mut dyn FnMut(&[u8])) {
    if let Some(colour) = colour {
        let code = colour.ansi();
        sink(&[0x1b, b'[', b'0' + code / 10, b'0' + code % 10, b'm']);
    }
    sink(b"[");
    sink(name.as_bytes());
    sink(b"]");
    if colour.is_some() {
        sink(NO_COLOUR);
    }
    sink(b" ");
}

#[cfg(test)]
mod tests;
