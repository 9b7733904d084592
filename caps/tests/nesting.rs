//! Random nests of wrappers, revoked here and there, against a list of what each layer says: whatever is put around a capability,
//! rights never grow, a badge stays, and nothing is reached by way of what was revoked, nor what came out that way.

use std::sync::Arc;
use std::time::Duration;

use isthmus_caps::{
    Attenuator, Badge, CallError, Cap, Caretaker, Counts, Deadline, Holder, Membrane, Meter,
    Object, Outcome, Rate, Recorder, Reply, Request, Rights, StillClock,
};
use proptest::prelude::*;

const THING: u64 = 0x7419;

/// Answers with the holder that it sees and a new thing like itself.
struct Thing;

impl Object for Thing {
    fn call(&self, holder: Holder, _: &Request<'_>) -> Outcome {
        let mut seen = holder.rights.bits().to_le_bytes().to_vec();
        seen.extend(holder.badge.0.to_le_bytes());
        Outcome::Ready(Ok(Reply::copied(&seen).with_cap(Cap::new(Thing))))
    }
}

#[derive(Clone, Debug)]
enum Layer {
    Restrict(u32),
    Badge(u64),
    Attenuate {
        rights: u32,
        only: Option<(u16, u16)>,
        except: u16,
    },
    Caretaker,
    Membrane,
    Recorder,
    Meter,
    Deadline,
}

fn layer() -> impl Strategy<Value = Layer> {
    // Most bits set, so that something is left after some layers.
    let rights = || (any::<u32>(), any::<u32>(), any::<u32>()).prop_map(|(a, b, c)| a | b | c);
    let only = proptest::option::of((0_u16..3, 3_u16..6));
    prop_oneof![
        rights().prop_map(Layer::Restrict),
        (1_u64..5).prop_map(Layer::Badge),
        (rights(), only, 0_u16..9).prop_map(|(rights, only, except)| Layer::Attenuate {
            rights,
            only,
            except
        }),
        Just(Layer::Caretaker),
        Just(Layer::Membrane),
        Just(Layer::Recorder),
        Just(Layer::Meter),
        Just(Layer::Deadline),
    ]
}

#[derive(Clone, Debug)]
enum Op {
    Call(u16),
    CallResult(usize),
    Revoke(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (0_u16..6).prop_map(Op::Call),
        2 => any::<usize>().prop_map(Op::CallResult),
        1 => any::<usize>().prop_map(Op::Revoke),
    ]
}

enum Control {
    None,
    Caretaker(Caretaker),
    Membrane(Membrane),
}

/// The layers of a nest, the innermost first, with what revokes them and whether that was done.
struct Nest {
    layers: Vec<(Layer, Control, bool)>,
    cap: Cap,
    counts: Arc<Counts>,
    /// Capabilities that replies brought, and how many calls were made by then.
    results: Vec<Cap>,
}

impl Nest {
    fn new(layers: Vec<Layer>) -> Self {
        let counts = Arc::new(Counts::default());
        let mut cap = Cap::new(Thing);
        let mut built = Vec::new();
        for layer in layers {
            let control;
            (cap, control) = wrap(&layer, cap, &counts);
            built.push((layer, control, false));
        }
        Self {
            layers: built,
            cap,
            counts,
            results: Vec::new(),
        }
    }

    /// What a call of a method is to come to: what the object sees, or the error of the outermost layer that refuses.
    fn expected(&self, method: u16) -> Result<(u32, u64), CallError> {
        for (layer, _, revoked) in self.layers.iter().rev() {
            if *revoked {
                return Err(CallError::Revoked);
            }
            if let Layer::Attenuate { only, except, .. } = layer {
                let listed = only.is_none_or(|(first, last)| (first..last).contains(&method));
                if !listed || method == *except {
                    return Err(CallError::Denied);
                }
            }
        }
        let (mut rights, mut badge) = (u32::MAX, 0);
        for (layer, ..) in &self.layers {
            match layer {
                Layer::Restrict(some) | Layer::Attenuate { rights: some, .. } => rights &= some,
                Layer::Badge(number) if badge == 0 => badge = *number,
                _ => {}
            }
        }
        Ok((rights, badge))
    }

    fn call(&mut self, method: u16) {
        let answer = self
            .cap
            .call(&Request::new(THING, method, &[]))
            .now()
            .unwrap();
        let seen = answer.as_ref().map_err(Clone::clone).map(|reply| {
            let (rights, badge) = reply.data.as_slice().split_at(4);
            let rights = u32::from_le_bytes(rights.try_into().unwrap());
            (rights, u64::from_le_bytes(badge.try_into().unwrap()))
        });
        assert_eq!(seen, self.expected(method));
        if let Ok(mut reply) = answer {
            self.results.append(&mut reply.caps);
        }
    }

    /// What came out goes by the membranes alone.
    fn call_result(&self, which: usize) {
        let Some(which) = which.checked_rem(self.results.len()) else {
            return;
        };
        let answer = self.results[which]
            .call(&Request::new(THING, 77, &[]))
            .now()
            .unwrap();
        let cut = self
            .layers
            .iter()
            .any(|(layer, _, revoked)| *revoked && matches!(layer, Layer::Membrane));
        assert_eq!(answer.err(), cut.then_some(CallError::Revoked));
    }

    fn revoke(&mut self, which: usize) {
        let revocable = self
            .layers
            .iter_mut()
            .filter(|(_, control, _)| !matches!(control, Control::None));
        let mut revocable: Vec<_> = revocable.collect();
        let Some(which) = which.checked_rem(revocable.len()) else {
            return;
        };
        let (_, control, revoked) = &mut *revocable[which];
        match control {
            Control::Caretaker(caretaker) => caretaker.revoke(),
            Control::Membrane(membrane) => membrane.revoke(),
            Control::None => unreachable!(),
        }
        *revoked = true;
    }
}

fn wrap(layer: &Layer, cap: Cap, counts: &Arc<Counts>) -> (Cap, Control) {
    let clock = Arc::new(StillClock::new());
    let before = cap.rights();
    let wrapped = match layer {
        Layer::Restrict(rights) => cap.restricted(Rights::from_bits(*rights)),
        Layer::Badge(badge) => cap.badged(Badge(*badge)).unwrap_or(cap),
        Layer::Attenuate {
            rights,
            only,
            except,
        } => {
            let mut attenuator = Attenuator::new(cap).rights(Rights::from_bits(*rights));
            if let Some((first, last)) = only {
                attenuator = attenuator.only(THING, *first..*last);
            }
            attenuator.except(THING, *except..=*except).cap()
        }
        Layer::Caretaker => {
            let caretaker = Caretaker::new(cap);
            return (caretaker.cap(), Control::Caretaker(caretaker));
        }
        Layer::Membrane => {
            let membrane = Membrane::new();
            return (membrane.wrap(&cap).unwrap(), Control::Membrane(membrane));
        }
        Layer::Recorder => Recorder::wrap(cap, counts.clone()),
        Layer::Meter => {
            let rate = Rate {
                calls: 1000,
                per: Duration::from_secs(1),
            };
            Meter::new(cap).rate(rate, clock).cap()
        }
        Layer::Deadline => Deadline::wrap(cap, clock, Duration::from_secs(1)),
    };
    assert!(before.contains(wrapped.rights()));
    (wrapped, Control::None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn a_nest_does_what_its_layers_say(
        layers in proptest::collection::vec(layer(), 0..9),
        ops in proptest::collection::vec(op(), 0..20),
    ) {
        let mut nest = Nest::new(layers);
        for op in ops {
            match op {
                Op::Call(method) => nest.call(method),
                Op::CallResult(which) => nest.call_result(which),
                Op::Revoke(which) => nest.revoke(which),
            }
        }
        let totals = nest.counts.totals();
        prop_assert_eq!(totals.begun, totals.succeeded + totals.failed);
    }
}
