//! What the multiplexer shows and what keys do.

extern crate std;

use super::*;
use proptest::prelude::*;
use std::string::String;
use std::vec::Vec;

const LINUX: ConsoleId = ConsoleId(1);
const SERVICES: ConsoleId = ConsoleId(2);
const QUIET: ConsoleOptions = ConsoleOptions {
    colours: false,
    interactive: false,
    flush_after: 100,
};

fn mux(options: ConsoleOptions) -> ConsoleMux {
    ConsoleMux::new("isthmus", ["linux", "services"], options)
}

/// Everything shown for these writes.
fn shown(mux: &mut ConsoleMux, writes: &[(ConsoleId, &[u8])]) -> String {
    let mut out = Vec::new();
    for (from, bytes) in writes {
        mux.write(*from, bytes, 0, &mut |text: &[u8]| {
            out.extend_from_slice(text)
        });
    }
    String::from_utf8(out).expect("only text is shown")
}

fn press(mux: &mut ConsoleMux, keys: &[u8]) -> ConsoleCommand {
    let mut last = ConsoleCommand::None;
    for &key in keys {
        last = mux.key(key, &mut |_: &[u8]| ());
    }
    last
}

#[test]
fn lines_come_whole_under_their_names() {
    let mut mux = mux(QUIET);
    mux.focus = ConsoleId::HYPERVISOR;
    let out = shown(
        &mut mux,
        &[
            (LINUX, b"Linux ver"),
            (SERVICES, b"tick\n"),
            (LINUX, b"sion 6.1\r\n"),
        ],
    );
    assert_eq!(out, "[services] tick\r\n[linux] Linux version 6.1\r\n");
}

#[test]
fn the_unfinished_line_in_focus_shows_at_once_and_survives_an_interruption() {
    let mut mux = mux(QUIET);
    let out = shown(
        &mut mux,
        &[
            (LINUX, b"login: "),
            (SERVICES, b"tick\n"),
            (LINUX, b"ro"),
            (LINUX, b"ot\n"),
        ],
    );
    assert_eq!(
        out,
        "[linux] login: \r\n[services] tick\r\n[linux] root\r\n"
    );
}

#[test]
fn an_unfinished_line_shows_after_the_time_out() {
    let mut mux = mux(QUIET);
    assert_eq!(shown(&mut mux, &[(SERVICES, b"half")]), "");
    let mut out = Vec::new();
    mux.tick(99, &mut |text: &[u8]| out.extend_from_slice(text));
    assert!(out.is_empty());
    mux.tick(100, &mut |text: &[u8]| out.extend_from_slice(text));
    assert_eq!(out, b"[services] half");
    mux.tick(1_000, &mut |text: &[u8]| out.extend_from_slice(text));
    assert_eq!(out, b"[services] half");
    assert_eq!(
        shown(&mut mux, &[(SERVICES, b" and half\n")]),
        " and half\r\n"
    );
}

#[test]
fn names_have_colours_only_when_asked() {
    let mut mux = mux(ConsoleOptions {
        colours: true,
        ..QUIET
    });
    assert_eq!(
        shown(&mut mux, &[(SERVICES, b"x\n")]),
        "\x1b[33m[services]\x1b[0m x\r\n"
    );
}

#[test]
fn a_colour_of_ones_own_replaces_the_turn_s() {
    let mut mux = mux(ConsoleOptions {
        colours: true,
        ..QUIET
    });
    mux.set_colour(SERVICES, Colour::White);
    assert_eq!(
        shown(&mut mux, &[(SERVICES, b"x\n")]),
        "\x1b[37m[services]\x1b[0m x\r\n"
    );
}

#[test]
fn a_long_line_wraps_under_its_name() {
    let mut mux = mux(QUIET);
    let out = shown(
        &mut mux,
        &[(SERVICES, &[b'a'; MAX_LINE + 1]), (SERVICES, b"\n")],
    );
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].len(), MAX_LINE + "[services] ".len());
    assert_eq!(lines[1], "[services] a");
}

#[test]
fn escape_sequences_are_dropped_whole() {
    let mut mux = mux(QUIET);
    let out = shown(
        &mut mux,
        &[(SERVICES, b"\x1b[31;1mred\x1b[0m \x1b]0;title\x07ok\x1b]2;t\x1b\\ \x1b(Bset\x1bc\x9b2J \xc2\x9b3J\n")],
    );
    assert_eq!(out, "[services] red ok set2J 3J\r\n");
}

#[test]
fn text_in_other_scripts_passes_and_broken_text_does_not() {
    let mut mux = mux(QUIET);
    let text = "g\u{fc}n \u{65e5} \u{1f980}\n";
    assert_eq!(
        shown(&mut mux, &[(SERVICES, text.as_bytes())]),
        "[services] g\u{fc}n \u{65e5} \u{1f980}\r\n"
    );
    assert_eq!(
        shown(&mut mux, &[(SERVICES, b"\xe6\x97x\xff\x80y\n")]),
        "[services] xy\r\n"
    );
    assert_eq!(
        shown(&mut mux, &[(SERVICES, "a\u{202e}b\n".as_bytes())]),
        "[services] ab\r\n"
    );
}

#[test]
fn a_carriage_return_starts_a_line_of_its_own() {
    let mut mux = mux(QUIET);
    let out = shown(&mut mux, &[(SERVICES, b"10%\r20%\r\r\n")]);
    assert_eq!(out, "[services] 10%\r\n[services] 20%\r\n");
}

#[test]
fn backspace_takes_back_text_but_never_the_name() {
    let mut mux = mux(QUIET);
    assert_eq!(
        shown(&mut mux, &[(SERVICES, b"\x08\x08ab\x08\x08\x08c\n")]),
        "[services] c\r\n"
    );
    assert_eq!(
        shown(&mut mux, &[(LINUX, b"ab"), (LINUX, b"\x08\x08\x08")]),
        "[linux] ab\x08 \x08\x08 \x08"
    );
}

#[test]
fn the_partition_in_focus_is_raw_when_somebody_watches() {
    let mut mux = mux(ConsoleOptions {
        interactive: true,
        ..QUIET
    });
    let out = shown(
        &mut mux,
        &[
            (LINUX, b"\x1b[2J# "),
            (SERVICES, b"tick\n"),
            (LINUX, b"ls\r\n"),
        ],
    );
    assert_eq!(out, "\x1b[2J# \r\n[services] tick\r\nls\r\n");
    assert_eq!(press(&mut mux, b"\x01n"), ConsoleCommand::Focused(SERVICES));
    assert_eq!(shown(&mut mux, &[(LINUX, b"\x1b[2Jx\n")]), "[linux] x\r\n");
}

#[test]
fn keys_go_to_the_focus_and_commands_follow_the_prefix() {
    let mut mux = mux(QUIET);
    let linux = PartitionId(0);
    assert_eq!(
        press(&mut mux, b"q"),
        ConsoleCommand::Input {
            partition: linux,
            byte: b'q'
        }
    );
    assert_eq!(press(&mut mux, b"\x01"), ConsoleCommand::None);
    assert_eq!(
        press(&mut mux, b"\x01"),
        ConsoleCommand::Input {
            partition: linux,
            byte: 1
        }
    );
    assert_eq!(press(&mut mux, b"\x01r"), ConsoleCommand::Restart(linux));
    assert_eq!(press(&mut mux, b"\x01s"), ConsoleCommand::Stop(linux));
    assert_eq!(press(&mut mux, b"\x01c"), ConsoleCommand::Counters);
    assert_eq!(press(&mut mux, b"\x01h"), ConsoleCommand::Help);
    assert_eq!(press(&mut mux, b"\x01x"), ConsoleCommand::Quit);
    assert_eq!(press(&mut mux, b"\x01z"), ConsoleCommand::None);
    assert_eq!(press(&mut mux, b"\x012"), ConsoleCommand::Focused(SERVICES));
    assert_eq!(press(&mut mux, b"\x019"), ConsoleCommand::None);
    assert_eq!(
        press(&mut mux, b"\x01n"),
        ConsoleCommand::Focused(ConsoleId::HYPERVISOR)
    );
    assert_eq!(press(&mut mux, b"q"), ConsoleCommand::None);
    assert_eq!(press(&mut mux, b"\x01r"), ConsoleCommand::None);
    assert_eq!(press(&mut mux, b"\x01p"), ConsoleCommand::Focused(SERVICES));
}

proptest! {
    /// Whatever two guests print, each line starts with the true speaker's name, and no control byte gets out.
    #[test]
    fn no_guest_can_speak_under_another_name(
        writes in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..40)), 0..40),
        ticks in any::<bool>(),
    ) {
        let mut mux = mux(QUIET);
        let mut out = Vec::new();
        for (first, bytes) in &writes {
            let from = if *first { LINUX } else { SERVICES };
            // Both would like to be the hypervisor.
            mux.write(from, b"[isthmus] ", 0, &mut |text: &[u8]| out.extend_from_slice(text));
            mux.write(from, bytes, 0, &mut |text: &[u8]| out.extend_from_slice(text));
            if ticks {
                mux.tick(1_000, &mut |text: &[u8]| out.extend_from_slice(text));
            }
        }
        let text = String::from_utf8(out).expect("only text is shown");
        for line in text.split("\r\n").filter(|line| !line.is_empty()) {
            prop_assert!(line.starts_with("[linux] ") || line.starts_with("[services] "), "{line:?}");
            prop_assert!(line.chars().all(|c| !c.is_control() || c == '\t' || c == '\x08'), "{line:?}");
            prop_assert!(line.len() <= 16 + 3 + 3 * (MAX_LINE + 4));
        }
    }
}
