//! Round trips, damage, and bytes made by someone who means harm.

use super::*;
use crate::rules::{Fault, testing};
use alloc::vec;
use proptest::{collection, prelude::*};

fn sample() -> Manifest {
    Manifest::new(
        testing::machine(),
        vec![testing::partition("a"), testing::partition("b")],
    )
    .unwrap()
}

/// The bytes with length and checksum made right again, as someone who means harm would.
fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = (bytes.len() as u32).to_le_bytes();
    bytes[12..16].copy_from_slice(&length);
    let checksum = crc32(&bytes[HEADER_SIZE..]).to_le_bytes();
    bytes[16..20].copy_from_slice(&checksum);
    bytes
}

#[test]
fn crc_is_the_well_known_one() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}

#[test]
fn damage_in_the_header_is_named() {
    let bytes = compile(&sample());
    let changed = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        decode(&bytes).unwrap_err()
    };
    assert_eq!(changed(0), DecodeError::NotManifest);
    assert_eq!(changed(8), DecodeError::Version(0));
    assert_eq!(changed(10), DecodeError::BadValue(10));
    assert!(matches!(changed(12), DecodeError::Length(..)));
    assert_eq!(changed(16), DecodeError::Checksum);
    assert_eq!(changed(HEADER_SIZE), DecodeError::Checksum);
}

#[test]
fn cut_anywhere_it_is_refused() {
    let bytes = compile(&sample());
    for len in 0..bytes.len() {
        assert!(decode(&bytes[..len]).is_err());
        if len > HEADER_SIZE {
            assert!(decode(&resealed(bytes[..len].to_vec())).is_err());
        }
    }
}

#[test]
fn bytes_left_over_are_refused() {
    let mut bytes = compile(&sample());
    let end = bytes.len();
    bytes.push(0);
    assert_eq!(decode(&resealed(bytes)), Err(DecodeError::LeftOver(end)));
}

#[test]
fn rules_are_applied_again() {
    let mut bytes = compile(&sample());
    let name = HEADER_SIZE + 12 + 2;
    assert_eq!(bytes[name], b'a');
    bytes[name] = b'b';
    let Err(DecodeError::Rule(error)) = decode(&resealed(bytes)) else {
        panic!("two partitions share a name")
    };
    assert_eq!(error.fault, Fault::SameName("b".into(), 0));
}

fn arbitrary_partition() -> impl Strategy<Value = Partition> {
    let vcpu = (
        0u16..256,
        proptest::option::of((10u64..100, 100u64..1_000_000)),
    );
    let kind = prop_oneof![Just(GuestKind::Pvh), Just(GuestKind::Multiboot1)];
    let stop = prop_oneof![
        Just(StopAfter::Never),
        (1u64..1 << 30).prop_map(|time| StopAfter::Every(Micros(time))),
        collection::vec((1u64..1 << 30).prop_map(Micros), 0..5).prop_map(StopAfter::Lives),
    ];
    let action = || prop_oneof![Just(Action::Stop), Just(Action::Restart)];
    let life = ([action(), action(), action(), action()], any::<u32>(), stop).prop_map(
        |(on, restart_limit, stop_after)| {
            let [on_power_off, on_reset, on_triple_fault, on_stop] = on;
            Life {
                on_power_off,
                on_reset,
                on_triple_fault,
                on_stop,
                restart_limit,
                stop_after,
            }
        },
    );
    let strings = ("[ -~é]{0,40}", collection::vec("[ -~]{0,20}", 0..4));
    let small = (kind, 256u64..1 << 20, any::<[bool; 3]>(), 0usize..8);
    (small, strings, collection::vec(vcpu, 1..3), life).prop_map(
        |((kind, pages, devices, colour), (cmdline, modules), vcpus, life)| {
            let [uart, rtc, debug_exit] = devices;
            Partition {
                name: String::new(),
                kind,
                memory: pages * 4096,
                cmdline,
                modules: modules
                    .into_iter()
                    .map(|cmdline| ModulePlan { cmdline })
                    .collect(),
                vcpus: vcpus
                    .into_iter()
                    .map(|(core, budget)| testing::vcpu(core, budget))
                    .collect(),
                devices: Devices {
                    uart,
                    rtc,
                    debug_exit,
                },
                life,
                start: Start::Boot,
                colour: Colour::ALL[colour].1,
            }
        },
    )
}

proptest! {
    #[test]
    fn what_is_compiled_decodes_to_itself(mut partitions in collection::vec(arbitrary_partition(), 1..4), limit in 0u64..1 << 30) {
        for (index, partition) in partitions.iter_mut().enumerate() {
            partition.name = alloc::format!("p{index}");
        }
        let machine = Machine { verdict: None, time_limit: Some(Micros(limit)).filter(|time| time.0 > 0) };
        let manifest = Manifest::new(machine, partitions);
        prop_assume!(manifest.is_ok());
        let manifest = manifest.unwrap();
        prop_assert_eq!(decode(&compile(&manifest)), Ok(manifest));
    }

    #[test]
    fn hostile_bytes_never_panic_and_never_break_a_rule(changes in collection::vec((HEADER_SIZE..400, any::<u8>()), 1..10)) {
        let mut bytes = compile(&sample());
        for (at, value) in changes {
            if let Some(byte) = bytes.get_mut(at) { *byte = value; }
        }
        if let Ok(manifest) = decode(&resealed(bytes.clone())) {
            prop_assert_eq!(crate::rules::check(manifest.machine(), manifest.partitions()), []);
            prop_assert_eq!(compile(&manifest), resealed(bytes));
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in collection::vec(any::<u8>(), 0..200)) {
        let whole = [&MAGIC[..], &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &bytes].concat();
        let _ = decode(&resealed(whole));
        prop_assert!(decode(&bytes).is_err());
    }
}
