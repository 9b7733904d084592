//! Judges the capability kernel by what its heartbeat module says.
//!
//! Neighbours: every scenario, as the kernel is the partition that has to notice nothing.

use super::{Objections, object};

/// What does not hold of a heartbeat whose lines are `lines`: ticks from 1 without a gap, at least `least` of them, each no more than
/// `late_ms` after its time at a period of `period_ms`.
pub fn heartbeat<'a>(
    lines: impl Iterator<Item = &'a str>,
    least: u64,
    period_ms: u64,
    late_ms: u64,
) -> Objections {
    let mut list = Vec::new();
    let ticks = ticks(lines);
    let count = ticks.len() as u64;
    object(
        &mut list,
        count >= least,
        format!("the capability kernel ticked {count} times instead of {least}"),
    );
    let gap = ticks
        .iter()
        .zip(1..)
        .find(|((number, _), wanted)| number != wanted);
    object(
        &mut list,
        gap.is_none(),
        format!("the capability kernel's ticks have a gap: {gap:?}"),
    );
    let Some(&(first, start)) = ticks.first() else {
        return list;
    };
    for (number, time) in &ticks {
        let due = start + number.saturating_sub(first) * period_ms;
        if *time > due + late_ms {
            list.push(format!(
                "the capability kernel's tick {number} came at {time} ms instead of {due} ms"
            ));
            break;
        }
    }
    list
}

/// All ticks. The console shows a line that stays unfinished for a while, and when another partition speaks then, its end
/// comes on a line of its own, anywhere in a word; so all lines are read as one text without blanks.
fn ticks<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(u64, u64)> {
    const BEGIN: &str = "heartbeat:tick";
    let text: String = lines.flat_map(str::split_whitespace).collect();
    let ends = text.split(BEGIN).skip(1);
    ends.filter_map(|end| {
        let (numbers, _) = end.split_once('s')?;
        tick(&format!("{BEGIN}{numbers}s"))
    })
    .collect()
}

/// Reads `heartbeat: tick 3 at 1.500 s` as (3, 1500). Blanks do not count: the end of a shown part may have lost its own.
pub fn tick(line: &str) -> Option<(u64, u64)> {
    let line: String = line.split_whitespace().collect();
    let (number, time) = line.strip_prefix("heartbeat:tick")?.split_once("at")?;
    let (seconds, milliseconds) = time.strip_suffix('s')?.split_once('.')?;
    let time = seconds
        .parse::<u64>()
        .ok()?
        .checked_mul(1000)?
        .checked_add(milliseconds.parse().ok()?)?;
    Some((number.parse().ok()?, time))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "heartbeat: tick 1 at 1.002 s\nnoise\nheartbeat: tick 2 at 2.003 s\nheartbeat: tick 3 at 3.001 s\n";

    #[test]
    fn a_steady_heartbeat_holds() {
        assert_eq!(heartbeat(GOOD.lines(), 3, 1000, 50), Vec::<String>::new());
    }

    #[test]
    fn a_tick_that_was_shown_in_two_parts_is_one() {
        let text = GOOD.replace("tick 2 at", "tick 2 a\nt");
        assert_eq!(heartbeat(text.lines(), 3, 1000, 50), Vec::<String>::new());
        let cut_in_its_first_word = format!("kernel: 1 core(s), in a p\nartition\n{GOOD}")
            .replace("heartbeat: tick 1", "heartbea\nt: tick 1");
        let lines = cut_in_its_first_word.lines();
        assert_eq!(heartbeat(lines, 3, 1000, 50), Vec::<String>::new());
        let lost = GOOD.replace("heartbeat: tick 2 at", "t");
        assert!(!heartbeat(lost.lines(), 3, 1000, 50).is_empty());
    }

    #[test]
    fn too_few_ticks_a_gap_and_a_late_one_are_told_apart() {
        assert!(heartbeat(GOOD.lines(), 4, 1000, 50)[0].contains("instead of 4"));
        let gap = GOOD.replace("tick 3", "tick 4");
        assert!(heartbeat(gap.lines(), 3, 1000, 5000)[0].contains("gap"));
        let late = GOOD.replace("3.001", "3.500");
        assert!(heartbeat(late.lines(), 3, 1000, 50)[0].contains("tick 3 came at 3500 ms"));
    }
}
