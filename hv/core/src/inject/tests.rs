//! The injection decision over all of its inputs.

use super::*;

const DOUBLE: Event = Event::exception_with_code(exception::DF, 0);

fn active(interrupts_enabled: bool, interruptibility: u32) -> GuestState {
    GuestState {
        interrupts_enabled,
        interruptibility,
        activity: Activity::Active,
    }
}

fn lapic(vector: u8) -> PendingInterrupts {
    PendingInterrupts {
        ext_int: false,
        lapic: Some(Vector(vector)),
    }
}

/// Table 6-5 by hand: rows are the first event's class, columns the second's.
#[test]
fn every_pair_of_exceptions_combines_as_the_table_says() {
    let contributory = [0u8, 10, 11, 12, 13, 21];
    let page_fault = [14u8, 20];
    for first in 0..32u8 {
        for second in 0..32u8 {
            let got = combine(
                &Event::exception(Vector(first)),
                &Event::exception(Vector(second)),
            );
            let (c1, c2) = (
                contributory.contains(&first),
                contributory.contains(&second),
            );
            let (p1, p2) = (page_fault.contains(&first), page_fault.contains(&second));
            let expected = if first == 8 && (c2 || p2 || second == 8) {
                Combined::Shutdown
            } else if (c1 && c2) || (p1 && (c2 || p2)) {
                Combined::DoubleFault
            } else {
                Combined::Second
            };
            assert_eq!(got, expected, "{first} then {second}");
        }
    }
}

#[test]
fn interrupts_and_software_events_never_make_a_double_fault() {
    for vector in 0..=255u8 {
        for first in [
            Event::external(Vector(vector)),
            Event::software_interrupt(Vector(vector), 2),
            Event::nmi(),
        ] {
            let fault = Event::general_protection();
            assert_eq!(combine(&first, &fault), Combined::Second, "{first:?}");
        }
    }
}

#[test]
fn faults_in_fault_delivery_end_in_a_triple_fault() {
    let mut queue = EventQueue::new();
    assert_eq!(queue.raise(Event::page_fault(2)), Ok(()));
    let taken = queue.decide(&active(false, 0), &PendingInterrupts::default());
    assert_eq!(taken.injection, Injection::Event(Event::page_fault(2)));
    queue.interrupted(Event::page_fault(2));
    assert_eq!(queue.raise(Event::general_protection()), Ok(()));
    assert_eq!(
        queue
            .decide(&active(false, 0), &PendingInterrupts::default())
            .injection,
        Injection::Event(DOUBLE)
    );
    queue.interrupted(DOUBLE);
    assert_eq!(queue.raise(Event::page_fault(0)), Err(TripleFault));
    assert!(!queue.has_event());
}

#[test]
fn priority_is_event_then_nmi_then_pic_then_lapic() {
    let mut queue = EventQueue::new();
    queue.interrupted(Event::external(Vector(0x41)));
    queue.post_nmi();
    let both = PendingInterrupts {
        ext_int: true,
        lapic: Some(Vector(0x55)),
    };
    let open = active(true, 0);
    let first = queue.decide(&open, &both);
    assert_eq!(
        first.injection,
        Injection::Event(Event::external(Vector(0x41)))
    );
    assert!(first.want_interrupt_window && first.want_nmi_window);
    let second = queue.decide(&open, &both);
    assert_eq!(second.injection, Injection::Event(Event::nmi()));
    assert!(second.want_interrupt_window && !second.want_nmi_window);
    let third = queue.decide(&open, &both);
    assert_eq!(third.injection, Injection::ExtInt);
    assert!(third.want_interrupt_window, "the local APIC's waits");
    let fourth = queue.decide(&open, &lapic(0x55));
    assert_eq!(fourth.injection, Injection::Lapic(Vector(0x55)));
    assert!(!fourth.want_interrupt_window);
}

/// Every state of IF, the three kinds of blocking and the activity, against the rules written out.
#[test]
fn nothing_is_injected_where_it_is_blocked() {
    for bits in 0..16u32 {
        let (enabled, sti, mov_ss, nmi) =
            (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0, bits & 8 != 0);
        let blocking = u32::from(sti) | u32::from(mov_ss) << 1 | u32::from(nmi) << 3;
        for activity in [
            Activity::Active,
            Activity::Halted,
            Activity::Shutdown,
            Activity::WaitForSipi,
        ] {
            let guest = GuestState {
                interrupts_enabled: enabled,
                interruptibility: blocking,
                activity,
            };
            let alive = matches!(activity, Activity::Active | Activity::Halted);
            let shadow = (sti || mov_ss) && activity == Activity::Active;

            let got = EventQueue::new().decide(&guest, &lapic(0x30));
            let expected = enabled && !shadow && alive;
            assert_eq!(
                got.injection == Injection::Lapic(Vector(0x30)),
                expected,
                "{guest:?}"
            );
            assert_eq!(got.want_interrupt_window, !expected);

            let mut queue = EventQueue::new();
            queue.post_nmi();
            let got = queue.decide(&guest, &PendingInterrupts::default());
            let expected = !nmi && !shadow && alive;
            assert_eq!(
                got.injection == Injection::Event(Event::nmi()),
                expected,
                "{guest:?}"
            );
            assert_eq!(got.want_nmi_window, !expected);
            assert!(!got.want_interrupt_window);
        }
    }
}

#[test]
fn a_halted_processor_wakes_for_what_it_can_take() {
    let halted = |enabled, interruptibility| GuestState {
        interrupts_enabled: enabled,
        interruptibility,
        activity: Activity::Halted,
    };
    let quiet = EventQueue::new();
    let mut with_nmi = EventQueue::new();
    with_nmi.post_nmi();
    let none = PendingInterrupts::default();
    assert!(!quiet.wakes(&halted(true, 0), &none));
    assert!(
        quiet.wakes(&halted(true, interruptibility::STI), &lapic(0x20)),
        "STI; HLT"
    );
    assert!(!quiet.wakes(&halted(false, 0), &lapic(0x20)), "CLI; HLT");
    assert!(quiet.wakes(
        &halted(true, 0),
        &PendingInterrupts {
            ext_int: true,
            lapic: None
        }
    ));
    assert!(with_nmi.wakes(&halted(false, 0), &none));
    assert!(!with_nmi.wakes(&halted(false, interruptibility::NMI), &none));
    let waiting = GuestState {
        activity: Activity::WaitForSipi,
        ..halted(true, 0)
    };
    assert!(!with_nmi.wakes(&waiting, &lapic(0x20)));
    assert!(quiet.wakes(&active(false, 0), &none));
}

#[test]
fn an_injected_event_ends_the_halt_and_its_shadow() {
    let halted = GuestState {
        interrupts_enabled: true,
        interruptibility: interruptibility::STI,
        activity: Activity::Halted,
    };
    let decision = EventQueue::new().decide(&halted, &lapic(0x20));
    assert_eq!(decision.activity, Activity::Active);
    assert_eq!(decision.interruptibility, 0);
    let idle = EventQueue::new().decide(&halted, &PendingInterrupts::default());
    assert_eq!(idle.activity, Activity::Halted);
}

#[test]
fn an_interrupted_nmi_goes_in_again_with_its_own_blocking_lifted() {
    let mut queue = EventQueue::new();
    queue.interrupted(Event::nmi());
    let decision = queue.decide(
        &active(true, interruptibility::NMI),
        &PendingInterrupts::default(),
    );
    assert_eq!(decision.injection, Injection::Event(Event::nmi()));
    assert_eq!(decision.interruptibility, 0);
}

#[test]
fn exceptions_are_delivered_in_a_shadow() {
    let mut queue = EventQueue::new();
    assert_eq!(queue.raise(Event::invalid_opcode()), Ok(()));
    let decision = queue.decide(&active(true, interruptibility::MOV_SS), &lapic(0x20));
    assert_eq!(
        decision.injection,
        Injection::Event(Event::invalid_opcode())
    );
    assert_eq!(decision.interruptibility, interruptibility::MOV_SS);
    assert!(decision.want_interrupt_window);
}

#[test]
fn an_emulated_instruction_ends_shadows_and_honours_the_trap_flag() {
    let all = interruptibility::STI | interruptibility::MOV_SS | interruptibility::NMI;
    assert_eq!(
        after_instruction(all, true, false),
        (interruptibility::NMI, true)
    );
    assert_eq!(
        after_instruction(0, true, true),
        (0, false),
        "steps by branches"
    );
    assert_eq!(after_instruction(0, false, false), (0, false));
}

#[test]
fn a_double_fault_pushes_no_error_code_in_real_mode() {
    let mut queue = EventQueue::new();
    queue.interrupted(Event::exception(exception::GP));
    assert_eq!(queue.raise(Event::exception(exception::GP)), Ok(()));
    let decision = queue.decide(&active(false, 0), &PendingInterrupts::default());
    assert_eq!(
        decision.injection,
        Injection::Event(Event::exception(exception::DF))
    );
}

#[test]
fn only_one_nmi_waits() {
    let mut queue = EventQueue::new();
    queue.post_nmi();
    queue.post_nmi();
    let open = active(true, 0);
    assert_eq!(
        queue.decide(&open, &PendingInterrupts::default()).injection,
        Injection::Event(Event::nmi())
    );
    assert_eq!(
        queue.decide(&open, &PendingInterrupts::default()).injection,
        Injection::None
    );
}
