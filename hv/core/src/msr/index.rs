//! The registers known by name (SDM Vol. 4 table 2-2).

use isthmus_abi::Msr;
macro_rules! registers {
    ($($(#[$doc:meta])* $name:ident = $value:literal,)*) => {
        $($(#[$doc])* pub const $name: Msr = Msr($value);)*
    };
}
registers! {
    /// Pentium machine-check address.
    P5_MC_ADDR = 0x0,
    /// Pentium machine-check type.
    P5_MC_TYPE = 0x1,
    /// Time-stamp counter.
    TSC = 0x10,
    /// Platform id, for microcode.
    PLATFORM_ID = 0x17,
    /// APIC base and mode.
    APIC_BASE = 0x1b,
    /// What was added to the TSC by writes.
    TSC_ADJUST = 0x3b,
    /// Microcode update trigger.
    BIOS_UPDT_TRIG = 0x79,
    /// Microcode revision.
    BIOS_SIGN_ID = 0x8b,
    /// Platform information.
    PLATFORM_INFO = 0xce,
    /// MTRR capabilities.
    MTRRCAP = 0xfe,
    /// Feature enables (CPUID faulting, ring-3 MONITOR).
    MISC_FEATURES_ENABLES = 0x140,
    /// Which flaws the processor lacks.
    ARCH_CAPABILITIES = 0x10a,
    /// SYSENTER code segment.
    SYSENTER_CS = 0x174,
    /// SYSENTER stack pointer.
    SYSENTER_ESP = 0x175,
    /// SYSENTER entry.
    SYSENTER_EIP = 0x176,
    /// Machine-check capabilities.
    MCG_CAP = 0x179,
    /// Machine-check status.
    MCG_STATUS = 0x17a,
    /// Miscellaneous enables.
    MISC_ENABLE = 0x1a0,
    /// Debug control.
    DEBUGCTL = 0x1d9,
    /// Page attribute table.
    PAT = 0x277,
    /// Default memory type.
    MTRR_DEF_TYPE = 0x2ff,
    /// Deadline of the local APIC timer.
    TSC_DEADLINE = 0x6e0,
    /// First x2APIC register.
    X2APIC_FIRST = 0x800,
    /// Last x2APIC register.
    X2APIC_LAST = 0x8ff,
    /// Extended feature enables.
    EFER = 0xc000_0080,
    /// SYSCALL segments.
    STAR = 0xc000_0081,
    /// SYSCALL entry, 64-bit.
    LSTAR = 0xc000_0082,
    /// SYSCALL entry, compatibility mode.
    CSTAR = 0xc000_0083,
    /// SYSCALL flag mask.
    SFMASK = 0xc000_0084,
    /// FS base.
    FS_BASE = 0xc000_0100,
    /// GS base.
    GS_BASE = 0xc000_0101,
    /// GS base for SWAPGS.
    KERNEL_GS_BASE = 0xc000_0102,
    /// RDTSCP and RDPID.
    TSC_AUX = 0xc000_0103,
}
