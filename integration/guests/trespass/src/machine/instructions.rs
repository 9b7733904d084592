//! Instructions that a guest may not use, or that exit, each with the answer that the architecture gives where the feature
//! behind it is not offered.

use core::mem::MaybeUninit;

use super::descriptors::Shared;
use super::trap::{Fault, fault_rip, probe};

/// An instruction and its answer.
pub struct Case {
    /// What it is.
    pub name: &'static str,
    /// Executes it.
    pub run: fn() -> Option<Fault>,
    /// What is to come of it.
    pub expected: Option<Fault>,
    /// Whether every platform answers so, or only one that keeps to the policy of this hypervisor.
    pub everywhere: bool,
}

/// Operands point here.
static SCRATCH: Shared<MaybeUninit<[u8; 4096]>> = Shared::new(MaybeUninit::zeroed());

const UD: Option<Fault> = Some(Fault::INVALID_OPCODE);
const GP: Option<Fault> = Some(Fault::GENERAL_PROTECTION);

macro_rules! cases {
    ($($name:literal: $line:literal => $expected:expr, $everywhere:expr;)+) => {
        &[$(Case {
            name: $name,
            run: || {
                // SAFETY: 1. each of these faults, or has an effect that this program does not notice, 2. the operands are a page
                // of its own, and the registers that results go to are given up; RBX, which can't be named, is put back.
                unsafe {
                    probe!(
                        "mov r11, rbx", $line, "mov rbx, r11";
                        inout("rdi") SCRATCH.get() as u64 => _,
                        inout("rax") 0xffff_f000u64 => _,
                        inout("rcx") 0x7fff_ffffu64 => _,
                        inout("rdx") 3u64 => _,
                        inout("rsi") 1u64 => _,
                        out("r11") _,
                    )
                }
            },
            expected: $expected,
            everywhere: $everywhere,
        }),+]
    };
}

/// The two vendors' hypercall instructions, with the number of no call: one is answered, the other is not there.
pub const HYPERCALLS: &[Case] = cases!(
    "VMCALL": "vmcall" => None, false;
    "VMMCALL": "vmmcall" => None, false;
);

/// VMX and its relatives: not offered, so not there.
pub const VIRTUALIZATION: &[Case] = cases!(
    "VMXON": "vmxon qword ptr [rdi]" => UD, true;
    "VMXOFF": "vmxoff" => UD, true;
    "VMLAUNCH": "vmlaunch" => UD, true;
    "VMRESUME": "vmresume" => UD, true;
    "VMCLEAR": "vmclear qword ptr [rdi]" => UD, true;
    "VMPTRLD": "vmptrld qword ptr [rdi]" => UD, true;
    "VMPTRST": "vmptrst qword ptr [rdi]" => UD, true;
    "VMREAD": "vmread rsi, rax" => UD, true;
    "VMWRITE": "vmwrite rax, rsi" => UD, true;
    "VMREAD to memory": "vmread qword ptr [rdi], rsi" => UD, true;
    "VMFUNC": ".byte 0x0f, 0x01, 0xd4" => UD, true;
    "INVEPT": "invept rsi, [rdi]" => UD, true;
    "INVVPID": "invvpid rsi, [rdi]" => UD, true;
    "GETSEC": ".byte 0x0f, 0x37" => UD, true;
    "VMRUN": "vmrun" => UD, true;
    "VMLOAD": "vmload" => UD, true;
    "VMSAVE": "vmsave" => UD, true;
    "STGI": "stgi" => UD, true;
    "CLGI": "clgi" => UD, true;
    "ENCLS": ".byte 0x0f, 0x01, 0xcf" => UD, true;
    "ENCLU": ".byte 0x0f, 0x01, 0xd7" => UD, true;
    "ENCLV": ".byte 0x0f, 0x01, 0xc0" => UD, true;
    "PCONFIG": ".byte 0x0f, 0x01, 0xc5" => UD, true;
    "RSM": "rsm" => UD, true;
    "TDCALL": ".byte 0x66, 0x0f, 0x01, 0xcc" => UD, true;
    "SEAMCALL": ".byte 0x66, 0x0f, 0x01, 0xcf" => UD, true;
);

/// Instructions of features that are hidden, and some that exit and must come back.
pub const PLAIN: &[Case] = cases!(
    "MONITOR": "mov rax, rdi
                xor ecx, ecx
                xor edx, edx
                monitor" => UD, false;
    "MWAIT": "xor eax, eax
              xor ecx, ecx
              mwait" => UD, false;
    "RDPMC": "rdpmc" => GP, false;
    "XSETBV of register 7fffffffH": "xsetbv" => UD, true;
    "UMONITOR": ".byte 0xf3, 0x0f, 0xae, 0xf7" => UD, false;
    "XSAVES": "xsaves [rdi]" => UD, true;
    "XRSTORS": "xrstors [rdi]" => UD, true;
    "UD2": "ud2" => UD, true;
    "WBINVD": "wbinvd" => None, true;
    "INVD": "invd" => None, true;
    "INVLPG of a hole": "invlpg [rax]" => None, true;
    "INVLPG of a non-canonical address": "bts rax, 63
                                          invlpg [rax]" => None, true;
    "CLTS": "clts" => None, true;
    "LMSW": "mov eax, 0x33
             lmsw ax" => None, true;
    "SMSW to memory": "smsw word ptr [rdi]" => None, true;
    "SGDT": "sgdt [rdi]" => None, true;
    "SIDT": "sidt [rdi]" => None, true;
    "SLDT": "sldt [rdi]" => None, true;
    "STR": "str [rdi]" => None, true;
    "LLDT of nothing": "xor eax, eax
                        lldt ax" => None, true;
    "PAUSE": "pause" => None, true;
    "RDTSC": "rdtsc" => None, true;
    "CPUID of a leaf that is not": "mov eax, 0x89abcdef
                                    cpuid" => None, true;
    "INT3": "int3" => Some(Fault::of(3, 0)), true;
    "ICEBP": ".byte 0xf1" => Some(Fault::DEBUG), false;
    "INT of a gate": "int 0x51" => None, true;
);

/// With RFLAGS.TF set, each must be followed by #DB at the next instruction, also where the hypervisor carried it out:
/// the difference between where the exception struck and where it should.
pub struct SingleStep {
    /// What is stepped.
    pub name: &'static str,
    /// Executes it; gives the fault and where the step should have ended.
    pub run: fn() -> (Option<Fault>, u64),
}

macro_rules! steps {
    ($($name:literal: $line:literal;)+) => {
        &[$(SingleStep {
            name: $name,
            run: || {
                let end: u64;
                // SAFETY: the instructions have no effect that this program notices; the exception's handler clears TF and goes
                // on at the label.
                let fault = unsafe {
                    core::arch::asm!(
                        "mov r11, rbx",
                        "lea {end}, [rip + 76f]",
                        "lea rsi, [rip + 77f]",
                        "mov qword ptr [rip + {slot}], rsi",
                        "pushfq",
                        "or dword ptr [rsp], 0x100",
                        "popfq",
                        $line,
                        "76:",
                        "nop",
                        "77:",
                        "mov rbx, r11",
                        end = out(reg) end,
                        slot = sym super::trap::RECOVERY,
                        inout("rax") 0u64 => _,
                        inout("rcx") 0x1bu64 => _,
                        inout("rdx") 0x80u64 => _,
                        inout("rdi") 0xfee0_0020u64 => _,
                        out("rsi") _,
                        out("r11") _,
                    );
                    super::trap::taken()
                };
                (fault, end)
            },
        }),+]
    };
}

/// What a single step must not run past.
pub const STEPS: &[SingleStep] = steps!(
    "NOP": "nop";
    "CPUID": "cpuid";
    "RDMSR": "rdmsr";
    "IN": "in al, dx";
    "OUT": "out dx, al";
    "WBINVD": "wbinvd";
    "MOV from CR3": "mov rax, cr3";
    "MOV from a device": "mov eax, [rdi]";
);

/// A debug exception, by a single step.
pub fn debug_exception() -> Option<Fault> {
    STEPS.first().and_then(|step| (step.run)().0)
}

/// Where the last fault struck.
pub fn struck_at() -> u64 {
    fault_rip().0
}
