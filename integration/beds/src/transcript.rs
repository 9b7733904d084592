//! What came over the serial line, as text that a judge can ask questions of.
//!
//! The bytes come from guests, so they may be anything: escape sequences are removed, what is not UTF-8 is replaced, and
//! nothing here fails. Neighbours: [`crate::bochs`] and [`crate::qemu`] collect it, [`crate::scenarios`] judge it.

/// Everything a machine said, line by line, without colours and carriage returns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript {
    lines: Vec<String>,
}

impl Transcript {
    /// Reads the bytes of a serial line.
    pub fn new(bytes: &[u8]) -> Self {
        let text = plain(&String::from_utf8_lossy(bytes));
        Self {
            lines: text
                .lines()
                .map(|line| line.trim_end().to_owned())
                .collect(),
        }
    }

    /// All lines in order.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The last `count` lines.
    pub fn last(&self, count: usize) -> &[String] {
        let start = self.lines.len().saturating_sub(count);
        self.lines.get(start..).unwrap_or(&[])
    }

    /// What the hypervisor itself said: the rest of each line that begins with `isthmus: `, or with `[isthmus] ` once its
    /// console has taken the serial line over. No partition can begin a line like that.
    pub fn hypervisor(&self) -> impl Iterator<Item = &str> {
        let said =
            |line: &'_ String| line.starts_with("isthmus: ") || line.starts_with("[isthmus] ");
        self.lines
            .iter()
            .filter(move |line| said(line))
            .map(|line| {
                let rest = line.strip_prefix("[isthmus] ").unwrap_or(line);
                rest.strip_prefix("isthmus: ").unwrap_or(rest)
            })
    }

    /// The lines of one partition, without the `[name] ` that the console puts before them.
    pub fn partition<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines.iter().filter_map(move |line| {
            let rest = line
                .strip_prefix('[')?
                .strip_prefix(name)?
                .strip_prefix(']')?;
            Some(rest.strip_prefix(' ').unwrap_or(rest))
        })
    }

    /// Whether some line contains `text`.
    pub fn contains(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }

    /// The number in the hypervisor's line `verdict <n>`, if it came to one.
    pub fn verdict(&self) -> Option<u8> {
        self.hypervisor()
            .find_map(|line| line.strip_prefix("verdict ")?.trim().parse().ok())
    }

    /// The hypervisor's reason in the line `stopped: <reason>`.
    pub fn stopped(&self) -> Option<&str> {
        self.hypervisor()
            .find_map(|line| line.strip_prefix("stopped: "))
    }
}

/// `text` without ANSI escape sequences (ECMA-48: CSI, OSC and two-byte ones), carriage returns and bells.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => match chars.next() {
                Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                Some(']') => while chars.next().is_some_and(|c| c != '\x07' && c != '\x1b') {},
                _ => {}
            },
            '\r' | '\x07' | '\0' => {}
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_carriage_returns_are_removed() {
        let transcript =
            Transcript::new(b"\x1b[32m[linux]\x1b[0m hello\r\n\x1b]0;title\x07plain\r\n");
        assert_eq!(transcript.lines(), ["[linux] hello", "plain"]);
    }

    #[test]
    fn a_partition_is_told_from_another_whose_name_begins_alike() {
        let transcript = Transcript::new(b"[linux] one\n[linux2] two\n[linux] \nlinux] three\n");
        assert_eq!(
            transcript.partition("linux").collect::<Vec<_>>(),
            ["one", ""]
        );
    }

    #[test]
    fn the_verdict_is_the_hypervisors_alone() {
        assert_eq!(
            Transcript::new(b"[linux] isthmus: verdict 0\n").verdict(),
            None
        );
        assert_eq!(Transcript::new(b"isthmus: verdict 7\n").verdict(), Some(7));
        assert_eq!(Transcript::new(b"isthmus: verdict 700\n").verdict(), None);
        assert_eq!(
            Transcript::new(b"isthmus: stopped: no VMX\n").stopped(),
            Some("no VMX")
        );
    }

    #[test]
    fn any_bytes_are_taken() {
        let noise: Vec<u8> = (0..=255).cycle().take(2000).collect();
        assert!(!Transcript::new(&noise).lines().is_empty());
        assert!(
            Transcript::new(b"\x1b[")
                .lines()
                .iter()
                .all(String::is_empty)
        );
    }
}
