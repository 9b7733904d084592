//! A tree of accounts. What an account draws counts against it and all its ancestors, all or nothing, and comes
//! back exactly: an account can close only when it and its children owe nothing.
//!
//! Plain data under `&mut`; [`crate::Account`] is the same behind a lock, with charges that come back by themselves.

use alloc::vec::Vec;

use crate::amounts::{Amounts, Name, Resource};
use crate::slab::{Key, NOWHERE, Slab};

/// Longest chain from an account to the root, which bounds what one draw costs.
pub const MAX_ACCOUNT_DEPTH: u32 = 16;

/// Names an account; stale once it is closed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AccountId(Key);

/// Why the ledger refused. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LedgerError {
    /// The account is closed. The caller's mistake.
    NoAccount,
    /// `account`, the one asked or an ancestor, would pass its limit. Give something back, or raise it.
    Exhausted {
        /// Whose limit it is.
        account: AccountId,
        /// What that one is called.
        name: Name,
        /// Of what.
        resource: Resource,
    },
    /// More given back than was drawn. The caller's mistake.
    NotDrawn(Resource),
    /// The account still owes something or has children.
    InUse,
    /// The new account would be deeper than [`MAX_ACCOUNT_DEPTH`].
    TooDeep,
    /// There are as many accounts as there can be.
    Full,
}

#[derive(Debug)]
struct Entry {
    name: Name,
    /// Place of the parent, [`NOWHERE`] for the root. A parent outlives its children.
    parent: u32,
    children: u32,
    depth: u32,
    limits: Amounts,
    /// Drawn by it and those under it.
    used: Amounts,
    /// Drawn by itself.
    own: Amounts,
}

/// An account in a census.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Which.
    pub account: AccountId,
    /// What it is called.
    pub name: Name,
    /// The one it is under; none for the root.
    pub parent: Option<AccountId>,
    /// What it may have drawn at most.
    pub limits: Amounts,
    /// What it and those under it have drawn.
    pub used: Amounts,
    /// What it has drawn itself.
    pub own: Amounts,
}

/// All accounts.
#[derive(Debug)]
pub struct Ledger {
    accounts: Slab<Entry>,
    root: AccountId,
}

impl Ledger {
    /// A ledger with an account `root` of these limits.
    #[must_use]
    pub fn new(limits: Amounts) -> Self {
        let mut accounts = Slab::new();
        let root = accounts.insert(Entry {
            name: Name::new("root"),
            parent: NOWHERE,
            children: 0,
            depth: 0,
            limits,
            used: Amounts::NONE,
            own: Amounts::NONE,
        });
        // The first place of an empty slab.
        let first = Key {
            index: 0,
            generation: 0,
        };
        Self {
            accounts,
            root: AccountId(root.unwrap_or(first)),
        }
    }

    /// The account that all others are under.
    #[must_use]
    pub const fn root(&self) -> AccountId {
        self.root
    }

    /// Opens an account under `parent`. Its limits may exceed the parent's, which bind as well. The name is for errors and
    /// reports, and need not be unique.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`], [`LedgerError::TooDeep`], [`LedgerError::Full`].
    pub fn open(
        &mut self,
        parent: AccountId,
        name: impl Into<Name>,
        limits: Amounts,
    ) -> Result<AccountId, LedgerError> {
        let depth = self.entry(parent)?.depth + 1;
        if depth > MAX_ACCOUNT_DEPTH {
            return Err(LedgerError::TooDeep);
        }
        let account = self.accounts.insert(Entry {
            name: name.into(),
            parent: parent.0.index,
            children: 0,
            depth,
            limits,
            used: Amounts::NONE,
            own: Amounts::NONE,
        });
        let account = account.map_err(|_| LedgerError::Full)?;
        if let Some(above) = self.accounts.get_mut(parent.0) {
            above.children += 1;
        }
        Ok(AccountId(account))
    }

    /// Draws `amount` of `resource` from `account` and every account above it.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`], [`LedgerError::Exhausted`].
    pub fn draw(
        &mut self,
        account: AccountId,
        resource: Resource,
        amount: u64,
    ) -> Result<(), LedgerError> {
        self.can_draw(account, resource, amount)?;
        self.change(account, |used| *used.of_mut(resource) += amount);
        Ok(())
    }

    /// Draws some of each resource, or nothing at all.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`], [`LedgerError::Exhausted`].
    pub fn draw_all(&mut self, account: AccountId, amounts: Amounts) -> Result<(), LedgerError> {
        for resource in Resource::ALL {
            self.can_draw(account, resource, amounts.of(resource))?;
        }
        self.change(account, |used| {
            for resource in Resource::ALL {
                *used.of_mut(resource) += amounts.of(resource);
            }
        });
        Ok(())
    }

    /// Gives back what was drawn.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`], [`LedgerError::NotDrawn`].
    pub fn give_back(
        &mut self,
        account: AccountId,
        resource: Resource,
        amount: u64,
    ) -> Result<(), LedgerError> {
        // What those below have drawn is not the account's to give back.
        if self.own(account)?.of(resource) < amount {
            return Err(LedgerError::NotDrawn(resource));
        }
        self.change(account, |used| *used.of_mut(resource) -= amount);
        Ok(())
    }

    /// Closes an account that owes nothing and has no children. The root stays.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`], [`LedgerError::InUse`].
    pub fn close(&mut self, account: AccountId) -> Result<(), LedgerError> {
        let closing = self.entry(account)?;
        let parent = closing.parent;
        if parent == NOWHERE || closing.children > 0 || closing.used != Amounts::NONE {
            return Err(LedgerError::InUse);
        }
        self.accounts.remove(account.0);
        if let Some(above) = self.accounts.at_mut(parent) {
            above.children -= 1;
        }
        Ok(())
    }

    /// Sets what an account may have drawn. What it has drawn above that stays drawn; it just gets no more.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`].
    pub fn set_limits(&mut self, account: AccountId, limits: Amounts) -> Result<(), LedgerError> {
        let entry = self.accounts.get_mut(account.0);
        entry.ok_or(LedgerError::NoAccount)?.limits = limits;
        Ok(())
    }

    /// What `account` and those under it have drawn and not given back.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`].
    pub fn used(&self, account: AccountId) -> Result<Amounts, LedgerError> {
        self.entry(account).map(|entry| entry.used)
    }

    /// What `account` itself has drawn and not given back.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`].
    pub fn own(&self, account: AccountId) -> Result<Amounts, LedgerError> {
        self.entry(account).map(|entry| entry.own)
    }

    /// Accounts open, the root among them.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.accounts.len() as usize
    }

    /// Every account as it stands, in an order that lasts as long as the accounts do. Two that are equal show that all that
    /// was drawn between them is back.
    #[must_use]
    pub fn census(&self) -> Vec<Standing> {
        let standings = self.accounts.iter().map(|(key, entry)| Standing {
            account: AccountId(key),
            name: entry.name,
            parent: self.accounts.key(entry.parent).map(AccountId),
            limits: entry.limits,
            used: entry.used,
            own: entry.own,
        });
        standings.collect()
    }

    fn can_draw(
        &self,
        account: AccountId,
        resource: Resource,
        amount: u64,
    ) -> Result<(), LedgerError> {
        let mut entry = self.entry(account)?;
        let mut place = account.0.index;
        loop {
            let sum = entry.used.of(resource).checked_add(amount);
            let fits = sum.is_some_and(|sum| sum <= entry.limits.of(resource));
            if !fits && amount > 0 {
                return Err(LedgerError::Exhausted {
                    account: self.accounts.key(place).map_or(account, AccountId),
                    name: entry.name,
                    resource,
                });
            }
            place = entry.parent;
            entry = match self.accounts.at(place) {
                Some(above) => above,
                None => return Ok(()),
            };
        }
    }

    fn entry(&self, id: AccountId) -> Result<&Entry, LedgerError> {
        self.accounts.get(id.0).ok_or(LedgerError::NoAccount)
    }

    /// Changes what an account itself, it with those below, and all above it have used.
    fn change(&mut self, account: AccountId, change: impl Fn(&mut Amounts)) {
        if let Some(entry) = self.accounts.get_mut(account.0) {
            change(&mut entry.own);
        }
        let mut place = account.0.index;
        while let Some(entry) = self.accounts.at_mut(place) {
            change(&mut entry.used);
            place = entry.parent;
        }
    }
}

#[cfg(test)]
mod tests;
