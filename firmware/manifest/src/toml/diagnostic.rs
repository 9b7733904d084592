//! Complaints about a manifest's text, printed with the line and a mark under what is meant.

use alloc::{string::String, vec::Vec};
use core::{fmt, ops::Range};
use std::string::ToString;

/// A range of bytes in the text.
pub type Span = Range<usize>;

/// One complaint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// The manifest's file, as the caller named it.
    pub file: String,
    /// Line, from 1; 0 where the file as a whole is meant.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: String,
    /// What would be right; may be empty.
    pub help: String,
    source: String,
    width: usize,
}

impl Diagnostic {
    /// A complaint about `span` of `text`. A span over several lines is shown by its first.
    pub(super) fn new(file: &str, text: &str, span: Span, problem: String, help: String) -> Self {
        let start = (0..=span.start.min(text.len()))
            .rev()
            .find(|&at| text.is_char_boundary(at))
            .unwrap_or(0);
        let (before, after) = text.split_at(start);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = after
            .find('\n')
            .map_or(text.len(), |newline| start + newline);
        let source = text
            .get(line_start..line_end)
            .unwrap_or_default()
            .trim_end_matches('\r');
        let marked = text.get(start..span.end.min(line_end)).unwrap_or_default();
        Self {
            file: file.to_string(),
            line: if text.is_empty() {
                0
            } else {
                before.matches('\n').count() + 1
            },
            column: text
                .get(line_start..start)
                .unwrap_or_default()
                .chars()
                .count()
                + 1,
            problem,
            help,
            source: source.to_string(),
            width: marked.trim_end().chars().count().max(1),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return write!(f, "{}: {}", self.file, self.problem);
        }
        let number = self.line.to_string();
        let margin = number.len();
        writeln!(
            f,
            "{}:{number}:{}: {}",
            self.file, self.column, self.problem
        )?;
        writeln!(f, "{:margin$} |", "")?;
        writeln!(f, "{number} | {}", self.source)?;
        // A tab in the line stays a tab in the row below it, so that the mark stands where it should.
        let indent: String = self
            .source
            .chars()
            .take(self.column - 1)
            .map(|c| if c == '\t' { c } else { ' ' })
            .collect();
        write!(f, "{:margin$} | {indent}{}", "", "^".repeat(self.width))?;
        if self.help.is_empty() {
            Ok(())
        } else {
            write!(f, " {}", self.help)
        }
    }
}

impl std::error::Error for Diagnostic {}

/// All complaints about a manifest, at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, span: Span) -> String {
        Diagnostic::new("m.toml", text, span, "wrong".into(), "right".into()).to_string()
    }

    #[test]
    fn the_mark_stands_under_what_is_meant() {
        let text = "one = 1\n\tzwölf = 12 # x\n";
        assert_eq!(
            shown(text, 18..20),
            "m.toml:2:10: wrong\n  |\n2 | \tzwölf = 12 # x\n  | \t        ^^ right"
        );
    }

    #[test]
    fn any_span_of_any_text_can_be_shown() {
        for text in ["", "\n", "é", "a\r\nb"] {
            for start in 0..6 {
                for end in 0..6 {
                    assert!(shown(text, start..end).contains("wrong"));
                }
            }
        }
    }
}
