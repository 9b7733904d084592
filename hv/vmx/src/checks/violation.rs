//! The rules by name, with the section of SDM Vol. 3C where each is written, and how a breach of one reads.

use crate::field::Field;
use crate::segment::Segment;
use core::fmt;

macro_rules! rules {
    ($($section:literal { $($name:ident: $text:literal,)* })*) => {
        /// A rule of VM entry. The text says what is wrong when it is broken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(
                #[doc = concat!("§", $section, ": ", $text, ".")]
                $name,
            )*)*
        }

        impl Rule {
            /// All rules, in the order of the sections.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)*)*];

            /// The section of SDM Vol. 3C in which the rule is written.
            #[must_use]
            pub const fn section(self) -> &'static str {
                match self { $($(Self::$name)|* => $section,)* }
            }

            /// What is wrong.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $($(Self::$name => $text,)*)* }
            }
        }
    };
}

rules! {
    "27.2.1.1" {
        PinBasedControls: "pin-based controls: a bit is not as the processor allows",
        PrimaryControls: "primary processor-based controls: a bit is not as the processor allows",
        SecondaryControls: "secondary processor-based controls: a bit is not as the processor allows",
        TertiaryControls: "tertiary processor-based controls: a bit is not as the processor allows",
        Cr3TargetCount: "more CR3 targets than the processor has",
        ControlAddressAlignment: "address of a structure is not aligned",
        ControlAddressWidth: "address of a structure exceeds the physical-address width",
        TprThresholdReserved: "TPR threshold: bits 31:4 set without virtual-interrupt delivery",
        TprThresholdAboveVirtualTpr: "TPR threshold above the virtual TPR",
        VirtualNmisWithoutNmiExiting: "virtual NMIs without NMI exiting",
        NmiWindowWithoutVirtualNmis: "NMI-window exiting without virtual NMIs",
        ApicControlWithoutTprShadow: "virtualize x2APIC mode, APIC-register virtualization, virtual-interrupt delivery \
            or IPI virtualization without TPR shadow",
        X2apicModeWithApicAccesses: "virtualize x2APIC mode together with virtualize APIC accesses",
        VirtualInterruptsWithoutInterruptExiting: "virtual-interrupt delivery without external-interrupt exiting",
        PostedInterruptsWithoutDelivery: "process posted interrupts without virtual-interrupt delivery",
        PostedInterruptsWithoutAcknowledge: "process posted interrupts without acknowledge interrupt on exit",
        PostedInterruptVector: "posted-interrupt notification vector above 255",
        VpidZero: "VPID is 0 with enable VPID",
        EptPointerMemoryType: "EPT pointer: memory type not supported",
        EptPointerWalkLength: "EPT pointer: page-walk length not supported",
        EptPointerAccessedDirty: "EPT pointer: accessed and dirty flags not supported",
        EptPointerShadowStack: "EPT pointer: supervisor shadow-stack control not supported",
        EptPointerReserved: "EPT pointer: reserved bits set",
        UnrestrictedGuestWithoutEpt: "unrestricted guest without enable EPT",
        ModeBasedExecuteWithoutEpt: "mode-based execute control without enable EPT",
        PmlWithoutEpt: "enable PML without enable EPT",
        SubPagePermissionsWithoutEpt: "sub-page write permissions without enable EPT",
        TraceAddressesWithoutEpt: "Intel PT uses guest physical addresses without enable EPT",
        TraceAddressesWithoutLoad: "Intel PT uses guest physical addresses without load IA32_RTIT_CTL on entry",
        TraceAddressesWithoutClear: "Intel PT uses guest physical addresses without clear IA32_RTIT_CTL on exit",
        PagingControlWithoutEpt: "enable HLAT, EPT paging-write control or guest-paging verification without enable EPT",
        HlatPointerReserved: "HLAT pointer: reserved bits set",
        VmFunctionControls: "VM-function controls: a function that the processor lacks",
        EptpSwitchingWithoutEpt: "EPTP switching without enable EPT",
        TscMultiplierZero: "TSC multiplier is 0 with use TSC scaling",
    }
    "27.2.1.2" {
        ExitControls: "VM-exit controls: a bit is not as the processor allows",
        SecondaryExitControls: "secondary VM-exit controls: a bit is not as the processor allows",
        SaveTimerWithoutTimer: "save VMX-preemption timer value without activate VMX-preemption timer",
        ExitMsrAreaAlignment: "VM-exit MSR area is not 16-byte aligned",
        ExitMsrAreaWidth: "VM-exit MSR area exceeds the physical-address width",
    }
    "27.2.1.3" {
        EntryControls: "VM-entry controls: a bit is not as the processor allows",
        InjectedType: "event to inject: type reserved or not supported",
        InjectedNmiVector: "event to inject: NMI with a vector other than 2",
        InjectedExceptionVector: "event to inject: hardware exception with a vector above 31",
        InjectedOtherEventVector: "event to inject: other event with a vector other than 0",
        InjectedErrorCodeMissing: "event to inject: exception lacks its error code",
        InjectedErrorCodeUnexpected: "event to inject: error code with an event that has none",
        InjectedReserved: "event to inject: reserved bits set",
        InjectedErrorCodeReserved: "error code to inject: bits 31:16 set",
        InjectedInstructionLength: "event to inject: instruction length not 1 to 15 (or 0 where supported)",
        EntryMsrAreaAlignment: "VM-entry MSR-load area is not 16-byte aligned",
        EntryMsrAreaWidth: "VM-entry MSR-load area exceeds the physical-address width",
        SmmControlOutsideSmm: "entry to SMM or deactivate dual-monitor treatment outside SMM",
    }
    "27.2.2" {
        HostCr0: "host CR0: a bit is not as VMX operation needs it",
        HostCr4: "host CR4: a bit is not as VMX operation needs it",
        HostCetWithoutWp: "host CR4.CET without CR0.WP",
        HostCr3: "host CR3: bits beyond the physical-address width set",
        HostSysenter: "host SYSENTER address not canonical",
        HostPerfGlobalCtrl: "host IA32_PERF_GLOBAL_CTRL: reserved bits set",
        HostPat: "host IA32_PAT: a memory type is reserved",
        HostEferReserved: "host IA32_EFER: reserved bits set",
        HostEferMode: "host IA32_EFER: LMA or LME disagrees with host address-space size",
        HostSCetReserved: "host IA32_S_CET: reserved bits set, or both SUPPRESS and TRACKER",
        HostSspAlignment: "host SSP is not 4-byte aligned",
        HostInterruptSspTable: "host interrupt SSP table address not canonical",
        HostPkrs: "host IA32_PKRS: bits 63:32 set",
    }
    "27.2.3" {
        HostSelector: "host selector: RPL or TI not 0",
        HostSelectorNull: "host CS or TR selector is 0",
        HostBase: "host base address not canonical",
    }
    "27.2.4" {
        HostAddressSpaceSize: "host address-space size is 0 in a 64-bit hypervisor",
        HostPae: "host CR4.PAE is 0 with a 64-bit host",
        HostRip: "host RIP not canonical",
        HostSCetCanonical: "host IA32_S_CET not canonical",
        HostSspCanonical: "host SSP not canonical",
    }
    "27.3.1.1" {
        GuestCr0: "guest CR0: a bit is not as VMX operation needs it",
        GuestPagingWithoutProtection: "guest CR0.PG without CR0.PE",
        GuestCr4: "guest CR4: a bit is not as VMX operation needs it",
        GuestCetWithoutWp: "guest CR4.CET without CR0.WP",
        GuestDebugctl: "guest IA32_DEBUGCTL: reserved bits set",
        GuestLongModeWithoutPaging: "IA-32e mode guest without CR0.PG",
        GuestLongModeWithoutPae: "IA-32e mode guest without CR4.PAE",
        GuestPcidOutsideLongMode: "guest CR4.PCIDE outside IA-32e mode",
        GuestCr3: "guest CR3: bits beyond the physical-address width set",
        GuestDr7: "guest DR7: bits 63:32 set",
        GuestSysenter: "guest SYSENTER address not canonical",
        GuestPerfGlobalCtrl: "guest IA32_PERF_GLOBAL_CTRL: reserved bits set",
        GuestPat: "guest IA32_PAT: a memory type is reserved",
        GuestEferReserved: "guest IA32_EFER: reserved bits set",
        GuestEferLma: "guest IA32_EFER: LMA disagrees with IA-32e mode guest",
        GuestEferLme: "guest IA32_EFER: LME disagrees with LMA while paging is on",
        GuestBndcfgs: "guest IA32_BNDCFGS: reserved bits set or address not canonical",
        GuestRtitCtl: "guest IA32_RTIT_CTL: reserved bits set",
        GuestSCet: "guest IA32_S_CET: reserved bits set, both SUPPRESS and TRACKER, or not canonical",
        GuestInterruptSspTable: "guest interrupt SSP table address not canonical",
        GuestLbrCtl: "guest IA32_LBR_CTL: reserved bits set",
        GuestPkrs: "guest IA32_PKRS: bits 63:32 set",
        GuestUinv: "guest UINV: bits 15:8 set",
    }
    "27.3.1.2" {
        SelectorTableIndicator: "selects from the local descriptor table",
        StackSelectorPrivilege: "RPL differs from that of CS",
        Virtual8086Base: "not the selector times 16 in virtual-8086 mode",
        Virtual8086Limit: "not FFFFH in virtual-8086 mode",
        Virtual8086Rights: "not F3H in virtual-8086 mode",
        BaseCanonical: "not canonical",
        BaseWidth: "bits 63:32 set",
        CodeType: "type is not accessed code (or, with unrestricted guest, 3)",
        StackType: "type is not 3 or 7",
        DataType: "type is not accessed, or code that cannot be read",
        NotCodeOrData: "S is 0",
        DataCodePrivilege: "CS of type 3 with a DPL other than 0",
        NonConformingPrivilege: "DPL of non-conforming CS differs from that of SS",
        ConformingPrivilege: "DPL of conforming CS above that of SS",
        StackPrivilege: "DPL of SS differs from its RPL",
        StackPrivilegeReal: "DPL of SS not 0 in real mode or with CS of type 3",
        DataPrivilege: "DPL below the selector's RPL",
        NotPresent: "P is 0",
        RightsReserved: "reserved bits set",
        LongAndDefaultBig: "both L and D set in IA-32e mode",
        GranularityOff: "G is 0 with a limit above FFFFFH",
        GranularityOn: "G is 1 with a limit that does not end in FFFH",
        TaskType: "type is not a busy TSS of the guest's mode",
        TaskUnusable: "unusable",
        LocalTableType: "type is not 2",
        NotSystem: "S is 1",
    }
    "27.3.1.3" {
        TableBase: "guest GDTR or IDTR base not canonical",
        TableLimit: "guest GDTR or IDTR limit: bits 31:16 set",
    }
    "27.3.1.4" {
        RipWidth: "guest RIP: bits 63:32 set outside 64-bit mode",
        RipCanonical: "guest RIP: upper bits differ",
        RflagsReserved: "guest RFLAGS: a reserved bit is not as it must be",
        RflagsVirtual8086: "guest RFLAGS.VM in IA-32e mode or without CR0.PE",
        RflagsInterruptFlag: "guest RFLAGS.IF is 0 while an external interrupt is injected",
        SspAlignment: "guest SSP is not 4-byte aligned",
        SspWidth: "guest SSP: bits 63:32 set outside 64-bit mode",
        SspCanonical: "guest SSP: upper bits differ",
    }
    "27.3.1.5" {
        ActivityState: "activity state not supported",
        HaltedPrivilege: "activity state HLT with SS.DPL other than 0",
        InactiveWithBlocking: "activity state not active under blocking by STI or MOV SS",
        InjectedInState: "event to inject: not possible in the activity state",
        InterruptibilityReserved: "interruptibility: reserved bits set",
        BlockingByStiAndMovSs: "interruptibility: blocking by both STI and MOV SS",
        BlockingByStiWithoutIf: "interruptibility: blocking by STI with RFLAGS.IF 0",
        InterruptWhileBlocked: "interruptibility: external interrupt injected under blocking by STI or MOV SS",
        NmiWhileBlockedByMovSs: "interruptibility: NMI injected under blocking by MOV SS",
        NmiWhileBlockedBySti: "interruptibility: NMI injected under blocking by STI, which some processors refuse",
        BlockingBySmi: "interruptibility: blocking by SMI outside SMM",
        NmiWhileBlockedByNmi: "interruptibility: virtual NMI injected under blocking by NMI",
        EnclaveInterruption: "interruptibility: enclave interruption under blocking by MOV SS or without enclaves",
        PendingDebugReserved: "pending debug exceptions: reserved bits set",
        SingleStepMissing: "pending debug exceptions: BS is 0 while a single step is pending",
        SingleStepUnexpected: "pending debug exceptions: BS is 1 while no single step is pending",
        PendingDebugRtm: "pending debug exceptions: RTM with other bits, under blocking by MOV SS, or unsupported",
        LinkPointer: "VMCS link pointer not aligned or exceeds the physical-address width",
    }
    "27.3.1.6" {
        PdpteReserved: "guest PDPTE: reserved bits set",
    }
}

/// A rule that a VMCS breaks, and the field in which it shows. The hypervisor's mistake: it wrote the field, or let
/// a guest steer it further than a processor would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The field; of several that disagree, the one that the rule speaks of.
    pub field: Field,
    /// The field's value.
    pub value: u64,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SDM {}: ", self.rule.section())?;
        if self.rule.section() == "27.3.1.2" {
            write_part(f, self.field)?;
        }
        write!(
            f,
            "{} ({} = {:#x})",
            self.rule.text(),
            self.field,
            self.value
        )
    }
}

impl core::error::Error for Violation {}

/// Which part of which segment register `field` is.
fn write_part(f: &mut fmt::Formatter<'_>, field: Field) -> fmt::Result {
    let names = ["ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"];
    for (segment, name) in Segment::ALL.into_iter().zip(names) {
        let part = match field {
            _ if field == segment.selector() => "selector",
            _ if field == segment.base() => "base",
            _ if field == segment.limit() => "limit",
            _ if field == segment.access_rights() => "access rights",
            _ => continue,
        };
        return write!(f, "guest {name} {part}: ");
    }
    Ok(())
}
