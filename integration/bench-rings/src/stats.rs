//! Medians and quartiles, and the line that a row is printed as.
//!
//! Neighbours: every group of rows makes [`Row`]s; `xtask/src/bench/rings.rs` reads the lines.

use std::fmt;

/// The quartiles of some samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartiles {
    /// A quarter of the samples is not above.
    pub lower: f64,
    /// The median.
    pub median: f64,
    /// A quarter of the samples is not below.
    pub upper: f64,
}

impl Quartiles {
    /// Of `samples`; `None` if there are none.
    pub fn of(mut samples: Vec<f64>) -> Option<Self> {
        samples.sort_by(f64::total_cmp);
        let at = |quarter: usize| samples.get((samples.len().checked_sub(1)? * quarter + 2) / 4);
        Some(Self {
            lower: *at(1)?,
            median: *at(2)?,
            upper: *at(3)?,
        })
    }
}

impl fmt::Display for Quartiles {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{:.4} {:.4} {:.4}",
            self.lower, self.median, self.upper
        )
    }
}

/// One contender's samples in nanoseconds, one for each round; `None` where the round was disturbed.
pub type Series = Vec<Option<f64>>;

/// The quartiles of what a series has.
pub fn quartiles(series: &Series) -> Option<Quartiles> {
    Quartiles::of(series.iter().flatten().copied().collect())
}

/// The quartiles of `ours` to `peer`, round by round, where neither was disturbed.
pub fn ratios(ours: &Series, peer: &Series) -> Option<Quartiles> {
    let both = ours.iter().zip(peer);
    Quartiles::of(
        both.filter_map(|(ours, peer)| Some((*ours)? / (*peer)?))
            .collect(),
    )
}

/// What a row's bar is a bar for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bar {
    /// The most that ours may be.
    Ours(f64),
    /// The most that ours may be to the peer's.
    Ratio(f64),
    /// There is none.
    None,
}

/// A row of the result.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// Ours, in nanoseconds.
    pub ours: Quartiles,
    /// The peer's name, its nanoseconds, and ours to them.
    pub peer: Option<(&'static str, Quartiles, Quartiles)>,
    /// What is to be reached.
    pub bar: Bar,
    /// Rounds in which neither was disturbed, of how many.
    pub rounds: (usize, usize),
}

impl Row {
    /// A row of `ours` without a peer.
    ///
    /// # Panics
    /// If every round was disturbed.
    pub fn alone(name: impl Into<String>, ours: &Series, bar: Bar) -> Self {
        let name = name.into();
        let Some(mine) = quartiles(ours) else {
            panic!(
                "{name}: all {} rounds were disturbed; is the machine this busy?",
                ours.len()
            );
        };
        Self {
            name,
            ours: mine,
            peer: None,
            bar,
            rounds: (ours.iter().flatten().count(), ours.len()),
        }
    }

    /// A row of `ours` against `peer`.
    ///
    /// # Panics
    /// If every round was disturbed: then nothing was measured and there is nothing to say.
    pub fn against(
        name: impl Into<String>,
        ours: &Series,
        peer: (&'static str, &Series),
        bar: Bar,
    ) -> Self {
        let name = name.into();
        let undisturbed = ours
            .iter()
            .zip(peer.1)
            .filter(|(a, b)| a.is_some() && b.is_some());
        let rounds = (undisturbed.count(), ours.len());
        let (Some(mine), Some(theirs), Some(ratio)) =
            (quartiles(ours), quartiles(peer.1), ratios(ours, peer.1))
        else {
            panic!(
                "{name}: all {} rounds were disturbed; is the machine this busy?",
                ours.len()
            );
        };
        Self {
            name,
            ours: mine,
            peer: Some((peer.0, theirs, ratio)),
            bar,
            rounds,
        }
    }
}

/// `row|NAME|OURS|PEER|PEER'S|RATIO|BAR|UNDISTURBED of ROUNDS`; three numbers for quartiles, `-` for what there is not.
impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "row|{}|{}|", self.name, self.ours)?;
        match &self.peer {
            Some((name, theirs, ratio)) => write!(out, "{name}|{theirs}|{ratio}|")?,
            None => write!(out, "-|-|-|")?,
        }
        match self.bar {
            Bar::Ours(most) => write!(out, "ours {most}|")?,
            Bar::Ratio(most) => write!(out, "ratio {most}|")?,
            Bar::None => write!(out, "-|")?,
        }
        write!(out, "{} of {}", self.rounds.0, self.rounds.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_samples_in_their_order() {
        let found = Quartiles::of(vec![5.0, 1.0, 3.0, 2.0, 4.0]);
        let wanted = Quartiles {
            lower: 2.0,
            median: 3.0,
            upper: 4.0,
        };
        assert_eq!(found, Some(wanted));
        assert_eq!(Quartiles::of(vec![]), None);
        assert_eq!(Quartiles::of(vec![7.0]).map(|one| one.median), Some(7.0));
    }

    #[test]
    fn ratios_leave_out_disturbed_rounds() {
        let ours = vec![Some(2.0), None, Some(9.0)];
        let peer = vec![Some(1.0), Some(1.0), None];
        assert_eq!(ratios(&ours, &peer).map(|found| found.median), Some(2.0));
        let row = Row::against("r", &ours, ("p", &peer), Bar::Ratio(1.2));
        assert_eq!(
            row.to_string(),
            "row|r|2.0000 9.0000 9.0000|p|1.0000 1.0000 1.0000|2.0000 2.0000 2.0000|ratio 1.2|1 of 3"
        );
    }
}
