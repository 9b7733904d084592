//! The model-specific registers a guest may touch: one table says for each who answers, everything else is #GP(0).
//!
//! Guests choose the register and the value; nothing here reaches hardware, the exit handler performs the returned
//! action. The processor's bitmap of registers comes from the same table. Hidden on purpose: VMX capabilities and IA32_FEATURE_CONTROL, the
//! speculation controls (see [`crate::cpuid`]), performance monitoring, IA32_XSS, machine-check banks. Source: SDM
//! Vol. 4 table 2-2. Neighbours: [`crate::control`] judges EFER, the local APIC its own registers.

pub mod arch_capabilities;
pub mod index;
mod mtrr;

use isthmus_abi::Msr;

use crate::control::{GeneralProtection, is_canonical};
use crate::processor::Register;
pub use mtrr::Mtrrs;

/// Which of the local APIC's MSRs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LapicRegister {
    /// IA32_APIC_BASE.
    Base,
    /// IA32_TSC_DEADLINE.
    TscDeadline,
    /// An x2APIC register by its offset from 800H; the xAPIC's offset is 16 times that (SDM Vol. 3A table 11-6).
    X2apic(u8),
}

/// Who answers for a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MsrClass {
    /// The register itself: it holds the guest's value while the vCPU runs, no exit. The run loop switches it.
    Passthrough,
    /// The processor keeps the guest's value by itself; no exit either.
    PassthroughState(Register),
    /// The processor keeps the guest's value, but writes are judged; reads do not exit.
    State(Register),
    /// The time-stamp counter: reads do not exit, writes move the offset.
    Tsc,
    /// The local APIC.
    Lapic(LapicRegister),
    /// [`MsrState`].
    Emulated,
    /// Nobody: #GP(0).
    Absent,
}

/// The table.
#[must_use]
pub const fn class(msr: Msr) -> MsrClass {
    match msr {
        index::SYSENTER_CS => MsrClass::PassthroughState(Register::SysenterCs),
        index::SYSENTER_ESP => MsrClass::PassthroughState(Register::SysenterEsp),
        index::SYSENTER_EIP => MsrClass::PassthroughState(Register::SysenterEip),
        index::FS_BASE => MsrClass::PassthroughState(Register::FsBase),
        index::GS_BASE => MsrClass::PassthroughState(Register::GsBase),
        index::STAR
        | index::LSTAR
        | index::CSTAR
        | index::SFMASK
        | index::KERNEL_GS_BASE
        | index::TSC_AUX => MsrClass::Passthrough,
        index::EFER => MsrClass::State(Register::Efer),
        index::PAT => MsrClass::State(Register::Pat),
        index::DEBUGCTL => MsrClass::State(Register::Debugctl),
        index::TSC => MsrClass::Tsc,
        index::APIC_BASE => MsrClass::Lapic(LapicRegister::Base),
        index::TSC_DEADLINE => MsrClass::Lapic(LapicRegister::TscDeadline),
        Msr(number @ 0x800..=0x8ff) => MsrClass::Lapic(LapicRegister::X2apic(number as u8)),
        index::P5_MC_ADDR
        | index::P5_MC_TYPE
        | index::PLATFORM_ID
        | index::TSC_ADJUST
        | index::BIOS_UPDT_TRIG
        | index::BIOS_SIGN_ID
        | index::PLATFORM_INFO
        | index::MISC_FEATURES_ENABLES
        | index::MCG_CAP
        | index::MCG_STATUS
        | index::ARCH_CAPABILITIES
        | index::MISC_ENABLE => MsrClass::Emulated,
        _ if mtrr::is_mtrr(msr) => MsrClass::Emulated,
        _ => MsrClass::Absent,
    }
}

/// Registers whose hardware copy holds the guest's value while it runs: the run loop saves and loads them when another
/// vCPU, or the hypervisor's own use of them, comes in between.
pub const SWITCHED: [Msr; 6] = [
    index::STAR,
    index::LSTAR,
    index::CSTAR,
    index::SFMASK,
    index::KERNEL_GS_BASE,
    index::TSC_AUX,
];

/// What RDMSR gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MsrRead {
    /// This value.
    Value(u64),
    /// The value that the processor keeps.
    State(Register),
    /// The physical register's value (reached only if its bitmap bit is set).
    Passthrough(Msr),
    /// The TSC plus the vCPU's offset.
    Tsc,
    /// What the local APIC says, which may be #GP.
    Lapic(LapicRegister),
}

/// What an accepted WRMSR asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MsrWrite {
    /// Done: the state has it, or it has no effect.
    Stored,
    /// Hand the value to the processor.
    State {
        /// Which.
        register: Register,
        /// What.
        value: u64,
    },
    /// Ask [`crate::control::ControlPolicy::write_efer`], then hand it to the processor.
    Efer(u64),
    /// Write the physical register (reached only if its bitmap bit is set).
    Passthrough {
        /// Which.
        msr: Msr,
        /// What, already checked.
        value: u64,
    },
    /// Make the guest's TSC read this now; [`MsrState::write_tsc`] gives the new offset.
    Tsc(u64),
    /// Add this to the vCPU's TSC offset, wrapping.
    TscOffset {
        /// Ticks.
        delta: u64,
    },
    /// Ask the local APIC, which may answer #GP.
    Lapic {
        /// Which.
        register: LapicRegister,
        /// What.
        value: u64,
    },
}

/// IA32_MISC_ENABLE: fast strings on, no branch trace store, no PEBS.
const MISC_ENABLE_RESET: u64 = 1 | 1 << 11 | 1 << 12;
const MISC_ENABLE_WRITABLE: u64 = 1;
/// IA32_DEBUGCTL: single-step on branches. No last-branch records, no traces.
const DEBUGCTL_ALLOWED: u64 = 1 << 1;
const PAT_RESET: u64 = 0x0007_0406_0007_0406;

/// One vCPU's emulated registers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MsrState {
    misc_enable: u64,
    tsc_adjust: u64,
    mcg_status: u64,
    bios_sign_id: u64,
    arch_capabilities: Option<u64>,
    mtrrs: Mtrrs,
}

impl MsrState {
    /// The state after reset. `maxphyaddr` as the guest's CPUID tells it (36 to 52); `microcode` is the value of
    /// IA32_BIOS_SIGN_ID to show, revision in bits 63:32; `arch_capabilities` is [`arch_capabilities::shown`], or `None` for a
    /// guest whose CPUID does not name that register.
    #[must_use]
    pub const fn new(maxphyaddr: u8, microcode: u64, arch_capabilities: Option<u64>) -> Self {
        Self {
            misc_enable: MISC_ENABLE_RESET,
            tsc_adjust: 0,
            mcg_status: 0,
            bios_sign_id: microcode,
            arch_capabilities,
            mtrrs: Mtrrs::new(maxphyaddr),
        }
    }

    /// The memory-type registers, which second-level translation overrides; kept so that guests find what they wrote.
    #[must_use]
    pub const fn mtrrs(&self) -> &Mtrrs {
        &self.mtrrs
    }

    /// IA32_PAT's value after reset (SDM Vol. 3A table 12-12).
    #[must_use]
    pub const fn pat_reset() -> u64 {
        PAT_RESET
    }

    /// RDMSR.
    ///
    /// # Errors
    /// [`GeneralProtection`] for a register this guest does not have, or that cannot be read.
    pub fn read(&self, msr: Msr) -> Result<MsrRead, GeneralProtection> {
        match class(msr) {
            MsrClass::Passthrough => Ok(MsrRead::Passthrough(msr)),
            MsrClass::PassthroughState(register) | MsrClass::State(register) => {
                Ok(MsrRead::State(register))
            }
            MsrClass::Tsc => Ok(MsrRead::Tsc),
            MsrClass::Lapic(register) => Ok(MsrRead::Lapic(register)),
            MsrClass::Emulated => self.read_emulated(msr).map(MsrRead::Value),
            MsrClass::Absent => Err(GeneralProtection),
        }
    }

    fn read_emulated(&self, msr: Msr) -> Result<u64, GeneralProtection> {
        match msr {
            index::TSC_ADJUST => Ok(self.tsc_adjust),
            index::BIOS_SIGN_ID => Ok(self.bios_sign_id),
            index::MISC_ENABLE => Ok(self.misc_enable),
            index::ARCH_CAPABILITIES => self.arch_capabilities.ok_or(GeneralProtection),
            index::MCG_STATUS => Ok(self.mcg_status),
            // No machine-check bank, no platform feature, no feature to enable, platform 0.
            index::MCG_CAP
            | index::PLATFORM_INFO
            | index::MISC_FEATURES_ENABLES
            | index::PLATFORM_ID
            | index::P5_MC_ADDR
            | index::P5_MC_TYPE => Ok(0),
            index::BIOS_UPDT_TRIG => Err(GeneralProtection),
            _ => self.mtrrs.read(msr),
        }
    }

    /// WRMSR.
    ///
    /// # Errors
    /// [`GeneralProtection`] for a register this guest does not have or cannot write, or a value it refuses.
    pub fn write(&mut self, msr: Msr, value: u64) -> Result<MsrWrite, GeneralProtection> {
        match class(msr) {
            MsrClass::Passthrough => {
                check(is_passthrough_value(msr, value))?;
                Ok(MsrWrite::Passthrough { msr, value })
            }
            MsrClass::State(Register::Efer) => Ok(MsrWrite::Efer(value)),
            MsrClass::PassthroughState(register) | MsrClass::State(register) => {
                check(is_state_value(register, value))?;
                Ok(MsrWrite::State { register, value })
            }
            MsrClass::Tsc => Ok(MsrWrite::Tsc(value)),
            MsrClass::Lapic(register) => Ok(MsrWrite::Lapic { register, value }),
            MsrClass::Emulated => self.write_emulated(msr, value),
            MsrClass::Absent => Err(GeneralProtection),
        }
    }

    fn write_emulated(&mut self, msr: Msr, value: u64) -> Result<MsrWrite, GeneralProtection> {
        match msr {
            index::TSC_ADJUST => {
                let delta = value.wrapping_sub(self.tsc_adjust);
                self.tsc_adjust = value;
                return Ok(MsrWrite::TscOffset { delta });
            }
            index::MISC_ENABLE => {
                check((value ^ self.misc_enable) & !MISC_ENABLE_WRITABLE == 0)?;
                self.misc_enable = value;
            }
            index::MCG_STATUS => {
                // Software may only clear it (SDM Vol. 3B §16.3.1.2).
                check(value == 0)?;
                self.mcg_status = 0;
            }
            // A guest writes 0, then executes CPUID, then reads the revision (SDM Vol. 3A §10.11.7).
            index::BIOS_SIGN_ID
            | index::MISC_FEATURES_ENABLES
            | index::P5_MC_ADDR
            | index::P5_MC_TYPE => {
                check(value == 0)?;
            }
            // An update that does not fit is ignored by the processor; none fits here.
            index::BIOS_UPDT_TRIG => {}
            index::MCG_CAP
            | index::PLATFORM_INFO
            | index::PLATFORM_ID
            | index::ARCH_CAPABILITIES => {
                return Err(GeneralProtection);
            }
            _ => self.mtrrs.write(msr, value)?,
        }
        Ok(MsrWrite::Stored)
    }

    /// WRMSR to the TSC with `value`, when the processor's TSC reads `host_tsc` and the vCPU's offset is `offset`: the new
    /// offset. IA32_TSC_ADJUST moves along (SDM Vol. 3B §18.17.3).
    pub const fn write_tsc(&mut self, value: u64, host_tsc: u64, offset: u64) -> u64 {
        let new = value.wrapping_sub(host_tsc);
        self.tsc_adjust = self.tsc_adjust.wrapping_add(new.wrapping_sub(offset));
        new
    }
}

const fn check(accepted: bool) -> Result<(), GeneralProtection> {
    if accepted {
        Ok(())
    } else {
        Err(GeneralProtection)
    }
}

const fn is_passthrough_value(msr: Msr, value: u64) -> bool {
    match msr {
        index::LSTAR | index::CSTAR | index::KERNEL_GS_BASE => is_canonical(value),
        index::SFMASK | index::TSC_AUX => value >> 32 == 0,
        _ => true,
    }
}

fn is_state_value(register: Register, value: u64) -> bool {
    match register {
        Register::SysenterCs => value >> 32 == 0,
        Register::SysenterEsp | Register::SysenterEip | Register::FsBase | Register::GsBase => {
            is_canonical(value)
        }
        Register::Pat => is_pat(value),
        Register::Debugctl => value & !DEBUGCTL_ALLOWED == 0,
        _ => true,
    }
}

/// Whether each of the eight entries is a memory type that PAT knows (SDM Vol. 3A table 12-10).
#[must_use]
pub fn is_pat(value: u64) -> bool {
    value
        .to_le_bytes()
        .iter()
        .all(|entry| matches!(entry, 0 | 1 | 4..=7))
}

/// Whether reads and writes go without an exit, for whoever makes the processor's bitmap.
#[must_use]
pub const fn passes(msr: Msr) -> (bool, bool) {
    match class(msr) {
        MsrClass::Passthrough | MsrClass::PassthroughState(_) => (true, true),
        MsrClass::State(_) | MsrClass::Tsc => (true, false),
        MsrClass::Lapic(_) | MsrClass::Emulated | MsrClass::Absent => (false, false),
    }
}

#[cfg(test)]
mod tests;
