//! The emulated platform of a partition, as pure state machines: guest memory access, the local APIC of each
//! vCPU, and one board a partition with its interrupt controllers, timers, serial port and power management.
//!
//! Trusts its caller for `now` (guest TSC ticks that never run backwards) and for draining what it returns.
//! Trusts the guest for nothing: every register, offset, size and order of accesses has an answer here, none
//! of which panics, allocates or loops by the guest's choice. Nothing in here touches hardware; the
//! hypervisor's exit handling calls it and acts on what comes back.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod board;
pub mod debug_exit;
pub mod i8042;
pub mod interrupt;
pub mod ioapic;
pub mod lapic;
pub mod memory;
pub mod pci;
pub mod pic;
pub mod pit;
pub mod pm;
pub mod reset;
pub mod rtc;
pub mod time;
pub mod uart;

pub use board::{Board, BoardConfig, BoardEvent};
pub use interrupt::{
    ApicAddress, DeliveryMode, Destination, InterruptMessage, Ipi, Shorthand, TriggerMode,
};
pub use lapic::{Effect, GeneralProtection, Lapic, LapicConfig};
pub use memory::{FlatMemory, GuestMemory, MemoryError};
pub use time::Ticks;
