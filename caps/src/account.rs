//! Accounts as their holders have them: what is drawn through an [`Account`] is a [`Charge`], and comes back when that is dropped. So
//! whatever owns the charge owns the thing paid for, and neither outlives the other.

use alloc::sync::Arc;

use crate::amounts::{Amounts, Name, Resource};
use crate::ledger::{AccountId, Ledger, LedgerError, Standing};
use crate::sync::{Lock, Mutex};

/// A ledger behind its lock, shared by all who draw from it.
#[derive(Clone, Debug)]
pub struct SharedLedger(Arc<Mutex<Ledger>>);

/// The right to draw from an account and to open others under it.
#[derive(Clone, Debug)]
pub struct Account {
    ledger: SharedLedger,
    id: AccountId,
}

/// Something drawn. Given back on drop.
#[must_use = "dropping it gives back what was drawn"]
#[derive(Debug)]
pub struct Charge {
    account: Account,
    resource: Resource,
    amount: u64,
}

impl SharedLedger {
    /// The ledger, for as long as the guard lives. Whoever works on a [`crate::Space`] as well locks that first.
    pub fn lock(&self) -> Lock<'_, Ledger> {
        self.0.lock()
    }
}

impl Account {
    /// The root account of a new ledger.
    #[must_use]
    pub fn root(limits: Amounts) -> Self {
        let ledger = Ledger::new(limits);
        let id = ledger.root();
        Self {
            ledger: SharedLedger(Arc::new(Mutex::new(ledger))),
            id,
        }
    }

    /// An account under this one.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`], [`LedgerError::TooDeep`], [`LedgerError::Full`].
    pub fn open(&self, name: impl Into<Name>, limits: Amounts) -> Result<Self, LedgerError> {
        let id = self.ledger.lock().open(self.id, name, limits)?;
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
        let mut charge = Charge {
            account: self.clone(),
            resource,
            amount: 0,
        };
        charge.extend(amount)?;
        Ok(charge)
    }

    /// What is drawn and not given back, here and below.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`].
    pub fn used(&self) -> Result<Amounts, LedgerError> {
        self.ledger.lock().used(self.id)
    }

    /// Every account of the ledger as it stands.
    #[must_use]
    pub fn census(&self) -> alloc::vec::Vec<Standing> {
        self.ledger.lock().census()
    }

    /// Closes the account.
    ///
    /// # Errors
    /// [`LedgerError::InUse`] if something is still drawn, [`LedgerError::NoAccount`].
    pub fn close(&self) -> Result<(), LedgerError> {
        self.ledger.lock().close(self.id)
    }

    /// Its name in the ledger.
    #[must_use]
    pub const fn id(&self) -> AccountId {
        self.id
    }

    /// The ledger that it is in.
    #[must_use]
    pub const fn ledger(&self) -> &SharedLedger {
        &self.ledger
    }
}

impl Charge {
    /// Draws more of the same.
    ///
    /// # Errors
    /// As [`Account::draw`].
    pub fn extend(&mut self, amount: u64) -> Result<(), LedgerError> {
        let mut ledger = self.account.ledger.lock();
        ledger.draw(self.account.id, self.resource, amount)?;
        // No more than the ledger counts.
        self.amount += amount;
        Ok(())
    }

    /// Gives back some of it, at most all.
    pub fn shrink(&mut self, amount: u64) {
        let amount = amount.min(self.amount);
        self.amount -= amount;
        let mut ledger = self.account.ledger.lock();
        let returned = ledger.give_back(self.account.id, self.resource, amount);
        // An account closes only when nothing is drawn, so it cannot have gone before a charge that is not empty.
        debug_assert!(returned.is_ok() || amount == 0);
    }

    /// How much.
    #[must_use]
    pub const fn amount(&self) -> u64 {
        self.amount
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.shrink(u64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_comes_back_when_it_is_dropped() {
        let root = Account::root(Amounts {
            timers: 3,
            ..Amounts::NONE
        });
        let child = root.open("child", Amounts::UNLIMITED).unwrap();
        let mut charge = child.draw(Resource::Timers, 1).unwrap();
        charge.extend(2).unwrap();
        assert!(charge.extend(1).is_err());
        assert_eq!(charge.amount(), 3);
        assert_eq!(child.close(), Err(LedgerError::InUse));
        drop(charge);
        assert_eq!(root.used(), Ok(Amounts::NONE));
        assert_eq!(child.close(), Ok(()));
        assert_eq!(
            child.draw(Resource::Timers, 1).unwrap_err(),
            LedgerError::NoAccount
        );
    }
}
