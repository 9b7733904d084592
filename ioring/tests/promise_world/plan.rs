//! What may happen in a world, how often, and what is wrong with it.

use isthmus_ioring::promise::{Cause, Limits};

/// What may happen, and how often.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Plan {
    pub limits: Limits,
    /// Calls that each host makes.
    pub calls: [u8; 2],
    /// Promises that each host makes, beside those of calls.
    pub promises: [u8; 2],
    /// Whether calls take capabilities along.
    pub arguments: bool,
    /// Whether calls come after others.
    pub after: bool,
    /// Whether answers and promises may be errors.
    pub failures: bool,
    /// Calls given up.
    pub cancels: u8,
    /// Keys given back before the end.
    pub releases: u8,
    /// Whether hosts may make what a reference is depend on itself.
    pub circles: bool,
    /// Whether the connection may end at any moment.
    pub cut: bool,
    /// Causes for which a call may end.
    pub causes: &'static [Cause],
    /// What is wrong with the world, to see that it is found out.
    pub flaw: Flaw,
}

/// What may be wrong with the world.
#[allow(dead_code, reason = "each test makes some of them")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Flaw {
    None,
    /// Markers come back at once instead of following the calls.
    NoEmbargo,
    /// Each return overtakes the message before it.
    Overtaking,
    /// Releases get lost.
    LostRelease,
    /// Resolutions get lost.
    LostResolve,
    /// A host answers with capabilities that it forgets to give back.
    Forgetful,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            limits: Limits {
                calls: 4,
                relays: 4,
                nodes: 30,
                exports: 6,
                embargoes: 3,
                depth: 6,
            },
            calls: [2, 0],
            promises: [0, 0],
            arguments: false,
            after: false,
            failures: false,
            cancels: 0,
            releases: 0,
            cut: false,
            circles: false,
            causes: &[],
            flaw: Flaw::None,
        }
    }
}
