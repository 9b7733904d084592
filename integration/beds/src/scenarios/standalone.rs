//! `standalone`: the capability kernel alone, by PVH on QEMU's emulated processor.

use super::{Facts, Objections, Run, Scenario, object, services};
use crate::{bed::Bed, machine::Outcome};
use std::time::Duration;

/// The scenario.
pub const SCENARIO: Scenario = Scenario {
    name: "standalone",
    promise: "the capability kernel boots alone, on two processors, ticks on time and switches off with its verdict",
    bed: Some(Bed::Standalone),
    on_both: false,
    runs: &[Run {
        manifest: "standalone",
        cpu: crate::machine::CpuModel::Haswell,
        limit: Duration::from_secs(60),
        host_time: false,
        until: &[],
        judge,
    }],
};

/// The command line of the kernel, for `xtask`: five ticks, then verdict 33.
pub const COMMAND_LINE: &str = "heartbeat=200ms ticks=5 verdict=33";

fn judge(outcome: &Outcome, _: &Facts) -> Objections {
    let lines = || outcome.transcript.lines().iter().map(String::as_str);
    // Under a loaded host QEMU's clock runs on while the guest waits for its turn.
    let mut list = services::heartbeat(lines(), 5, 200, 2_000);
    object(
        &mut list,
        outcome.verdict() == Some(33),
        "the verdict was not 33",
    );
    object(
        &mut list,
        lines().any(|line| line.contains(" 2 core")),
        "not both processors came up",
    );
    object(
        &mut list,
        !outcome.transcript.contains("panic"),
        "the kernel panicked",
    );
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{machine::End, scenarios::testing};

    const GOOD: &str = "kernel: 2 core(s), 125000 KiB of memory, standalone\nheartbeat: tick 1 at 0.200 s\nheartbeat: tick 2 at 0.400 s\n\
        heartbeat: tick 3 at 0.600 s\nheartbeat: tick 4 at 0.800 s\nheartbeat: tick 5 at 1.000 s\nheartbeat: done\n";

    #[test]
    fn five_ticks_and_the_verdict_hold() {
        let mut outcome = testing::outcome(GOOD);
        outcome.end = End::DebugExit(33);
        assert_eq!(judge(&outcome, &Facts::default()), Vec::<String>::new());
    }

    #[test]
    fn another_end_one_core_and_a_panic_are_objected_to() {
        assert_eq!(judge(&testing::outcome(GOOD), &Facts::default()).len(), 1);
        let mut outcome = testing::outcome(&GOOD.replace(" 2 core", " 1 core"));
        outcome.end = End::DebugExit(33);
        assert_eq!(judge(&outcome, &Facts::default()).len(), 1);
        let mut outcome = testing::outcome(&format!("{GOOD}panic at x.rs\n"));
        outcome.end = End::DebugExit(33);
        assert_eq!(judge(&outcome, &Facts::default()).len(), 1);
    }
}
