//! The feature bits a guest may see, leaf by leaf: what is not named here is hidden. Source of the numbers: SDM
//! Vol. 2A, CPUID, tables 3-8 and after.

use crate::xstate;

const fn bits(numbers: &[u32]) -> u32 {
    let mut mask = 0;
    let mut at = 0;
    while at < numbers.len() {
        mask |= 1 << numbers[at];
        at += 1;
    }
    mask
}

/// 01H ECX: SSE3, PCLMULQDQ, SSSE3, FMA, CMPXCHG16B, PCID, SSE4.1, SSE4.2, MOVBE, POPCNT, AES, XSAVE, AVX, F16C, RDRAND.
/// Hidden: DTES64, MONITOR, DS-CPL, VMX, SMX, EIST, TM2, SDBG, xTPR, PDCM, DCA.
pub(super) const LEAF_1_ECX: u32 = bits(&[0, 1, 9, 12, 13, 17, 19, 20, 22, 23, 25, 26, 28, 29, 30]);
/// 01H ECX, shown whatever the processor has: x2APIC and TSC-deadline are emulated, and the hypervisor bit is the truth.
pub(super) const LEAF_1_ECX_ALWAYS: u32 = X2APIC | TSC_DEADLINE | HYPERVISOR;
/// 01H EDX: FPU, VME, DE, PSE, TSC, MSR, PAE, MCE, CX8, APIC, SEP, MTRR, PGE, MCA, CMOV, PAT, PSE-36, CLFLUSH, MMX, FXSR,
/// SSE, SSE2, SS. Hidden: PSN, DS, ACPI (thermal control), TM, PBE. HTT follows from the number of vCPUs.
pub(super) const LEAF_1_EDX: u32 = bits(&[
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 19, 23, 24, 25, 26, 27,
]);

pub(super) const FMA: u32 = 1 << 12;
pub(super) const X2APIC: u32 = 1 << 21;
pub(super) const TSC_DEADLINE: u32 = 1 << 24;
pub(super) const XSAVE: u32 = 1 << 26;
pub(super) const OSXSAVE: u32 = 1 << 27;
pub(super) const AVX: u32 = 1 << 28;
pub(super) const F16C: u32 = 1 << 29;
pub(super) const HYPERVISOR: u32 = 1 << 31;
/// 01H EDX.
pub(super) const APIC: u32 = 1 << 9;
pub(super) const HTT: u32 = 1 << 28;

/// 07H.0 EBX: FSGSBASE, BMI1, AVX2, FDP_EXCPTN_ONLY, SMEP, BMI2, ERMS, INVPCID, FPU CS/DS deprecation, AVX512F, AVX512DQ,
/// RDSEED, ADX, SMAP, AVX512_IFMA, CLFLUSHOPT, CLWB, AVX512PF, AVX512ER, AVX512CD, SHA, AVX512BW, AVX512VL.
/// Hidden: SGX, HLE, RTM, RDT, MPX, PT.
pub(super) const LEAF_7_EBX: u32 = bits(&[
    0, 3, 5, 6, 7, 8, 9, 10, 13, 16, 17, 18, 19, 20, 21, 23, 24, 26, 27, 28, 29, 30, 31,
]);
/// 07H.0 EBX, always: IA32_TSC_ADJUST is emulated.
pub(super) const TSC_ADJUST: u32 = 1 << 1;
pub(super) const AVX2: u32 = 1 << 5;
pub(super) const INVPCID: u32 = 1 << 10;
pub(super) const LEAF_7_EBX_AVX512: u32 = bits(&[16, 17, 21, 26, 27, 28, 30, 31]);
/// 07H.0 ECX: PREFETCHWT1, AVX512_VBMI, UMIP, PKU, AVX512_VBMI2, GFNI, VAES, VPCLMULQDQ, AVX512_VNNI, AVX512_BITALG,
/// AVX512_VPOPCNTDQ, RDPID, CLDEMOTE, MOVDIRI, MOVDIR64B. Hidden: WAITPKG, CET, TME, LA57, MAWAU, KL, ENQCMD, SGX_LC, PKS.
pub(super) const LEAF_7_ECX: u32 = bits(&[0, 1, 2, 3, 6, 8, 9, 10, 11, 12, 14, 22, 25, 27, 28]);
pub(super) const PKU: u32 = 1 << 3;
pub(super) const OSPKE: u32 = 1 << 4;
pub(super) const RDPID: u32 = 1 << 22;
pub(super) const LEAF_7_ECX_AVX: u32 = bits(&[9, 10]);
pub(super) const LEAF_7_ECX_AVX512: u32 = bits(&[1, 6, 11, 12, 14]);
/// 07H.0 EDX: AVX512_4VNNIW, AVX512_4FMAPS, FSRM, AVX512_VP2INTERSECT, MD_CLEAR (VERW alone, no register), SERIALIZE.
/// Hidden: UINTR, SRBDS_CTRL, RTM_ALWAYS_ABORT, TSXLDTRK, PCONFIG, LBR, CET_IBT, AMX, and the speculation controls IBRS,
/// STIBP, L1D_FLUSH, CORE_CAPABILITIES, SSBD. ARCH_CAPABILITIES is emulated.
pub(super) const LEAF_7_EDX: u32 = bits(&[2, 3, 4, 8, 10, 14]);
/// 07H.0 EDX: IA32_ARCH_CAPABILITIES.
pub(super) const ARCH_CAPABILITIES: u32 = 1 << 29;
pub(super) const LEAF_7_EDX_AVX512: u32 = bits(&[2, 3, 8]);
/// 07H.1 EAX: AVX-VNNI, AVX512_BF16, and the three fast short string forms.
pub(super) const LEAF_7_1_EAX: u32 = bits(&[4, 5, 10, 11, 12]);
pub(super) const LEAF_7_1_EAX_AVX: u32 = 1 << 4;
pub(super) const LEAF_7_1_EAX_AVX512: u32 = 1 << 5;

/// 06H EAX: ARAT, always: the emulated timer never stops. The rest of the leaf is thermal and power management.
pub(super) const LEAF_6_EAX_ALWAYS: u32 = 1 << 2;
/// 0DH.1 EAX: XSAVEOPT, XSAVEC, XGETBV with ECX 1. Hidden: XSAVES, XFD.
pub(super) const LEAF_D_1_EAX: u32 = bits(&[0, 1, 2]);
pub(super) const XSAVEC: u32 = 1 << 1;

/// 80000001H ECX: LAHF in 64-bit mode, LZCNT, PREFETCHW.
pub(super) const EXTENDED_1_ECX: u32 = bits(&[0, 5, 8]);
/// 80000001H EDX: SYSCALL, execute-disable, 1-GiB pages, RDTSCP, Intel 64.
pub(super) const EXTENDED_1_EDX: u32 = bits(&[11, 20, 26, 27, 29]);
pub(super) const RDTSCP: u32 = 1 << 27;
/// 80000007H EDX: invariant TSC.
pub(super) const EXTENDED_7_EDX_ALWAYS: u32 = 1 << 8;

/// The feature words of leaf 7 that hang on a state component the guest cannot enable.
pub(super) struct Hidden {
    pub(super) leaf_1_ecx: u32,
    pub(super) leaf_7_ebx: u32,
    pub(super) leaf_7_ecx: u32,
    pub(super) leaf_7_edx: u32,
    pub(super) leaf_7_1_eax: u32,
}

/// What to hide from a guest that may enable only `xcr0`.
pub(super) const fn hidden_without(xcr0: u64) -> Hidden {
    let mut hidden = Hidden {
        leaf_1_ecx: 0,
        leaf_7_ebx: 0,
        leaf_7_ecx: 0,
        leaf_7_edx: 0,
        leaf_7_1_eax: 0,
    };
    if xcr0 & xstate::AVX == 0 {
        hidden.leaf_1_ecx |= AVX | FMA | F16C;
        hidden.leaf_7_ebx |= AVX2;
        hidden.leaf_7_ecx |= LEAF_7_ECX_AVX;
        hidden.leaf_7_1_eax |= LEAF_7_1_EAX_AVX;
    }
    if xcr0 & xstate::AVX512 != xstate::AVX512 {
        hidden.leaf_7_ebx |= LEAF_7_EBX_AVX512;
        hidden.leaf_7_ecx |= LEAF_7_ECX_AVX512;
        hidden.leaf_7_edx |= LEAF_7_EDX_AVX512;
        hidden.leaf_7_1_eax |= LEAF_7_1_EAX_AVX512;
    }
    if xcr0 & xstate::PKRU == 0 {
        hidden.leaf_7_ecx |= PKU;
    }
    hidden
}
