//! What the decisions need of the processor that runs a vCPU: its current VMCS, and the few registers and
//! actions that lie outside it. The hypervisor implements it over the hardware, tests over a table.

use isthmus_abi::{CoreId, Msr, PartitionId};
use isthmus_vmx::field::Vmcs;

/// The core that decisions are made on, and how it reaches the others and the console.
pub trait Host {
    /// The time-stamp counter without offset.
    fn host_tsc(&self) -> u64;
    /// Which core this is.
    fn core(&self) -> CoreId;
    /// Makes a core (also this one) look at its mailboxes.
    fn kick(&mut self, core: CoreId);
    /// Takes what a partition's UART sent.
    fn console(&mut self, partition: PartitionId, bytes: &[u8]);
}

/// The core that is about to run a vCPU or has just stopped one; the vCPU's VMCS is current.
pub trait Processor: Vmcs + Host {
    /// The "interrupt-window exiting" control.
    fn set_interrupt_window(&mut self, on: bool);
    /// The "NMI-window exiting" control.
    fn set_nmi_window(&mut self, on: bool);
    /// The "IA-32e mode guest" entry control.
    fn set_ia32e_mode(&mut self, on: bool);
    /// The guest's XCR0, already checked.
    fn set_xcr0(&mut self, value: u64);
    /// CR2, which the guest reads after a page fault.
    fn set_cr2(&mut self, value: u64);
    /// DR6, the guest's while its vCPU is loaded.
    fn dr6(&self) -> u64;
    /// Sets DR6.
    fn set_dr6(&mut self, value: u64);
    /// CR2 and the debug registers outside the VMCS as after INIT (SDM Vol. 3A Table 9-1).
    fn reset_debug_registers(&mut self);
    /// A register that holds the guest's value while its vCPU is loaded (see [`crate::msr::SWITCHED`]).
    fn read_msr(&self, msr: Msr) -> u64;
    /// Writes such a register, already checked.
    fn write_msr(&mut self, msr: Msr, value: u64);
    /// Hands the local APIC's page to the hardware, or takes it back; nothing where the processor offers no such help.
    fn set_apic_virtualization(&mut self, on: bool);
    /// Drops the vCPU's cached translations (INVVPID, SDM Vol. 3C §29.4.3).
    fn flush_translations(&mut self);
}
