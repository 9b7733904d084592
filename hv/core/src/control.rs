//! What a guest may load into CR0, CR3, CR4, CR8, XCR0, EFER, DR6 and DR7, and what each accepted write means for
//! the processor. Rules: SDM Vol. 3A §2.5 (control registers), §2.2.1 (EFER), §10.8.5 (IA-32e mode), Vol. 2D (XSETBV).
//!
//! Values come from a hostile guest; every refusal is the #GP(0) that the processor would raise. Neighbours:
//! [`crate::cpuid`] says which features exist, the exit handler applies the updates.

mod bits;
mod values;

pub use bits::{cr0, cr4, efer};
pub use values::{is_canonical, is_valid_pdpte, write_dr6, write_dr7};

use crate::cpuid;
use crate::xstate;

/// The guest's instruction raises #GP with error code 0. Its own fault; deliver the exception.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GeneralProtection;

/// CR0 bits that a guest may change without an exit where the processor tells them apart. All others exit on a change,
/// among them CD and NW, which would slow the whole core.
pub const CR0_GUEST_OWNED: u64 = cr0::MP | cr0::EM | cr0::TS | cr0::WP | cr0::AM;

/// CR4 bits that a guest may change without an exit where its CPUID offers them and the processor tells them apart.
/// PAE, PCIDE, OSXSAVE and PKE are not among them: they change what else is legal or what CPUID answers.
pub const CR4_GUEST_OWNABLE: u64 = cr4::VME
    | cr4::PVI
    | cr4::TSD
    | cr4::DE
    | cr4::PGE
    | cr4::PCE
    | cr4::OSFXSR
    | cr4::OSXMMEXCPT
    | cr4::UMIP
    | cr4::FSGSBASE
    | cr4::SMAP;

/// CR4 bits whose change makes a processor with PAE paging read the PDPTEs again (SDM Vol. 3A §4.4.1).
const CR4_RELOADS_PDPTES: u64 = cr4::PAE | cr4::PGE | cr4::PSE | cr4::SMEP;

/// What the processor asks of CR0 and CR4 while a guest runs, and which changes it can let pass. Bits that must be 1 in
/// effect are hidden from the guest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ControlBits {
    /// CR0 bits that must be 1 (paging and protection aside).
    pub cr0_one: u64,
    /// CR0 bits that must be 0 in effect, whatever the guest sets.
    pub cr0_zero: u64,
    /// CR4 bits that must be 1.
    pub cr4_one: u64,
    /// CR4 bits that may be 1.
    pub cr4_allowed: u64,
    /// CR0 bits that a guest changes without an exit; in these it has what is in effect.
    pub cr0_owned: u64,
    /// CR4 bits that a guest may change without an exit.
    pub cr4_ownable: u64,
}

/// The part of a vCPU's state that decides whether a control-register write is legal, as the guest sees it (shadows
/// and hardware values merged).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ControlState {
    /// CR0 as the guest reads it.
    pub cr0: u64,
    /// CR3.
    pub cr3: u64,
    /// CR4 as the guest reads it.
    pub cr4: u64,
    /// IA32_EFER with LMA.
    pub efer: u64,
    /// CS.L of the current code segment.
    pub cs_long: bool,
    /// Whether TR holds a 16-bit TSS.
    pub tr_16_bit: bool,
}

impl ControlState {
    /// IA-32e mode is active.
    #[must_use]
    pub const fn is_long_mode_active(&self) -> bool {
        self.efer & efer::LMA != 0
    }

    /// 64-bit mode: IA-32e mode in a segment with CS.L set.
    #[must_use]
    pub const fn is_64_bit_mode(&self) -> bool {
        self.is_long_mode_active() && self.cs_long
    }

    const fn uses_pae_paging(&self) -> bool {
        self.cr0 & cr0::PG != 0 && self.cr4 & cr4::PAE != 0 && !self.is_long_mode_active()
    }
}

/// An accepted write to CR0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cr0Update {
    /// What is to be in effect.
    pub effective: u64,
    /// What the guest reads.
    pub shadow: u64,
    /// IA32_EFER after the write: paging and LME together decide LMA.
    pub efer: u64,
    /// The guest now uses PAE paging: read the four PDPTEs at CR3, check and load them; if one has a
    /// reserved bit set, the write is refused with #GP instead.
    pub load_pdptes: bool,
    /// Paging was switched: flush the vCPU's translations.
    pub flush: bool,
}

/// An accepted write to CR4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cr4Update {
    /// What is to be in effect.
    pub effective: u64,
    /// What the guest reads.
    pub shadow: u64,
    /// As in [`Cr0Update::load_pdptes`].
    pub load_pdptes: bool,
    /// Flush the vCPU's translations.
    pub flush: bool,
}

/// An accepted write to CR3.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cr3Update {
    /// What is to be in CR3.
    pub value: u64,
    /// As in [`Cr0Update::load_pdptes`].
    pub load_pdptes: bool,
    /// Flush the vCPU's translations; false when the guest asked to keep those of the PCID.
    pub flush: bool,
}

/// An accepted write to IA32_EFER.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EferUpdate {
    /// The register's new value, LMA unchanged.
    pub value: u64,
    /// NXE changed: flush the vCPU's translations.
    pub flush: bool,
}

/// The rules for one partition's control registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ControlPolicy {
    cr0_must_be_one: u64,
    cr0_must_be_zero: u64,
    cr0_owned: u64,
    cr4_ownable: u64,
    cr4_allowed: u64,
    cr4_must_be_one: u64,
    efer_allowed: u64,
    xcr0_allowed: u64,
    maxphyaddr: u8,
}

impl ControlPolicy {
    /// Rules for a guest that sees `offered` on a processor that asks for `bits`. Paging and protection are the guest's
    /// to switch.
    #[must_use]
    pub fn new(offered: &cpuid::Policy, bits: &ControlBits) -> Self {
        Self {
            cr0_must_be_one: (bits.cr0_one & !(cr0::PE | cr0::PG)) | cr0::ET,
            cr0_must_be_zero: bits.cr0_zero,
            cr0_owned: bits.cr0_owned,
            cr4_ownable: bits.cr4_ownable,
            cr4_allowed: offered.cr4_bits() & bits.cr4_allowed,
            // A machine check with MCE clear shuts the processor down, whoever was running (SDM Vol. 3B §16.3).
            cr4_must_be_one: (bits.cr4_one | cr4::MCE) & bits.cr4_allowed,
            efer_allowed: offered.efer_bits(),
            xcr0_allowed: offered.xcr0(),
            maxphyaddr: offered.maxphyaddr(),
        }
    }

    /// The CR0 bits whose change exits.
    #[must_use]
    pub const fn cr0_mask(&self) -> u64 {
        !self.cr0_owned
    }

    /// The CR4 bits whose change exits.
    #[must_use]
    pub const fn cr4_mask(&self) -> u64 {
        !(self.cr4_allowed & self.cr4_ownable & !self.cr4_must_be_one)
    }

    /// What the guest reads of CR0, from what is in effect and what it last wrote.
    #[must_use]
    pub const fn guest_cr0(&self, effective: u64, shadow: u64) -> u64 {
        (effective & !self.cr0_mask()) | (shadow & self.cr0_mask())
    }

    /// What the guest reads of CR4, from what is in effect and what it last wrote.
    #[must_use]
    pub const fn guest_cr4(&self, effective: u64, shadow: u64) -> u64 {
        (effective & !self.cr4_mask()) | (shadow & self.cr4_mask())
    }

    /// The CR0 in effect that makes the guest see `value`.
    #[must_use]
    pub const fn effective_cr0(&self, value: u64) -> u64 {
        (value & cr0::DEFINED & !self.cr0_must_be_zero) | self.cr0_must_be_one
    }

    /// The CR4 in effect that makes the guest see `value`.
    #[must_use]
    pub const fn effective_cr4(&self, value: u64) -> u64 {
        (value & self.cr4_allowed) | self.cr4_must_be_one
    }

    /// XCR0 bits that XSETBV may set.
    #[must_use]
    pub const fn xcr0_allowed(&self) -> u64 {
        self.xcr0_allowed
    }

    /// CR4 bits that the guest may set.
    #[must_use]
    pub const fn cr4_allowed(&self) -> u64 {
        self.cr4_allowed
    }

    /// MOV to CR0.
    ///
    /// # Errors
    /// [`GeneralProtection`] for a value that the processor refuses in this state.
    pub const fn write_cr0(
        &self,
        value: u64,
        state: &ControlState,
    ) -> Result<Cr0Update, GeneralProtection> {
        if value >> 32 != 0 {
            return Err(GeneralProtection);
        }
        let value = (value & cr0::DEFINED) | cr0::ET;
        let pages = value & cr0::PG != 0;
        if value & cr0::NW != 0 && value & cr0::CD == 0 || pages && value & cr0::PE == 0 {
            return Err(GeneralProtection);
        }
        let paged = state.cr0 & cr0::PG != 0;
        let mut efer = state.efer;
        if pages && !paged && efer & efer::LME != 0 {
            if state.cr4 & cr4::PAE == 0 || state.cs_long || state.tr_16_bit {
                return Err(GeneralProtection);
            }
            efer |= efer::LMA;
        } else if !pages && paged {
            if state.cr4 & cr4::PCIDE != 0 || state.is_64_bit_mode() {
                return Err(GeneralProtection);
            }
            efer &= !efer::LMA;
        }
        let pae_paging = pages && efer & efer::LMA == 0 && state.cr4 & cr4::PAE != 0;
        let reloads = (value ^ state.cr0) & (cr0::CD | cr0::NW | cr0::PG) != 0;
        Ok(Cr0Update {
            effective: self.effective_cr0(value),
            shadow: value,
            efer,
            load_pdptes: pae_paging && reloads,
            flush: pages != paged,
        })
    }

    /// LMSW: the low four bits of CR0, of which PE can be set but not cleared (SDM Vol. 2A, LMSW).
    ///
    /// # Errors
    /// As [`Self::write_cr0`].
    pub const fn lmsw(
        &self,
        source: u16,
        state: &ControlState,
    ) -> Result<Cr0Update, GeneralProtection> {
        let loaded = cr0::MP | cr0::EM | cr0::TS;
        let value = (state.cr0 & !loaded) | (source as u64 & (loaded | cr0::PE));
        self.write_cr0(value, state)
    }

    /// CLTS.
    ///
    /// # Errors
    /// As [`Self::write_cr0`]; a legal state gives none.
    pub const fn clts(&self, state: &ControlState) -> Result<Cr0Update, GeneralProtection> {
        self.write_cr0(state.cr0 & !cr0::TS, state)
    }

    /// MOV to CR4.
    ///
    /// # Errors
    /// [`GeneralProtection`] for reserved bits (those that CPUID does not offer, VMXE and LA57 among them), for clearing
    /// PAE in IA-32e mode, and for setting PCIDE outside it or with a PCID in CR3.
    pub const fn write_cr4(
        &self,
        value: u64,
        state: &ControlState,
    ) -> Result<Cr4Update, GeneralProtection> {
        if value & !self.cr4_allowed != 0 {
            return Err(GeneralProtection);
        }
        let changed = value ^ state.cr4;
        let long = state.is_long_mode_active();
        if long && value & cr4::PAE == 0 {
            return Err(GeneralProtection);
        }
        let set_pcide = changed & value & cr4::PCIDE != 0;
        if set_pcide && (!long || state.cr3 & 0xfff != 0) {
            return Err(GeneralProtection);
        }
        let pae_paging = state.cr0 & cr0::PG != 0 && !long && value & cr4::PAE != 0;
        let cleared = changed & !value;
        Ok(Cr4Update {
            effective: self.effective_cr4(value),
            shadow: value,
            load_pdptes: pae_paging && changed & CR4_RELOADS_PDPTES != 0,
            flush: changed & (cr4::PAE | cr4::PSE | cr4::PGE | cr4::SMEP | cr4::PKE | cr4::SMAP)
                != 0
                || cleared & cr4::PCIDE != 0,
        })
    }

    /// MOV to CR3 (SDM Vol. 3A §4.10.4.1 for bit 63).
    ///
    /// # Errors
    /// [`GeneralProtection`] for an address beyond the physical width in IA-32e mode, or bit 63 without PCIDE.
    pub const fn write_cr3(
        &self,
        value: u64,
        state: &ControlState,
    ) -> Result<Cr3Update, GeneralProtection> {
        let keep = state.cr4 & cr4::PCIDE != 0 && value >> 63 != 0;
        let value = if keep { value & !(1 << 63) } else { value };
        if state.is_long_mode_active() && value >> self.maxphyaddr != 0 {
            return Err(GeneralProtection);
        }
        Ok(Cr3Update {
            value,
            load_pdptes: state.uses_pae_paging(),
            flush: !keep,
        })
    }

    /// MOV to CR8: the new task priority for the local APIC's TPR, priority class in bits 7:4.
    ///
    /// # Errors
    /// [`GeneralProtection`] when one of bits 63:4 is set.
    pub const fn write_cr8(&self, value: u64) -> Result<u8, GeneralProtection> {
        if value > 15 {
            Err(GeneralProtection)
        } else {
            Ok((value as u8) << 4)
        }
    }

    /// XSETBV with `index` from ECX and the value of EDX:EAX: the new XCR0. The processor itself has checked the
    /// privilege level and CR4.OSXSAVE before the exit (SDM Vol. 3C §26.1.1).
    ///
    /// # Errors
    /// [`GeneralProtection`] for another register than XCR0 or a mask that [`xstate::is_valid_xcr0`] refuses.
    pub const fn xsetbv(&self, index: u32, value: u64) -> Result<u64, GeneralProtection> {
        if index != 0 || !xstate::is_valid_xcr0(value, self.xcr0_allowed) {
            return Err(GeneralProtection);
        }
        Ok(value)
    }

    /// WRMSR to IA32_EFER. LMA is read-only: its bit in `value` is ignored.
    ///
    /// # Errors
    /// [`GeneralProtection`] for bits that CPUID does not offer, or a change of LME while paging is on.
    pub const fn write_efer(
        &self,
        value: u64,
        state: &ControlState,
    ) -> Result<EferUpdate, GeneralProtection> {
        if value & !(self.efer_allowed | efer::LMA) != 0 {
            return Err(GeneralProtection);
        }
        let value = (value & !efer::LMA) | (state.efer & efer::LMA);
        let changed = value ^ state.efer;
        if changed & efer::LME != 0 && state.cr0 & cr0::PG != 0 {
            return Err(GeneralProtection);
        }
        Ok(EferUpdate {
            value,
            flush: changed & efer::NXE != 0,
        })
    }
}

#[cfg(test)]
mod tests;
