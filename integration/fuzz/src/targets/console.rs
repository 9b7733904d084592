//! What guests print and what is typed at the one serial line: no guest may steer the terminal or speak in another's
//! name, unless its user chose to see it raw.

use isthmus_abi::PartitionId;
use isthmus_hv_core::console::{ConsoleCommand, ConsoleId, ConsoleMux, ConsoleOptions};

use crate::input::Input;

const HYPERVISOR: &str = "hypervisor";
const NAMES: [&str; 3] = ["services", "linux", "a"];

/// A sequence of texts, keys and pauses.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let options = ConsoleOptions {
        colours: input.flag(),
        interactive: input.flag(),
        flush_after: input.u16().into(),
    };
    let mut mux = ConsoleMux::new(HYPERVISOR, NAMES, options);
    let mut now = 0u64;
    let mut shown = Vec::new();
    while !input.is_empty() {
        let kind = input.byte();
        let mut sink = |bytes: &[u8]| shown.extend_from_slice(bytes);
        match kind & 3 {
            0 | 1 => {
                // One past the last: nobody.
                let from = match kind >> 2 & 7 {
                    0 => ConsoleId::HYPERVISOR,
                    number => ConsoleId::of(PartitionId(u16::from(number) - 1)),
                };
                let text = input.take(usize::from(kind >> 5) * 5 + 1);
                mux.write(from, text, now, &mut sink);
            }
            2 => match mux.key(input.byte(), &mut sink) {
                ConsoleCommand::Focused(id) => assert_eq!(id, mux.focus()),
                ConsoleCommand::Input { partition, .. } => {
                    assert_eq!(mux.focus().partition(), Some(partition));
                }
                _ => {}
            },
            _ => {
                now = now.saturating_add(input.u16().into());
                mux.tick(now, &mut sink);
            }
        }
        let known = mux
            .focus()
            .partition()
            .is_none_or(|id| usize::from(id.0) < NAMES.len());
        assert!(known, "the focus is on somebody");
    }
    if !options.interactive {
        assert_harmless(&shown, options.colours);
    }
}

fn assert_harmless(shown: &[u8], colours: bool) {
    let text = str::from_utf8(shown).expect("text");
    let mut rest = text.to_owned();
    if colours {
        for colour in 30..=39 {
            rest = rest.replace(&format!("\x1b[{colour}m"), "");
        }
        rest = rest.replace("\x1b[0m", "");
    }
    for character in rest.chars() {
        let allowed = matches!(character, '\r' | '\n' | '\t' | '\x08');
        assert!(
            allowed || !character.is_control(),
            "{character:?} in {text:?}"
        );
    }
    for line in rest.split("\r\n").filter(|line| !line.is_empty()) {
        let own = |name: &&str| {
            line.starts_with(&format!("[{name}] ")) || line == format!("-- {name} --")
        };
        let named = [HYPERVISOR].iter().chain(&NAMES).any(own);
        assert!(named, "{line:?} has no name in {text:?}");
    }
}

/// Plain lines, colours, overwriting, keys, half a character.
pub fn seeds() -> Vec<Vec<u8>> {
    let say = |kind: u8, text: &[u8]| {
        let length = text.len().next_multiple_of(5).min(35) / 5;
        let mut step = vec![(length as u8) << 5 | kind << 2];
        step.extend_from_slice(text);
        step.resize(1 + length * 5 + 1, b'.');
        step
    };
    let scene = |options: [u8; 2], steps: &[Vec<u8>]| {
        let mut seed = options.to_vec();
        seed.extend([0, 1]);
        seed.extend(steps.concat());
        seed
    };
    let steps = [
        say(1, b"hello\nworld\n"),
        say(2, b"\x1b[31mred\x1b[0m\x1b]0;title\x07\n"),
        say(0, b"one\rtwo\x08\x08\n"),
        say(3, "h\u{e9}llo \u{202e}".as_bytes()),
        vec![2, 1, 2, b'n'],
        vec![2, b'x', 2, 1, 2, b'2', 2, 1, 2, 1],
        vec![3, 0xff, 0xff],
        say(1, &[0xf0, 0x9f, 0x98, b'\n', 0xc3]),
        say(7, b"nobody"),
    ];
    let mut seeds: Vec<_> = steps
        .iter()
        .map(|step| scene([0, 0], std::slice::from_ref(step)))
        .collect();
    for options in [[0, 0], [1, 0], [0, 1], [1, 1]] {
        seeds.push(scene(options, &steps));
    }
    seeds
}
