//! Fields of the local APIC's registers, and which of their bits software may write.

use bitfield_struct::bitfield;

use super::page::offset;
use crate::interrupt::{DeliveryMode, Shorthand};

/// `IA32_APIC_BASE`, MSR 0x1b (SDM Vol. 3A §11.4.4, §11.12.1).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct ApicBase {
    #[bits(8)]
    __: u64,
    pub bsp: bool,
    __: bool,
    pub x2apic: bool,
    pub enabled: bool,
    #[bits(52)]
    pub frame: u64,
}

impl ApicBase {
    /// Bits that are reserved at any physical-address width: 7:0 and 9. Bits of the frame above the width are
    /// covered by the base being fixed.
    pub const RESERVED: u64 = 0x2ff;
    /// Page frame of the architectural base, 0xfee0_0000.
    pub const FRAME: u64 = 0xfee00;
}

/// Which face the local APIC shows (SDM Vol. 3A Table 11-5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ApicMode {
    /// Off in `IA32_APIC_BASE`: as if there were none.
    Disabled,
    /// Memory-mapped registers, 8-bit ids.
    XApic,
    /// MSRs 0x800 to 0x83f, 32-bit ids.
    X2Apic,
}

/// Interrupt command register (SDM Vol. 3A Fig. 11-12, 11-28).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct Icr {
    pub vector: u8,
    #[bits(3)]
    pub delivery_mode: DeliveryMode,
    pub logical: bool,
    pub busy: bool,
    __: bool,
    pub level: bool,
    pub level_triggered: bool,
    #[bits(2)]
    __: u8,
    #[bits(2)]
    pub shorthand: Shorthand,
    #[bits(12)]
    __: u16,
    pub destination: u32,
}

impl Icr {
    /// Bits of the lower half that keep what is written; delivery status (12) always reads 0.
    pub const LOW_WRITABLE: u32 = 0x000c_cfff;
    /// As above, for the check that a WRMSR sets no reserved bit: delivery status is not reserved, only ignored.
    pub const LOW_ALLOWED: u32 = Self::LOW_WRITABLE | 1 << 12;
}

/// A local vector table entry (SDM Vol. 3A Fig. 11-8).
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct Lvt {
    pub vector: u8,
    #[bits(3)]
    pub delivery_mode: DeliveryMode,
    __: bool,
    pub delivery_status: bool,
    pub active_low: bool,
    pub remote_irr: bool,
    pub level_triggered: bool,
    pub masked: bool,
    #[bits(2)]
    pub timer_mode: u8,
    #[bits(13)]
    __: u16,
}

impl Lvt {
    /// What an entry holds after reset: masked.
    pub const RESET: u32 = 1 << 16;
}

/// Error status register bits (SDM Vol. 3A Fig. 11-9).
pub mod error {
    /// An IPI with vector 0 to 15 was about to be sent.
    pub const SEND_ILLEGAL_VECTOR: u32 = 1 << 5;
    /// A message with vector 0 to 15 came, or an LVT entry with one fired.
    pub const RECEIVE_ILLEGAL_VECTOR: u32 = 1 << 6;
    /// A register that does not exist was accessed (xAPIC mode).
    pub const ILLEGAL_REGISTER: u32 = 1 << 7;
}

/// Spurious-interrupt vector register bits (SDM Vol. 3A Fig. 11-23).
pub mod spurious {
    /// The APIC is software-enabled.
    pub const ENABLED: u32 = 1 << 8;
    /// EOIs of level-triggered interrupts are not broadcast.
    pub const SUPPRESS_EOI_BROADCAST: u32 = 1 << 12;
}

/// The LVT entries, by register offset.
pub const LVT_ENTRIES: [u16; 6] = [
    offset::LVT_TIMER,
    offset::LVT_THERMAL,
    offset::LVT_PERFORMANCE,
    offset::LVT_LINT0,
    offset::LVT_LINT1,
    offset::LVT_ERROR,
];

/// Version 0x15, six LVT entries, suppression of EOI broadcasts (SDM Vol. 3A Fig. 11-7).
pub const VERSION: u32 = 0x0105_0015;

/// Which bits of a register software may change, for the registers that both modes share; `None` if the
/// register is read-only, does not exist or has another shape in each mode.
pub const fn writable(register: u16) -> Option<u32> {
    Some(match register {
        offset::TPR => 0xff,
        // Bit 9 was focus checking; software of its time still writes it.
        offset::SVR => 0x13ff,
        offset::ESR | offset::EOI => 0,
        offset::LVT_TIMER => 0x0007_00ff,
        offset::LVT_THERMAL | offset::LVT_PERFORMANCE => 0x0001_07ff,
        offset::LVT_LINT0 | offset::LVT_LINT1 => 0x0001_a7ff,
        offset::LVT_ERROR => 0x0001_00ff,
        offset::INITIAL_COUNT => u32::MAX,
        offset::DIVIDE => 0x0b,
        _ => return None,
    })
}

/// Read-only status bits of a register, which a write may carry and which it does not change.
pub const fn ignored(register: u16) -> u32 {
    match register {
        offset::LVT_LINT0 | offset::LVT_LINT1 => 0x5000,
        offset::LVT_TIMER | offset::LVT_THERMAL | offset::LVT_PERFORMANCE | offset::LVT_ERROR => {
            0x1000
        }
        _ => 0,
    }
}

/// Whether a register exists for reading in both modes.
pub const fn readable(register: u16) -> bool {
    matches!(
        register,
        offset::ID
            | offset::VERSION
            | offset::TPR
            | offset::PPR
            | offset::LDR
            | offset::SVR
            | offset::ISR..=0x270
            | offset::ESR
            | offset::ICR_LOW
            | offset::LVT_TIMER..=offset::CURRENT_COUNT
            | offset::DIVIDE
    )
}
