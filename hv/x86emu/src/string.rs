//! MOVS, CMPS, STOS, LODS and SCAS with their repeat prefixes (SDM Vol. 1 §7.3.9).

use isthmus_abi::{Gpr, Gva};

use crate::address::{Kind, linear};
use crate::alu::{self, DF, TF, ZF};
use crate::cpu::{Cpu, Fault, Intent, Progress};
use crate::execute::write_register;
use crate::instruction::{CodeSize, Instruction, Operation, Register, Repeat, Segment, Width};

/// The most iterations of a repeated instruction in one call, so that interrupts and the end of a time slice are never
/// far away.
pub const MAX_ITERATIONS: u32 = 64;

/// Runs `iteration` as a repeat prefix says. It returns whether a further one is wanted.
///
/// # Errors
/// The fault of an iteration; those before it stay done.
pub(crate) fn repeat<C: Cpu>(
    cpu: &mut C,
    repeated: bool,
    address: Width,
    mut iteration: impl FnMut(&mut C) -> Result<bool, Fault>,
) -> Result<Progress, Fault> {
    if !repeated {
        iteration(cpu)?;
        return Ok(Progress::Complete);
    }
    let bound = if cpu.rflags() & TF != 0 {
        1
    } else {
        MAX_ITERATIONS
    };
    for _ in 0..bound {
        let count = address.truncate(cpu.gpr(Gpr::Rcx));
        if count == 0 {
            return Ok(Progress::Complete);
        }
        let more = iteration(cpu)?;
        write_register(cpu, Register::low(Gpr::Rcx), address, count - 1);
        if count == 1 || !more {
            return Ok(Progress::Complete);
        }
    }
    Ok(Progress::Partial)
}

/// One of the two pointers of a string instruction.
#[derive(Clone, Copy)]
pub(crate) struct Pointer {
    pub(crate) register: Gpr,
    pub(crate) segment: Segment,
    pub(crate) address: Width,
    pub(crate) code: CodeSize,
}

impl Pointer {
    /// Linear address of the element it points at.
    pub(crate) fn linear<C: Cpu>(&self, cpu: &C, width: Width, kind: Kind) -> Result<Gva, Fault> {
        let offset = self.address.truncate(cpu.gpr(self.register));
        linear(cpu, self.code, self.segment, offset, width, kind)
    }

    /// On to the next element, in the direction of RFLAGS.DF.
    pub(crate) fn advance<C: Cpu>(&self, cpu: &mut C, width: Width) {
        let step = match cpu.rflags() & DF {
            0 => width.bytes(),
            _ => width.bytes().wrapping_neg(),
        };
        let after = cpu.gpr(self.register).wrapping_add(step);
        write_register(cpu, Register::low(self.register), self.address, after);
    }
}

pub(crate) fn execute<C: Cpu>(instruction: &Instruction, cpu: &mut C) -> Result<Progress, Fault> {
    let repeated = instruction.repeat != Repeat::None;
    repeat(cpu, repeated, instruction.address, |cpu| {
        iterate(instruction, cpu)
    })
}

fn iterate<C: Cpu>(instruction: &Instruction, cpu: &mut C) -> Result<bool, Fault> {
    let (width, address, code) = (instruction.width, instruction.address, instruction.code);
    let source = Pointer {
        register: Gpr::Rsi,
        segment: instruction.string_segment,
        address,
        code,
    };
    let target = Pointer {
        register: Gpr::Rdi,
        segment: Segment::Es,
        address,
        code,
    };
    let accumulator = Register::low(Gpr::Rax);
    match instruction.operation {
        Operation::Movs => {
            let from = source.linear(cpu, width, Kind::Read)?;
            let to = target.linear(cpu, width, Kind::Write)?;
            cpu.probe_write(to, width)?;
            let value = cpu.read(from, width, Intent::Read)?;
            cpu.write(to, width, width.truncate(value))?;
            source.advance(cpu, width);
            target.advance(cpu, width);
            Ok(true)
        }
        Operation::Stos => {
            let to = target.linear(cpu, width, Kind::Write)?;
            let value = width.truncate(cpu.gpr(Gpr::Rax));
            cpu.write(to, width, value)?;
            target.advance(cpu, width);
            Ok(true)
        }
        Operation::Lods => {
            let from = source.linear(cpu, width, Kind::Read)?;
            let value = cpu.read(from, width, Intent::Read)?;
            write_register(cpu, accumulator, width, value);
            source.advance(cpu, width);
            Ok(true)
        }
        Operation::Scas => {
            let from = target.linear(cpu, width, Kind::Read)?;
            let value = cpu.read(from, width, Intent::Read)?;
            let more = compare(instruction, cpu, cpu.gpr(Gpr::Rax), value);
            target.advance(cpu, width);
            Ok(more)
        }
        // `execute::execute` sends no other operation here than CMPS.
        _ => {
            let first = source.linear(cpu, width, Kind::Read)?;
            let second = target.linear(cpu, width, Kind::Read)?;
            let a = cpu.read(first, width, Intent::Read)?;
            let b = cpu.read(second, width, Intent::Read)?;
            let more = compare(instruction, cpu, a, b);
            source.advance(cpu, width);
            target.advance(cpu, width);
            Ok(more)
        }
    }
}

/// Sets the flags of a - b and says whether the repeat prefix asks for more.
fn compare<C: Cpu>(instruction: &Instruction, cpu: &mut C, a: u64, b: u64) -> bool {
    let outcome = alu::subtract(instruction.width, a, b, 0);
    let rflags = outcome.rflags(cpu.rflags());
    cpu.set_rflags(rflags);
    let equal = rflags & ZF != 0;
    match instruction.repeat {
        Repeat::None => false,
        Repeat::WhileEqual => equal,
        Repeat::WhileNotEqual => !equal,
    }
}
