//! The console's serving side: a task that takes calls off all lanes in turn.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::poll_fn;
use core::task::Poll;

use isthmus_caps::{LedgerError, Resource};
use isthmus_ioring::entry::Status;
use isthmus_ioring::lane::lane;
use isthmus_ioring::layout::LayoutError;
use isthmus_ioring::{Call, Completion, Geometry, LaneError, Server};
use spin::Mutex;

use super::{APPEND, ConsoleObject, Departure, END_OF_LINE, ENTRIES, INTERFACE, MAX_LINE};
use crate::bell::Bell;
use crate::domain::Domain;

/// A lane's geometry, checked when the kernel is built.
const GEOMETRY: Geometry = match Geometry::new(ENTRIES, 1) {
    Ok(geometry) => geometry,
    Err(LayoutError::Entries(_) | _) => panic!("the console's lane has no such size"),
};

/// Where printed lines go.
pub trait LineSink: Send + Sync {
    /// Writes `line`, which ends in a line feed, as one piece.
    fn write_line(&self, line: &[u8]);
}

/// The service as the kernel holds it: gives domains their ends.
#[derive(Clone)]
pub struct ConsoleService {
    shared: Arc<Shared>,
}

struct Shared {
    /// Lanes that the task has not taken in yet.
    new: Mutex<Vec<Lane>>,
    bell: Arc<Bell>,
}

/// A domain's lane.
struct Lane {
    server: Server,
    completed: Arc<Bell>,
    name: &'static str,
    /// What came of the line so far.
    line: Vec<u8>,
}

/// A console service, and the body of its task: it prints to `sink` for ever.
pub fn serve(
    sink: impl LineSink + 'static,
) -> (ConsoleService, impl Future<Output = ()> + Send + 'static) {
    let shared = Arc::new(Shared {
        new: Mutex::default(),
        bell: Arc::default(),
    });
    let service = ConsoleService {
        shared: shared.clone(),
    };
    (service, run(shared, sink))
}

impl ConsoleService {
    /// A lane for `domain`, whose name its lines will bear.
    ///
    /// # Errors
    /// [`LedgerError`] if the domain cannot pay for the lane's pages.
    pub fn connect(&self, domain: &Domain) -> Result<Arc<ConsoleObject>, LedgerError> {
        let pages = domain
            .account()
            .draw(Resource::Pages, GEOMETRY.lane_bytes().div_ceil(4096))?;
        let (client, server) = lane(GEOMETRY);
        let completed = Arc::<Bell>::default();
        let lane = Lane {
            server,
            completed: completed.clone(),
            name: domain.name(),
            line: Vec::new(),
        };
        self.shared.new.lock().push(lane);
        self.shared.bell.ring();
        let submitted = self.shared.bell.clone();
        Ok(Arc::new(ConsoleObject {
            client: Mutex::new(client),
            completed,
            submitted,
            _pages: pages,
            _departure: Departure(self.shared.bell.clone()),
        }))
    }
}

async fn run(shared: Arc<Shared>, sink: impl LineSink) {
    let mut lanes = Vec::new();
    poll_fn(|context| {
        loop {
            lanes.append(&mut shared.new.lock());
            shared.bell.listen(context.waker());
            // A lane whose domain broke the protocol is dropped, its domain sees no more completions; and one
            // whose other side is gone, once that has been looked at and then drained.
            lanes.retain_mut(|lane| {
                let abandoned = Arc::strong_count(&lane.completed) == 1;
                lane.drain(&sink).is_ok() && !abandoned
            });
            let sleeps = lanes
                .iter_mut()
                .all(|lane| lane.server.may_sleep().unwrap_or(true));
            if sleeps && shared.new.lock().is_empty() {
                return Poll::Pending;
            }
        }
    })
    .await
}

impl Lane {
    /// Answers all calls that have come.
    fn drain(&mut self, sink: &impl LineSink) -> Result<(), LaneError> {
        let mut answered = false;
        while let Some(incoming) = self.server.take()? {
            let status = self.append(&incoming.call, sink);
            self.server.complete(incoming, &Completion::new(status))?;
            answered = true;
        }
        if answered && self.server.must_ring() {
            self.completed.ring();
        }
        Ok(())
    }

    fn append(&mut self, call: &Call, sink: &impl LineSink) -> Status {
        if (call.interface(), call.method()) != (INTERFACE, APPEND) {
            return Status::NO_METHOD;
        }
        if self.line.is_empty() {
            self.line.extend(self.name.as_bytes());
            self.line.extend(b": ");
        }
        let data = call.data();
        if self.line.len() + data.len() > self.name.len() + 2 + MAX_LINE {
            return Status::BAD_ARGUMENT;
        }
        // A line feed or escape inside would let a domain print in another's name.
        let printable = |byte: &u8| if byte.is_ascii_control() { b' ' } else { *byte };
        data.with(|bytes| self.line.extend(bytes.iter().map(printable)));
        if call.method_flags() & END_OF_LINE != 0 {
            self.line.push(b'\n');
            sink.write_line(&self.line);
            self.line.clear();
        }
        Status::OK
    }
}
