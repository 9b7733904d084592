//! The five control words of a VMCS (SDM Vol. 3C §25.6 to §25.8), and their negotiation: what the hypervisor needs,
//! what it likes, and what must be off, held against what [`Capabilities`] offers. A bit that nobody asked for is 0,
//! or 1 where the processor fixes it to 1.

use crate::capabilities::{Allowed, Capabilities};
use bitflags::bitflags;
use core::fmt;

macro_rules! control_word {
    ($(#[$doc:meta])* $word:ident { $($flag:ident = $bit:literal, $sdm:literal;)* }) => {
        bitflags! {
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
            pub struct $word: u32 {
                $(
                    #[doc = concat!("“", $sdm, "”, bit ", stringify!($bit), ".")]
                    const $flag = 1 << $bit;
                )*
                // Bits that the processor fixes and that have no name here are kept.
                const _ = !0;
            }
        }

        impl $word {
            /// The bits that have a name.
            pub const NAMED: Self = Self::from_bits_retain(0 $(| 1 << $bit)*);

            /// The SDM's name of the control at a bit of the word, if it has one.
            #[must_use]
            pub const fn name_of(bit: u8) -> Option<&'static str> {
                match bit {
                    $($bit => Some($sdm),)*
                    _ => None,
                }
            }
        }
    };
}

control_word! {
    /// Pin-based VM-execution controls (SDM Vol. 3C §25.6.1).
    PinBased {
        EXTERNAL_INTERRUPT_EXITING = 0, "external-interrupt exiting";
        NMI_EXITING = 3, "NMI exiting";
        VIRTUAL_NMIS = 5, "virtual NMIs";
        ACTIVATE_VMX_PREEMPTION_TIMER = 6, "activate VMX-preemption timer";
        PROCESS_POSTED_INTERRUPTS = 7, "process posted interrupts";
    }
}

control_word! {
    /// Primary processor-based VM-execution controls (SDM Vol. 3C §25.6.2).
    PrimaryProcessorBased {
        INTERRUPT_WINDOW_EXITING = 2, "interrupt-window exiting";
        USE_TSC_OFFSETTING = 3, "use TSC offsetting";
        HLT_EXITING = 7, "HLT exiting";
        INVLPG_EXITING = 9, "INVLPG exiting";
        MWAIT_EXITING = 10, "MWAIT exiting";
        RDPMC_EXITING = 11, "RDPMC exiting";
        RDTSC_EXITING = 12, "RDTSC exiting";
        CR3_LOAD_EXITING = 15, "CR3-load exiting";
        CR3_STORE_EXITING = 16, "CR3-store exiting";
        ACTIVATE_TERTIARY_CONTROLS = 17, "activate tertiary controls";
        CR8_LOAD_EXITING = 19, "CR8-load exiting";
        CR8_STORE_EXITING = 20, "CR8-store exiting";
        USE_TPR_SHADOW = 21, "use TPR shadow";
        NMI_WINDOW_EXITING = 22, "NMI-window exiting";
        MOV_DR_EXITING = 23, "MOV-DR exiting";
        UNCONDITIONAL_IO_EXITING = 24, "unconditional I/O exiting";
        USE_IO_BITMAPS = 25, "use I/O bitmaps";
        MONITOR_TRAP_FLAG = 27, "monitor trap flag";
        USE_MSR_BITMAPS = 28, "use MSR bitmaps";
        MONITOR_EXITING = 29, "MONITOR exiting";
        PAUSE_EXITING = 30, "PAUSE exiting";
        ACTIVATE_SECONDARY_CONTROLS = 31, "activate secondary controls";
    }
}

control_word! {
    /// Secondary processor-based VM-execution controls (SDM Vol. 3C §25.6.2).
    SecondaryProcessorBased {
        VIRTUALIZE_APIC_ACCESSES = 0, "virtualize APIC accesses";
        ENABLE_EPT = 1, "enable EPT";
        DESCRIPTOR_TABLE_EXITING = 2, "descriptor-table exiting";
        ENABLE_RDTSCP = 3, "enable RDTSCP";
        VIRTUALIZE_X2APIC_MODE = 4, "virtualize x2APIC mode";
        ENABLE_VPID = 5, "enable VPID";
        WBINVD_EXITING = 6, "WBINVD exiting";
        UNRESTRICTED_GUEST = 7, "unrestricted guest";
        APIC_REGISTER_VIRTUALIZATION = 8, "APIC-register virtualization";
        VIRTUAL_INTERRUPT_DELIVERY = 9, "virtual-interrupt delivery";
        PAUSE_LOOP_EXITING = 10, "PAUSE-loop exiting";
        RDRAND_EXITING = 11, "RDRAND exiting";
        ENABLE_INVPCID = 12, "enable INVPCID";
        ENABLE_VM_FUNCTIONS = 13, "enable VM functions";
        VMCS_SHADOWING = 14, "VMCS shadowing";
        ENABLE_ENCLS_EXITING = 15, "enable ENCLS exiting";
        RDSEED_EXITING = 16, "RDSEED exiting";
        ENABLE_PML = 17, "enable PML";
        EPT_VIOLATION_VE = 18, "EPT-violation #VE";
        CONCEAL_VMX_FROM_PT = 19, "conceal VMX from PT";
        ENABLE_XSAVES_XRSTORS = 20, "enable XSAVES/XRSTORS";
        PASID_TRANSLATION = 21, "PASID translation";
        MODE_BASED_EXECUTE_CONTROL = 22, "mode-based execute control for EPT";
        SUB_PAGE_WRITE_PERMISSIONS = 23, "sub-page write permissions for EPT";
        PT_USES_GUEST_PHYSICAL_ADDRESSES = 24, "Intel PT uses guest physical addresses";
        USE_TSC_SCALING = 25, "use TSC scaling";
        ENABLE_USER_WAIT_AND_PAUSE = 26, "enable user wait and pause";
        ENABLE_PCONFIG = 27, "enable PCONFIG";
        ENABLE_ENCLV_EXITING = 28, "enable ENCLV exiting";
        VMM_BUS_LOCK_DETECTION = 30, "VMM bus-lock detection";
        INSTRUCTION_TIMEOUT = 31, "instruction timeout";
    }
}

control_word! {
    /// Primary VM-exit controls (SDM Vol. 3C §25.7.1).
    VmExit {
        SAVE_DEBUG_CONTROLS = 2, "save debug controls";
        HOST_ADDRESS_SPACE_SIZE = 9, "host address-space size";
        LOAD_IA32_PERF_GLOBAL_CTRL = 12, "load IA32_PERF_GLOBAL_CTRL";
        ACKNOWLEDGE_INTERRUPT_ON_EXIT = 15, "acknowledge interrupt on exit";
        SAVE_IA32_PAT = 18, "save IA32_PAT";
        LOAD_IA32_PAT = 19, "load IA32_PAT";
        SAVE_IA32_EFER = 20, "save IA32_EFER";
        LOAD_IA32_EFER = 21, "load IA32_EFER";
        SAVE_VMX_PREEMPTION_TIMER_VALUE = 22, "save VMX-preemption timer value";
        CLEAR_IA32_BNDCFGS = 23, "clear IA32_BNDCFGS";
        CONCEAL_VMX_FROM_PT = 24, "conceal VMX from PT";
        CLEAR_IA32_RTIT_CTL = 25, "clear IA32_RTIT_CTL";
        CLEAR_IA32_LBR_CTL = 26, "clear IA32_LBR_CTL";
        CLEAR_UINV = 27, "clear UINV";
        LOAD_CET_STATE = 28, "load CET state";
        LOAD_PKRS = 29, "load PKRS";
        SAVE_IA32_PERF_GLOBAL_CTRL = 30, "save IA32_PERF_GLOBAL_CTL";
        ACTIVATE_SECONDARY_CONTROLS = 31, "activate secondary controls";
    }
}

control_word! {
    /// VM-entry controls (SDM Vol. 3C §25.8.1).
    VmEntry {
        LOAD_DEBUG_CONTROLS = 2, "load debug controls";
        IA32E_MODE_GUEST = 9, "IA-32e mode guest";
        ENTRY_TO_SMM = 10, "entry to SMM";
        DEACTIVATE_DUAL_MONITOR_TREATMENT = 11, "deactivate dual-monitor treatment";
        LOAD_IA32_PERF_GLOBAL_CTRL = 13, "load IA32_PERF_GLOBAL_CTRL";
        LOAD_IA32_PAT = 14, "load IA32_PAT";
        LOAD_IA32_EFER = 15, "load IA32_EFER";
        LOAD_IA32_BNDCFGS = 16, "load IA32_BNDCFGS";
        CONCEAL_VMX_FROM_PT = 17, "conceal VMX from PT";
        LOAD_IA32_RTIT_CTL = 18, "load IA32_RTIT_CTL";
        LOAD_UINV = 19, "load UINV";
        LOAD_CET_STATE = 20, "load CET state";
        LOAD_GUEST_IA32_LBR_CTL = 21, "load guest IA32_LBR_CTL";
        LOAD_PKRS = 22, "load PKRS";
    }
}

/// The five control words as they are written into a VMCS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Controls {
    /// Pin-based VM-execution controls.
    pub pin: PinBased,
    /// Primary processor-based VM-execution controls.
    pub primary: PrimaryProcessorBased,
    /// Secondary processor-based VM-execution controls.
    pub secondary: SecondaryProcessorBased,
    /// VM-exit controls.
    pub exit: VmExit,
    /// VM-entry controls.
    pub entry: VmEntry,
}

impl Controls {
    /// A word's bits, so that one loop serves all five.
    const fn word(&self, word: Word) -> u32 {
        match word {
            Word::Pin => self.pin.bits(),
            Word::Primary => self.primary.bits(),
            Word::Secondary => self.secondary.bits(),
            Word::Exit => self.exit.bits(),
            Word::Entry => self.entry.bits(),
        }
    }
}

/// One of the five control words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Pin-based VM-execution controls.
    Pin,
    /// Primary processor-based VM-execution controls.
    Primary,
    /// Secondary processor-based VM-execution controls.
    Secondary,
    /// VM-exit controls.
    Exit,
    /// VM-entry controls.
    Entry,
}

impl Word {
    /// All five, in the order in which they are negotiated.
    pub const ALL: [Self; 5] = [
        Self::Pin,
        Self::Primary,
        Self::Secondary,
        Self::Exit,
        Self::Entry,
    ];

    /// What `capabilities` allow in this word.
    #[must_use]
    pub const fn allowed(self, capabilities: &Capabilities) -> Allowed {
        match self {
            Self::Pin => capabilities.pin,
            Self::Primary => capabilities.primary,
            Self::Secondary => capabilities.secondary,
            Self::Exit => capabilities.exit,
            Self::Entry => capabilities.entry,
        }
    }

    /// The SDM's name of the control at a bit.
    #[must_use]
    pub const fn name_of(self, bit: u8) -> Option<&'static str> {
        match self {
            Self::Pin => PinBased::name_of(bit),
            Self::Primary => PrimaryProcessorBased::name_of(bit),
            Self::Secondary => SecondaryProcessorBased::name_of(bit),
            Self::Exit => VmExit::name_of(bit),
            Self::Entry => VmEntry::name_of(bit),
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pin => "pin-based control",
            Self::Primary => "primary processor-based control",
            Self::Secondary => "secondary processor-based control",
            Self::Exit => "VM-exit control",
            Self::Entry => "VM-entry control",
        })
    }
}

/// What a hypervisor asks of the control words. What is in none of the four sets is left as the processor fixes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Must be on.
    pub required: Controls,
    /// On where the processor can.
    pub optional: Controls,
    /// Must be off.
    pub off: Controls,
    /// Off at first and switched while the vCPU lives: must be free to be 0 and 1.
    pub switched: Controls,
}

impl Wanted {
    /// What Isthmus runs on: guests that start in real mode under EPT, that own their CR3, TSC and debug registers,
    /// and whose every interrupt, port and MSR is the hypervisor's to decide.
    #[must_use]
    pub const fn isthmus() -> Self {
        Self {
            required: Self::REQUIRED,
            optional: Self::OPTIONAL,
            off: Self::OFF,
            switched: Self::SWITCHED,
        }
    }

    const REQUIRED: Controls = Controls {
        pin: PinBased::EXTERNAL_INTERRUPT_EXITING
            .union(PinBased::NMI_EXITING)
            .union(PinBased::VIRTUAL_NMIS)
            .union(PinBased::ACTIVATE_VMX_PREEMPTION_TIMER),
        primary: PrimaryProcessorBased::HLT_EXITING
            .union(PrimaryProcessorBased::USE_TSC_OFFSETTING)
            .union(PrimaryProcessorBased::RDPMC_EXITING)
            .union(PrimaryProcessorBased::MWAIT_EXITING)
            .union(PrimaryProcessorBased::MONITOR_EXITING)
            .union(PrimaryProcessorBased::USE_IO_BITMAPS)
            .union(PrimaryProcessorBased::USE_MSR_BITMAPS)
            .union(PrimaryProcessorBased::ACTIVATE_SECONDARY_CONTROLS),
        secondary: SecondaryProcessorBased::ENABLE_EPT
            .union(SecondaryProcessorBased::UNRESTRICTED_GUEST),
        exit: VmExit::HOST_ADDRESS_SPACE_SIZE
            .union(VmExit::ACKNOWLEDGE_INTERRUPT_ON_EXIT)
            .union(VmExit::SAVE_DEBUG_CONTROLS)
            .union(VmExit::SAVE_IA32_PAT)
            .union(VmExit::LOAD_IA32_PAT)
            .union(VmExit::SAVE_IA32_EFER)
            .union(VmExit::LOAD_IA32_EFER),
        entry: VmEntry::LOAD_DEBUG_CONTROLS
            .union(VmEntry::LOAD_IA32_PAT)
            .union(VmEntry::LOAD_IA32_EFER),
    };

    const OPTIONAL: Controls = Controls {
        pin: PinBased::empty(),
        primary: PrimaryProcessorBased::USE_TPR_SHADOW,
        secondary: SecondaryProcessorBased::ENABLE_VPID
            .union(SecondaryProcessorBased::ENABLE_RDTSCP)
            .union(SecondaryProcessorBased::ENABLE_INVPCID)
            .union(SecondaryProcessorBased::WBINVD_EXITING)
            .union(SecondaryProcessorBased::PAUSE_LOOP_EXITING),
        exit: VmExit::empty(),
        entry: VmEntry::empty(),
    };

    const OFF: Controls = Controls {
        pin: PinBased::empty(),
        primary: PrimaryProcessorBased::MOV_DR_EXITING
            .union(PrimaryProcessorBased::CR3_LOAD_EXITING)
            .union(PrimaryProcessorBased::CR3_STORE_EXITING)
            .union(PrimaryProcessorBased::INVLPG_EXITING)
            .union(PrimaryProcessorBased::RDTSC_EXITING)
            .union(PrimaryProcessorBased::PAUSE_EXITING)
            .union(PrimaryProcessorBased::MONITOR_TRAP_FLAG),
        secondary: SecondaryProcessorBased::DESCRIPTOR_TABLE_EXITING
            .union(SecondaryProcessorBased::ENABLE_XSAVES_XRSTORS)
            .union(SecondaryProcessorBased::ENABLE_VM_FUNCTIONS),
        exit: VmExit::SAVE_VMX_PREEMPTION_TIMER_VALUE,
        entry: VmEntry::ENTRY_TO_SMM.union(VmEntry::DEACTIVATE_DUAL_MONITOR_TREATMENT),
    };

    const SWITCHED: Controls = Controls {
        pin: PinBased::empty(),
        primary: PrimaryProcessorBased::INTERRUPT_WINDOW_EXITING
            .union(PrimaryProcessorBased::NMI_WINDOW_EXITING),
        secondary: SecondaryProcessorBased::empty(),
        exit: VmExit::empty(),
        entry: VmEntry::IA32E_MODE_GUEST,
    };

    /// Adds or takes away the wish for the hardware's help with the local APIC: the APIC-access page, APIC-register
    /// virtualization and virtual-interrupt delivery. "Virtualize x2APIC mode" stays off at first, for it excludes
    /// the APIC-access page (SDM Vol. 3C §27.2.1.1); it replaces that once a guest turns x2APIC on, where
    /// [`Capabilities`] allow it.
    #[must_use]
    pub const fn with_apic_virtualization(mut self, on: bool) -> Self {
        let help = SecondaryProcessorBased::VIRTUALIZE_APIC_ACCESSES
            .union(SecondaryProcessorBased::APIC_REGISTER_VIRTUALIZATION)
            .union(SecondaryProcessorBased::VIRTUAL_INTERRUPT_DELIVERY);
        self.optional.secondary = if on {
            self.optional.secondary.union(help)
        } else {
            self.optional.secondary.difference(help)
        };
        self
    }

    /// Everything that `capabilities` lack, for a report; [`negotiate`] fails with the first of it.
    pub fn missing(&self, capabilities: &Capabilities) -> impl Iterator<Item = Missing> {
        let (wanted, capabilities) = (self.resolve(capabilities), *capabilities);
        Word::ALL.into_iter().flat_map(move |word| {
            let allowed = word.allowed(&capabilities);
            let on = wanted.required.word(word) | wanted.switched.word(word);
            let off = wanted.off.word(word) | wanted.switched.word(word);
            (0u8..32).filter_map(move |bit| {
                let flag = 1 << bit;
                let fault = match () {
                    () if on & flag != 0 && !allowed.can_set(flag) => Fault::FixedTo0,
                    () if off & flag != 0 && !allowed.can_clear(flag) => Fault::FixedTo1,
                    () => return None,
                };
                Some(Missing { word, bit, fault })
            })
        })
    }

    /// The wishes with what hangs on others settled. Without "use TPR shadow" CR8 must exit, and the APIC controls that
    /// use the virtual-APIC page must be off (SDM Vol. 3C §27.2.1.1). VPIDs whose translations could not be
    /// invalidated by context are not taken.
    fn resolve(mut self, capabilities: &Capabilities) -> Self {
        let shadow = PrimaryProcessorBased::USE_TPR_SHADOW;
        let asked = (self.required.primary | self.optional.primary).contains(shadow);
        let cr8 =
            PrimaryProcessorBased::CR8_LOAD_EXITING | PrimaryProcessorBased::CR8_STORE_EXITING;
        if asked && capabilities.primary.can_set(shadow.bits()) {
            self.off.primary |= cr8;
        } else {
            self.required.primary |= cr8;
            self.optional.secondary -= SecondaryProcessorBased::VIRTUALIZE_X2APIC_MODE
                | SecondaryProcessorBased::APIC_REGISTER_VIRTUALIZATION
                | SecondaryProcessorBased::VIRTUAL_INTERRUPT_DELIVERY;
        }
        let ept_vpid = capabilities.ept_vpid;
        let by_context = ept_vpid.invvpid_single() || ept_vpid.invvpid_all();
        if !(ept_vpid.invvpid() && by_context) {
            self.optional.secondary -= SecondaryProcessorBased::ENABLE_VPID;
        }
        self
    }
}

/// Why a control cannot be as it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It must be on and the processor does not offer it.
    FixedTo0,
    /// It must be off and the processor fixes it on.
    FixedTo1,
}

/// A control that the processor does not let be as the hypervisor needs it. The processor's lack, nobody's mistake;
/// another processor, or nested virtualization that passes on more, helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The word in which the control is.
    pub word: Word,
    /// Its bit, 0 to 31.
    pub bit: u8,
    /// What is wrong with it.
    pub fault: Fault,
}

impl Missing {
    /// The SDM's name of the control.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.word.name_of(self.bit) {
            Some(name) => name,
            None => "reserved",
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.fault {
            Fault::FixedTo0 => "cannot be turned on",
            Fault::FixedTo1 => "cannot be turned off",
        };
        write!(
            f,
            "{} \"{}\" (bit {}) {state}",
            self.word,
            self.name(),
            self.bit
        )
    }
}

impl core::error::Error for Missing {}

/// Settles the control words: everything required on, everything optional that the processor offers, all else off
/// but for what it fixes to 1.
///
/// # Errors
/// [`Missing`], the first control that cannot be as it must.
pub fn negotiate(capabilities: &Capabilities, wanted: &Wanted) -> Result<Controls, Missing> {
    if let Some(missing) = wanted.missing(capabilities).next() {
        return Err(missing);
    }
    let wanted = wanted.resolve(capabilities);
    let word = |word: Word| {
        let allowed = word.allowed(capabilities);
        let unwanted = wanted.off.word(word) | wanted.switched.word(word);
        let optional = wanted.optional.word(word) & !unwanted & allowed.may_be_1();
        wanted.required.word(word) | optional | allowed.must_be_1()
    };
    Ok(Controls {
        pin: PinBased::from_bits_retain(word(Word::Pin)),
        primary: PrimaryProcessorBased::from_bits_retain(word(Word::Primary)),
        secondary: SecondaryProcessorBased::from_bits_retain(word(Word::Secondary)),
        exit: VmExit::from_bits_retain(word(Word::Exit)),
        entry: VmEntry::from_bits_retain(word(Word::Entry)),
    })
}
#[cfg(test)]
mod tests;
