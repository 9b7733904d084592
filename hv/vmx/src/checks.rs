//! What the processor checks when it enters a guest (SDM Vol. 3C §27.2 and §27.3.1), as a model that names the
//! rule that a VMCS breaks. Run before each entry of a debug build, and after a failed one of any build.
//!
//! It reads the VMCS alone. Not modelled, because they hang on memory: the PDPTEs of a guest without EPT
//! (§27.3.1.6), the revision of the VMCS that the link pointer names (§27.3.1.5), the contents of MSR areas (§27.4)
//! and the virtual TPR, for which there is [`check_tpr_threshold`]. Assumes a hypervisor in 64-bit mode, outside SMM
//! and outside enclaves. Trusts [`Capabilities`] and [`Processor`] to be those of the processor that will enter.

mod activity;
mod controls;
mod guest;
mod host;
mod processor;
mod registers;
mod segments;
#[cfg(test)]
mod tests;
mod violation;

use crate::capabilities::Capabilities;
use crate::controls::{PinBased, PrimaryProcessorBased, SecondaryProcessorBased, VmEntry, VmExit};
use crate::exit::{InterruptionInformation, InterruptionType};
use crate::field::{Field, Vmcs};
use crate::linear::is_canonical;

pub use processor::Processor;
pub use violation::{Rule, Violation};

/// Whether an entry with this VMCS would pass.
///
/// # Errors
/// The first [`Violation`], in the order of the SDM's sections.
pub fn check(
    vmcs: &impl Vmcs,
    capabilities: &Capabilities,
    processor: &Processor,
) -> Result<(), Violation> {
    check_controls_and_host(vmcs, capabilities, processor)?;
    check_guest(vmcs, capabilities, processor)
}

/// The part whose failure ends VMLAUNCH or VMRESUME with an error number: 7 for controls, 8 for host state (§27.2).
///
/// # Errors
/// As [`check`].
pub fn check_controls_and_host(
    vmcs: &impl Vmcs,
    capabilities: &Capabilities,
    processor: &Processor,
) -> Result<(), Violation> {
    let entry = Entry::read(vmcs, capabilities, processor);
    controls::check(&entry)?;
    host::check(&entry)
}

/// The part whose failure is a VM exit with reason 33, "VM-entry failure: invalid guest state" (§27.3.1).
///
/// # Errors
/// As [`check`].
pub fn check_guest(
    vmcs: &impl Vmcs,
    capabilities: &Capabilities,
    processor: &Processor,
) -> Result<(), Violation> {
    let entry = Entry::read(vmcs, capabilities, processor);
    guest::check(&entry)?;
    segments::check(&entry)?;
    guest::check_tables_and_pointers(&entry)?;
    activity::check(&entry)?;
    guest::check_pdptes(&entry)
}

/// Whether the TPR threshold is low enough for the virtual TPR (byte 80H of the virtual-APIC page), which only the
/// owner of that page knows (§27.2.1.1).
///
/// # Errors
/// [`Rule::TprThresholdAboveVirtualTpr`].
pub fn check_tpr_threshold(vmcs: &impl Vmcs, virtual_tpr: u8) -> Result<(), Violation> {
    let primary = PrimaryProcessorBased::from_bits_retain(vmcs.read(PRIMARY) as u32);
    let secondary = SecondaryProcessorBased::from_bits_retain(vmcs.read(SECONDARY) as u32);
    let exempt = SecondaryProcessorBased::VIRTUALIZE_APIC_ACCESSES
        | SecondaryProcessorBased::VIRTUAL_INTERRUPT_DELIVERY;
    let is_exempt = primary.contains(PrimaryProcessorBased::ACTIVATE_SECONDARY_CONTROLS)
        && secondary.intersects(exempt);
    let value = vmcs.read(Field::TPR_THRESHOLD);
    if !primary.contains(PrimaryProcessorBased::USE_TPR_SHADOW)
        || is_exempt
        || value & 15 <= u64::from(virtual_tpr >> 4)
    {
        return Ok(());
    }
    Err(Violation {
        rule: Rule::TprThresholdAboveVirtualTpr,
        field: Field::TPR_THRESHOLD,
        value,
    })
}

const PIN: Field = Field::PIN_BASED_VM_EXECUTION_CONTROLS;
const PRIMARY: Field = Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS;
const SECONDARY: Field = Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS;
const TERTIARY: Field = Field::TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS;

const CR0_PE: u64 = 1 << 0;
const CR0_WP: u64 = 1 << 16;
const CR0_PG: u64 = 1 << 31;
const CR4_PAE: u64 = 1 << 5;
const CR4_PCIDE: u64 = 1 << 17;
const CR4_CET: u64 = 1 << 23;
const EFER_LME: u64 = 1 << 8;
const EFER_LMA: u64 = 1 << 10;
const RFLAGS_TF: u64 = 1 << 8;
const RFLAGS_IF: u64 = 1 << 9;
const RFLAGS_VM: u64 = 1 << 17;
const DEBUGCTL_BTF: u64 = 1 << 1;

/// An entry about to be made: what most rules ask for, read once.
struct Entry<'a, V> {
    vmcs: &'a V,
    capabilities: &'a Capabilities,
    processor: &'a Processor,
    pin: PinBased,
    primary: PrimaryProcessorBased,
    /// Empty unless activated.
    secondary: SecondaryProcessorBased,
    /// Zero unless activated.
    tertiary: u64,
    exit: VmExit,
    entry: VmEntry,
    /// The event to inject.
    injected: Option<InterruptionInformation>,
    cr0: u64,
    cr4: u64,
    rflags: u64,
}

impl<'a, V: Vmcs> Entry<'a, V> {
    fn read(vmcs: &'a V, capabilities: &'a Capabilities, processor: &'a Processor) -> Self {
        let word = |field| vmcs.read(field) as u32;
        let primary = PrimaryProcessorBased::from_bits_retain(word(PRIMARY));
        let secondary = primary.contains(PrimaryProcessorBased::ACTIVATE_SECONDARY_CONTROLS);
        let tertiary = primary.contains(PrimaryProcessorBased::ACTIVATE_TERTIARY_CONTROLS);
        let injected =
            InterruptionInformation::from_bits(word(Field::VM_ENTRY_INTERRUPTION_INFORMATION));
        Self {
            vmcs,
            capabilities,
            processor,
            pin: PinBased::from_bits_retain(word(PIN)),
            primary,
            secondary: SecondaryProcessorBased::from_bits_retain(if secondary {
                word(SECONDARY)
            } else {
                0
            }),
            tertiary: if tertiary { vmcs.read(TERTIARY) } else { 0 },
            exit: VmExit::from_bits_retain(word(Field::VM_EXIT_CONTROLS)),
            entry: VmEntry::from_bits_retain(word(Field::VM_ENTRY_CONTROLS)),
            injected: injected.valid().then_some(injected),
            cr0: vmcs.read(Field::GUEST_CR0),
            cr4: vmcs.read(Field::GUEST_CR4),
            rflags: vmcs.read(Field::GUEST_RFLAGS),
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
                value: self.vmcs.read(field),
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
        let value = self.vmcs.read(field);
        if holds(value) {
            Ok(())
        } else {
            Err(Violation { rule, field, value })
        }
    }

    fn require_canonical(&self, field: Field, rule: Rule) -> Result<(), Violation> {
        self.require_of(field, rule, |value| self.is_canonical(value))
    }

    fn is_canonical(&self, address: u64) -> bool {
        is_canonical(address, self.processor.linear_address_bits)
    }

    /// Whether bits 63:N are equal, N being the linear-address width; bit N − 1 may differ (§27.3.1.4, RIP).
    fn is_nearly_canonical(&self, address: u64) -> bool {
        is_canonical(
            address,
            self.processor.linear_address_bits.saturating_add(1),
        )
    }

    /// Whether the address has no bit beyond the physical-address width.
    fn is_physical(&self, address: u64) -> bool {
        address
            .checked_shr(self.processor.physical_address_bits)
            .unwrap_or(0)
            == 0
    }

    /// Whether a structure that the VMCS points to may lie at the address.
    fn is_structure_address(&self, address: u64) -> bool {
        self.is_physical(address)
            && (!self.capabilities.basic.addresses_limited_to_32_bits() || address >> 32 == 0)
    }

    fn has(&self, control: SecondaryProcessorBased) -> bool {
        self.secondary.contains(control)
    }

    fn is_long_mode_guest(&self) -> bool {
        self.entry.contains(VmEntry::IA32E_MODE_GUEST)
    }

    fn is_unrestricted(&self) -> bool {
        self.has(SecondaryProcessorBased::UNRESTRICTED_GUEST)
    }

    fn injects(&self, kind: InterruptionType) -> bool {
        self.injected.is_some_and(|event| event.kind() == kind)
    }
}
