//! Every interleaving of posters and owner of a [`Mailbox`]: no post is lost, and none waits while the owner sleeps
//! without a kick. Run with
//! `RUSTFLAGS="--cfg loom" cargo test -p isthmus-hv-core --release --test mailbox_loom`.
#![allow(unexpected_cfgs, reason = "loom's own name for its builds")]
#![cfg(loom)]

use isthmus_abi::Vector;
use isthmus_hv_core::mailbox::{Kick, Leave, Mail, Mailbox};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// Adds up what the owner has seen.
fn note(seen: &mut Vec<u8>, mail: &Mail) {
    seen.extend(mail.irr.iter().map(|vector| vector.0));
    if mail.nmi {
        seen.push(2);
    }
}

/// The owner tries to leave twice, draining when it cannot. It ends away, as a core does that goes to sleep.
fn owner(mailbox: &Mailbox, to: Leave) -> Vec<u8> {
    let mut seen = Vec::new();
    if mailbox.leave(to).is_ok() {
        if mailbox.come_back() {
            note(&mut seen, &mailbox.drain());
        }
    } else {
        note(&mut seen, &mailbox.drain());
    }
    while mailbox.leave(to).is_err() {
        note(&mut seen, &mailbox.drain());
    }
    seen
}

/// Three threads: exhaustive up to three preemptions, beyond which nothing new has been seen.
fn check(to: Leave, posts: [fn(&Mailbox) -> Kick; 2], expected: &'static [u8]) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        let mailbox = Arc::new(Mailbox::new());
        let kicks = Arc::new(AtomicUsize::new(0));
        let posters: Vec<_> = posts
            .into_iter()
            .map(|post| {
                let (mailbox, kicks) = (mailbox.clone(), kicks.clone());
                thread::spawn(move || {
                    if post(&mailbox) == Kick::Needed {
                        kicks.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        let mut seen = owner(&mailbox, to);
        for poster in posters {
            poster.join().unwrap();
        }
        // The owner sleeps now. If mail waits, somebody must have kicked.
        if mailbox.has_mail() {
            assert!(kicks.load(Ordering::SeqCst) > 0, "lost wake-up");
        }
        let _ = mailbox.come_back();
        note(&mut seen, &mailbox.drain());
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, expected, "lost mail");
    });
}

#[test]
fn two_vectors_to_a_core_that_enters_the_guest() {
    check(
        Leave::ToGuest,
        [
            |mailbox| mailbox.post_interrupt(Vector(0x20), false),
            |mailbox| mailbox.post_interrupt(Vector(0x21), true),
        ],
        &[0x20, 0x21],
    );
}

#[test]
fn a_vector_and_an_nmi_to_a_vcpu_that_blocks() {
    check(
        Leave::ToBlock,
        [
            |mailbox| mailbox.post_interrupt(Vector(0xfe), false),
            |mailbox| mailbox.post_nmi(),
        ],
        &[2, 0xfe],
    );
}

#[test]
fn a_falling_line_does_not_swallow_the_kick_for_a_vector() {
    check(
        Leave::ToBlock,
        [
            |mailbox| mailbox.post_ext_int(false),
            |mailbox| mailbox.post_interrupt(Vector(0x30), false),
        ],
        &[0x30],
    );
}

#[test]
fn a_start_up_ipi_after_its_init_is_never_lost() {
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::new());
        let poster = {
            let mailbox = mailbox.clone();
            thread::spawn(move || {
                let _ = mailbox.post_init();
                let _ = mailbox.post_sipi(Vector(0x10));
            })
        };
        let (mut inits, mut sipis) = (0, Vec::new());
        let mut take = |mail: Mail| {
            assert!(
                mail.init || mail.sipi.is_none() || inits == 1,
                "a start-up IPI before its INIT"
            );
            inits += usize::from(mail.init);
            sipis.extend(mail.sipi);
        };
        take(mailbox.drain());
        take(mailbox.drain());
        poster.join().unwrap();
        take(mailbox.drain());
        assert_eq!(inits, 1);
        assert_eq!(sipis, [Vector(0x10)]);
    });
}
