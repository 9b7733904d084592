//! A virtual CPU's local APIC (SDM Vol. 3A chapter 11): what arrives, what is in service, what may be injected
//! now, the timer, and the interrupts that it sends. Owned by the core that runs the vCPU; others reach it
//! by a mailbox that the owner drains into [`Lapic::accept`].
//!
//! Trusts its caller for time and for carrying out each [`Effect`]. The guest may write anything anywhere; the
//! answer is the SDM's, by ignored bits and the error status register in xAPIC mode and by #GP in x2APIC mode.
//! Not there: SMI (this platform has no system management mode), the CMCI entry, remote read.

mod msr;
mod page;
mod registers;
#[cfg(test)]
mod tests;
mod timer;
mod virtualized;

use alloc::boxed::Box;

use isthmus_abi::{ApicId, Vector};

pub use self::page::{RegisterPage, offset};
pub use self::registers::ApicMode;
use self::registers::{ApicBase, LVT_ENTRIES, Lvt, VERSION, error, spurious};
use self::timer::{Timer, TimerMode};
use crate::interrupt::{ApicAddress, DeliveryMode, Destination, Ipi, Shorthand, TriggerMode};
use crate::time::Ticks;

/// The guest broke a rule whose answer is a general-protection exception with error code 0. The guest's fault;
/// the caller injects #GP(0) and does not advance RIP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GeneralProtection;

impl core::fmt::Display for GeneralProtection {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the guest's access is answered with #GP(0)")
    }
}

impl core::error::Error for GeneralProtection {}

/// What is fixed about a local APIC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LapicConfig {
    /// Frequency of the guest's TSC.
    pub tsc_hz: u64,
    /// Input frequency of the APIC timer, before the divider.
    pub timer_hz: u64,
    /// Whether this is the bootstrap processor's.
    pub bsp: bool,
}

/// What a register write asks of the world outside this APIC. Interrupts that it delivers to itself need
/// nothing; the caller looks at [`Lapic::pending`] before the next entry in any case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "an effect is the caller's to carry out"]
pub enum Effect {
    /// Nothing.
    None,
    /// An interrupt's service ended.
    Eoi {
        /// Which.
        vector: Vector,
        /// Whether it was level-triggered and its EOI is broadcast: tell the I/O APIC.
        level: bool,
    },
    /// Send this to the APICs that it matches, the sender included if it does.
    Ipi(Ipi),
}

/// The two local interrupt inputs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lint {
    /// Wired to the 8259 pair.
    Lint0,
    /// Wired to NMI.
    Lint1,
}

/// What became of a signal on a local interrupt input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "an NMI or INIT is the caller's to deliver"]
pub enum LintOutcome {
    /// Masked or of a mode that this input does not have.
    Ignored,
    /// A vector of the LVT was taken into the IRR.
    Accepted,
    /// The vCPU gets an NMI.
    Nmi,
    /// The vCPU fetches a vector from the 8259 pair.
    ExtInt,
    /// The vCPU gets an INIT.
    Init,
}

/// A local APIC.
#[derive(Clone, Debug)]
pub struct Lapic {
    /// Boxed by itself: its address does not change while the APIC lives.
    page: Box<RegisterPage>,
    id: ApicId,
    bsp: bool,
    base: ApicBase,
    /// Errors detected since the last write of the ESR.
    errors: u32,
    /// The TPR that the PPR was last worked out from.
    task_priority: u32,
    timer: Timer,
}

impl Lapic {
    /// A local APIC as after power-up.
    #[must_use]
    pub fn new(id: ApicId, config: LapicConfig) -> Self {
        let mut lapic = Self {
            page: Box::new(RegisterPage::zeroed()),
            id,
            bsp: config.bsp,
            base: ApicBase::new(),
            errors: 0,
            task_priority: 0,
            timer: Timer::new(config.tsc_hz, config.timer_hz),
        };
        lapic.reset(false);
        lapic
    }

    /// Puts the registers into their state after reset (SDM Vol. 3A §11.4.7.1). With `init` (an INIT message)
    /// `IA32_APIC_BASE` stays, and with it x2APIC mode (§11.12.5.1); else it becomes enabled, xAPIC mode.
    pub fn reset(&mut self, init: bool) {
        if !init {
            self.base = ApicBase::new()
                .with_frame(ApicBase::FRAME)
                .with_enabled(true)
                .with_bsp(self.bsp);
        }
        self.errors = 0;
        self.task_priority = 0;
        self.timer.reset();
        self.page.clear();
        self.page.set(offset::VERSION, VERSION);
        self.page.set(offset::DFR, u32::MAX);
        self.page.set(offset::SVR, 0xff);
        for entry in LVT_ENTRIES {
            self.page.set(entry, Lvt::RESET);
        }
        self.set_identity();
    }

    /// Writes ID and LDR as the mode has them.
    fn set_identity(&mut self) {
        match self.mode() {
            ApicMode::X2Apic => {
                self.page.set(offset::ID, self.id.0);
                let ldr = ApicAddress::x2apic_ldr(self.id.0);
                self.page.set(offset::LDR, ldr);
            }
            ApicMode::XApic | ApicMode::Disabled => self.page.set(offset::ID, self.id.0 << 24),
        }
    }

    /// Puts the APIC into virtual wire mode, as PC firmware leaves it for an operating system: software-enabled,
    /// LINT0 as ExtINT, LINT1 as NMI (MultiProcessor Specification 1.4 §3.6.2.2). For the bootstrap
    /// processor of a guest that boots without firmware.
    pub fn enter_virtual_wire_mode(&mut self) {
        let entry = |mode| Lvt::new().with_delivery_mode(mode).into_bits();
        self.page.set(offset::SVR, spurious::ENABLED | 0xff);
        self.page
            .set(offset::LVT_LINT0, entry(DeliveryMode::ExtInt));
        self.page.set(offset::LVT_LINT1, entry(DeliveryMode::Nmi));
    }

    /// The register page, for hardware's APIC virtualization and for inspection.
    #[must_use]
    pub fn page(&self) -> &RegisterPage {
        &self.page
    }

    /// The register page, to be changed as the processor's APIC virtualization would.
    pub fn page_mut(&mut self) -> &mut RegisterPage {
        &mut self.page
    }

    /// The APIC id, also when disabled.
    #[must_use]
    pub const fn id(&self) -> ApicId {
        self.id
    }

    /// The present mode.
    #[must_use]
    pub const fn mode(&self) -> ApicMode {
        match (self.base.enabled(), self.base.x2apic()) {
            (false, _) => ApicMode::Disabled,
            (true, false) => ApicMode::XApic,
            (true, true) => ApicMode::X2Apic,
        }
    }

    /// Whether SVR bit 8 is set.
    #[must_use]
    pub fn is_software_enabled(&self) -> bool {
        self.page.get(offset::SVR) & spurious::ENABLED != 0
    }

    /// How others address this APIC at present. Changes with writes of LDR, DFR, SVR and `IA32_APIC_BASE`.
    #[must_use]
    pub fn address(&self) -> ApicAddress {
        ApicAddress {
            id: self.id.0,
            x2apic: self.mode() == ApicMode::X2Apic,
            ldr: self.page.get(offset::LDR),
            dfr: self.page.get(offset::DFR),
            present: self.mode() != ApicMode::Disabled,
            enabled: self.is_software_enabled(),
        }
    }

    /// `IA32_APIC_BASE`.
    #[must_use]
    pub const fn apic_base(&self) -> u64 {
        self.base.into_bits()
    }

    /// Writes `IA32_APIC_BASE`, with the mode changes of SDM Vol. 3A Fig. 11-27. A disabled APIC loses its
    /// state.
    ///
    /// # Errors
    /// #GP for reserved bits, for a mode change that the figure does not have, and for a base other than
    /// 0xfee0_0000: this platform does not relocate the APIC, which real processors allow.
    pub fn set_apic_base(&mut self, value: u64) -> Result<(), GeneralProtection> {
        let new = ApicBase::from_bits(value);
        if value & ApicBase::RESERVED != 0 || new.frame() != ApicBase::FRAME {
            return Err(GeneralProtection);
        }
        let was = self.mode();
        match (was, new.enabled(), new.x2apic()) {
            (_, false, true)
            | (ApicMode::Disabled, true, true)
            | (ApicMode::X2Apic, true, false) => {
                return Err(GeneralProtection);
            }
            _ => self.base = new,
        }
        match (was, self.mode()) {
            (was, now) if was == now => {}
            (_, ApicMode::X2Apic) => {
                self.page.set(offset::ICR_HIGH, 0);
                self.set_identity();
            }
            _ => self.reset(true),
        }
        Ok(())
    }

    /// CR8: the task priority class, 0 to 15 (SDM Vol. 3A §11.8.6).
    #[must_use]
    pub fn cr8(&self) -> u64 {
        u64::from(self.page.get(offset::TPR) >> 4) & 0xf
    }

    /// Writes CR8.
    ///
    /// # Errors
    /// #GP if any of bits 63:4 is set.
    pub fn set_cr8(&mut self, value: u64) -> Result<(), GeneralProtection> {
        match u32::try_from(value) {
            Ok(class @ 0..=15) => {
                self.page.set(offset::TPR, class << 4);
                self.update_ppr();
                Ok(())
            }
            _ => Err(GeneralProtection),
        }
    }

    /// Recomputes the processor priority (SDM Vol. 3A §11.8.3.1).
    fn update_ppr(&mut self) {
        let tpr = self.page.get(offset::TPR);
        self.task_priority = tpr;
        let in_service = self.page.highest(offset::ISR);
        let class = in_service.map_or(0, |vector| u32::from(vector.0 & 0xf0));
        let ppr = if tpr & 0xf0 >= class { tpr } else { class };
        self.page.set(offset::PPR, ppr);
    }

    /// Takes a fixed or lowest-priority interrupt into the IRR. Returns whether it is there now: a disabled
    /// APIC drops it, a vector below 16 becomes an error (SDM Vol. 3A §11.5.3).
    pub fn accept(&mut self, vector: Vector, trigger: TriggerMode) -> bool {
        if self.mode() == ApicMode::Disabled || !self.is_software_enabled() {
            return false;
        }
        if vector.0 < 16 {
            self.raise_error(error::RECEIVE_ILLEGAL_VECTOR);
            return false;
        }
        let level = trigger == TriggerMode::Level;
        self.page.assign(offset::TMR, vector, level);
        self.page.assign(offset::IRR, vector, true);
        true
    }

    /// Notes errors for the ESR and signals the LVT error entry. An illegal vector in that entry is an error
    /// too, which is noted and not signalled.
    fn raise_error(&mut self, bits: u32) {
        self.errors |= bits;
        let entry = Lvt::from_bits(self.page.get(offset::LVT_ERROR));
        if entry.masked() || !self.is_software_enabled() {
            return;
        }
        if entry.vector() < 16 {
            self.errors |= error::RECEIVE_ILLEGAL_VECTOR;
        } else {
            self.accept(Vector(entry.vector()), TriggerMode::Edge);
        }
    }

    /// The interrupt to inject next: the highest in the IRR, if its class is above the processor priority.
    #[must_use]
    pub fn pending(&self) -> Option<Vector> {
        if self.mode() == ApicMode::Disabled {
            return None;
        }
        let ppr = self.page.get(offset::PPR);
        let vector = self.page.highest(offset::IRR)?;
        (u32::from(vector.0 & 0xf0) > ppr & 0xf0).then_some(vector)
    }

    /// The vCPU takes `vector`, which [`Lapic::pending`] named: it moves from the IRR to the ISR.
    pub fn acknowledge(&mut self, vector: Vector) {
        self.page.assign(offset::IRR, vector, false);
        self.page.assign(offset::ISR, vector, true);
        self.update_ppr();
    }

    /// Ends the service of the highest in the ISR; nothing if there is none (SDM Vol. 3A §11.8.5).
    fn end_of_interrupt(&mut self) -> Effect {
        let Some(vector) = self.page.highest(offset::ISR) else {
            return Effect::None;
        };
        self.page.assign(offset::ISR, vector, false);
        self.update_ppr();
        let suppressed = self.page.get(offset::SVR) & spurious::SUPPRESS_EOI_BROADCAST != 0;
        let level = self.page.test(offset::TMR, vector) && !suppressed;
        Effect::Eoi { vector, level }
    }

    /// Whether the output of the 8259 pair, wired to LINT0, interrupts this vCPU now. With the APIC disabled
    /// that pin is the processor's INTR.
    #[must_use]
    pub fn accepts_ext_int(&self) -> bool {
        if self.mode() == ApicMode::Disabled {
            return self.bsp;
        }
        let entry = Lvt::from_bits(self.page.get(offset::LVT_LINT0));
        !entry.masked() && entry.delivery_mode() == DeliveryMode::ExtInt
    }

    /// An edge on a local interrupt input.
    pub fn signal(&mut self, lint: Lint) -> LintOutcome {
        let register = match lint {
            Lint::Lint0 => offset::LVT_LINT0,
            Lint::Lint1 => offset::LVT_LINT1,
        };
        if self.mode() == ApicMode::Disabled {
            return match lint {
                Lint::Lint0 => LintOutcome::ExtInt,
                Lint::Lint1 => LintOutcome::Nmi,
            };
        }
        let entry = Lvt::from_bits(self.page.get(register));
        if entry.masked() {
            return LintOutcome::Ignored;
        }
        match entry.delivery_mode() {
            DeliveryMode::Fixed if self.accept(Vector(entry.vector()), TriggerMode::Edge) => {
                LintOutcome::Accepted
            }
            DeliveryMode::Nmi => LintOutcome::Nmi,
            DeliveryMode::ExtInt => LintOutcome::ExtInt,
            DeliveryMode::Init => LintOutcome::Init,
            _ => LintOutcome::Ignored,
        }
    }

    /// `IA32_TSC_DEADLINE`; 0 outside TSC-deadline mode (SDM Vol. 3A §11.5.4.1).
    pub fn tsc_deadline(&mut self, now: Ticks) -> u64 {
        self.poll(now);
        self.timer.deadline()
    }

    /// Writes `IA32_TSC_DEADLINE`; ignored outside TSC-deadline mode. A deadline that has passed fires at once.
    pub fn set_tsc_deadline(&mut self, value: u64, now: Ticks) {
        self.poll(now);
        self.timer.set_deadline(value);
        self.poll(now);
    }

    /// The vCPU's TSC was changed from `old` to `new`. A countdown takes as long as before; a deadline stays
    /// where it is.
    pub fn tsc_moved(&mut self, old: Ticks, new: Ticks) {
        self.timer.tsc_moved(old, new);
    }

    /// Fires the timer if it is due; returns whether an interrupt went into the IRR.
    pub fn poll(&mut self, now: Ticks) -> bool {
        let initial = self.page.get(offset::INITIAL_COUNT);
        if !self.timer.poll(initial, now) {
            return false;
        }
        let entry = Lvt::from_bits(self.page.get(offset::LVT_TIMER));
        !entry.masked() && self.accept(Vector(entry.vector()), TriggerMode::Edge)
    }

    /// When [`Lapic::poll`] will next deliver an interrupt; `None` if the timer is stopped or masked.
    #[must_use]
    pub fn next_event(&self) -> Option<Ticks> {
        let entry = Lvt::from_bits(self.page.get(offset::LVT_TIMER));
        if entry.masked() {
            return None;
        }
        self.timer.next_event()
    }
}
