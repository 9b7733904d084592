//! Which of the processor's virtualization extensions is used: the one place in this program that tells VT-x from
//! AMD-V. Everything else sees a [`Backend`], a [`VcpuState`] and a [`Space`].

pub mod svm;
pub mod vmx;

use crate::running::ThisCore;
use crate::start::stop;
use alloc::string::{String, ToString};
use isthmus_abi::{CoreId, Gpa, Gprs, Hpa};
use isthmus_hv_core::control::ControlBits;
use isthmus_hv_core::exit::Quick;
use isthmus_hv_core::partition::ApicHelp;
use isthmus_hv_core::processor::Processor;
use isthmus_hv_core::vcpu::Vcpu;
use isthmus_hv_core::xstate;
use isthmus_hv_hal::ept::EptTables;
use isthmus_hv_hal::pool::Frame;
use isthmus_hv_hal::switched::{SwitchedState, XsaveSupport};
use isthmus_hv_hal::tables::CoreTables;
use isthmus_hv_hal::vmx::VmcsRegion;
use isthmus_hv_hal::{cpu, window};
use isthmus_svm::npt;
use isthmus_vmx::ept::{AddressSpace, EptPointer, MemoryType, Permissions};
use isthmus_vmx::preflight::CpuFacts;

/// One machine has one kind of virtualization.
const MIXED: &str = "a space of the other kind of processor";

/// What the machine's processors offer, and what was made for them once.
#[derive(Debug)]
pub enum Backend {
    /// VT-x.
    Vmx(vmx::VmxMachine),
    /// AMD-V.
    Svm(svm::SvmMachine),
}

/// A vCPU in the processor's own form.
#[derive(Debug)]
pub enum VcpuState {
    /// A VMCS.
    Vmx(VmcsRegion),
    /// A VMCB.
    Svm(svm::SvmVcpu),
}

/// A partition's second-level translation.
#[derive(Debug)]
pub enum Space {
    /// EPT.
    Ept {
        /// Where memory appears.
        space: AddressSpace,
        /// The tables of `space`.
        tables: EptTables,
        /// Names them in a VMCS.
        pointer: EptPointer,
    },
    /// Nested paging.
    Npt {
        /// Where memory appears; its root is named in a VMCB.
        space: npt::AddressSpace,
        /// The tables of `space`.
        tables: EptTables,
    },
}

/// Why a vCPU stopped that was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// By an exit, which the processor describes.
    Exited,
    /// By the bound of the entry, right after an exit that was answered on the spot.
    Answered,
}

/// The entry did not happen.
#[derive(Debug, PartialEq, Eq)]
pub struct EntryRefused {
    /// The processor's own number for why.
    pub code: u32,
    /// What that means.
    pub text: &'static str,
}

/// A core with a vCPU's state at hand, ready to enter it.
pub trait Entry: Processor {
    /// Bounds the next entry: an exit at `deadline` (TSC of the host), which is now `now`.
    fn bound(&mut self, now: u64, deadline: u64);
    /// Enters the guest and returns at its next exit that `quick` does not answer.
    ///
    /// # Errors
    /// [`EntryRefused`] when the processor refused at once.
    fn enter(&mut self, registers: &mut Gprs, quick: Quick<'_>) -> Result<Stopped, EntryRefused>;
    /// The rule of the model of the processor's entry checks that the state breaks, if any.
    fn broken_rule(&self) -> Option<String>;
    /// What the processor said of the last exit, for a report.
    fn describe_exit(&self) -> String;
}

/// What a core needs to have a vCPU at hand beside its state.
pub struct OnCore<'a> {
    /// The core.
    pub host: ThisCore,
    /// The registers that change hands with the vCPU.
    pub switched: &'a SwitchedState,
    /// What tags the vCPU's translations: its VPID or ASID.
    pub tag: u16,
    /// Whether the vCPU's registers beyond its state are in the core; while it is being made they are not.
    pub loaded: bool,
}

impl Backend {
    /// Reports what the processor offers, stops if that is not enough, and makes what all cores share. `options` is the
    /// loader's command line.
    pub fn prepare(options: &str) -> Self {
        let facts = CpuFacts::read(cpuid_words);
        // Where there is neither, the report on VT-x says so.
        if facts.svm && !facts.vmx {
            Self::Svm(svm::SvmMachine::prepare())
        } else {
            Self::Vmx(vmx::VmxMachine::prepare(options))
        }
    }

    /// Takes the calling core into the mode that runs guests and turns its extended state on.
    pub fn enable(&self, core: CoreId) -> XsaveSupport {
        match self {
            Self::Vmx(_) => vmx::enable(core),
            Self::Svm(machine) => machine.enable(core),
        }
        if window::init(core).is_err() {
            stop(format_args!(
                "no memory left for the window of core {}",
                core.0
            ));
        }
        XsaveSupport::enable(xstate::KNOWN)
    }

    /// What the processor asks of guests' control registers.
    pub fn control_bits(&self) -> ControlBits {
        match self {
            Self::Vmx(machine) => isthmus_vmx::backend::control_bits(&machine.capabilities),
            Self::Svm(_) => isthmus_svm::backend::control_bits(),
        }
    }

    /// Whether guests may execute INVPCID and RDTSCP.
    pub fn instructions(&self) -> (bool, bool) {
        match self {
            Self::Vmx(machine) => machine.instructions(),
            // They are not intercepted; whether they exist, CPUID tells.
            Self::Svm(_) => (true, true),
        }
    }

    /// What the processor does of the local APICs' work.
    pub fn apic_help(&self) -> ApicHelp {
        match self {
            Self::Vmx(machine) => machine.apic_help,
            Self::Svm(_) => ApicHelp::None,
        }
    }
}

impl VcpuState {
    /// A vCPU's state, set up for its partition but for what `vcpu` sets by itself. `None` when the pool is used up.
    pub fn new(
        backend: &Backend,
        vcpu: &Vcpu,
        space: &Space,
        tag: u16,
        core: &CoreTables,
    ) -> Option<Self> {
        match (backend, space) {
            (Backend::Svm(machine), Space::Npt { space, .. }) => {
                machine.make_vmcb(space.root()).map(Self::Svm)
            }
            // One machine has one kind of either.
            (Backend::Vmx(_), Space::Npt { .. }) | (Backend::Svm(_), Space::Ept { .. }) => None,
            (Backend::Vmx(machine), Space::Ept { pointer, .. }) => {
                machine.make_vmcs(vcpu, *pointer, tag, core).map(Self::Vmx)
            }
        }
    }
}

impl Space {
    /// An empty space.
    ///
    /// # Errors
    /// In words.
    pub fn new(backend: &Backend) -> Result<Self, String> {
        match backend {
            Backend::Svm(_) => {
                let mut tables = EptTables::default();
                let space =
                    npt::AddressSpace::new(&mut tables).map_err(|error| error.to_string())?;
                Ok(Self::Npt { space, tables })
            }
            Backend::Vmx(_) => {
                let mut tables = EptTables::default();
                let space = AddressSpace::new(&mut tables).map_err(|error| error.to_string())?;
                let pointer = EptPointer::new(space.root(), false);
                Ok(Self::Ept {
                    space,
                    tables,
                    pointer,
                })
            }
        }
    }

    /// Maps RAM with every right.
    ///
    /// # Errors
    /// In words.
    pub fn map_ram(
        &mut self,
        backend: &Backend,
        gpa: Gpa,
        hpa: Hpa,
        bytes: u64,
    ) -> Result<(), String> {
        match (self, backend) {
            (Self::Ept { space, tables, .. }, Backend::Vmx(machine)) => {
                machine.map_ram(space, tables, gpa, hpa, bytes)
            }
            (Self::Npt { space, tables }, Backend::Svm(machine)) => {
                let sizes = npt::page_sizes(machine.capabilities.pages_1g);
                let (all, kind) = (Permissions::all(), MemoryType::WriteBack);
                space
                    .map(tables, gpa, hpa, bytes, all, kind, sizes)
                    .map_err(|error| error.to_string())
            }
            _ => Err(MIXED.to_string()),
        }
    }

    /// Maps what the processor needs in order to help with local APICs.
    ///
    /// # Errors
    /// In words.
    pub fn map_apic(&mut self, backend: &Backend) -> Result<(), String> {
        match (self, backend) {
            (Self::Ept { space, tables, .. }, Backend::Vmx(machine)) => {
                machine.map_apic(space, tables)
            }
            _ => Ok(()),
        }
    }

    /// Drops every translation that this core may hold of the space.
    pub fn flush(&self, backend: &Backend) {
        match (self, backend) {
            (Self::Ept { pointer, .. }, Backend::Vmx(machine)) => machine.flush_space(*pointer),
            // What bears the ASID of a vCPU that is gone is never used again (`isthmus_svm::asid`).
            _ => {}
        }
    }

    /// Gives the tables back.
    pub fn destroy(self) {
        match self {
            Self::Ept {
                space, mut tables, ..
            } => {
                space.destroy(&mut tables);
            }
            Self::Npt { space, mut tables } => {
                space.destroy(&mut tables);
            }
        }
    }
}

/// A frame that lives as long as the machine, filled.
pub fn lasting_frame(fill: impl FnOnce(&mut [u8; 4096])) -> Hpa {
    let Some(mut frame) = Frame::new() else {
        stop(format_args!("no memory left for the bitmaps"))
    };
    fill(frame.bytes());
    let hpa = frame.hpa();
    core::mem::forget(frame);
    hpa
}

/// CPUID as the pure crates read it.
pub fn cpuid_words(leaf: u32, subleaf: u32) -> [u32; 4] {
    let answer = cpu::cpuid(leaf, subleaf);
    [answer.eax, answer.ebx, answer.ecx, answer.edx]
}
