//! Domains: what a module runs in. A domain has a name, an account that pays for all it uses, and a table of capabilities;
//! it can do only what was put there. Ending it revokes its capabilities and closes its account, which succeeds only
//! if everything it drew is back.
//!
//! A panic is not contained yet: the kernel is built with `panic = "abort"`, so a panic anywhere is reported and
//! ends the partition.

use alloc::sync::Arc;
use core::any::Any;
use core::future::Future;
use core::marker::PhantomData;

use isthmus_caps::{
    Amounts, Badge, CapError, Handle, Ledger, LedgerError, Progress, Resource, Rights, Space,
    TableId,
};
use spin::Mutex;

use crate::account::Account;
use crate::worker;

/// What a capability leads to: any object at all. A new kind needs nothing here.
pub type Object = Arc<dyn Any + Send + Sync>;

/// Capabilities cut in one step of revocation, with the lock held: some tens of microseconds.
const REVOKE_STEP: usize = 32;

/// The state all domains share.
pub struct Domains {
    space: Mutex<Space<Object>>,
    account: Account,
}

impl Domains {
    /// No domains yet, under the root account `account`.
    #[must_use]
    pub fn new(account: Account) -> Arc<Self> {
        Arc::new(Self {
            space: Mutex::new(Space::default()),
            account,
        })
    }

    /// A new domain that may use up to `limits`.
    ///
    /// # Errors
    /// [`LedgerError`], if its account cannot be opened.
    pub fn create(
        self: &Arc<Self>,
        name: &'static str,
        limits: Amounts,
    ) -> Result<Domain, LedgerError> {
        let account = self.account.open(name, limits)?;
        let capacity = u32::try_from(limits.slots).unwrap_or(u32::MAX);
        let table = self.space.lock().create_table(account.id(), capacity);
        let Ok(table) = table else {
            account.close()?;
            return Err(LedgerError::Full);
        };
        Ok(Domain {
            domains: self.clone(),
            name,
            account,
            table,
        })
    }

    /// Works on the tables under their lock and the ledger's, always taken in this order. Objects that lose their last
    /// capability are dropped after both: that may give back charges, or do anything else.
    fn with<T>(&self, work: impl FnOnce(&mut Space<Object>, &mut Ledger) -> T) -> T {
        let mut space = self.space.lock();
        let mut ledger = self.account.ledger().lock();
        let result = work(&mut space, &mut ledger);
        let dead = space.take_dead();
        drop(ledger);
        drop(space);
        drop(dead);
        result
    }

    /// Capabilities in all tables.
    #[must_use]
    pub fn capabilities(&self) -> usize {
        self.space.lock().len()
    }
}

/// A domain, as the kernel holds it. What a module holds are its capabilities.
#[derive(Clone)]
pub struct Domain {
    domains: Arc<Domains>,
    name: &'static str,
    account: Account,
    table: TableId,
}

/// A domain did not end clean: something it drew is held by someone else still.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leftover {
    /// What is missing; all zero if the domain had ended before.
    pub owed: Amounts,
}

impl Domain {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Who pays.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Puts a new object into the domain's table. For the kernel, which makes objects.
    ///
    /// # Errors
    /// [`CapError`].
    pub fn insert<T: Any + Send + Sync>(
        &self,
        object: Arc<T>,
        rights: Rights,
    ) -> Result<Capability<T>, CapError> {
        let handle = self
            .domains
            .with(|space, ledger| space.insert(ledger, self.table, object, rights, Badge::NONE))?;
        Ok(self.capability(handle))
    }

    /// Gives `to` a capability derived from one of this domain's, with `rights` and, if it has none, `badge`.
    ///
    /// # Errors
    /// [`CapError`].
    pub fn mint<T>(
        &self,
        capability: &Capability<T>,
        to: &Self,
        rights: Rights,
        badge: Option<Badge>,
    ) -> Result<Capability<T>, CapError> {
        let handle = self.domains.with(|space, ledger| {
            space.mint(
                ledger,
                self.table,
                capability.handle,
                to.table,
                rights,
                badge,
            )
        })?;
        Ok(to.capability(handle))
    }

    /// Revokes one of the domain's capabilities and all that was derived from it. Other cores get at the tables
    /// between steps.
    ///
    /// # Errors
    /// [`CapError`].
    pub fn revoke<T>(&self, capability: &Capability<T>) -> Result<(), CapError> {
        let mut revocation = self
            .domains
            .space
            .lock()
            .revoke(self.table, capability.handle)?;
        let mut step = || {
            self.domains
                .with(|space, ledger| space.revoke_step(ledger, &mut revocation, REVOKE_STEP))
        };
        while step()? == Progress::More {}
        Ok(())
    }

    /// Starts a task of the domain on `worker`.
    ///
    /// # Errors
    /// [`LedgerError::Exhausted`] if the domain has as many tasks as it may.
    pub fn spawn(
        &self,
        worker: &worker::Handle,
        body: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), LedgerError> {
        let charge = self.account.draw(Resource::Tasks, 1)?;
        worker.spawn(async move {
            body.await;
            drop(charge);
        });
        Ok(())
    }

    /// Ends the domain: revokes what it holds and what was derived from that, then closes its account. Its tasks must
    /// have ended.
    ///
    /// # Errors
    /// [`Leftover`] if something it drew is still out. The capabilities are gone all the same.
    pub fn end(self) -> Result<(), Leftover> {
        self.end_table().map_err(|_| Leftover {
            owed: Amounts::default(),
        })?;
        match self.account.close() {
            Ok(()) => Ok(()),
            Err(_) => Err(Leftover {
                owed: self.account.used().unwrap_or_default(),
            }),
        }
    }

    fn end_table(&self) -> Result<(), CapError> {
        let mut ending = self.domains.space.lock().end_table(self.table)?;
        let mut step = || {
            self.domains
                .with(|space, ledger| space.end_step(ledger, &mut ending, REVOKE_STEP))
        };
        while step()? == Progress::More {}
        Ok(())
    }

    fn capability<T>(&self, handle: Handle) -> Capability<T> {
        Capability {
            domains: self.domains.clone(),
            table: self.table,
            handle,
            object: PhantomData,
        }
    }
}

/// A capability of a domain to an object of type `T`, as a module holds it: a name for an entry in the domain's
/// table, looked up at every use, so that revocation takes effect at the next.
pub struct Capability<T> {
    domains: Arc<Domains>,
    table: TableId,
    handle: Handle,
    object: PhantomData<fn(&T)>,
}

impl<T> Clone for Capability<T> {
    fn clone(&self) -> Self {
        Self {
            domains: self.domains.clone(),
            table: self.table,
            handle: self.handle,
            object: PhantomData,
        }
    }
}

impl<T: Any + Send + Sync> Capability<T> {
    /// The object, for one call, if the capability is alive and carries the rights `needed`.
    ///
    /// # Errors
    /// [`CapError`].
    pub(crate) fn open(&self, needed: Rights) -> Result<Arc<T>, CapError> {
        let object = self
            .domains
            .space
            .lock()
            .get(self.table, self.handle, needed)?
            .object
            .clone();
        // An object of another type is not what this capability ever led to.
        object.downcast().map_err(|_| CapError::Stale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Rights = Rights::object(0);

    fn limits() -> Amounts {
        Amounts {
            pages: 10,
            timers: 10,
            tasks: 10,
            slots: 10,
            ..Amounts::NONE
        }
    }

    fn domains() -> (Arc<Domains>, Account) {
        let root = Account::root(Amounts::UNLIMITED);
        (Domains::new(root.clone()), root)
    }

    #[test]
    fn a_domain_that_ends_leaves_the_ledger_as_it_was() {
        let (domains, root) = domains();
        let kernel = domains.create("kernel", limits()).unwrap();
        let object = kernel.insert(Arc::new(7_u32), Rights::ALL).unwrap();
        let before = root.used();
        let module = domains.create("module", limits()).unwrap();
        let held = kernel
            .mint(&object, &module, READ | Rights::GRANT, None)
            .unwrap();
        let charge = module.account().draw(Resource::Timers, 2).unwrap();
        assert_eq!(*held.open(READ).unwrap(), 7);
        drop(charge);
        module.end().unwrap();
        assert_eq!(held.open(READ), Err(CapError::NoTable));
        assert_eq!(root.used(), before);
        assert_eq!(domains.capabilities(), 1);
    }

    #[test]
    fn what_is_still_out_is_named() {
        let (domains, _) = domains();
        let module = domains.create("module", limits()).unwrap();
        let charge = module.account().draw(Resource::Pages, 3).unwrap();
        let leftover = module.end().unwrap_err();
        assert_eq!(leftover.owed.pages, 3);
        drop(charge);
    }

    #[test]
    fn revoking_reaches_what_another_domain_holds() {
        let (domains, _) = domains();
        let kernel = domains.create("kernel", limits()).unwrap();
        let module = domains.create("module", limits()).unwrap();
        let object = kernel.insert(Arc::new(7_u32), Rights::ALL).unwrap();
        let held = kernel.mint(&object, &module, READ, None).unwrap();
        assert_eq!(
            held.open(READ | Rights::object(1)),
            Err(CapError::Missing(Rights::object(1)))
        );
        kernel.revoke(&object).unwrap();
        assert_eq!(held.open(READ), Err(CapError::Stale));
    }
}
