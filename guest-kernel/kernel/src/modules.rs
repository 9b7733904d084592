//! Which modules run, and what each is handed. The kernel's own domain holds the roots; a module's capabilities are minted
//! from them with the rights it needs, so that ending or cutting off a module is revoking.

use alloc::sync::Arc;
use core::fmt;

use isthmus_heartbeat::{Access, Failure, load, ticks};
use isthmus_kernel_core::account::Account;
use isthmus_kernel_core::caps::{Amounts, CapError, LedgerError, Resource, Rights};
use isthmus_kernel_core::clock::{self, Clock, ClockObject};
use isthmus_kernel_core::command_line::{BadValue, CommandLine};
use isthmus_kernel_core::console::{self, Console, ConsoleService, LineSink};
use isthmus_kernel_core::domain::{Capability, Domain, Domains};
use isthmus_kernel_core::power::{self, Power, PowerObject};
use isthmus_kernel_core::worker;

/// What a module of this size needs: a console lane, a timer, a task, and a slot for each capability.
const MODULE: Amounts = Amounts {
    pages: 4,
    timers: 1,
    tasks: 1,
    slots: 8,
    ..Amounts::NONE
};

/// What boot found and made.
pub(crate) struct Parts<'a, S> {
    pub(crate) command_line: &'static str,
    /// Bytes.
    pub(crate) memory: u64,
    /// One for each core.
    pub(crate) workers: &'a [worker::Handle],
    pub(crate) sink: S,
    pub(crate) power: Arc<PowerObject>,
}

/// Why the modules could not be started.
#[derive(Debug)]
pub(crate) enum StartError {
    /// The command line has a value that its key does not take.
    CommandLine(BadValue<'static>),
    /// There are no workers.
    NoCore,
    /// A module's limits are too small for what it is handed.
    Capability(CapError),
    /// The machine is too small for the modules.
    Ledger(LedgerError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine(bad) => write!(f, "command line: {bad}"),
            Self::NoCore => write!(f, "no core has a worker"),
            Self::Capability(error) => write!(f, "a module's table: {error:?}"),
            Self::Ledger(error) => write!(f, "a module's account: {error:?}"),
        }
    }
}

impl From<BadValue<'static>> for StartError {
    fn from(error: BadValue<'static>) -> Self {
        Self::CommandLine(error)
    }
}

impl From<CapError> for StartError {
    fn from(error: CapError) -> Self {
        Self::Capability(error)
    }
}

impl From<LedgerError> for StartError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// Starts what the command line asks for: the load if it says so, and the ticks if it says so or nothing else runs.
///
/// # Errors
/// [`StartError`]; some modules may have started.
pub(crate) fn start<S: LineSink + 'static>(parts: Parts<'_, S>) -> Result<(), StartError> {
    let (Some(first), Some(last)) = (parts.workers.first(), parts.workers.last()) else {
        return Err(StartError::NoCore);
    };
    let line = CommandLine(parts.command_line);
    let (load, ticks) = (load::Config::parse(line)?, ticks::Config::parse(line)?);
    let root = Account::root(Amounts {
        pages: parts.memory / 4096,
        ..Amounts::UNLIMITED
    });
    let domains = Domains::new(root);
    let kernel = domains.create("kernel", Amounts::UNLIMITED)?;
    let (console, serving) = console::serve(parts.sink);
    kernel.spawn(first, serving)?;
    let power = kernel.insert(parts.power, Rights::ALL)?;
    // The service on the first core, modules on the last: where there are two, lines cross between them.
    let host = Host {
        domains,
        kernel,
        console,
        power,
        worker: last.clone(),
    };
    if let Some(config) = load {
        host.run("load", |access| load::run(config, access))?;
    }
    if load.is_none() || line.value("heartbeat").is_some() {
        host.run("heartbeat", |access| ticks::run(ticks, access))?;
    }
    Ok(())
}

/// What modules are made from.
struct Host {
    domains: Arc<Domains>,
    kernel: Domain,
    console: ConsoleService,
    power: Capability<PowerObject>,
    worker: worker::Handle,
}

impl Host {
    /// Starts a module in a domain of its own, which ends when the module returns.
    fn run<F>(&self, name: &'static str, module: impl FnOnce(Access) -> F) -> Result<(), StartError>
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let (kernel, domain) = (self.kernel.clone(), self.domains.create(name, MODULE)?);
        let console = kernel.insert(self.console.connect(&domain)?, Rights::ALL)?;
        let clock = ClockObject::new(self.worker.clone(), domain.account().clone());
        let clock = kernel.insert(clock, Rights::ALL)?;
        let access = Access {
            console: Console(kernel.mint(&console, &domain, console::WRITE, None)?),
            clock: Clock(kernel.mint(&clock, &domain, clock::READ | clock::WAIT, None)?),
            power: Power(kernel.mint(&self.power, &domain, power::END, None)?),
        };
        let task = domain.account().draw(Resource::Tasks, 1)?;
        let body = module(access);
        self.kernel.spawn(&self.worker, async move {
            let result = body.await;
            drop(task);
            let revoked = kernel.revoke(&console).and(kernel.revoke(&clock));
            log::info!(
                "{name} returned {result:?}, revoked {revoked:?}, ended {:?}",
                domain.end()
            );
        })?;
        Ok(())
    }
}
