//! What the processor checks when VMRUN enters a guest (APM Vol. 2 §15.5.1, §15.20, §15.25), as a model that names
//! the rule that a VMCB breaks. Run before each entry of a debug build, and after a refused one of any build.
//!
//! VMRUN checks little: most of a wrong state it just runs, and a forgotten intercept it honours. So the model also
//! holds rules that the hardware does not: what would let a guest reach the host, and what no one can mean.
//! [`Rule::is_refused`] tells the two apart. It reads the VMCB alone: not the maps and tables it points to, not U_CET
//! and not the host's CR0 and EFER, which the APM's lists name too. Trusts [`Processor`] to be the one that will enter.

mod guest;
mod isolation;
mod processor;
mod violation;

use crate::control::{NestedControl, VirtualInterrupts};
use crate::event::{EventInformation, EventType};
use crate::field::{Field, Vmcb};
use crate::intercept::{Intercepts, Vector3};
use crate::permissions::{IOPM_WORDS, MSRPM_WORDS};
use crate::segment::{Segment, SegmentRegister};
use isthmus_abi::{Hpa, PAGE_SIZE};

pub use processor::Processor;
pub use violation::{Rule, Violation};

/// Whether an entry with this VMCB would pass, and would keep the guest inside.
///
/// # Errors
/// The first [`Violation`]: of what VMRUN refuses, then of the rest.
pub fn check(vmcb: &impl Vmcb, processor: &Processor) -> Result<(), Violation> {
    check_refused(vmcb, processor)?;
    let entry = Entry::read(vmcb, processor);
    isolation::check(&entry)
}

/// The part whose failure is a #VMEXIT with VMEXIT_INVALID.
///
/// # Errors
/// As [`check`].
pub fn check_refused(vmcb: &impl Vmcb, processor: &Processor) -> Result<(), Violation> {
    let entry = Entry::read(vmcb, processor);
    guest::check(&entry)?;
    check_control(&entry)?;
    check_injection(&entry)
}

/// Whether VMRUN, VMLOAD and VMSAVE take an address in RAX; they answer others with #GP (APM Vol. 3, VMRUN).
#[must_use]
pub const fn is_vmcb_address(address: Hpa, processor: &Processor) -> bool {
    address.is_aligned(PAGE_SIZE) && is_physical(address.0, processor)
}

/// Whether the address has no bit beyond the physical-address width.
const fn is_physical(address: u64, processor: &Processor) -> bool {
    match address.checked_shr(processor.physical_address_bits) {
        Some(beyond) => beyond == 0,
        None => true,
    }
}

const CR0_PE: u64 = 1 << 0;
const CR0_WP: u64 = 1 << 16;
const CR0_NW: u64 = 1 << 29;
const CR0_CD: u64 = 1 << 30;
const CR0_PG: u64 = 1 << 31;
const CR4_PAE: u64 = 1 << 5;
const CR4_CET: u64 = 1 << 23;
const EFER_LME: u64 = 1 << 8;
const EFER_LMA: u64 = 1 << 10;
const EFER_SVME: u64 = 1 << 12;
const RFLAGS_VM: u64 = 1 << 17;

/// An entry about to be made: what most rules ask for, read once.
struct Entry<'a, V> {
    vmcb: &'a V,
    processor: &'a Processor,
    cr0: u64,
    cr4: u64,
    efer: u64,
    cs: SegmentRegister,
    nested: NestedControl,
}

impl<'a, V: Vmcb> Entry<'a, V> {
    fn read(vmcb: &'a V, processor: &'a Processor) -> Self {
        Self {
            vmcb,
            processor,
            cr0: vmcb.read(Field::CR0),
            cr4: vmcb.read(Field::CR4),
            efer: vmcb.read(Field::EFER),
            cs: SegmentRegister::read(vmcb, Segment::Cs),
            nested: NestedControl::read(vmcb),
        }
    }

    /// An error that names `field` unless the rule holds.
    fn require(&self, holds: bool, rule: Rule, field: Field) -> Result<(), Violation> {
        if holds {
            Ok(())
        } else {
            Err(Violation {
                rule,
                field,
                value: self.vmcb.read(field),
            })
        }
    }

    /// An error unless the rule holds for the field's value.
    fn require_of(
        &self,
        field: Field,
        rule: Rule,
        holds: impl FnOnce(u64) -> bool,
    ) -> Result<(), Violation> {
        self.require(holds(self.vmcb.read(field)), rule, field)
    }

    /// Whether paging with long-mode tables will be on. VMRUN derives LMA from this (§15.5.1).
    fn is_long_mode(&self) -> bool {
        self.efer & EFER_LME != 0 && self.cr0 & CR0_PG != 0
    }

    fn is_64_bit(&self) -> bool {
        self.is_long_mode() && self.cs.attributes.long()
    }
}

/// The control area: §15.5.1, §15.21.10, §15.25.3, §15.25.4, §15.29.4.
fn check_control(entry: &Entry<'_, impl Vmcb>) -> Result<(), Violation> {
    let processor = entry.processor;
    entry.require_of(
        Field::INTERCEPT_VECTOR_4,
        Rule::VmrunNotIntercepted,
        |word| word & 1 != 0,
    )?;
    for (field, words) in [
        (Field::MSRPM_BASE_PA, MSRPM_WORDS),
        (Field::IOPM_BASE_PA, IOPM_WORDS),
    ] {
        entry.require_of(field, Rule::PermissionMapWidth, |base| {
            let last = (base & !(PAGE_SIZE - 1)).checked_add(8 * words as u64 - 1);
            last.is_some_and(|last| is_physical(last, processor))
        })?;
    }
    entry.require_of(Field::GUEST_ASID, Rule::AsidZero, |asid| asid != 0)?;
    check_virtual_interrupts(entry)?;
    if entry.nested.contains(NestedControl::NESTED_PAGING) {
        entry.require(
            processor.nested_paging,
            Rule::NestedPagingUnsupported,
            Field::NESTED_CONTROL,
        )?;
        // PWT and PCD may be set (bits 3 and 4); bits 11:5 and 2:0 are ignored.
        entry.require_of(Field::N_CR3, Rule::NestedCr3Reserved, |root| {
            is_physical(root, processor)
        })?;
        entry.require_of(Field::G_PAT, Rule::GuestPat, is_pat)?;
    }
    Ok(())
}

fn check_virtual_interrupts(entry: &Entry<'_, impl Vmcb>) -> Result<(), Violation> {
    let virtual_interrupts = VirtualInterrupts::read(entry.vmcb);
    let intercepts_nmi = Intercepts::read(entry.vmcb).vector_3.contains(Vector3::NMI);
    entry.require(
        !virtual_interrupts.nmi_enable() || intercepts_nmi,
        Rule::VirtualNmiWithoutIntercept,
        Field::VIRTUAL_INTERRUPT,
    )?;
    entry.require(
        !virtual_interrupts.x2avic_enable() || virtual_interrupts.avic_enable(),
        Rule::X2avicWithoutAvic,
        Field::VIRTUAL_INTERRUPT,
    )
}

/// Whether each of the eight types is one that exists: UC, WC, WT, WP, WB, UC- (§7.8.2).
fn is_pat(pat: u64) -> bool {
    pat.to_le_bytes()
        .into_iter()
        .all(|kind| matches!(kind, 0 | 1 | 4..=7))
}

/// §15.20.
fn check_injection(entry: &Entry<'_, impl Vmcb>) -> Result<(), Violation> {
    let Some(event) = EventInformation::to_inject(entry.vmcb) else {
        return Ok(());
    };
    let vector = event.vector().0;
    let require = |holds, rule| entry.require(holds, rule, Field::EVENTINJ);
    match event.kind() {
        EventType::INTERRUPT | EventType::NMI | EventType::SOFTWARE_INTERRUPT => Ok(()),
        EventType::EXCEPTION => {
            require(is_exception(vector), Rule::InjectedVector)?;
            // BOUND does not exist there, the APM's own example; nor does INTO.
            require(
                !(entry.is_64_bit() && matches!(vector, 4 | 5)),
                Rule::InjectedImpossible,
            )
        }
        _ => require(false, Rule::InjectedType),
    }
}

/// The vectors of exceptions (Table 8-1): neither the NMI's nor a reserved one.
const fn is_exception(vector: u8) -> bool {
    matches!(vector, 0 | 1 | 3..=8 | 10..=14 | 16..=19 | 21 | 28..=30)
}

/// Exceptions that push an error code (Table 8-1), outside of real mode.
const fn pushes_error_code(vector: u8) -> bool {
    matches!(vector, 8 | 10..=14 | 17 | 21 | 29 | 30)
}

#[cfg(test)]
mod tests;
