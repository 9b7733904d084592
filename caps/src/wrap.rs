//! Wrappers: objects around a capability that have the interface of what they wrap, whatever that is, and so nest to any
//! depth. Anyone may put one around what he holds before he hands it on; nobody's leave is needed, and none of them is
//! known to the object or to its holder.
//!
//! | wrapper | what it does |
//! |---|---|
//! | [`Attenuator`] | lets some methods and some rights through |
//! | [`Caretaker`] | can be revoked |
//! | [`Membrane`] | wraps all that crosses it, and can be revoked |
//! | [`Recorder`] | shows every call and its end to an observer |
//! | [`Meter`] | limits the rate, the calls in flight, and what they spend |
//! | [`Deadline`] | ends calls that take too long |
//! | [`Mock`] | wraps nothing: answers by a script, for tests |

mod attenuator;
mod caretaker;
mod deadline;
mod membrane;
mod meter;
mod mock;
mod recorder;

pub use attenuator::Attenuator;
pub use caretaker::Caretaker;
pub use deadline::Deadline;
pub use membrane::{Membrane, Side};
pub use meter::{Meter, Rate};
pub use mock::{Mock, Scripted, StillClock, Unmet};
pub use recorder::{Counts, Entry, Log, Observer, Recorder, Totals};
