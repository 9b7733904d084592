//! What the hypervisor reports about partitions: the beginnings and ends of their lives, their counters, and the census after each.
//!
//! The lines are those of `docs/beds.md`, printed by `hv/`. Neighbours: the judges in [`crate::scenarios`].

use crate::transcript::Transcript;

/// An end of a partition's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The partition.
    pub partition: String,
    /// Which of its lives, from 1.
    pub life: u32,
    /// Why, in the hypervisor's words.
    pub reason: String,
    /// How long it was, in TSC ticks.
    pub ticks: u64,
}

/// One vCPU's row of counters, the columns that judges need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// The partition.
    pub partition: String,
    /// Its number in the partition.
    pub vcpu: usize,
    /// Ticks in the guest and in the hypervisor on its behalf.
    pub used: u64,
}

/// All of it, in the order in which it was printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Ends of lives.
    pub ends: Vec<End>,
    /// Counter tables, a row for each vCPU.
    pub usage: Vec<Usage>,
    /// Ends after which a census found everything back.
    pub clean: usize,
    /// What other censuses found.
    pub losses: Vec<String>,
}

impl Report {
    /// Reads the hypervisor's lines.
    pub fn new(transcript: &Transcript) -> Self {
        let mut report = Self::default();
        // Where the rows of the table begin that is being read.
        let mut table = 0;
        for line in transcript.hypervisor() {
            if let Some(end) = end(line) {
                report.ends.push(end);
            } else if let Some((partition, vcpus)) = header(line) {
                table = report.usage.len();
                let row = |vcpu| Usage {
                    partition: partition.clone(),
                    vcpu,
                    used: 0,
                };
                report.usage.extend((0..vcpus).map(row));
            } else if let Some(values) =
                row(line, "in guest").or_else(|| row(line, "in hypervisor"))
            {
                let rows = report.usage.get_mut(table..).unwrap_or_default();
                rows.iter_mut()
                    .zip(values)
                    .for_each(|(usage, ticks)| usage.used += ticks);
            } else if line.starts_with("census: all is back") {
                report.clean += 1;
            } else if line.starts_with("census:") {
                report.losses.push(line.to_owned());
            }
        }
        report
    }

    /// The ends of one partition's lives.
    pub fn ends_of<'a>(&'a self, partition: &'a str) -> impl Iterator<Item = &'a End> {
        self.ends
            .iter()
            .filter(move |end| end.partition == partition)
    }

    /// What a partition's vCPU used of the partition's only life, in per cent.
    pub fn share(&self, partition: &str, vcpu: usize) -> Option<f64> {
        let ticks = self.ends_of(partition).next()?.ticks;
        let usage = self
            .usage
            .iter()
            .find(|usage| usage.partition == partition && usage.vcpu == vcpu)?;
        (ticks > 0).then(|| usage.used as f64 * 100.0 / ticks as f64)
    }
}

/// Reads `partition linux: life 2 ended after 1234 ticks: reset`.
fn end(line: &str) -> Option<End> {
    let (partition, rest) = line.strip_prefix("partition ")?.split_once(": life ")?;
    let (life, rest) = rest.split_once(" ended after ")?;
    let (ticks, reason) = rest.split_once(" ticks: ")?;
    Some(End {
        partition: partition.to_owned(),
        life: life.parse().ok()?,
        reason: reason.to_owned(),
        ticks: ticks.parse().ok()?,
    })
}

/// Reads a table's head, `1 linux      vcpu 0     vcpu 1`: the partition and how many vCPUs follow.
fn header(line: &str) -> Option<(String, usize)> {
    let mut words = line.split_whitespace();
    let _: u32 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let columns = words.filter(|word| *word == "vcpu").count();
    (columns > 0).then(|| (name.to_owned(), columns))
}

/// Reads a table's row of this label.
fn row(line: &str, label: &str) -> Option<Vec<u64>> {
    let numbers = line.strip_prefix(label)?.strip_prefix(' ')?;
    numbers
        .split_whitespace()
        .map(|word| word.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"\
[isthmus] partition linux: life 1 ended after 1000 ticks: powered off\r
[isthmus] 1 linux                           vcpu 0          vcpu 1\r
[isthmus] exits                               1200              17\r
[isthmus] in guest                             700             100\r
[isthmus] in hypervisor                        100              50\r
[isthmus] census: all is back, 4711 frames free\r
[linux] census: frames 1 before, 2 after;\r
[isthmus] census: vectors 3 before, 2 after;\r
";

    #[test]
    fn ends_tables_and_censuses_are_read() {
        let report = Report::new(&Transcript::new(TEXT));
        let end = End {
            partition: "linux".into(),
            life: 1,
            reason: "powered off".into(),
            ticks: 1000,
        };
        assert_eq!(report.ends, [end]);
        assert_eq!(
            report.usage.iter().map(|row| row.used).collect::<Vec<_>>(),
            [800, 150]
        );
        assert_eq!((report.clean, report.losses.len()), (1, 1));
        assert_eq!(report.share("linux", 0), Some(80.0));
        assert_eq!(report.share("other", 0), None);
    }
}
