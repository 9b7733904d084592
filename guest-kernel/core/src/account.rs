//! Accounts as the kernel's parts hold them: those of `isthmus-caps`. What is drawn through an [`Account`] is a [`Charge`], and comes
//! back when that is dropped.

pub use isthmus_caps::{Account, Charge, SharedLedger};
