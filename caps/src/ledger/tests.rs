//! The ledger by example and against sums.

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
    let child = ledger.open(root, "child", pages(100)).unwrap();
    ledger.draw(child, Resource::Pages, 7).unwrap();
    let refused = ledger.draw(child, Resource::Pages, 4);
    assert_eq!(
        refused,
        Err(LedgerError::Exhausted {
            account: root,
            name: Name::new("root"),
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
    let one = Amounts {
        pages: 1,
        slots: 1,
        ..Amounts::NONE
    };
    assert!(ledger.draw_all(root, one).is_err());
    assert_eq!(ledger.used(root).unwrap().pages, 0);
}

#[test]
fn an_account_closes_only_when_all_is_back_and_its_id_is_stale_then() {
    let mut ledger = Ledger::new(pages(10));
    let child = ledger.open(ledger.root(), "child", pages(10)).unwrap();
    let grandchild = ledger.open(child, "child", pages(10)).unwrap();
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
    let again = ledger.open(ledger.root(), "child", pages(1)).unwrap();
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
        account = ledger.open(account, "child", pages(1)).unwrap();
    }
    assert_eq!(
        ledger.open(account, "child", pages(1)),
        Err(LedgerError::TooDeep)
    );
}

proptest! {
    /// Every account's use is the sum of what was drawn from it and below it, and within its limit.
    #[test]
    fn use_is_the_sum_of_what_is_drawn(ops in proptest::collection::vec((0_usize..4, any::<bool>(), 0_u64..6), 0..60)) {
        let mut ledger = Ledger::new(pages(12));
        let root = ledger.root();
        let a = ledger.open(root, "child", pages(9)).unwrap();
        let b = ledger.open(a, "child", pages(5)).unwrap();
        let c = ledger.open(a, "child", pages(7)).unwrap();
        let ids = [root, a, b, c];
        let under: [&[usize]; 4] = [&[0, 1, 2, 3], &[1, 2, 3], &[2], &[3]];
        let mut own = [0_u64; 4];
        for (which, draw, amount) in ops {
            if draw {
                if ledger.draw(ids[which], Resource::Pages, amount).is_ok() {
                    own[which] += amount;
                }
            } else {
                let returned = ledger.give_back(ids[which], Resource::Pages, amount);
                prop_assert_eq!(returned.is_ok(), own[which] >= amount);
                own[which] -= if returned.is_ok() { amount } else { 0 };
            }
            for (id, (below, limit)) in ids.iter().zip(under.iter().zip([12, 9, 5, 7])) {
                let sum: u64 = below.iter().map(|index| own[*index]).sum();
                prop_assert_eq!(ledger.used(*id), Ok(pages(sum)));
                prop_assert!(sum <= limit);
            }
        }
    }
}

#[test]
fn the_refusal_names_the_account_whose_limit_it_is() {
    let mut ledger = Ledger::new(Amounts::UNLIMITED);
    let shop = ledger.open(ledger.root(), "shop", pages(3)).unwrap();
    let desk = ledger.open(shop, "desk", Amounts::UNLIMITED).unwrap();
    let Err(LedgerError::Exhausted { account, name, .. }) = ledger.draw(desk, Resource::Pages, 4)
    else {
        panic!("drew past a limit")
    };
    assert_eq!((account, name.as_str()), (shop, "shop"));
    ledger.set_limits(shop, pages(4)).unwrap();
    assert_eq!(ledger.draw(desk, Resource::Pages, 4), Ok(()));
}

#[test]
fn the_census_is_as_before_once_all_is_back() {
    let mut ledger = Ledger::new(Amounts::UNLIMITED);
    let kept = ledger.open(ledger.root(), "kept", pages(9)).unwrap();
    ledger.draw(kept, Resource::Pages, 2).unwrap();
    let before = ledger.census();
    let passing = ledger.open(kept, "passing", pages(9)).unwrap();
    ledger.draw(passing, Resource::Pages, 1).unwrap();
    let during = ledger.census();
    assert_ne!(during, before);
    assert_eq!(during[1].used, pages(3));
    assert_eq!(during[1].own, pages(2));
    assert_eq!(during[2].parent, Some(kept));
    ledger.give_back(passing, Resource::Pages, 1).unwrap();
    ledger.close(passing).unwrap();
    assert_eq!(ledger.census(), before);
}
