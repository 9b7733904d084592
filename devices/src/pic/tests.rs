//! The 8259A pair against its data sheet.

use proptest::prelude::*;

use super::*;

/// As an operating system sets it up: vectors 0x20 and 0x28, nothing masked, and `icw4` for both.
fn initialised(icw4: u8) -> DualPic {
    let mut pic = DualPic::new();
    for (port, base) in [(MASTER, 0x20), (SLAVE, 0x28)] {
        pic.write(port, 0x11);
        pic.write(port + 1, base);
        pic.write(port + 1, if port == MASTER { 4 } else { 2 });
        pic.write(port + 1, icw4);
        pic.write(port + 1, 0);
    }
    pic
}

fn pulse(pic: &mut DualPic, irq: u8) {
    pic.set_irq(irq, true);
    pic.set_irq(irq, false);
}

fn in_service(pic: &mut DualPic, port: u16) -> u8 {
    pic.write(port, 0x0b);
    pic.read(port).expect("a port of the pair")
}

fn requested(pic: &mut DualPic, port: u16) -> u8 {
    pic.write(port, 0x0a);
    pic.read(port).expect("a port of the pair")
}

#[test]
fn a_request_is_acknowledged_served_and_ended() {
    let mut pic = initialised(1);
    pulse(&mut pic, 3);
    assert!(pic.intr());
    assert_eq!(requested(&mut pic, MASTER), 8);
    assert_eq!(pic.acknowledge(), Vector(0x23));
    assert!(!pic.intr());
    assert_eq!(in_service(&mut pic, MASTER), 8);
    pic.write(MASTER, 0x20);
    assert_eq!(in_service(&mut pic, MASTER), 0);
}

#[test]
fn higher_inputs_interrupt_lower_ones_and_not_the_reverse() {
    let mut pic = initialised(1);
    pulse(&mut pic, 4);
    pic.acknowledge();
    pulse(&mut pic, 6);
    assert!(!pic.intr());
    pulse(&mut pic, 1);
    assert_eq!(pic.acknowledge(), Vector(0x21));
    pic.write(MASTER, 0x20);
    pic.write(MASTER, 0x20);
    assert_eq!(pic.acknowledge(), Vector(0x26));
}

#[test]
fn the_slave_comes_through_the_cascade() {
    let mut pic = initialised(1);
    pulse(&mut pic, 12);
    assert_eq!(pic.acknowledge(), Vector(0x2c));
    assert_eq!(in_service(&mut pic, MASTER), 4);
    assert_eq!(in_service(&mut pic, SLAVE), 0x10);
    pulse(&mut pic, 8);
    // Fully nested: the cascade is in service, the slave waits though its input is higher.
    assert!(!pic.intr());
    pic.write(SLAVE, 0x20);
    pic.write(MASTER, 0x20);
    assert_eq!(pic.acknowledge(), Vector(0x28));
}

#[test]
fn special_fully_nested_lets_the_slave_interrupt_itself() {
    let mut pic = initialised(0x11);
    pulse(&mut pic, 12);
    pic.acknowledge();
    pulse(&mut pic, 8);
    assert!(pic.intr());
    assert_eq!(pic.acknowledge(), Vector(0x28));
}

#[test]
fn masked_inputs_keep_their_request() {
    let mut pic = initialised(1);
    pic.write(0x21, 0xff);
    pulse(&mut pic, 0);
    assert!(!pic.intr());
    assert_eq!(pic.read(0x21), Some(0xff));
    pic.write(0x21, 0xfe);
    assert_eq!(pic.acknowledge(), Vector(0x20));
}

#[test]
fn a_request_that_went_away_is_the_spurious_one() {
    let mut pic = initialised(1);
    assert_eq!(pic.acknowledge(), Vector(0x27));
    assert_eq!(in_service(&mut pic, MASTER), 0);
}

#[test]
fn a_level_input_requests_as_long_as_it_is_high() {
    let mut pic = initialised(1);
    pic.write(0x4d1, 0xff);
    assert_eq!(pic.read(0x4d1), Some(0xde));
    pic.write(0x4d0, 0xff);
    assert_eq!(pic.read(0x4d0), Some(0xf8));
    pic.set_irq(9, true);
    assert_eq!(pic.acknowledge(), Vector(0x29));
    pic.write(SLAVE, 0x20);
    pic.write(MASTER, 0x20);
    assert!(pic.intr());
    pic.set_irq(9, false);
    assert!(!pic.intr());
}

#[test]
fn automatic_eoi_leaves_nothing_in_service_and_can_rotate() {
    let mut pic = initialised(0x03);
    pulse(&mut pic, 1);
    assert_eq!(pic.acknowledge(), Vector(0x21));
    assert_eq!(in_service(&mut pic, MASTER), 0);
    pic.write(MASTER, 0x80);
    pulse(&mut pic, 1);
    pic.acknowledge();
    // Input 1 is lowest now.
    pulse(&mut pic, 1);
    pulse(&mut pic, 7);
    assert_eq!(pic.acknowledge(), Vector(0x27));
}

#[test]
fn specific_and_rotating_commands_pick_their_input() {
    let mut pic = initialised(1);
    pulse(&mut pic, 5);
    pic.acknowledge();
    pulse(&mut pic, 2 + 1);
    pic.acknowledge();
    // Specific EOI of the outer one.
    pic.write(MASTER, 0x65);
    assert_eq!(in_service(&mut pic, MASTER), 8);
    // Rotate on non-specific EOI: 3 becomes lowest.
    pic.write(MASTER, 0xa0);
    pulse(&mut pic, 3);
    pulse(&mut pic, 4);
    assert_eq!(pic.acknowledge(), Vector(0x24));
    pic.write(MASTER, 0xe4);
    assert_eq!(in_service(&mut pic, MASTER), 0);
    // Set priority: 6 is lowest, 7 highest.
    pic.write(MASTER, 0xc6);
    pulse(&mut pic, 7);
    assert_eq!(pic.acknowledge(), Vector(0x27));
}

#[test]
fn special_mask_mode_lets_lower_inputs_through() {
    let mut pic = initialised(1);
    pulse(&mut pic, 3);
    pic.acknowledge();
    pic.write(0x21, 0x08);
    pulse(&mut pic, 6);
    assert!(!pic.intr());
    pic.write(MASTER, 0x68);
    assert_eq!(pic.acknowledge(), Vector(0x26));
}

#[test]
fn a_poll_acknowledges_without_the_processor() {
    let mut pic = initialised(1);
    pic.write(MASTER, 0x0c);
    assert_eq!(pic.read(MASTER), Some(0));
    pulse(&mut pic, 6);
    pic.write(MASTER, 0x0c);
    assert_eq!(pic.read(MASTER), Some(0x86));
    assert!(!pic.intr());
    assert_eq!(in_service(&mut pic, MASTER), 0x40);
}

#[test]
fn firmware_leaves_all_masked_but_the_cascade() {
    let mut pic = DualPic::new();
    pic.firmware_state();
    assert_eq!((pic.read(0x21), pic.read(0xa1)), (Some(0xfb), Some(0xff)));
    pulse(&mut pic, 8);
    assert!(!pic.intr());
    pic.write(0xa1, 0xfe);
    assert_eq!(pic.acknowledge(), Vector(0x70));
}

#[test]
fn masks_tell_what_can_be_heard() {
    let mut pic = initialised(1);
    assert!(!pic.is_masked(8) && !pic.is_masked(0));
    pic.write(0x21, 0x04);
    assert!(pic.is_masked(8) && !pic.is_masked(0));
    assert!(pic.is_masked(16));
}

proptest! {
    #[test]
    fn no_sequence_of_commands_breaks_a_controller(
        acts in proptest::collection::vec((0u8..8, any::<u8>()), 1..300)
    ) {
        const PORTS: [u16; 6] = [0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1];
        let mut pic = DualPic::new();
        for (kind, value) in acts {
            match (kind, PORTS.get(usize::from(kind))) {
                (_, Some(port)) if value & 1 != 0 => { prop_assert!(pic.read(*port).is_some()); }
                (_, Some(port)) => { prop_assert!(pic.write(*port, value.rotate_left(3))); }
                (6, _) => pic.set_irq(value >> 4, value & 1 != 0),
                _ => {
                    let was_high = pic.intr();
                    let before = pic.master.isr;
                    pic.acknowledge();
                    // An acknowledge that nobody asked for serves nothing.
                    prop_assert!(was_high || pic.master.isr == before);
                }
            }
            for controller in [&pic.master, &pic.slave] {
                prop_assert!(controller.lowest < 8);
                prop_assert_eq!(controller.base & 7, 0);
                // Level inputs request exactly what they carry; the cascade is no input.
                let level = controller.elcr & !4;
                prop_assert_eq!(controller.irr & level, controller.lines & level);
            }
            prop_assert_eq!(pic.master.irr & 4 != 0, pic.slave.request(0).is_some());
        }
    }
}
