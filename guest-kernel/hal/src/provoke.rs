//! Faults on purpose, so that machine tests can see that each protection stops what it is there to stop and that the
//! report says so. The command line asks for one (`provoke=...`): whoever writes that may stop the partition anyway.

use core::cell::UnsafeCell;
use core::hint::black_box;

use crate::paging;

/// What to do wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Write to code: #PF with a write to a present page.
    WriteCode,
    /// Write to a constant: likewise.
    WriteConstant,
    /// Run what lies on the stack: #PF with an instruction fetch.
    RunData,
    /// Read address 16, where nothing is mapped: #PF.
    ReadNull,
    /// Use up the stack: #PF on the guard page, which cannot be delivered there, so #DF on a stack of its own.
    Overflow,
    /// An instruction that is none: #UD.
    Undefined,
}

impl Fault {
    const ALL: [(&'static str, Self); 6] = [
        ("write-code", Self::WriteCode),
        ("write-constant", Self::WriteConstant),
        ("run-data", Self::RunData),
        ("read-null", Self::ReadNull),
        ("stack-overflow", Self::Overflow),
        ("undefined", Self::Undefined),
    ];

    /// The fault called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, fault)| fault)
    }

    /// All names, for a message.
    #[must_use]
    pub fn names() -> &'static str {
        "write-code, write-constant, run-data, read-null, stack-overflow, undefined"
    }
}

/// Does it. If the protection works, this does not return.
pub fn provoke(fault: Fault) {
    static CONSTANT: u64 = 0x1234_5678;
    match fault {
        Fault::WriteCode => write(paging::code_start().0),
        Fault::WriteConstant => write(&raw const CONSTANT as u64),
        Fault::RunData => run_data(),
        Fault::ReadNull => {
            // SAFETY: nothing is mapped there; that the read faults, and the kernel then ends, is the purpose.
            unsafe {
                core::arch::asm!("mov {0}, [{0}]", inout(reg) 16_u64 => _, options(nostack, readonly))
            };
        }
        Fault::Overflow => {
            black_box(descend(0));
        }
        // SAFETY: raises #UD, and the kernel then ends.
        Fault::Undefined => unsafe { core::arch::asm!("ud2") },
    }
    log::error!("{fault:?} was not stopped");
}

fn write(at: u64) {
    // SAFETY: the page is not writable; that this faults, and the kernel then ends, is the purpose. Were it
    // writable, the kernel would be damaged, which is what the test is to find.
    unsafe { core::arch::asm!("mov qword ptr [{}], 0", in(reg) at, options(nostack)) };
}

fn run_data() {
    /// RET, so that the test goes on to say that nothing stopped it.
    static CODE: [u8; 1] = [0xc3];
    let on_stack = UnsafeCell::new(CODE);
    // SAFETY: the page is not executable; that this faults, and the kernel then ends, is the purpose. Were
    // it executable, RET comes straight back.
    unsafe { core::arch::asm!("call {}", in(reg) on_stack.get(), clobber_abi("C")) };
}

#[expect(
    unconditional_recursion,
    reason = "to use up the stack is what it is for"
)]
fn descend(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    descend(depth + 1).wrapping_add(frame[0])
}
