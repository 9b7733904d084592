//! The rules by name, with the section of APM Vol. 2 where each is written, and how a breach of one reads.

use crate::field::Field;
use core::fmt;

macro_rules! rules {
    ($($refused:literal { $($section:literal $name:ident: $text:literal,)* })*) => {
        /// A rule of VMRUN. The text says what is wrong when it is broken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(
                #[doc = concat!("§", $section, ": ", $text, ".")]
                $name,
            )*)*
        }

        impl Rule {
            /// All rules: first those that VMRUN checks.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)*)*];

            /// The section of APM Vol. 2 that speaks of it.
            #[must_use]
            pub const fn section(self) -> &'static str {
                match self { $($(Self::$name => $section,)*)* }
            }

            /// What is wrong.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $($(Self::$name => $text,)*)* }
            }

            /// Whether VMRUN refuses the VMCB with VMEXIT_INVALID. If not, the guest runs, and not as anyone meant.
            #[must_use]
            pub const fn is_refused(self) -> bool {
                match self { $($(Self::$name)|* => $refused,)* }
            }
        }
    };
}

rules! {
    true {
        "15.5.1" EferSvmeClear: "EFER.SVME is clear",
        "15.5.1" Cr0CacheControl: "CR0.NW is set with CR0.CD clear",
        "15.5.1" Cr0High: "CR0: bits 63:32 set",
        "15.5.1" Cr3Reserved: "CR3: bits beyond the physical-address width set",
        "15.5.1" Cr4Reserved: "CR4: a bit that the processor lacks",
        "15.5.1" Dr6High: "DR6: bits 63:32 set",
        "15.5.1" Dr7High: "DR7: bits 63:32 set",
        "15.5.1" EferReserved: "EFER: a bit that the processor lacks",
        "15.5.1" LongModeUnsupported: "EFER.LME or LMA on a processor without long mode",
        "15.5.1" LongModeWithoutPae: "EFER.LME and CR0.PG with CR4.PAE clear",
        "15.5.1" LongModeWithoutProtection: "EFER.LME and CR0.PG with CR0.PE clear",
        "15.5.1" LongModeCodeSize: "CS.L and CS.D both set in long mode",
        "15.5.1" VmrunNotIntercepted: "VMRUN is not intercepted",
        "15.5.1" PermissionMapWidth: "MSR or I/O permission map reaches beyond the physical-address width",
        "15.5.1" AsidZero: "ASID is 0, the host's",
        "15.5.1" CetWithoutWp: "CR4.CET with CR0.WP clear",
        "15.5.1" ShadowStackReserved: "S_CET: reserved bits set",
        "15.20" InjectedType: "event to inject: reserved type",
        "15.20" InjectedVector: "event to inject: exception with a vector that is no exception's",
        "15.20" InjectedImpossible: "event to inject: #OF or #BR in 64-bit mode",
        "15.21.10" VirtualNmiWithoutIntercept: "virtual NMI with NMIs not intercepted",
        "15.25.3" NestedPagingUnsupported: "nested paging on a processor without it",
        "15.25.4" NestedCr3Reserved: "N_CR3: bits beyond the physical-address width set",
        "15.25.4" GuestPat: "G_PAT: a memory type is reserved",
        "15.29.4" X2avicWithoutAvic: "x2AVIC without AVIC",
    }
    false {
        "15.29.4" AvicWithoutNestedPaging: "AVIC without nested paging",
        "15.9" InterceptMissing: "an intercept is missing without which the guest reaches the host",
        "15.25.3" NestedPagingOff: "nested paging is off, so the guest would address the host's memory",
        "15.21.1" InterruptsNotMasked: "V_INTR_MASKING is clear, so the guest's RFLAGS.IF would mask the host's interrupts",
        "15.4" FeatureMissing: "a control is on for a feature that the processor lacks",
        "15.16.1" TlbControl: "TLB_CONTROL: a value that the processor does not know",
        "15.16" AsidBeyond: "ASID above the processor's highest",
        "15.21.5" InterruptShadow: "interrupt shadow: reserved bits set",
        "15.5.1" PrivilegeLevel: "CPL is none, or not the mode's",
        "15.20" InjectedErrorCode: "event to inject: error code missing, or with an event that has none",
    }
}

/// A broken rule and the field that breaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The field that breaks it, or one of several that do together.
    pub field: Field,
    /// The field's value.
    pub value: u64,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "APM {}: {} ({} = {:#x})",
            self.rule.section(),
            self.rule.text(),
            self.field,
            self.value
        )
    }
}

impl core::error::Error for Violation {}
