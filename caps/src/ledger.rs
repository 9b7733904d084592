//! A tree of accounts. What an account draws counts against it and all its ancestors, all or nothing, and comes
//! back exactly: an account can close only when it and its children owe nothing.

use alloc::vec::Vec;

/// Longest chain from an account to the root, which bounds what one draw costs.
pub const MAX_ACCOUNT_DEPTH: u32 = 16;

/// What is drawn from an account.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Resource {
    /// Memory, in pages of 4 KiB.
    Pages,
    /// Armed timers.
    Timers,
    /// Tasks of a worker.
    Tasks,
    /// Slots of capability tables.
    Slots,
}

impl Resource {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pages, Self::Timers, Self::Tasks, Self::Slots];
}

/// An amount of each resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Amounts {
    /// In pages of 4 KiB.
    pub pages: u64,
    /// Armed timers.
    pub timers: u64,
    /// Tasks.
    pub tasks: u64,
    /// Table slots.
    pub slots: u64,
}

impl Amounts {
    /// No limit that would ever be met.
    pub const UNLIMITED: Self = Self {
        pages: u64::MAX,
        timers: u64::MAX,
        tasks: u64::MAX,
        slots: u64::MAX,
    };

    /// The amount of one resource.
    #[must_use]
    pub const fn of(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Pages => self.pages,
            Resource::Timers => self.timers,
            Resource::Tasks => self.tasks,
            Resource::Slots => self.slots,
        }
    }

    fn of_mut(&mut self, resource: Resource) -> &mut u64 {
        match resource {
            Resource::Pages => &mut self.pages,
            Resource::Timers => &mut self.timers,
            Resource::Tasks => &mut self.tasks,
            Resource::Slots => &mut self.slots,
        }
    }
}

/// Names an account; stale once it is closed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AccountId {
    index: usize,
    serial: u64,
}

/// Why the ledger refused. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LedgerError {
    /// The account is closed. The caller's mistake.
    NoAccount,
    /// `account`, the one asked or an ancestor, would pass its limit. Give something back, or raise it.
    Exhausted {
        /// Whose limit it is.
        account: AccountId,
        /// Of what.
        resource: Resource,
    },
    /// More given back than was drawn. The caller's mistake.
    NotDrawn(Resource),
    /// The account still owes something or has children.
    InUse,
    /// The new account would be deeper than [`MAX_ACCOUNT_DEPTH`].
    TooDeep,
}

#[derive(Debug)]
struct Account {
    serial: u64,
    parent: Option<usize>,
    children: u32,
    depth: u32,
    limits: Amounts,
    used: Amounts,
}

/// All accounts.
#[derive(Debug)]
pub struct Ledger {
    accounts: Vec<Option<Account>>,
    free: Vec<usize>,
    serials: u64,
    root: AccountId,
}

impl Ledger {
    /// A ledger with a root account of these limits.
    #[must_use]
    pub fn new(limits: Amounts) -> Self {
        let root = Account {
            serial: 0,
            parent: None,
            children: 0,
            depth: 0,
            limits,
            used: Amounts::default(),
        };
        Self {
            accounts: Vec::from([Some(root)]),
            free: Vec::new(),
            serials: 0,
            root: AccountId {
                index: 0,
                serial: 0,
            },
        }
    }

    /// The account that all others are under.
    #[must_use]
    pub const fn root(&self) -> AccountId {
        self.root
    }

    /// Opens an account under `parent`. Its limits may exceed the parent's, which bind as well.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`], [`LedgerError::TooDeep`].
    pub fn open(&mut self, parent: AccountId, limits: Amounts) -> Result<AccountId, LedgerError> {
        let serial = self.serials + 1;
        let above = self.account_mut(parent)?;
        let depth = above.depth + 1;
        if depth > MAX_ACCOUNT_DEPTH {
            return Err(LedgerError::TooDeep);
        }
        above.children += 1;
        self.serials = serial;
        let used = Amounts::default();
        let account = Account {
            serial,
            parent: Some(parent.index),
            children: 0,
            depth,
            limits,
            used,
        };
        let index = self.free.pop().unwrap_or_else(|| {
            self.accounts.push(None);
            self.accounts.len() - 1
        });
        self.accounts[index] = Some(account);
        Ok(AccountId { index, serial })
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
        self.account(account)?;
        for (index, step) in self.chain(account.index) {
            let enough = step
                .used
                .of(resource)
                .checked_add(amount)
                .is_some_and(|sum| sum <= step.limits.of(resource));
            if !enough {
                let account = AccountId {
                    index,
                    serial: step.serial,
                };
                return Err(LedgerError::Exhausted { account, resource });
            }
        }
        self.change(account.index, |used| *used.of_mut(resource) += amount);
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
        // Every ancestor owes at least what the account owes.
        if self.account(account)?.used.of(resource) < amount {
            return Err(LedgerError::NotDrawn(resource));
        }
        self.change(account.index, |used| *used.of_mut(resource) -= amount);
        Ok(())
    }

    /// Closes an account that owes nothing and has no children. The root stays.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`], [`LedgerError::InUse`].
    pub fn close(&mut self, account: AccountId) -> Result<(), LedgerError> {
        let closing = self.account(account)?;
        let Some(parent) = closing.parent else {
            return Err(LedgerError::InUse);
        };
        if closing.children > 0 || closing.used != Amounts::default() {
            return Err(LedgerError::InUse);
        }
        self.accounts[account.index] = None;
        self.free.push(account.index);
        if let Some(Some(above)) = self.accounts.get_mut(parent) {
            above.children -= 1;
        }
        Ok(())
    }

    /// What `account` and those under it have drawn and not given back.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`].
    pub fn used(&self, account: AccountId) -> Result<Amounts, LedgerError> {
        self.account(account).map(|account| account.used)
    }

    /// Accounts open, the root among them.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.accounts.len() - self.free.len()
    }

    fn account(&self, id: AccountId) -> Result<&Account, LedgerError> {
        self.accounts
            .get(id.index)
            .and_then(Option::as_ref)
            .filter(|account| account.serial == id.serial)
            .ok_or(LedgerError::NoAccount)
    }

    fn account_mut(&mut self, id: AccountId) -> Result<&mut Account, LedgerError> {
        self.accounts
            .get_mut(id.index)
            .and_then(Option::as_mut)
            .filter(|account| account.serial == id.serial)
            .ok_or(LedgerError::NoAccount)
    }

    /// An account and all above it.
    fn chain(&self, from: usize) -> impl Iterator<Item = (usize, &Account)> {
        let step = |index: usize| Some((index, self.accounts.get(index)?.as_ref()?));
        core::iter::successors(step(from), move |(_, account)| {
            account.parent.and_then(step)
        })
    }

    /// Changes what an account and all above it have used.
    fn change(&mut self, from: usize, change: impl Fn(&mut Amounts)) {
        let mut next = Some(from);
        while let Some(Some(account)) = next.and_then(|index| self.accounts.get_mut(index)) {
            change(&mut account.used);
            next = account.parent;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pages(pages: u64) -> Amounts {
        Amounts {
            pages,
            ..Amounts::default()
        }
    }

    #[test]
    fn an_ancestors_limit_binds_and_a_refusal_changes_nothing() {
        let mut ledger = Ledger::new(pages(10));
        let root = ledger.root();
        let child = ledger.open(root, pages(100)).unwrap();
        ledger.draw(child, Resource::Pages, 7).unwrap();
        let refused = ledger.draw(child, Resource::Pages, 4);
        assert_eq!(
            refused,
            Err(LedgerError::Exhausted {
                account: root,
                resource: Resource::Pages
            })
        );
        assert_eq!(ledger.used(child), Ok(pages(7)));
        assert_eq!(ledger.used(root), Ok(pages(7)));
    }

    #[test]
    fn amounts_near_the_end_of_the_numbers_do_not_wrap() {
        let mut ledger = Ledger::new(Amounts::UNLIMITED);
        let root = ledger.root();
        ledger.draw(root, Resource::Slots, u64::MAX).unwrap();
        assert!(ledger.draw(root, Resource::Slots, 1).is_err());
    }

    #[test]
    fn an_account_closes_only_when_all_is_back_and_its_id_is_stale_then() {
        let mut ledger = Ledger::new(pages(10));
        let child = ledger.open(ledger.root(), pages(10)).unwrap();
        let grandchild = ledger.open(child, pages(10)).unwrap();
        ledger.draw(grandchild, Resource::Pages, 1).unwrap();
        assert_eq!(ledger.close(grandchild), Err(LedgerError::InUse));
        assert_eq!(
            ledger.give_back(grandchild, Resource::Pages, 2),
            Err(LedgerError::NotDrawn(Resource::Pages))
        );
        ledger.give_back(grandchild, Resource::Pages, 1).unwrap();
        assert_eq!(ledger.close(child), Err(LedgerError::InUse));
        ledger.close(grandchild).unwrap();
        ledger.close(child).unwrap();
        let again = ledger.open(ledger.root(), pages(1)).unwrap();
        assert_ne!(again, child);
        assert_eq!(
            ledger.draw(child, Resource::Pages, 1),
            Err(LedgerError::NoAccount)
        );
        assert_eq!(ledger.close(ledger.root()), Err(LedgerError::InUse));
    }

    #[test]
    fn depth_is_bounded() {
        let mut ledger = Ledger::new(pages(1));
        let mut account = ledger.root();
        for _ in 0..MAX_ACCOUNT_DEPTH {
            account = ledger.open(account, pages(1)).unwrap();
        }
        assert_eq!(ledger.open(account, pages(1)), Err(LedgerError::TooDeep));
    }

    proptest! {
        /// Every account's use is the sum of what was drawn from it and below it, and within its limit.
        #[test]
        fn use_is_the_sum_of_what_is_drawn(ops in proptest::collection::vec((0_usize..4, any::<bool>(), 0_u64..6), 0..60)) {
            let mut ledger = Ledger::new(pages(12));
            let root = ledger.root();
            let a = ledger.open(root, pages(9)).unwrap();
            let b = ledger.open(a, pages(5)).unwrap();
            let c = ledger.open(a, pages(7)).unwrap();
            let ids = [root, a, b, c];
            let under: [&[usize]; 4] = [&[0, 1, 2, 3], &[1, 2, 3], &[2], &[3]];
            let mut own = [0_u64; 4];
            for (which, draw, amount) in ops {
                if draw {
                    if ledger.draw(ids[which], Resource::Pages, amount).is_ok() {
                        own[which] += amount;
                    }
                } else if own[which] >= amount {
                    ledger.give_back(ids[which], Resource::Pages, amount).unwrap();
                    own[which] -= amount;
                }
                for (id, (below, limit)) in ids.iter().zip(under.iter().zip([12, 9, 5, 7])) {
                    let sum: u64 = below.iter().map(|index| own[*index]).sum();
                    prop_assert_eq!(ledger.used(*id), Ok(pages(sum)));
                    prop_assert!(sum <= limit);
                }
            }
        }
    }
}
