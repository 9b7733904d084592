//! Endings that a word of the command line asks for, instead of the tests: each is to end or hang this partition and
//! nothing else. What is printed after `trespass: ending` says that it did not.
//!
//! | word | what happens | what is right |
//! |---|---|---|
//! | `loop=ac` | alignment checks in exception delivery, for ever | the partition uses its time and no more |
//! | `loop=db` | debug exceptions in exception delivery, for ever | the same |
//! | `loop=spin` | interrupts off, `jmp` to itself | the same |
//! | `mode=triple-fault` | an exception without an IDT | the partition ends |
//! | `mode=fetch-mmio` | code at a device and at no memory | a fault or the end |
//! | `mode=stack-mmio` | exception frames to no memory | a fault or the end |
//! | `mode=idt-mmio` | an IDT in no memory | the end |
//! | `mode=tables-mmio` | page tables in no memory | a fault or the end |
//! | `mode=halt` | HLT with interrupts off | the vCPU waits for ever |

use isthmus_abi::{Gpa, Gva};

use super::Platform;
use crate::machine::instructions::debug_exception;
use crate::machine::{apic, cpu, descriptors, port, serial, window};
use crate::report::Answer;

/// Neither RAM nor a device.
const NOWHERE: Gpa = Gpa(0xd000_0000);

/// A word and what it does; only an ending that did not come to pass has an answer.
type Ending = (&'static str, fn() -> Answer);

/// Ends, if the command line asks for it.
pub fn run(platform: &Platform) {
    let endings: [Ending; 9] = [
        ("loop=ac", || cpu::loop_alignment_checks()),
        ("loop=db", loop_debug),
        ("loop=spin", || {
            loop {
                core::hint::spin_loop();
            }
        }),
        ("mode=triple-fault", || cpu::triple_fault()),
        ("mode=fetch-mmio", fetch),
        ("mode=stack-mmio", stack),
        ("mode=idt-mmio", idt),
        ("mode=tables-mmio", tables),
        ("mode=halt", || cpu::halt()),
    ];
    for (word, ending) in endings {
        if platform.info.has_word(word) {
            serial::print(format_args!("trespass: ending {word}\n"));
            serial::flush();
            let answer = ending();
            serial::print(format_args!("trespass: {word}: survived with {answer}\n"));
            port::verdict(0);
        }
    }
}

fn loop_debug() -> Answer {
    loop {
        cpu::loop_debug_exceptions(0);
    }
}

fn fetch() -> Answer {
    let device = cpu::call(Gva(apic::LOCAL.0 + 0x20));
    let nothing = cpu::call(window::open(NOWHERE));
    nothing.or(device).into()
}

fn stack() -> Answer {
    let top = Gva(window::open(NOWHERE).0 + 4096);
    descriptors::move_stack(0, top);
    debug_exception().into()
}

fn idt() -> Answer {
    let at = window::open(NOWHERE);
    descriptors::load_idt(at.0, 4095);
    debug_exception().into()
}

fn tables() -> Answer {
    cpu::read_byte(window::open_through(NOWHERE))
        .map(u64::from)
        .into()
}
