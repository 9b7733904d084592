//! Reads single values out of TOML tables. What has the wrong type or an impossible value is complained about and
//! then treated as if it were not there, so that one reading finds all mistakes.

use alloc::{string::String, vec::Vec};
use std::format;

use toml_edit::{Item, TableLike, Value};

use super::{
    diagnostic::{Diagnostic, Span},
    values,
};
use crate::{model::Micros, rules::Place};

/// A reading under way: complaints, and where each value was seen.
pub struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    partition: Option<usize>,
    found: Vec<Diagnostic>,
    seen: Vec<(Place, Span)>,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self {
            file,
            text,
            partition: None,
            found: Vec::new(),
            seen: Vec::new(),
        }
    }

    pub fn text(&self) -> &'a str {
        self.text
    }

    pub fn has_complaints(&self) -> bool {
        !self.found.is_empty()
    }

    /// All complaints, in the order of the text.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        self.found
            .sort_by_key(|complaint| (complaint.line, complaint.column));
        self.found
    }

    /// What is read from here on belongs to this partition, or to the machine.
    pub fn at(&mut self, partition: Option<usize>) {
        self.partition = partition;
    }

    pub fn complain(&mut self, span: Span, problem: String, help: String) {
        self.found
            .push(Diagnostic::new(self.file, self.text, span, problem, help));
    }

    /// Remembers where a value stands, for complaints about rules later.
    pub fn saw(&mut self, key: &'static str, element: Option<usize>, span: Span) {
        self.seen.push((
            Place {
                partition: self.partition,
                key,
                element,
            },
            span,
        ));
    }

    pub fn span_of(&self, place: Place) -> Option<Span> {
        self.seen
            .iter()
            .find(|(seen, _)| *seen == place)
            .map(|(_, span)| span.clone())
    }

    /// Complains about every key that is not among `known`.
    pub fn unknown_keys(&mut self, table: &dyn TableLike, known: &[&str], whose: &str) {
        let keys: Vec<String> = table
            .iter()
            .map(|(key, _)| key.into())
            .filter(|key: &String| !known.contains(&key.as_str()))
            .collect();
        for key in keys {
            let span = table
                .get_key_value(&key)
                .and_then(|(key, item)| key.span().or(item.span()))
                .unwrap_or(0..0);
            self.complain(
                span,
                format!("{whose} has no key `{key}`"),
                nearest(&key, known),
            );
        }
    }

    /// A value with its place, remembered.
    pub fn value<'t>(
        &mut self,
        table: &'t dyn TableLike,
        key: &'static str,
    ) -> Option<(&'t Item, Span)> {
        let item = table.get(key)?;
        let span = item.span().unwrap_or(0..0);
        self.saw(key, None, span.clone());
        Some((item, span))
    }

    pub fn missing(&mut self, owner: Span, whose: &str, key: &str, example: &str) {
        self.complain(
            owner,
            format!("{whose} needs `{key}`"),
            format!("add a line {key} = {example}"),
        );
    }

    fn wrong_type(&mut self, key: &str, item: &str, span: Span, wanted: &str) {
        self.complain(
            span,
            format!("`{key}` is {}", article(item)),
            format!("{wanted} is right"),
        );
    }

    /// A text.
    pub fn text_of<'t>(
        &mut self,
        table: &'t dyn TableLike,
        key: &'static str,
        wanted: &str,
    ) -> Option<(&'t str, Span)> {
        let (item, span) = self.value(table, key)?;
        let text = item.as_str();
        if text.is_none() {
            self.wrong_type(key, item.type_name(), span.clone(), wanted);
        }
        text.map(|text| (text, span))
    }

    /// A size or a time span.
    fn measure<T>(
        &mut self,
        table: &dyn TableLike,
        key: &'static str,
        wanted: &str,
        parse: fn(&str) -> Option<T>,
    ) -> Option<T> {
        let (text, span) = self.text_of(table, key, wanted)?;
        let parsed = parse(text);
        if parsed.is_none() {
            self.complain(
                span,
                format!("`{text}` cannot be read"),
                format!("{wanted} is right"),
            );
        }
        parsed
    }

    pub fn size(&mut self, table: &dyn TableLike, key: &'static str) -> Option<u64> {
        self.measure(
            table,
            key,
            "a size like \"256M\" (units K, M, G, T)",
            values::size,
        )
    }

    pub fn duration(&mut self, table: &dyn TableLike, key: &'static str) -> Option<Micros> {
        self.measure(
            table,
            key,
            "a time like \"500ms\" (units us, ms, s, min)",
            values::duration,
        )
    }

    /// A whole number from 0 to `most`.
    pub fn number(&mut self, table: &dyn TableLike, key: &'static str, most: u32) -> Option<u32> {
        let (item, span) = self.value(table, key)?;
        let Some(number) = item.as_integer() else {
            self.wrong_type(key, item.type_name(), span, "a whole number");
            return None;
        };
        let fits = u32::try_from(number).ok().filter(|&number| number <= most);
        if fits.is_none() {
            self.complain(
                span,
                format!("{number} is out of range"),
                format!("0 to {most} is right"),
            );
        }
        fits
    }

    /// One of a few words.
    pub fn choice<T: Copy>(
        &mut self,
        table: &dyn TableLike,
        key: &'static str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let (text, span) = self.text_of(table, key, &format!("one of {}", listed(&names)))?;
        self.word(text, span, words)
    }

    /// The meaning of a word, or a complaint.
    pub fn word<T: Copy>(&mut self, text: &str, span: Span, words: &[(&str, T)]) -> Option<T> {
        let found = words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|&(_, meaning)| meaning);
        if found.is_none() {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.complain(
                span,
                format!("`{text}` is not known here"),
                nearest(text, &names),
            );
        }
        found
    }

    /// The elements of a list.
    pub fn list<'t>(
        &mut self,
        table: &'t dyn TableLike,
        key: &'static str,
        wanted: &str,
    ) -> Option<Vec<(&'t Value, Span)>> {
        let (item, span) = self.value(table, key)?;
        let Some(array) = item.as_array() else {
            self.wrong_type(key, item.type_name(), span, wanted);
            return None;
        };
        let elements: Vec<_> = array
            .iter()
            .map(|value| (value, value.span().unwrap_or(span.clone())))
            .collect();
        for (index, (_, span)) in elements.iter().enumerate() {
            self.saw(key, Some(index), span.clone());
        }
        Some(elements)
    }
}

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}

fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// What was perhaps meant by `word`; all there is where nothing is near.
pub fn nearest(word: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|other| (distance(word, other), other))
        .min();
    match near {
        Some((steps, other)) if steps <= (word.chars().count() / 3).max(1) => {
            format!("did you mean `{other}`?")
        }
        Some(_) => format!("one of {} is right", listed(known)),
        None => String::new(),
    }
}

/// How many characters must be put in, left out or changed to make `a` into `b` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, from) in a.chars().enumerate() {
        let (mut diagonal, mut left) = (index, index + 1);
        let mut next = alloc::vec![left];
        for (to, above) in b.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(from != *to))
                .min(above + 1)
                .min(left + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (a, b, steps) in [
            ("kernel", "kernel", 0),
            ("kernal", "kernel", 1),
            ("", "abc", 3),
            ("memroy", "memory", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!((distance(a, b), distance(b, a)), (steps, steps), "{a} {b}");
        }
    }

    #[test]
    fn what_is_near_is_suggested_and_else_all_is_listed() {
        assert_eq!(
            nearest("kernal", &["initrd", "kernel"]),
            "did you mean `kernel`?"
        );
        assert_eq!(
            nearest("xyz", &["initrd", "kernel"]),
            "one of `initrd`, `kernel` is right"
        );
    }
}
