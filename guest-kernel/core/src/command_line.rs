//! The kernel's command line: words `key=value` and bare words, separated by blanks. It comes from whoever
//! started the partition, who may decide what the partition does; a value that does not parse is said so, not guessed.

use core::fmt;
use core::time::Duration;

/// A value that is not what its key takes. The fault of who wrote the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadValue<'a> {
    /// The key.
    pub key: &'a str,
    /// What was given.
    pub value: &'a str,
    /// What would be right.
    pub expected: &'static str,
}

impl fmt::Display for BadValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}: expected {}", self.key, self.value, self.expected)
    }
}

/// A command line, parsed as it is asked.
#[derive(Clone, Copy, Debug)]
pub struct CommandLine<'a>(pub &'a str);

impl<'a> CommandLine<'a> {
    /// The value of the last `key=value`, or `None`.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&'a str> {
        self.0
            .split_ascii_whitespace()
            .rev()
            .filter_map(|word| word.split_once('='))
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// The number given for `key`, in decimal.
    ///
    /// # Errors
    /// [`BadValue`] if there is a value that is no number of 64 bits.
    pub fn number(&self, key: &'a str) -> Result<Option<u64>, BadValue<'a>> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        value.parse().map(Some).map_err(|_| BadValue {
            key,
            value,
            expected: "a decimal number",
        })
    }

    /// The time given for `key`: a number with `ns`, `us`, `ms` or `s`.
    ///
    /// # Errors
    /// [`BadValue`] if there is a value that is no such time, or one of more than 2^64 ns (584 years).
    pub fn duration(&self, key: &'a str) -> Result<Option<Duration>, BadValue<'a>> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        parse_duration(value).map(Some).ok_or(BadValue {
            key,
            value,
            expected: "a time such as 100ms, 250us or 2s",
        })
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let scale = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        _ => return None,
    };
    let nanoseconds = number.parse::<u64>().ok()?.checked_mul(scale)?;
    Some(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_for_a_key_counts() {
        let line = CommandLine("quiet ticks=3 heartbeat=100ms  ticks=7");
        assert_eq!(line.number("ticks"), Ok(Some(7)));
        assert_eq!(
            line.duration("heartbeat"),
            Ok(Some(Duration::from_millis(100)))
        );
        assert_eq!(line.number("verdict"), Ok(None));
        assert_eq!(line.value("quiet"), None);
    }

    #[test]
    fn units_are_needed_and_known() {
        let time = |text| CommandLine(text).duration("t").unwrap_or(None);
        assert_eq!(time("t=5ns"), Some(Duration::from_nanos(5)));
        assert_eq!(time("t=5us"), Some(Duration::from_micros(5)));
        assert_eq!(time("t=2s"), Some(Duration::from_secs(2)));
        for bad in [
            "t=5",
            "t=ms",
            "t=5m",
            "t=-5s",
            "t=99999999999999999999s",
            "t=18446744073709551615s",
        ] {
            assert!(CommandLine(bad).duration("t").is_err(), "{bad}");
        }
    }
}
