//! The length, and some operands, of the instructions that exit, for processors that save no next RIP and give no
//! decode assists (APM Vol. 2 §15.7.1, §15.8; encodings: APM Vol. 3 §1.2 and Appendix A). Data instructions that
//! touch emulated devices are the business of `hv/x86emu`; none of them is known here, and these are not known there.
//!
//! The bytes belong to a hostile guest, which may have changed them since they were executed: what does not fit the
//! exit is refused, and the caller lets the guest run into the instruction again or answers as if it were undefined.

use crate::exit::{ExitCode, ExitKind};
use crate::field::{Field, Vmcb};
use crate::segment::{Attributes, Segment};

mod decode;
mod opcode;

pub use decode::{DecodeError, decode};

/// The longest instruction (APM Vol. 3 §1.1); a longer one is #GP(0).
pub const MAX_INSTRUCTION_BYTES: usize = 15;

/// How the code segment makes the processor read instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeSize {
    /// 16-bit operands and addresses: real mode, virtual-8086 mode, CS.D clear.
    Bits16,
    /// 32-bit operands and addresses: CS.D set.
    Bits32,
    /// 64-bit mode: EFER.LMA and CS.L set.
    Bits64,
}

impl CodeSize {
    /// That of the guest's code segment.
    #[must_use]
    pub fn read(vmcb: &impl Vmcb) -> Self {
        let cs = Attributes::from_bits(vmcb.read(Segment::Cs.attributes()) as u16);
        let long_mode = vmcb.read(Field::EFER) >> 10 & 1 != 0;
        match (long_mode && cs.long(), cs.default_big()) {
            (true, _) => Self::Bits64,
            (false, true) => Self::Bits32,
            (false, false) => Self::Bits16,
        }
    }
}

/// An instruction that can exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are the mnemonics")]
pub enum Mnemonic {
    Clgi,
    Clts,
    Cpuid,
    Hlt,
    /// IN.
    In,
    /// INS.
    Ins,
    /// INT1, also ICEBP.
    Int1,
    Int3,
    /// INT n.
    IntN,
    Into,
    Invd,
    Invlpg,
    Invlpga,
    Invlpgb,
    Invpcid,
    Iret,
    Lgdt,
    Lidt,
    Lldt,
    Lmsw,
    Ltr,
    Mcommit,
    Monitor,
    Monitorx,
    /// MOV from a control register.
    MovFromCr,
    /// MOV from a debug register.
    MovFromDr,
    /// MOV to a control register.
    MovToCr,
    /// MOV to a debug register.
    MovToDr,
    Mwait,
    Mwaitx,
    Out,
    Outs,
    Pause,
    Popf,
    Pushf,
    Rdmsr,
    Rdpmc,
    Rdpru,
    Rdtsc,
    Rdtscp,
    Rsm,
    Sgdt,
    Sidt,
    Skinit,
    Sldt,
    Smsw,
    Stgi,
    Str,
    Tlbsync,
    Vmload,
    Vmmcall,
    Vmrun,
    Vmsave,
    Wbinvd,
    Wbnoinvd,
    Wrmsr,
    Xsetbv,
}

/// A decoded instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Which it is.
    pub mnemonic: Mnemonic,
    /// Its bytes, 1 to 15.
    pub length: u8,
    /// Bits of an address, 16, 32 or 64.
    pub address_bits: u8,
    /// The effective segment of a memory operand: an override, or DS. In 64-bit mode FS and GS alone override.
    pub segment: Segment,
    /// REP, REPE or REPNE.
    pub repeat: bool,
    /// LOCK, which on a MOV of CR0 means CR8 (APM Vol. 3, MOV CRn).
    pub lock: bool,
    rex: u8,
    modrm: u8,
    immediate: u8,
}

impl Instruction {
    /// The control or debug register of a MOV, 0 to 15.
    #[must_use]
    pub const fn special_register(&self) -> u8 {
        let extension = if self.rex & 4 != 0 || self.lock { 8 } else { 0 };
        self.modrm >> 3 & 7 | extension
    }

    /// The general-purpose register of such a MOV, or of LMSW and SMSW with a register operand, 0 to 15.
    #[must_use]
    pub const fn general_register(&self) -> u8 {
        self.modrm & 7 | (self.rex & 1) << 3
    }

    /// Whether the operand of LMSW, SMSW, SLDT, STR, LLDT or LTR is in memory.
    #[must_use]
    pub const fn has_memory_operand(&self) -> bool {
        self.modrm >> 6 != 3
    }

    /// The port of IN and OUT with an immediate, or the vector of INT n.
    #[must_use]
    pub const fn immediate(&self) -> u8 {
        self.immediate
    }

    /// Whether an exit with this code may come from this instruction.
    #[must_use]
    pub fn fits(&self, code: ExitCode) -> bool {
        use Mnemonic as M;
        let number = self.special_register();
        match (code.kind(), self.mnemonic) {
            (ExitKind::CrRead(cr), M::MovFromCr)
            | (ExitKind::CrWrite(cr), M::MovToCr)
            | (ExitKind::DrRead(cr), M::MovFromDr)
            | (ExitKind::DrWrite(cr), M::MovToDr) => cr == number,
            (ExitKind::CrRead(0), M::Smsw) | (ExitKind::CrWrite(0), M::Clts | M::Lmsw) => true,
            (ExitKind::Exception(vector), M::Int3) => vector.0 == 3,
            (ExitKind::Exception(vector), M::Into) => vector.0 == 4,
            (ExitKind::Other(ExitCode::CR0_SELECTIVE_WRITE), M::MovToCr) => number == 0,
            (ExitKind::Other(ExitCode::CR0_SELECTIVE_WRITE), M::Lmsw) => true,
            (ExitKind::Other(code), mnemonic) => fits_other(code, mnemonic),
            _ => false,
        }
    }
}

fn fits_other(code: ExitCode, mnemonic: Mnemonic) -> bool {
    use Mnemonic as M;
    let expected: &[M] = match code {
        ExitCode::IDTR_READ => &[M::Sidt],
        ExitCode::GDTR_READ => &[M::Sgdt],
        ExitCode::LDTR_READ => &[M::Sldt],
        ExitCode::TR_READ => &[M::Str],
        ExitCode::IDTR_WRITE => &[M::Lidt],
        ExitCode::GDTR_WRITE => &[M::Lgdt],
        ExitCode::LDTR_WRITE => &[M::Lldt],
        ExitCode::TR_WRITE => &[M::Ltr],
        ExitCode::RDTSC => &[M::Rdtsc],
        ExitCode::RDPMC => &[M::Rdpmc],
        ExitCode::PUSHF => &[M::Pushf],
        ExitCode::POPF => &[M::Popf],
        ExitCode::CPUID => &[M::Cpuid],
        ExitCode::RSM => &[M::Rsm],
        ExitCode::IRET => &[M::Iret],
        ExitCode::SOFTWARE_INTERRUPT => &[M::IntN],
        ExitCode::INVD => &[M::Invd],
        ExitCode::PAUSE => &[M::Pause],
        ExitCode::HLT | ExitCode::IDLE_HLT => &[M::Hlt],
        ExitCode::INVLPG => &[M::Invlpg],
        ExitCode::INVLPGA => &[M::Invlpga],
        ExitCode::IOIO => &[M::In, M::Ins, M::Out, M::Outs],
        ExitCode::MSR => &[M::Rdmsr, M::Wrmsr],
        ExitCode::VMRUN => &[M::Vmrun],
        ExitCode::VMMCALL => &[M::Vmmcall],
        ExitCode::VMLOAD => &[M::Vmload],
        ExitCode::VMSAVE => &[M::Vmsave],
        ExitCode::STGI => &[M::Stgi],
        ExitCode::CLGI => &[M::Clgi],
        ExitCode::SKINIT => &[M::Skinit],
        ExitCode::RDTSCP => &[M::Rdtscp],
        ExitCode::ICEBP => &[M::Int1],
        // QEMU 7.2 reports INVD so.
        ExitCode::WBINVD => &[M::Wbinvd, M::Wbnoinvd, M::Invd],
        ExitCode::MONITOR => &[M::Monitor, M::Monitorx],
        ExitCode::MWAIT | ExitCode::MWAIT_ARMED => &[M::Mwait, M::Mwaitx],
        ExitCode::XSETBV => &[M::Xsetbv],
        ExitCode::RDPRU => &[M::Rdpru],
        ExitCode::INVLPGB | ExitCode::INVLPGB_ILLEGAL => &[M::Invlpgb],
        ExitCode::INVPCID => &[M::Invpcid],
        ExitCode::MCOMMIT => &[M::Mcommit],
        ExitCode::TLBSYNC => &[M::Tlbsync],
        _ => &[],
    };
    expected.contains(&mnemonic)
}

/// The instruction that `bytes`, read from the guest's RIP, begin with, if it can have caused the exit.
///
/// # Errors
/// As [`decode`], and [`DecodeError::Unknown`] for another instruction: the guest has changed it since.
pub fn decode_for_exit(
    bytes: &[u8],
    code_size: CodeSize,
    code: ExitCode,
) -> Result<Instruction, DecodeError> {
    let instruction = decode(bytes, code_size)?;
    if instruction.fits(code) {
        Ok(instruction)
    } else {
        Err(DecodeError::Unknown)
    }
}
