//! What may happen next.

use super::{OWN, Step, World};

impl World {
    /// What may happen next.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.book.fault.is_some() {
            return steps;
        }
        for side in [0, 1] {
            if !self.wires[side].messages.is_empty() {
                steps.push(Step::Deliver(side));
            }
            if self.sides[side].is_closed() {
                continue;
            }
            self.call_steps(side, &mut steps);
            self.answer_steps(side, &mut steps);
            if self.sides[1 - side].is_closed() || self.plan.cut {
                steps.push(Step::Close(side));
            }
        }
        steps
    }

    fn call_steps(&self, side: usize, steps: &mut Vec<Step>) {
        let host = &self.hosts[side];
        if self.plan.promises[side] > 0 {
            steps.push(Step::Promise(side));
        }
        let cancels = 0..host.asked.len() * usize::from(self.plan.cancels > 0);
        steps.extend(cancels.map(|call| Step::Cancel { side, call }));
        let releases = 0..host.caps.len() * usize::from(self.plan.releases > 0);
        steps.extend(releases.map(|cap| Step::Release { side, cap }));
        if self.plan.calls[side] == 0 {
            return;
        }
        let mut arguments = vec![None];
        if self.plan.arguments {
            arguments.extend((0..host.caps.len()).map(Some));
        }
        let mut after = vec![None];
        if self.plan.after {
            after.extend(
                (0..host.asked.len()).flat_map(|call| [Some((call, false)), Some((call, true))]),
            );
        }
        // Its own object, a host would call directly.
        let called = |cap: &usize| host.caps[*cap].stream != OWN[side];
        for cap in (0..host.caps.len()).filter(called) {
            for argument in &arguments {
                for after in &after {
                    let (argument, after) = (*argument, *after);
                    steps.push(Step::Call {
                        side,
                        cap,
                        argument,
                        after,
                    });
                }
            }
        }
    }

    fn answer_steps(&self, side: usize, steps: &mut Vec<Step>) {
        let host = &self.hosts[side];
        let mut with: Vec<Option<usize>> = (0..host.caps.len()).map(Some).collect();
        if self.plan.failures {
            with.push(None);
        }
        for with in with {
            let stream = with.map(|cap| host.caps[cap].stream);
            let fits = |promised: u16| {
                self.plan.circles || stream.is_none_or(|with| !self.book.is_circle(with, promised))
            };
            for (call, (_, number)) in host.running.iter().enumerate() {
                if fits(self.book.result(*number)) {
                    steps.push(Step::Answer { side, call, with });
                }
            }
            for (promise, held) in host.promises.iter().enumerate() {
                if fits(held.stream) {
                    let to = with;
                    steps.push(Step::Resolve { side, promise, to });
                }
            }
        }
    }
}
