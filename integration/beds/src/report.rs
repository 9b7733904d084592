//! What the hypervisor reports about partitions: the ends of their lives, their counters, and what is free again after each.
//!
//! The lines are those of `docs/beds.md`, printed by `hv/bin`. Neighbours: the judges in [`crate::scenarios`].

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
    /// How long it was, in milliseconds.
    pub milliseconds: u64,
}

/// What a vCPU used in one life.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// The partition.
    pub partition: String,
    /// Its number in the partition.
    pub vcpu: usize,
    /// Ticks in the guest and in the hypervisor on its behalf.
    pub used: u64,
}

/// What is free after the end of a life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Free {
    /// The partition that ended.
    pub partition: String,
    /// Memory for partitions and frames of the hypervisor, in the hypervisor's words.
    pub amount: String,
}

/// All of it, in the order in which it was printed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Ends of lives.
    pub ends: Vec<End>,
    /// Counter tables, an entry for each vCPU.
    pub usage: Vec<Usage>,
    /// What was free after each end.
    pub free: Vec<Free>,
    /// Censuses in which something was missing, or was not the same as before.
    pub losses: Vec<String>,
    /// Ticks of the TSC in a millisecond.
    pub ticks_per_millisecond: Option<f64>,
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
            } else if let Some(free) = free(line) {
                report.free.push(free);
            } else if line.contains(": census:") && !line.contains(": census: all is back") {
                report.losses.push(line.to_owned());
            } else if let Some(rate) = tsc(line) {
                report.ticks_per_millisecond = Some(rate);
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

    /// What a partition's vCPU used of the partition's first life, in per cent.
    pub fn share(&self, partition: &str, vcpu: usize) -> Option<f64> {
        let lived =
            self.ends_of(partition).next()?.milliseconds as f64 * self.ticks_per_millisecond?;
        let usage = self
            .usage
            .iter()
            .find(|usage| usage.partition == partition && usage.vcpu == vcpu)?;
        (lived > 0.0).then(|| usage.used as f64 * 100.0 / lived)
    }
}

/// Reads `linux: reset after 1234 ms, life 2`.
fn end(line: &str) -> Option<End> {
    let (rest, life) = line.rsplit_once(" ms, life ")?;
    let (rest, milliseconds) = rest.rsplit_once(" after ")?;
    let (partition, reason) = rest.split_once(": ")?;
    Some(End {
        partition: partition.to_owned(),
        life: life.parse().ok()?,
        reason: reason.to_owned(),
        milliseconds: milliseconds.parse().ok()?,
    })
}

/// Reads `linux: memory and tables are back: 100 KiB of 200 KiB and 50 frames free`.
fn free(line: &str) -> Option<Free> {
    let (partition, amount) = line.split_once(": memory and tables are back: ")?;
    Some(Free {
        partition: partition.to_owned(),
        amount: amount.to_owned(),
    })
}

/// Reads the rate out of `2 cores, TSC 49.999 MHz, ...`.
fn tsc(line: &str) -> Option<f64> {
    let (megahertz, _) = line.split_once(" cores, TSC ")?.1.split_once(" MHz")?;
    Some(megahertz.parse::<f64>().ok()? * 1000.0)
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
[isthmus] 2 cores, TSC 50.000 MHz, 269 MiB for partitions, 3704 KiB of 6144 KiB own memory free, ready after 5415960 ticks\r
[isthmus] linux: powered off after 2 ms, life 1\r
[isthmus] 1 linux                           vcpu 0          vcpu 1\r
[isthmus] exits                               1200              17\r
[isthmus] in guest                           70000             100\r
[isthmus] in hypervisor                      10000              50\r
[isthmus] linux: memory and tables are back: 100 KiB of 200 KiB and 50 frames free\r
[isthmus] linux: since its last life: census: all is back, 34865 frames free\r
[isthmus] linux: since its last life: census: vectors 3 before, 2 after;\r
[linux] linux: reset after 1 ms, life 2\r
";

    #[test]
    fn ends_tables_and_what_is_free_are_read() {
        let report = Report::new(&Transcript::new(TEXT));
        let end = End {
            partition: "linux".into(),
            life: 1,
            reason: "powered off".into(),
            milliseconds: 2,
        };
        assert_eq!(report.ends, [end]);
        assert_eq!(
            report.usage.iter().map(|row| row.used).collect::<Vec<_>>(),
            [80_000, 150]
        );
        assert_eq!((report.free.len(), report.losses.len()), (1, 1));
        assert_eq!(report.share("linux", 0), Some(80.0));
        assert_eq!(report.share("other", 0), None);
    }
}
