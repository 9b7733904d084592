//! AMD-V: what all cores share, VMCBs made, and the core with a VMCB at hand.

use super::{Entry, EntryRefused, OnCore, Stopped, cpuid_words};
use crate::start::stop;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use isthmus_abi::{CoreId, Gprs, Hpa, Msr, PartitionId};
use isthmus_hv_core::exit::Quick;
use isthmus_hv_core::inject::interruptibility;
use isthmus_hv_core::processor::{Host, Processor as _, Register};
use isthmus_hv_core::vcpu::rflags;
use isthmus_hv_hal::svm::{self, Addresses, VmcbRegion};
use isthmus_hv_hal::tables::MAX_CORES;
use isthmus_hv_hal::{apic, cpu, pool};
use isthmus_svm::asid::{Asids, Epoch, Tag};
use isthmus_svm::backend::{Nmis, SvmCore, SvmProcessor, io_permissions, msr_permissions};
use isthmus_svm::capabilities::{Capabilities, Features, msr};
use isthmus_svm::checks::{self, Processor};
use isthmus_svm::exit::ExitCode;
use isthmus_svm::field::{Field, Vmcb};
use isthmus_svm::preflight::{CpuFacts, Report};
use log::info;
use spin::Mutex;

/// What AMD-V offers here and what was made of it.
#[derive(Debug)]
pub struct SvmMachine {
    /// CPUID leaf 8000000AH and VM_CR.
    pub capabilities: Capabilities,
    /// What the model of VMRUN's checks needs to know of the processor.
    processor: Processor,
    /// The permission maps, the same for all.
    iopm: Hpa,
    msrpm: Hpa,
    /// Each core's address-space identifiers; a core touches its own alone.
    asids: Vec<Mutex<Option<Asids>>>,
}

/// A vCPU's VMCB and what is remembered beside it.
#[derive(Debug)]
pub struct SvmVcpu {
    region: VmcbRegion,
    nmis: Nmis,
    tag: Tag,
}

/// Something that lives as long as the machine, in memory that the processor can read.
fn lasting<T: 'static>(object: T) -> Hpa {
    let object: &'static T = Box::leak(Box::new(object));
    pool::physical(object).unwrap_or_else(|| stop(format_args!("the heap is not where it was")))
}

impl SvmMachine {
    /// Preflight, and the maps that all vCPUs share.
    pub fn prepare() -> Self {
        let facts = CpuFacts::read(cpuid_words);
        let capabilities = Capabilities::read(cpuid_words, || cpu::read_msr(msr::VM_CR));
        let report = Report::new(&facts, capabilities.as_ref());
        info!("preflight:\n{report}");
        if let Some(blocker) = report.blocker() {
            stop(format_args!("{blocker}"));
        }
        let Some(capabilities) = capabilities else {
            stop(format_args!("this processor offers no AMD-V"))
        };
        Self {
            capabilities,
            processor: Processor::from_cpuid(cpuid_words),
            iopm: lasting(io_permissions()),
            msrpm: lasting(msr_permissions()),
            asids: (0..MAX_CORES).map(|_| Mutex::new(None)).collect(),
        }
    }

    /// Turns SVM on for the calling core.
    pub fn enable(&self, core: CoreId) {
        if svm::enable(core).is_err() {
            stop(format_args!(
                "no memory left for the save area of core {}",
                core.0
            ));
        }
        let by_asid = self.capabilities.has(Features::FLUSH_BY_ASID);
        if let Some(slot) = self.asids.get(usize::from(core.0)) {
            *slot.lock() = Asids::new(core, self.capabilities.asids, by_asid);
        }
    }

    /// A VMCB with everything in it that is not the guest's. `None` when the pool is used up.
    pub fn make_vmcb(&self, nested_cr3: Hpa) -> Option<SvmVcpu> {
        let mut region = VmcbRegion::new()?;
        region.configure(&Addresses {
            iopm: self.iopm,
            msrpm: self.msrpm,
            nested_cr3,
        });
        Some(SvmVcpu {
            region,
            nmis: Nmis::default(),
            tag: Tag::default(),
        })
    }

    /// The core with a vCPU's VMCB.
    pub fn at_hand<'a>(
        &'a self,
        vcpu: &'a mut SvmVcpu,
        on_core: OnCore<'a>,
    ) -> SvmProcessor<SvmAtHand<'a>> {
        SvmProcessor::new(SvmAtHand {
            machine: self,
            vcpu,
            on_core,
            asid_is_set: false,
            armed: None,
        })
    }
}

/// A core with a vCPU's VMCB.
pub struct SvmAtHand<'a> {
    machine: &'a SvmMachine,
    vcpu: &'a mut SvmVcpu,
    on_core: OnCore<'a>,
    /// Whether the VMCB has the ASID of this turn.
    asid_is_set: bool,
    /// What the core's timer was set to in this turn.
    armed: Option<u64>,
}

impl Vmcb for SvmAtHand<'_> {
    #[inline]
    fn word(&self, index: usize) -> u64 {
        self.vcpu.region.word(index)
    }
    #[inline]
    fn set_word(&mut self, index: usize, value: u64) {
        self.vcpu.region.set_word(index, value);
    }
}

impl Host for SvmAtHand<'_> {
    #[inline]
    fn host_tsc(&self) -> u64 {
        cpu::rdtsc()
    }
    fn core(&self) -> CoreId {
        self.on_core.host.core
    }
    fn kick(&mut self, core: CoreId) {
        self.on_core.host.kick(core);
    }
    fn console(&mut self, partition: PartitionId, bytes: &[u8]) {
        self.on_core.host.console(partition, bytes);
    }
}

impl SvmCore for SvmAtHand<'_> {
    fn has_nrip(&self) -> bool {
        self.machine.capabilities.has(Features::NRIP_SAVE)
    }
    fn has_decode_assists(&self) -> bool {
        self.machine.capabilities.has(Features::DECODE_ASSISTS)
    }
    fn nmis(&mut self) -> &mut Nmis {
        &mut self.vcpu.nmis
    }
    fn nmis_ref(&self) -> &Nmis {
        &self.vcpu.nmis
    }
    fn set_xcr0(&mut self, value: u64) {
        self.on_core.switched.set_xcr0(value);
    }
    fn reset_breakpoints(&mut self) {
        if self.on_core.loaded {
            cpu::DebugRegisters::default().load();
        }
    }
    fn read_msr(&self, msr: Msr) -> u64 {
        cpu::read_msr(msr)
    }
    fn write_msr(&mut self, msr: Msr, value: u64) {
        self.on_core.switched.write_msr(msr, value);
    }
    fn flush_translations(&mut self) {
        self.vcpu.tag.forget();
        self.asid_is_set = false;
    }
}

impl SvmAtHand<'_> {
    fn set_asid(&mut self) {
        let Some(slot) = self
            .machine
            .asids
            .get(usize::from(self.on_core.host.core.0))
        else {
            return;
        };
        if let Some(asids) = slot.lock().as_mut() {
            // A vCPU's translations end with its tag, which ends with its life; no page is taken away in between.
            let assignment = asids.assign(&mut self.vcpu.tag, Epoch::default());
            self.vcpu.region.set_asid(assignment);
            self.asid_is_set = true;
        }
    }
}

impl Entry for SvmProcessor<SvmAtHand<'_>> {
    /// There is no timer in the VMCB: the core's own ends the guest's turn.
    fn bound(&mut self, now: u64, deadline: u64) {
        let nmis = self.nmis_ref();
        // An NMI waits for a shadow to end, which nothing but time tells of.
        let deadline = if nmis.window && !nmis.blocked {
            now
        } else {
            deadline
        };
        if self.armed != Some(deadline) {
            self.armed = Some(deadline);
            apic::set_wakeup(Some(deadline));
        }
    }

    fn enter(
        &mut self,
        registers: &mut Gprs,
        mut quick: Quick<'_>,
    ) -> Result<Stopped, EntryRefused> {
        if !self.asid_is_set {
            self.set_asid();
        }
        let core = self.on_core.host.core;
        loop {
            self.vcpu.region.enter(core, registers);
            if !self.has_nrip()
                || ExitCode::read(&self.vcpu.region) != ExitCode::CPUID
                || self.get(Register::Rflags) & rflags::TF != 0
                || self.blocking() & !interruptibility::NMI != 0
                || !quick.cpuid(registers)
            {
                return Ok(Stopped::Exited);
            }
            // The timer that bounds the entry runs on.
            let next = self.read(Field::NRIP);
            self.set(Register::Rip, next);
        }
    }

    fn broken_rule(&self) -> Option<String> {
        checks::check(&self.vcpu.region, &self.machine.processor)
            .err()
            .map(|violation| violation.to_string())
    }

    fn describe_exit(&self) -> String {
        format!(
            "exit {:?} information {:#x} {:#x}",
            ExitCode::read(&self.vcpu.region),
            self.read(Field::EXITINFO1),
            self.read(Field::EXITINFO2)
        )
    }
}
