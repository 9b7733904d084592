//! What the processor offers of SVM: CPUID leaf 8000000AH and the VM_CR register (APM Vol. 2 §15.4, §15.30.1; Vol. 3
//! Appendix E). Features are asked for, never assumed: emulators lack many that every real processor has.
//! Neighbours: [`crate::preflight`] for the report, [`msr`] for the registers of SVM.

use bitfield_struct::bitfield;
use bitflags::bitflags;

/// The model-specific registers that SVM adds, and those it shares (APM Vol. 2 §15.30, Appendix A).
pub mod msr {
    use isthmus_abi::Msr;

    /// EFER; its bit 12, SVME, turns SVM on.
    pub const EFER: Msr = Msr(0xc000_0080);
    /// TSC_RATIO: the guest's TSC rate over the host's, fixed point 8.32.
    pub const TSC_RATIO: Msr = Msr(0xc000_0104);
    /// VM_CR: see [`super::VmCr`].
    pub const VM_CR: Msr = Msr(0xc001_0114);
    /// IGNNE: the state of the processor's IGNNE signal.
    pub const IGNNE: Msr = Msr(0xc001_0115);
    /// SMM_CTL: entering and leaving SMM by hand.
    pub const SMM_CTL: Msr = Msr(0xc001_0116);
    /// VM_HSAVE_PA: the page in which VMRUN keeps the host's state.
    pub const VM_HSAVE_PA: Msr = Msr(0xc001_0117);
    /// SVM_KEY: unlocks VM_CR where it was locked with a key.
    pub const SVM_KEY: Msr = Msr(0xc001_0118);
}

bitflags! {
    /// CPUID leaf 8000000AH, EDX.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Features: u32 {
        /// NP: nested paging.
        const NESTED_PAGING = 1 << 0;
        /// LbrVirt: last-branch registers and DBGCTL of the guest's own.
        const LBR_VIRTUALIZATION = 1 << 1;
        /// SVML: VM_CR can be locked with a key.
        const SVM_LOCK = 1 << 2;
        /// NRIPS: the next RIP is saved at #VMEXIT, and used for injected software interrupts.
        const NRIP_SAVE = 1 << 3;
        /// TscRateMsr: [`msr::TSC_RATIO`].
        const TSC_RATE_MSR = 1 << 4;
        /// VmcbClean: [`crate::control::Clean`].
        const VMCB_CLEAN = 1 << 5;
        /// FlushByAsid: [`crate::control::TlbControl::Guest`].
        const FLUSH_BY_ASID = 1 << 6;
        /// DecodeAssists: operands and instruction bytes in the VMCB.
        const DECODE_ASSISTS = 1 << 7;
        /// PmcVirt: performance counters of the guest's own.
        const PMC_VIRTUALIZATION = 1 << 8;
        /// PauseFilter: only many PAUSEs exit.
        const PAUSE_FILTER = 1 << 10;
        /// PauseFilterThreshold: only many PAUSEs close together exit.
        const PAUSE_FILTER_THRESHOLD = 1 << 12;
        /// AVIC: local APICs in hardware.
        const AVIC = 1 << 13;
        /// VMSAVEvirt: VMLOAD and VMSAVE in guests.
        const VIRTUAL_VMLOAD_VMSAVE = 1 << 15;
        /// VGIF: a global interrupt flag of the guest's own.
        const VGIF = 1 << 16;
        /// GMET: guest mode execute trap.
        const GMET = 1 << 17;
        /// x2AVIC.
        const X2AVIC = 1 << 18;
        /// SSSCheck: supervisor shadow-stack checks in nested tables.
        const SHADOW_STACK_CHECK = 1 << 19;
        /// SpecCtrl: SPEC_CTRL of the guest's own.
        const SPEC_CTRL = 1 << 20;
        /// ROGPT: read-only nested pages for the guest's page tables.
        const READ_ONLY_GUEST_TABLES = 1 << 21;
        /// HOST_MCE_OVERRIDE: machine checks in a guest exit whatever its CR4.MCE.
        const HOST_MCE_OVERRIDE = 1 << 23;
        /// TlbiCtl: INVLPGB and TLBSYNC in guests.
        const TLBI_CONTROL = 1 << 24;
        /// VNMI: NMIs and their masking of the guest's own.
        const VNMI = 1 << 25;
        /// IbsVirt: instruction-based sampling of the guest's own.
        const IBS_VIRTUALIZATION = 1 << 26;
        /// ExtLvtAvicAccessChg: AVIC with the extended local vector table.
        const EXTENDED_LVT_AVIC = 1 << 27;
        /// NestedVirtVmcbAddrChk: addresses that VMRUN, VMLOAD and VMSAVE get from a guest are checked first.
        const VMCB_ADDRESS_CHECK = 1 << 28;
        /// BusLockThreshold: bus locks exit after a count.
        const BUS_LOCK_THRESHOLD = 1 << 29;
        /// IdleHltIntercept: HLT exits only with no virtual interrupt pending.
        const IDLE_HLT_INTERCEPT = 1 << 30;
        /// EnhancedShutdownIntercept: intercepted shutdowns leave the state as it was.
        const ENHANCED_SHUTDOWN_INTERCEPT = 1 << 31;
    }
}

/// The VM_CR register (§15.30.1).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct VmCr {
    /// DPD: the debug port is off.
    pub dpd: bool,
    /// R_INIT: INIT becomes a #SX exception that can be intercepted.
    pub r_init: bool,
    /// DIS_A20M: A20 masking is off.
    pub disable_a20m: bool,
    /// LOCK: this bit and `svm_disabled` cannot be changed, or only with a key.
    pub lock: bool,
    /// SVMDIS: EFER.SVME cannot be set.
    pub svm_disabled: bool,
    #[bits(59)]
    __: u64,
}

/// Whether SVM can be turned on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SvmSwitch {
    /// EFER.SVME may be set.
    Free,
    /// EFER.SVME may be set once VM_CR was written with [`VmCr::svm_disabled`] clear.
    DisabledUnlocked,
    /// Nothing that this hypervisor can do turns it on; with [`Features::SVM_LOCK`] the firmware may hold a key.
    DisabledLocked,
}

impl VmCr {
    /// What stands in the way of EFER.SVME (§15.30.1).
    #[must_use]
    pub const fn switch(self) -> SvmSwitch {
        match (self.svm_disabled(), self.lock()) {
            (false, _) => SvmSwitch::Free,
            (true, false) => SvmSwitch::DisabledUnlocked,
            (true, true) => SvmSwitch::DisabledLocked,
        }
    }
}

/// What one processor offers of SVM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// SVM revision: leaf 8000000AH, EAX bits 7:0; 1 on all processors so far.
    pub revision: u8,
    /// Number of address-space identifiers, the host's 0 included: EBX.
    pub asids: u32,
    /// EDX.
    pub features: Features,
    /// VM_CR.
    pub vm_cr: VmCr,
    /// 1 GiB pages: leaf 80000001H, EDX bit 26.
    pub pages_1g: bool,
}

impl Capabilities {
    /// Asks `cpuid(leaf, subleaf)`, which answers with EAX, EBX, ECX and EDX, and `vm_cr`, which reads that
    /// register. `None` where there is no SVM (leaf 80000001H, ECX bit 2), and then the register is not read: it
    /// may not exist.
    #[must_use]
    pub fn read(
        mut cpuid: impl FnMut(u32, u32) -> [u32; 4],
        vm_cr: impl FnOnce() -> u64,
    ) -> Option<Self> {
        let [highest, ..] = cpuid(0x8000_0000, 0);
        if highest < 0x8000_0001 {
            return None;
        }
        let [_, _, ecx, edx] = cpuid(0x8000_0001, 0);
        if ecx >> 2 & 1 == 0 {
            return None;
        }
        let [eax, asids, _, features] = if highest >= 0x8000_000a {
            cpuid(0x8000_000a, 0)
        } else {
            [0; 4]
        };
        Some(Self {
            revision: eax as u8,
            asids,
            features: Features::from_bits_retain(features),
            vm_cr: VmCr::from_bits(vm_cr()),
            pages_1g: edx >> 26 & 1 != 0,
        })
    }

    /// Whether all of these are there.
    #[must_use]
    pub const fn has(&self, features: Features) -> bool {
        self.features.contains(features)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::processors;

    #[test]
    fn without_svm_nothing_is_read() {
        let none = |leaf, _| match leaf {
            0x8000_0000 => [0x8000_0008, 0, 0, 0],
            0x8000_0001 => [0, 0, 0x121, 0],
            other => panic!("leaf {other:#x}"),
        };
        assert_eq!(Capabilities::read(none, || panic!("VM_CR was read")), None);
        assert_eq!(Capabilities::read(|_, _| [0; 4], || 0), None);
    }

    #[test]
    fn the_leaf_is_taken_apart_as_the_manual_says() {
        let zen = processors::ZEN_1.capabilities();
        assert_eq!((zen.revision, zen.asids, zen.pages_1g), (1, 0x8000, true));
        assert!(zen.has(Features::NESTED_PAGING | Features::NRIP_SAVE | Features::VGIF));
        assert!(!zen.has(Features::VNMI));
        let qemu = processors::QEMU_7_2_TCG.capabilities();
        let offered = Features::NESTED_PAGING | Features::VGIF | Features::VMCB_ADDRESS_CHECK;
        assert_eq!((qemu.features, qemu.asids), (offered, 16));
    }

    #[test]
    fn only_a_lock_keeps_svm_off() {
        let vm_cr = VmCr::new();
        assert_eq!(vm_cr.switch(), SvmSwitch::Free);
        assert_eq!(vm_cr.with_lock(true).switch(), SvmSwitch::Free);
        assert_eq!(VmCr::from_bits(0x10).switch(), SvmSwitch::DisabledUnlocked);
        assert_eq!(VmCr::from_bits(0x18).switch(), SvmSwitch::DisabledLocked);
    }
}
