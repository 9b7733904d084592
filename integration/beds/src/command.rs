//! External programs: run one, and turn its failure into an error that shows the command and the end of its output.
//!
//! Trusts the programs of the distribution that it is told to run. Neighbours: [`crate::image`], [`crate::packages`].

use crate::error::{Error, Result};
use std::{io, process::Command};

/// How much of a failed program's output an error carries, in bytes.
const TAIL: usize = 4000;

/// Runs `command` to its end with its output captured; `help` says how to get the program where it is missing.
///
/// # Errors
/// [`Error::Missing`] if there is no such program, [`Error::Failed`] with the end of its output if it did not exit with 0.
pub fn run(command: &mut Command, help: &str) -> Result<Vec<u8>> {
    let output = command
        .output()
        .map_err(|e| start_error(command, &e, help))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(Error::Failed {
        command: line(command),
        output: tail(&text, TAIL).to_owned(),
    })
}

/// The error for a program that could not be started.
pub fn start_error(command: &Command, error: &io::Error, help: &str) -> Error {
    let program = command.get_program().to_string_lossy().into_owned();
    if error.kind() == io::ErrorKind::NotFound {
        Error::Missing {
            program,
            help: help.to_owned(),
        }
    } else {
        Error::Failed {
            command: line(command),
            output: error.to_string(),
        }
    }
}

/// The command line as one would type it (without quoting).
pub fn line(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// The last `limit` bytes of `text`, or a little less so as not to cut a character.
pub fn tail(text: &str, limit: usize) -> &str {
    let mut start = text.len().saturating_sub(limit);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.get(start..).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_the_command_and_its_output() {
        let error = run(Command::new("sh").args(["-c", "echo seen; exit 3"]), "").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("sh -c") && text.contains("seen"), "{text}");
    }

    #[test]
    fn a_missing_program_says_what_helps() {
        let error = run(&mut Command::new("no-such-program-here"), "apt install it").unwrap_err();
        assert!(error.to_string().ends_with("apt install it"));
    }

    #[test]
    fn a_tail_never_cuts_a_character() {
        assert_eq!(tail("aé", 1), "");
        assert_eq!(tail("aé", 2), "é");
    }
}
