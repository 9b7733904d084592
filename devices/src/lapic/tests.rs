//! The local APIC against the SDM's rules.

use alloc::vec;

use isthmus_abi::Msr;
use proptest::prelude::*;

use super::*;

const TSC_HZ: u64 = 1_000_000_000;
/// Ten TSC ticks make one of the timer's input clock.
const TIMER_HZ: u64 = 100_000_000;
const NOW: Ticks = Ticks(1_000_000);

fn fresh(id: u32) -> Lapic {
    let config = LapicConfig {
        tsc_hz: TSC_HZ,
        timer_hz: TIMER_HZ,
        bsp: id == 0,
    };
    Lapic::new(ApicId(id), config)
}

fn enabled(id: u32) -> Lapic {
    let mut lapic = fresh(id);
    let _ = write(&mut lapic, offset::SVR, 0x1ff);
    lapic
}

fn x2apic(id: u32) -> Lapic {
    let mut lapic = enabled(id);
    lapic
        .set_apic_base(lapic.apic_base() | 1 << 10)
        .expect("from xAPIC mode");
    lapic
}

fn write(lapic: &mut Lapic, register: u16, value: u32) -> Effect {
    lapic.write_mmio(register, value, NOW)
}

fn read(lapic: &mut Lapic, register: u16) -> u32 {
    lapic.read_mmio(register, NOW)
}

fn edge(lapic: &mut Lapic, vector: u8) -> bool {
    lapic.accept(Vector(vector), TriggerMode::Edge)
}

fn serve(lapic: &mut Lapic) -> u8 {
    let vector = lapic.pending().expect("something to serve");
    lapic.acknowledge(vector);
    vector.0
}

/// Latches and reads the error status.
fn errors(lapic: &mut Lapic) -> u32 {
    let _ = write(lapic, offset::ESR, 0);
    read(lapic, offset::ESR)
}

#[test]
fn reset_leaves_the_registers_as_the_manual_says() {
    let mut lapic = fresh(3);
    assert_eq!(lapic.apic_base(), 0xfee0_0800);
    assert_eq!(fresh(0).apic_base(), 0xfee0_0900);
    assert_eq!(read(&mut lapic, offset::ID), 3 << 24);
    assert_eq!(read(&mut lapic, offset::SVR), 0xff);
    assert_eq!(read(&mut lapic, offset::DFR), u32::MAX);
    assert_eq!(read(&mut lapic, offset::LVT_LINT0), 0x1_0000);
    assert_eq!(read(&mut lapic, offset::LVT_TIMER), 0x1_0000);
    assert_eq!(read(&mut lapic, offset::TPR), 0);
    assert!(!lapic.is_software_enabled());
}

#[test]
fn the_highest_priority_is_served_first_and_nests() {
    let mut lapic = enabled(0);
    assert!(edge(&mut lapic, 0x41) && edge(&mut lapic, 0x52));
    assert_eq!(serve(&mut lapic), 0x52);
    assert_eq!(read(&mut lapic, offset::PPR), 0x50);
    assert_eq!(lapic.pending(), None);
    // Same class waits, a higher one does not.
    edge(&mut lapic, 0x5f);
    assert_eq!(lapic.pending(), None);
    edge(&mut lapic, 0x60);
    assert_eq!(serve(&mut lapic), 0x60);
    let eoi = |vector| Effect::Eoi {
        vector: Vector(vector),
        level: false,
    };
    assert_eq!(write(&mut lapic, offset::EOI, 0), eoi(0x60));
    assert_eq!(write(&mut lapic, offset::EOI, 0), eoi(0x52));
    assert_eq!([serve(&mut lapic)], [0x5f]);
    assert_eq!(write(&mut lapic, offset::EOI, 0), eoi(0x5f));
    assert_eq!(serve(&mut lapic), 0x41);
    assert_eq!(write(&mut lapic, offset::EOI, 0), eoi(0x41));
    assert_eq!(write(&mut lapic, offset::EOI, 0), Effect::None);
    assert_eq!(read(&mut lapic, offset::PPR), 0);
}

#[test]
fn the_task_priority_holds_back_its_class_and_below() {
    let mut lapic = enabled(0);
    edge(&mut lapic, 0x4f);
    let _ = write(&mut lapic, offset::TPR, 0x40);
    assert_eq!(lapic.pending(), None);
    assert_eq!(lapic.cr8(), 4);
    lapic.set_cr8(3).expect("four bits");
    assert_eq!(lapic.pending(), Some(Vector(0x4f)));
    assert_eq!(read(&mut lapic, offset::TPR), 0x30);
    assert_eq!(lapic.set_cr8(16), Err(GeneralProtection));
    assert_eq!(lapic.cr8(), 3);
    // Sub-class bits show in the PPR only while the task priority decides it.
    let _ = write(&mut lapic, offset::TPR, 0x35);
    assert_eq!(read(&mut lapic, offset::PPR), 0x35);
    serve(&mut lapic);
    assert_eq!(read(&mut lapic, offset::PPR), 0x40);
}

#[test]
fn an_eoi_of_a_level_interrupt_is_broadcast_unless_suppressed() {
    let mut lapic = enabled(0);
    for (svr, level) in [(0x1ff, true), (0x11ff, false)] {
        let _ = write(&mut lapic, offset::SVR, svr);
        lapic.accept(Vector(0x33), TriggerMode::Level);
        assert_eq!(read(&mut lapic, offset::TMR + 0x10), 1 << 0x13);
        serve(&mut lapic);
        let vector = Vector(0x33);
        assert_eq!(
            write(&mut lapic, offset::EOI, 0),
            Effect::Eoi { vector, level }
        );
    }
    edge(&mut lapic, 0x33);
    assert_eq!(read(&mut lapic, offset::TMR + 0x10), 0);
}

#[test]
fn software_disable_masks_the_lvt_and_drops_interrupts() {
    let mut lapic = enabled(0);
    let _ = write(&mut lapic, offset::LVT_ERROR, 0x50);
    edge(&mut lapic, 0x40);
    let _ = write(&mut lapic, offset::SVR, 0xff);
    assert_eq!(read(&mut lapic, offset::LVT_ERROR), 0x1_0050);
    let _ = write(&mut lapic, offset::LVT_ERROR, 0x50);
    assert_eq!(read(&mut lapic, offset::LVT_ERROR), 0x1_0050);
    assert!(!edge(&mut lapic, 0x60));
    // What was accepted before is still there to be served.
    assert_eq!(lapic.pending(), Some(Vector(0x40)));
}

#[test]
fn illegal_vectors_are_errors_and_signal_the_error_entry() {
    let mut lapic = enabled(0);
    let _ = write(&mut lapic, offset::LVT_ERROR, 0xfe);
    assert!(!edge(&mut lapic, 15));
    assert_eq!(lapic.pending(), Some(Vector(0xfe)));
    assert_eq!(read(&mut lapic, offset::ESR), 0);
    assert_eq!(errors(&mut lapic), error::RECEIVE_ILLEGAL_VECTOR);
    assert_eq!(errors(&mut lapic), 0);
    assert_eq!(write(&mut lapic, offset::ICR_LOW, 0x0c_000f), Effect::None);
    assert_eq!(errors(&mut lapic), error::SEND_ILLEGAL_VECTOR);
    let _ = read(&mut lapic, 0x3f0);
    let _ = write(&mut lapic, 0x040, 1);
    assert_eq!(errors(&mut lapic), error::ILLEGAL_REGISTER);
}

#[test]
fn an_error_entry_with_an_illegal_vector_does_not_recur() {
    let mut lapic = enabled(0);
    let _ = write(&mut lapic, offset::LVT_ERROR, 0x05);
    assert_eq!(
        write(&mut lapic, offset::ICR_LOW, 0x0000_0003),
        Effect::None
    );
    assert_eq!(lapic.pending(), None);
    let both = error::SEND_ILLEGAL_VECTOR | error::RECEIVE_ILLEGAL_VECTOR;
    assert_eq!(errors(&mut lapic), both);
}

#[test]
fn an_xapic_icr_sends_what_its_halves_say() {
    let mut lapic = enabled(1);
    let _ = write(&mut lapic, offset::ICR_HIGH, 0x0302_0100);
    let expected = Ipi {
        destination: Destination {
            id: 3,
            logical: true,
        },
        delivery_mode: DeliveryMode::Fixed,
        vector: Vector(0x77),
        shorthand: Shorthand::None,
        level: true,
        trigger: TriggerMode::Edge,
    };
    assert_eq!(
        write(&mut lapic, offset::ICR_LOW, 0x4877),
        Effect::Ipi(expected)
    );
    assert_eq!(read(&mut lapic, offset::ICR_LOW), 0x4877);
    assert_eq!(read(&mut lapic, offset::ICR_HIGH), 0x0300_0000);
    // INIT and start-up as an operating system sends them.
    let _ = write(&mut lapic, offset::ICR_HIGH, 2 << 24);
    let sent = |effect| match effect {
        Effect::Ipi(ipi) => Some((ipi.delivery_mode, ipi.vector.0, ipi.destination.id)),
        _ => None,
    };
    assert_eq!(
        sent(write(&mut lapic, offset::ICR_LOW, 0xc500)),
        Some((DeliveryMode::Init, 0, 2))
    );
    assert_eq!(sent(write(&mut lapic, offset::ICR_LOW, 0x8500)), None);
    assert_eq!(
        sent(write(&mut lapic, offset::ICR_LOW, 0x0608)),
        Some((DeliveryMode::StartUp, 8, 2))
    );
    assert_eq!(
        sent(write(&mut lapic, offset::ICR_LOW, 0x0400)),
        Some((DeliveryMode::Nmi, 0, 2))
    );
}

#[test]
fn reserved_and_invalid_icr_values_send_nothing() {
    let mut lapic = enabled(0);
    // SMI, remote read, ExtINT; NMI and INIT to self, INIT to all with self.
    for low in [0x0240, 0x0340, 0x0740, 0x4_0440, 0x4_0540, 0x8_0540] {
        assert_eq!(
            write(&mut lapic, offset::ICR_LOW, low),
            Effect::None,
            "{low:#x}"
        );
    }
    assert_eq!(lapic.pending(), None);
    assert_eq!(errors(&mut lapic), 0);
}

#[test]
fn a_self_ipi_arrives_without_help() {
    let mut lapic = enabled(0);
    assert_eq!(write(&mut lapic, offset::ICR_LOW, 0x4_4055), Effect::None);
    assert_eq!(lapic.pending(), Some(Vector(0x55)));
    let mut lapic = x2apic(0);
    assert_eq!(lapic.write_msr(Msr(0x83f), 0x66, NOW), Ok(Effect::None));
    assert_eq!(lapic.pending(), Some(Vector(0x66)));
    assert_eq!(
        lapic.write_msr(Msr(0x83f), 0x166, NOW),
        Err(GeneralProtection)
    );
}

#[test]
fn an_x2apic_icr_is_one_64_bit_register() {
    let mut lapic = x2apic(0x12);
    let value = 0x0001_0004 << 32 | 0x0c41;
    let Ok(Effect::Ipi(ipi)) = lapic.write_msr(Msr(0x830), value, NOW) else {
        panic!("an NMI is sent");
    };
    assert_eq!(ipi.delivery_mode, DeliveryMode::Nmi);
    assert_eq!(ipi.destination.id, 0x0001_0004);
    assert!(ipi.destination.logical);
    assert_eq!(lapic.read_msr(Msr(0x830), NOW), Ok(value));
    for reserved in [1 << 13, 1 << 16, 1 << 20, 1 << 31] {
        assert_eq!(
            lapic.write_msr(Msr(0x830), reserved, NOW),
            Err(GeneralProtection)
        );
    }
}

#[test]
fn x2apic_mode_answers_by_msr_alone() {
    let mut lapic = x2apic(0x12);
    assert_eq!(lapic.read_msr(Msr(0x802), NOW), Ok(0x12));
    assert_eq!(lapic.read_msr(Msr(0x80d), NOW), Ok(0x0001_0004));
    assert_eq!(read(&mut lapic, offset::ID), u32::MAX);
    assert_eq!(write(&mut lapic, offset::ICR_LOW, 0x4_4055), Effect::None);
    assert_eq!(lapic.pending(), None);
    // No such register in this mode: DFR, ICR high, CMCI, reserved ones; write-only: EOI, self IPI.
    for msr in [0x80e, 0x831, 0x82f, 0x800, 0x840, 0x8ff, 0x80b, 0x83f] {
        assert_eq!(
            lapic.read_msr(Msr(msr), NOW),
            Err(GeneralProtection),
            "{msr:#x}"
        );
    }
    // Read-only, or with reserved bits.
    for (msr, value) in [
        (0x802, 1),
        (0x803, 0),
        (0x80d, 0),
        (0x810, 0),
        (0x839, 0),
        (0x80b, 1),
        (0x828, 1),
        (0x808, 0x100),
        (0x80f, 0x400),
        (0x832, 1 << 19),
        (0x83e, 4),
        (0x835, 1 << 32),
    ] {
        assert_eq!(
            lapic.write_msr(Msr(msr), value, NOW),
            Err(GeneralProtection),
            "{msr:#x}"
        );
    }
    assert_eq!(lapic.write_msr(Msr(0x828), 0, NOW), Ok(Effect::None));
    assert_eq!(enabled(0).read_msr(Msr(0x802), NOW), Err(GeneralProtection));
}

#[test]
fn apic_base_moves_between_modes_as_the_figure_allows() {
    let base = |bits: u64| 0xfee0_0000 | bits << 10;
    // Bits: x2APIC enable, then global enable.
    let (off, invalid, xapic, x2) = (base(0), base(1), base(2), base(3));
    let mut lapic = enabled(5);
    assert_eq!(lapic.set_apic_base(invalid), Err(GeneralProtection));
    assert_eq!(lapic.set_apic_base(0xfec0_0800), Err(GeneralProtection));
    assert_eq!(lapic.set_apic_base(xapic | 0x200), Err(GeneralProtection));
    assert_eq!(lapic.set_apic_base(xapic | 1 << 52), Err(GeneralProtection));
    assert_eq!(lapic.set_apic_base(x2), Ok(()));
    assert_eq!(lapic.mode(), ApicMode::X2Apic);
    assert!(lapic.is_software_enabled());
    assert_eq!(lapic.set_apic_base(xapic), Err(GeneralProtection));
    assert_eq!(lapic.set_apic_base(invalid), Err(GeneralProtection));
    assert_eq!(lapic.set_apic_base(off), Ok(()));
    assert_eq!(lapic.mode(), ApicMode::Disabled);
    assert!(!lapic.address().present);
    assert_eq!(lapic.set_apic_base(x2), Err(GeneralProtection));
    assert_eq!(lapic.set_apic_base(xapic), Ok(()));
    assert_eq!(read(&mut lapic, offset::ID), 5 << 24);
    assert!(!lapic.is_software_enabled());
}

#[test]
fn init_keeps_the_mode_and_the_base() {
    let mut lapic = x2apic(0x25);
    lapic.accept(Vector(0x90), TriggerMode::Edge);
    lapic.reset(true);
    assert_eq!(lapic.mode(), ApicMode::X2Apic);
    assert_eq!(lapic.read_msr(Msr(0x80d), NOW), Ok(0x0002_0020));
    assert_eq!(lapic.read_msr(Msr(0x80f), NOW), Ok(0xff));
    assert_eq!(lapic.pending(), None);
    lapic.reset(false);
    assert_eq!(lapic.mode(), ApicMode::XApic);
}

#[test]
fn a_one_shot_fires_once_and_counts_down_to_zero() {
    let mut lapic = enabled(0);
    let _ = write(&mut lapic, offset::DIVIDE, 0x0b);
    let _ = write(&mut lapic, offset::LVT_TIMER, 0x60);
    let _ = write(&mut lapic, offset::INITIAL_COUNT, 100);
    let after = |ticks| NOW.saturating_add(ticks);
    assert_eq!(lapic.next_event(), Some(after(1000)));
    assert_eq!(lapic.read_mmio(offset::CURRENT_COUNT, after(250)), 75);
    assert!(!lapic.poll(after(999)));
    assert!(lapic.poll(after(1000)));
    assert_eq!(lapic.pending(), Some(Vector(0x60)));
    assert_eq!(lapic.read_mmio(offset::CURRENT_COUNT, after(1001)), 0);
    assert_eq!(lapic.next_event(), None);
    assert!(!lapic.poll(after(1_000_000)));
}

#[test]
fn a_periodic_timer_keeps_its_phase_and_coalesces() {
    let mut lapic = enabled(0);
    let _ = write(&mut lapic, offset::DIVIDE, 0x00);
    let _ = write(&mut lapic, offset::LVT_TIMER, 0x2_0060);
    let _ = write(&mut lapic, offset::INITIAL_COUNT, 50_000);
    let after = |ticks| NOW.saturating_add(ticks);
    assert!(lapic.poll(after(1_000_000)));
    assert!(lapic.poll(after(5_300_000)));
    assert!(!lapic.poll(after(5_300_001)));
    assert_eq!(lapic.next_event(), Some(after(6_000_000)));
    assert_eq!(
        lapic.read_mmio(offset::CURRENT_COUNT, after(5_500_000)),
        25_000
    );
}

#[test]
fn a_tiny_period_is_limited() {
    let mut lapic = enabled(0);
    let _ = write(&mut lapic, offset::DIVIDE, 0x0b);
    let _ = write(&mut lapic, offset::LVT_TIMER, 0x2_0060);
    let _ = write(&mut lapic, offset::INITIAL_COUNT, 1);
    let mut now = NOW.saturating_add(10);
    assert!(lapic.poll(now));
    for _ in 0..50 {
        let next = lapic.next_event().expect("periodic");
        assert!(next.since(now) >= crate::time::MIN_PERIOD_NS);
        assert!(lapic.poll(next));
        now = next;
    }
}

#[test]
fn a_deadline_fires_at_its_tick_and_disarms() {
    let mut lapic = enabled(0);
    lapic.set_tsc_deadline(2_000_000, NOW);
    assert_eq!(lapic.tsc_deadline(NOW), 0);
    let _ = write(&mut lapic, offset::LVT_TIMER, 0x4_0061);
    lapic.set_tsc_deadline(2_000_000, NOW);
    assert_eq!(lapic.tsc_deadline(NOW), 2_000_000);
    assert_eq!(lapic.next_event(), Some(Ticks(2_000_000)));
    let _ = write(&mut lapic, offset::INITIAL_COUNT, 5);
    assert_eq!(read(&mut lapic, offset::INITIAL_COUNT), 0);
    assert!(lapic.poll(Ticks(2_000_000)));
    assert_eq!(lapic.tsc_deadline(Ticks(2_000_000)), 0);
    assert_eq!(serve(&mut lapic), 0x61);
    // One in the past fires at once.
    let _ = write(&mut lapic, offset::EOI, 0);
    lapic.set_tsc_deadline(1, NOW);
    assert_eq!(serve(&mut lapic), 0x61);
    // Leaving the mode disarms.
    lapic.set_tsc_deadline(9_000_000, NOW);
    let _ = write(&mut lapic, offset::LVT_TIMER, 0x61);
    assert_eq!(lapic.next_event(), None);
}

#[test]
fn a_masked_timer_expires_in_silence() {
    let mut lapic = enabled(0);
    let _ = write(&mut lapic, offset::LVT_TIMER, 0x1_0060);
    let _ = write(&mut lapic, offset::INITIAL_COUNT, 10);
    assert_eq!(lapic.next_event(), None);
    let later = NOW.saturating_add(1_000_000);
    let _ = lapic.write_mmio(offset::LVT_TIMER, 0x60, later);
    assert!(!lapic.poll(later));
    assert_eq!(lapic.pending(), None);
}

#[test]
fn a_moved_tsc_moves_countdowns_and_not_deadlines() {
    let mut lapic = enabled(0);
    let _ = write(&mut lapic, offset::DIVIDE, 0x0b);
    let _ = write(&mut lapic, offset::LVT_TIMER, 0x60);
    let _ = write(&mut lapic, offset::INITIAL_COUNT, 100);
    lapic.tsc_moved(NOW, Ticks(5));
    assert_eq!(lapic.next_event(), Some(Ticks(1005)));
    let _ = write(&mut lapic, offset::LVT_TIMER, 0x4_0060);
    lapic.set_tsc_deadline(7_000_000, NOW);
    lapic.tsc_moved(NOW, Ticks(5));
    assert_eq!(lapic.next_event(), Some(Ticks(7_000_000)));
}

#[test]
fn a_new_divisor_applies_to_what_remains() {
    let mut lapic = enabled(0);
    let _ = write(&mut lapic, offset::DIVIDE, 0x0b);
    let _ = write(&mut lapic, offset::LVT_TIMER, 0x60);
    let _ = write(&mut lapic, offset::INITIAL_COUNT, 100);
    let half = NOW.saturating_add(500);
    let _ = lapic.write_mmio(offset::DIVIDE, 0x00, half);
    assert_eq!(lapic.next_event(), Some(half.saturating_add(1000)));
}

#[test]
fn local_inputs_do_what_their_entries_say() {
    let mut lapic = enabled(0);
    assert_eq!(lapic.signal(Lint::Lint1), LintOutcome::Ignored);
    assert!(!lapic.accepts_ext_int());
    lapic.enter_virtual_wire_mode();
    assert!(lapic.accepts_ext_int());
    assert_eq!(lapic.signal(Lint::Lint0), LintOutcome::ExtInt);
    assert_eq!(lapic.signal(Lint::Lint1), LintOutcome::Nmi);
    let _ = write(&mut lapic, offset::LVT_LINT0, 0x44);
    assert!(!lapic.accepts_ext_int());
    assert_eq!(lapic.signal(Lint::Lint0), LintOutcome::Accepted);
    assert_eq!(lapic.pending(), Some(Vector(0x44)));
    lapic.set_apic_base(0xfee0_0100).expect("off");
    assert!(lapic.accepts_ext_int());
    assert_eq!(lapic.signal(Lint::Lint1), LintOutcome::Nmi);
}

#[test]
fn the_address_follows_the_logical_registers() {
    let mut lapic = enabled(2);
    let _ = write(&mut lapic, offset::LDR, 0x0400_1234);
    let _ = write(&mut lapic, offset::DFR, 0x1000_0000);
    let address = lapic.address();
    assert_eq!((address.ldr, address.dfr), (0x0400_0000, 0x1fff_ffff));
    let _ = write(&mut lapic, offset::DFR, u32::MAX);
    assert!(Destination::from_xapic(0x0c, true).matches(&lapic.address()));
    assert_eq!(ApicAddress::unpack(lapic.address().pack()), lapic.address());
}

#[test]
fn narrow_and_unaligned_accesses_stay_inside_a_register() {
    let mut lapic = enabled(0x0a);
    assert_eq!(read(&mut lapic, offset::ID + 3), 0x0a);
    assert_eq!(read(&mut lapic, offset::ID + 4), 0);
    assert_eq!(write(&mut lapic, offset::TPR + 1, 0xff), Effect::None);
    assert_eq!(lapic.cr8(), 0);
}

#[derive(Clone, Debug)]
enum Act {
    Write(u16, u32),
    Read(u16),
    Rdmsr(u32),
    Wrmsr(u32, u64),
    Base(u64),
    Deadline(u64),
    Accept(u8, bool),
    Serve,
    Lint(bool),
    Init,
    Pass(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let register = prop_oneof![(0u16..0x40).prop_map(|n| n << 4), any::<u16>()];
    let value = prop_oneof![any::<u32>(), 0u32..0x800, Just(0x1ff)];
    let base = prop_oneof![
        any::<u64>(),
        (0u64..16).prop_map(|bits| 0xfee0_0000 | bits << 8)
    ];
    prop_oneof![
        4 => (register.clone(), value.clone()).prop_map(|(r, v)| Act::Write(r, v)),
        2 => register.prop_map(Act::Read),
        1 => (0x7f0u32..0x910).prop_map(Act::Rdmsr),
        2 => (0x800u32..0x840, value).prop_map(|(m, v)| Act::Wrmsr(m, v.into())),
        1 => (0x800u32..0x840, any::<u64>()).prop_map(|(m, v)| Act::Wrmsr(m, v)),
        1 => base.prop_map(Act::Base),
        1 => any::<u64>().prop_map(Act::Deadline),
        3 => any::<(u8, bool)>().prop_map(|(v, level)| Act::Accept(v, level)),
        3 => Just(Act::Serve),
        1 => any::<bool>().prop_map(Act::Lint),
        1 => Just(Act::Init),
        1 => (0u64..1 << 40).prop_map(Act::Pass),
    ]
}

proptest! {
    #[test]
    fn no_sequence_of_accesses_breaks_the_invariants(acts in proptest::collection::vec(act(), 1..200)) {
        let mut lapic = enabled(1);
        let mut now = NOW;
        let address = core::ptr::from_ref(lapic.page());
        for act in acts {
            match act {
                Act::Write(register, value) => {
                    let _ = lapic.write_mmio(register, value, now);
                }
                Act::Read(register) => {
                    lapic.read_mmio(register, now);
                }
                Act::Rdmsr(msr) => {
                    let _ = lapic.read_msr(Msr(msr), now);
                }
                Act::Wrmsr(msr, value) => {
                    let before = lapic.page().clone();
                    if lapic.write_msr(Msr(msr), value, now).is_err() {
                        prop_assert_eq!(lapic.page(), &before, "a refused write changes nothing");
                    }
                }
                Act::Base(value) => {
                    let before = lapic.apic_base();
                    if lapic.set_apic_base(value).is_err() {
                        prop_assert_eq!(lapic.apic_base(), before);
                    }
                }
                Act::Deadline(value) => lapic.set_tsc_deadline(value, now),
                Act::Accept(vector, level) => {
                    let trigger = if level { TriggerMode::Level } else { TriggerMode::Edge };
                    let accepted = lapic.accept(Vector(vector), trigger);
                    prop_assert!(!accepted || vector >= 16);
                }
                Act::Serve => {
                    if let Some(vector) = lapic.pending() {
                        prop_assert!(vector.0 & 0xf0 > (lapic.page().get(offset::PPR) & 0xf0) as u8);
                        lapic.acknowledge(vector);
                        prop_assert!(lapic.pending() < Some(vector));
                    }
                }
                Act::Lint(one) => {
                    let _ = lapic.signal(if one { Lint::Lint1 } else { Lint::Lint0 });
                }
                Act::Init => lapic.reset(true),
                Act::Pass(ticks) => {
                    now = now.saturating_add(ticks);
                    lapic.poll(now);
                    prop_assert!(lapic.next_event().is_none_or(|next| next > now));
                }
            }
            // No vector below 16 is ever held, and the priority is what its definition says.
            let page = lapic.page();
            prop_assert_eq!((page.get(offset::IRR) | page.get(offset::ISR)) & 0xffff, 0);
            let class = page.highest(offset::ISR).map_or(0, |vector| u32::from(vector.0 & 0xf0));
            prop_assert_eq!(page.get(offset::PPR) & 0xf0, class.max(page.get(offset::TPR) & 0xf0));
            prop_assert_eq!(address, core::ptr::from_ref(page));
        }
    }
}
