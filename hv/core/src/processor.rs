//! What the decisions need of the processor that runs a vCPU, whoever made it: the vCPU's state, why it stopped, and
//! how an event goes in. A backend implements it (`isthmus-vmx` over a VMCS, `isthmus-svm` over a VMCB); nothing
//! here or above knows which one it is. Tests implement it over tables.

mod exit;

pub use exit::{
    CodeBytes, ControlAccess, ControlOperation, Exit, ExitKind, MemoryFault, PortAccess,
    StringAccess,
};

use crate::inject::Event;
use isthmus_abi::{CoreId, Msr, PartitionId};
use isthmus_boot::start::{DescriptorTable, SegmentState};

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

/// A register that the processor keeps for the vCPU while the hypervisor runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Register {
    /// RIP.
    Rip,
    /// RSP.
    Rsp,
    /// RFLAGS.
    Rflags,
    /// CR3.
    Cr3,
    /// DR7.
    Dr7,
    /// IA32_EFER; LMA decides whether the vCPU runs in IA-32e mode.
    Efer,
    /// IA32_PAT.
    Pat,
    /// IA32_DEBUGCTL.
    Debugctl,
    /// IA32_SYSENTER_CS.
    SysenterCs,
    /// IA32_SYSENTER_ESP.
    SysenterEsp,
    /// IA32_SYSENTER_EIP.
    SysenterEip,
    /// FS base.
    FsBase,
    /// GS base.
    GsBase,
}

/// A segment register. The first six are numbered as instructions encode them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum SegmentName {
    /// Extra.
    Es = 0,
    /// Code.
    Cs = 1,
    /// Stack.
    Ss = 2,
    /// Data.
    Ds = 3,
    /// The first without a purpose of its own in hardware.
    Fs = 4,
    /// The second.
    Gs = 5,
    /// Local descriptor table.
    Ldtr = 6,
    /// Task register.
    Tr = 7,
}

/// A descriptor-table register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TableName {
    /// GDTR.
    Gdtr,
    /// IDTR.
    Idtr,
}

/// What is set once for each life of a vCPU.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setup {
    /// CR0 bits whose change exits.
    pub cr0_mask: u64,
    /// CR4 bits whose change exits.
    pub cr4_mask: u64,
    /// Exceptions that exit, a bit for each vector.
    pub exceptions: u32,
    /// Added to the TSC for the guest.
    pub tsc_offset: u64,
    /// IA32_PAT.
    pub pat: u64,
}

/// The core that is about to run a vCPU or has just stopped one; the vCPU's state is the one at hand.
///
/// Segment attributes are in the form of [`SegmentState::access`], blocking in that of
/// [`crate::inject::interruptibility`].
pub trait Processor: Host {
    /// Why the guest stopped, decoded. Once after each exit, before anything else is asked. A processor that does not say
    /// which instruction it was reads its bytes by `code`.
    fn exit(&mut self, code: impl FnOnce(&Self) -> CodeBytes) -> Exit;
    /// The event whose delivery the exit cut short, if it has to go in again. Takes back what the delivery already
    /// changed in what blocks events.
    fn interrupted_event(&mut self) -> Option<Event>;
    /// Length in bytes of the instruction that exited, where an instruction did: 0 to 15.
    fn instruction_length(&self) -> u64;

    /// A register.
    fn get(&self, register: Register) -> u64;
    /// Sets a register; the value was checked.
    fn set(&mut self, register: Register, value: u64);
    /// CR0 in effect.
    fn cr0(&self) -> u64;
    /// Sets CR0: what is in effect, and what the guest reads of it in the bits of [`Setup::cr0_mask`].
    fn set_cr0(&mut self, effective: u64, shown: u64);
    /// CR4 in effect.
    fn cr4(&self) -> u64;
    /// Sets CR4, as [`Processor::set_cr0`] does CR0.
    fn set_cr4(&mut self, effective: u64, shown: u64);
    /// The registers that hold the top entries of PAE paging; `None` where the processor reads them in memory.
    fn pdptes(&self) -> Option<[u64; 4]>;
    /// Loads the top entries of PAE paging, already checked. Nothing where the processor reads them in memory.
    fn set_pdptes(&mut self, entries: [u64; 4]);
    /// A segment register.
    fn segment(&self, name: SegmentName) -> SegmentState;
    /// The attributes of a segment register alone.
    fn access_rights(&self, name: SegmentName) -> u32;
    /// Sets a segment register.
    fn set_segment(&mut self, name: SegmentName, state: &SegmentState);
    /// Sets a descriptor-table register.
    fn set_table(&mut self, name: TableName, table: &DescriptorTable);
    /// The privilege level, 0 to 3.
    fn cpl(&self) -> u8;

    /// What blocks events now.
    fn blocking(&self) -> u32;
    /// Sets what blocks events.
    fn set_blocking(&mut self, blocking: u32);
    /// Has a single-step trap taken at the next entry, before anything else; `false` where the processor cannot hold
    /// one back for that.
    fn hold_single_step(&mut self) -> bool;
    /// Has this event delivered at the next entry.
    fn inject(&mut self, event: &Event);
    /// An exit as soon as the guest takes interrupts.
    fn set_interrupt_window(&mut self, on: bool);
    /// An exit as soon as the guest takes NMIs.
    fn set_nmi_window(&mut self, on: bool);

    /// Sets up a new life: see [`Setup`]; nothing blocked, nothing on its way in.
    fn set_up(&mut self, setup: &Setup);
    /// Nothing blocks events, none is pending or on its way in: as after INIT.
    fn clear_events(&mut self);
    /// Sets what is added to the TSC for the guest.
    fn set_tsc_offset(&mut self, offset: u64);

    /// Hands the local APIC's page to the hardware, or takes it back; nothing where the processor offers no such help.
    fn set_apic_virtualization(&mut self, on: bool);
    /// With the page in the hardware's hands, an exit when the task priority falls below this class. Nothing otherwise.
    fn set_tpr_threshold(&mut self, threshold: u8);
    /// With delivery in the hardware's hands, the highest vectors requested and in service (bits 7:0 and 15:8).
    fn set_interrupt_status(&mut self, status: u16);
    /// With delivery in the hardware's hands, the vectors whose EOI exits.
    fn set_eoi_exits(&mut self, vectors: &[u64; 4]);

    /// The guest's XCR0, already checked.
    fn set_xcr0(&mut self, value: u64);
    /// CR2, which the guest reads after a page fault.
    fn set_cr2(&mut self, value: u64);
    /// DR6, the guest's while its vCPU is loaded.
    fn dr6(&self) -> u64;
    /// Sets DR6.
    fn set_dr6(&mut self, value: u64);
    /// CR2 and the debug registers other than DR7 as after INIT (SDM Vol. 3A Table 9-1).
    fn reset_debug_registers(&mut self);
    /// A register that holds the guest's value while its vCPU is loaded (see [`crate::msr::SWITCHED`]).
    fn read_msr(&self, msr: Msr) -> u64;
    /// Writes such a register, already checked.
    fn write_msr(&mut self, msr: Msr, value: u64);
    /// Drops the vCPU's cached translations.
    fn flush_translations(&mut self);
}
