//! Source files read the way a house rule needs them: lines of code, of tests and of unsafe code, without comments and
//! the insides of strings.
//!
//! A scanner, not a parser: it knows Rust's comments, strings, characters and braces, which is enough to count.
//! Neighbours: [`crate::lint`] and [`crate::size`].

/// What was counted in one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines with code, outside of `#[cfg(test)]` modules.
    pub code: usize,
    /// Of these, lines in `unsafe` blocks, and lines with the word elsewhere (`unsafe fn`, `unsafe impl`).
    pub unsafe_code: usize,
    /// Lines with code inside of `#[cfg(test)]` modules.
    pub tests: usize,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.code += other.code;
        self.unsafe_code += other.unsafe_code;
        self.tests += other.tests;
    }
}

/// Counts the lines of a Rust file.
pub fn count(text: &str) -> Counts {
    let code = blank(text);
    let mut counts = Counts::default();
    let mut scan = Scan::default();
    for line in code.lines() {
        let (unsafe_line, test_line) = scan.line(line);
        if line.trim().is_empty() {
            continue;
        }
        if test_line {
            counts.tests += 1;
        } else {
            counts.code += 1;
            counts.unsafe_code += usize::from(unsafe_line);
        }
    }
    counts
}

/// Where the scan is, between lines.
#[derive(Default)]
struct Scan {
    depth: usize,
    /// Depths at which an `unsafe` block was opened.
    unsafe_blocks: Vec<usize>,
    /// `unsafe` was read and the next thing decides what it is of.
    unsafe_word: bool,
    /// `#[cfg(test)]` was read and its module not yet entered.
    test_attribute: bool,
    /// Depth at which the test module was opened.
    tests: Option<usize>,
}

impl Scan {
    /// Reads a line without comments; says whether it has unsafe code and whether it belongs to tests.
    fn line(&mut self, line: &str) -> (bool, bool) {
        let mut is_unsafe = !self.unsafe_blocks.is_empty();
        let was_test = self.tests.is_some();
        if line.trim_start().starts_with("#[cfg(test)]") {
            self.test_attribute = true;
        }
        let in_attribute = self.test_attribute;
        for word in words(line) {
            match word {
                "{" => {
                    if self.unsafe_word {
                        self.unsafe_blocks.push(self.depth);
                    }
                    if self.test_attribute {
                        self.tests.get_or_insert(self.depth);
                        self.test_attribute = false;
                    }
                    self.depth += 1;
                }
                "}" => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.unsafe_blocks.last() == Some(&self.depth) {
                        self.unsafe_blocks.pop();
                    }
                    if self.tests == Some(self.depth) {
                        self.tests = None;
                    }
                }
                ";" => self.test_attribute = false,
                _ => {}
            }
            self.unsafe_word = word == "unsafe";
            is_unsafe |= self.unsafe_word;
        }
        (is_unsafe, was_test || in_attribute || self.tests.is_some())
    }
}

/// Identifiers and single punctuation characters.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (word, after) = rest.split_at(length);
        rest = after;
        Some(word)
    })
}

/// `text` with comments, and what is inside of strings and character literals, as blanks. Lines stay where they are.
pub fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = literal(rest).or_else(|| comment(rest));
        let Some(length) = length else {
            // An identifier is taken whole, so that its end is not mistaken for the prefix of a raw string.
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let length = if is_word(first) {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else {
                first.len_utf8()
            };
            let (word, after) = rest.split_at(length);
            out.push_str(word);
            rest = after;
            continue;
        };
        let (hidden, after) = rest.split_at(length.min(rest.len()));
        // A literal is code, so it leaves a mark; a comment leaves none.
        if !hidden.starts_with('/') {
            out.push('0');
        }
        out.extend(hidden.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    out
}

/// Length of the comment at the start of `text`.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if !text.starts_with("/*") {
        return None;
    }
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    Some(text.len())
}

/// Length of the string or character literal at the start of `text`.
fn literal(text: &str) -> Option<usize> {
    let prefix = text
        .find(|c| !matches!(c, 'b' | 'c' | 'r'))
        .filter(|length| *length <= 2)?;
    let (letters, body) = text.split_at(prefix);
    if letters.contains('r') {
        let hashes = body.find(|c| c != '#')?;
        if !body[hashes..].starts_with('"') {
            return None;
        }
        let end = format!("\"{}", "#".repeat(hashes));
        let inside = body.get(hashes + 1..)?;
        return Some(
            inside
                .find(&end)
                .map_or(text.len(), |at| prefix + hashes + 1 + at + end.len()),
        );
    }
    if body.starts_with('"') {
        return Some(prefix + quoted(body, '"')?);
    }
    if body.starts_with('\'') {
        // 'x' and '\n' are characters; 'x without a quote after it is a lifetime.
        let mut chars = body.chars().skip(1);
        let first = chars.next()?;
        if first == '\\' || chars.next() == Some('\'') {
            return Some(prefix + quoted(body, '\'')?);
        }
    }
    None
}

/// Length of what is quoted by `quote`, both quotes included.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    Some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_not_code() {
        assert_eq!(blank("a // unsafe\nb /* x /* y */ \n */ c"), "a \nb \n c");
        assert_eq!(
            blank(r##"let s = "unsafe { \" }"; r#"un"safe"# 'a' '\'' <'a>"##),
            "let s = 0; 0 0 0 <'a>"
        );
        assert_eq!(blank("b\"{\" br\"}\" number\"x\""), "0 0 number0");
    }

    #[test]
    fn an_unsafe_block_counts_from_brace_to_brace() {
        let text = "fn f() {\n    let x = unsafe {\n        read()\n    };\n    safe(x);\n}\n";
        assert_eq!(
            count(text),
            Counts {
                code: 6,
                unsafe_code: 3,
                tests: 0
            }
        );
    }

    #[test]
    fn an_unsafe_function_counts_one_line() {
        let text = "/// Doc.\nunsafe fn f() {\n    safe();\n}\n";
        assert_eq!(
            count(text),
            Counts {
                code: 3,
                unsafe_code: 1,
                tests: 0
            }
        );
    }

    #[test]
    fn a_test_module_is_counted_apart() {
        let text =
            "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn t() {}\n}\n\nfn g() {}\n";
        assert_eq!(
            count(text),
            Counts {
                code: 2,
                unsafe_code: 0,
                tests: 5
            }
        );
        let text = "#[cfg(test)]\nuse x::y;\nfn g() {}\n";
        assert_eq!(
            count(text),
            Counts {
                code: 1,
                unsafe_code: 0,
                tests: 2
            }
        );
    }
}
