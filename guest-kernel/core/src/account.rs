//! Accounts as the kernel's parts hold them: what is drawn through an [`Account`] is a [`Charge`], and comes back when
//! that is dropped. So whatever owns the charge owns the thing paid for, and neither outlives the other.

use alloc::sync::Arc;

use isthmus_caps::{AccountId, Amounts, Ledger, LedgerError, Resource};
use spin::Mutex;

/// The kernel's ledger, shared by all cores.
pub type SharedLedger = Arc<Mutex<Ledger>>;

/// The right to draw from an account.
#[derive(Clone)]
pub struct Account {
    ledger: SharedLedger,
    id: AccountId,
}

/// Something drawn. Given back on drop.
#[must_use = "dropping it gives back what was drawn"]
pub struct Charge {
    account: Account,
    resource: Resource,
    amount: u64,
}

impl Account {
    /// The root account of a new ledger.
    #[must_use]
    pub fn root(limits: Amounts) -> Self {
        let ledger = Ledger::new(limits);
        let id = ledger.root();
        Self {
            ledger: Arc::new(Mutex::new(ledger)),
            id,
        }
    }

    /// An account under this one.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`], [`LedgerError::TooDeep`].
    pub fn open(&self, limits: Amounts) -> Result<Self, LedgerError> {
        let id = self.ledger.lock().open(self.id, limits)?;
        Ok(Self {
            ledger: self.ledger.clone(),
            id,
        })
    }

    /// Draws.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`], [`LedgerError::Exhausted`].
    pub fn draw(&self, resource: Resource, amount: u64) -> Result<Charge, LedgerError> {
        self.ledger.lock().draw(self.id, resource, amount)?;
        Ok(Charge {
            account: self.clone(),
            resource,
            amount,
        })
    }

    /// What is drawn and not given back, here and below.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`].
    pub fn used(&self) -> Result<Amounts, LedgerError> {
        self.ledger.lock().used(self.id)
    }

    /// Closes the account.
    ///
    /// # Errors
    /// [`LedgerError::InUse`] if something is still drawn, [`LedgerError::NoAccount`].
    pub fn close(&self) -> Result<(), LedgerError> {
        self.ledger.lock().close(self.id)
    }

    pub(crate) fn id(&self) -> AccountId {
        self.id
    }

    pub(crate) fn ledger(&self) -> &Mutex<Ledger> {
        &self.ledger
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        let returned =
            self.account
                .ledger
                .lock()
                .give_back(self.account.id, self.resource, self.amount);
        // An account closes only when nothing is drawn, so it cannot have gone before its charges.
        debug_assert_eq!(returned, Ok(()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_comes_back_when_it_is_dropped() {
        let root = Account::root(Amounts {
            timers: 1,
            ..Amounts::default()
        });
        let child = root.open(Amounts::UNLIMITED).unwrap();
        let charge = child.draw(Resource::Timers, 1).unwrap();
        assert!(root.draw(Resource::Timers, 1).is_err());
        assert_eq!(child.close(), Err(LedgerError::InUse));
        drop(charge);
        assert_eq!(root.used(), Ok(Amounts::default()));
        assert_eq!(child.close(), Ok(()));
    }
}
