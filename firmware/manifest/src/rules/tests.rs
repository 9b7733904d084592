//! Each rule, broken alone.

use super::{testing::*, *};
use crate::model::ModulePlan;
use alloc::{string::ToString, vec};
use isthmus_abi::PartitionId;

fn faults(
    change: impl FnOnce(&mut Machine, &mut Vec<Partition>),
) -> Vec<(&'static str, Option<usize>, Fault)> {
    let mut machine = machine();
    let mut partitions = vec![partition("a"), partition("b")];
    change(&mut machine, &mut partitions);
    let errors = check(&machine, &partitions);
    errors
        .into_iter()
        .map(|error| (error.place.key, error.place.element, error.fault))
        .collect()
}

fn of_first(change: impl FnOnce(&mut Partition)) -> Vec<(&'static str, Option<usize>, Fault)> {
    faults(|_, partitions| change(&mut partitions[0]))
}

#[test]
fn the_sample_keeps_every_rule() {
    assert_eq!(faults(|_, _| {}), []);
}

#[test]
fn names_are_short_plain_and_unlike() {
    for name in ["", "sixteen-letters-", "Upper", "a b", "é"] {
        assert_eq!(
            of_first(|partition| partition.name = name.into()),
            [("name", None, Fault::Name(name.into()))]
        );
    }
    assert_eq!(
        of_first(|partition| partition.name = "b".into()),
        [("name", None, Fault::SameName("b".into(), 0))]
    );
}

#[test]
fn the_deciding_partition_exists_and_can_decide() {
    assert_eq!(
        faults(|machine, _| machine.verdict = Some(PartitionId(2))),
        [("verdict", None, Fault::NoSuchPartition(2))]
    );
    let mute = of_first(|partition| partition.devices.debug_exit = false);
    assert_eq!(mute, [("verdict", None, Fault::NoDebugExit("a".into()))]);
}

#[test]
fn memory_sizes_are_those_a_layout_can_be_made_of() {
    let fault = Fault::Memory(LayoutError::NotPages((1 << 20) + 1));
    assert_eq!(
        of_first(|partition| partition.memory = (1 << 20) + 1),
        [("memory", None, fault)]
    );
}

#[test]
fn budgets_lie_within_their_periods() {
    let with = |budget, period| {
        of_first(|partition| partition.vcpus = vec![vcpu(3, Some((budget, period)))])
    };
    assert_eq!(with(10, 100), []);
    let budget = |budget, period| Budget {
        budget: Micros(budget),
        period: Micros(period),
    };
    assert_eq!(
        with(9, 100),
        [("vcpus", Some(0), Fault::Budget(budget(9, 100)))]
    );
    assert_eq!(
        with(1000, 1_000_001),
        [("vcpus", Some(0), Fault::Period(Micros(1_000_001)))]
    );
    assert_eq!(
        with(50, 99),
        [("vcpus", Some(0), Fault::Period(Micros(99)))]
    );
    let over = with(101, 100);
    assert_eq!(over[0], ("vcpus", Some(0), Fault::Budget(budget(101, 100))));
}

#[test]
fn a_core_may_be_full_but_not_more() {
    let thirds = vec![vcpu(3, Some((1000, 3000))); 3];
    assert_eq!(of_first(|partition| partition.vcpus = thirds.clone()), []);
    let more = [
        thirds,
        vec![
            vcpu(3, Some((10, 1_000_000))),
            vcpu(3, Some((10, 1_000_000))),
        ],
    ]
    .concat();
    let found = of_first(|partition| partition.vcpus = more);
    assert_eq!(
        found,
        [(
            "vcpus",
            Some(3),
            Fault::CoreFull(CoreId(3), 999_999_999_999 + 10_000_000)
        )]
    );
    assert_eq!(
        found[0].2.to_string(),
        "the budgets on core 3 add up to 100.1 % of it"
    );
}

#[test]
fn budgets_of_different_partitions_add_up() {
    let found = faults(|_, partitions| {
        for partition in partitions {
            partition.vcpus = vec![vcpu(0, Some((6000, 10_000)))];
        }
    });
    assert_eq!(
        found,
        [(
            "vcpus",
            Some(0),
            Fault::CoreFull(CoreId(0), WHOLE_CORE / 10 * 12)
        )]
    );
}

#[test]
fn lists_have_their_limits() {
    assert_eq!(
        of_first(|partition| partition.vcpus.clear()),
        [("vcpus", None, Fault::NoVcpus)]
    );
    let many = of_first(|partition| partition.vcpus = vec![vcpu(0, None); 65]);
    assert_eq!(many, [("vcpus", None, Fault::TooMany(65, 64))]);
    assert_eq!(
        of_first(|partition| partition.vcpus[1].core = CoreId(256)),
        [("vcpus", Some(1), Fault::Core(CoreId(256)))]
    );
    assert_eq!(
        faults(|machine, partitions| {
            machine.verdict = None;
            partitions.clear();
        }),
        [("", None, Fault::NoPartitions)]
    );
}

#[test]
fn linux_has_an_initrd_alone() {
    assert_eq!(
        of_first(|partition| partition.kind = GuestKind::Linux),
        [("modules", None, Fault::LinuxModules)]
    );
    let initrd = of_first(|partition| {
        partition.kind = GuestKind::Linux;
        partition.modules = vec![ModulePlan::default()];
    });
    assert_eq!(initrd, []);
}

#[test]
fn command_lines_are_plain_text_of_limited_length() {
    assert_eq!(
        of_first(|partition| partition.cmdline = "a\0b".into()),
        [("cmdline", None, Fault::ControlCharacter(1))]
    );
    let long = of_first(|partition| partition.modules[0].cmdline = "x".repeat(4097));
    assert_eq!(long, [("modules", Some(0), Fault::LongCmdline(4097))]);
}

#[test]
fn limits_in_time_are_neither_zero_nor_endless() {
    let zero = of_first(|partition| {
        partition.life.stop_after = StopAfter::Lives(vec![Micros(1), Micros(0)])
    });
    assert_eq!(zero, [("stop-after", Some(1), Fault::TimeLimit(Micros(0)))]);
    let endless = faults(|machine, _| machine.time_limit = Some(Micros(u64::MAX)));
    assert_eq!(
        endless,
        [("time-limit", None, Fault::TimeLimit(Micros(u64::MAX)))]
    );
}
