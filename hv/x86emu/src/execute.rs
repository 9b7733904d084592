//! Carries a decoded instruction out on a [`Cpu`]. Reads come first, then the one write that can fault, then
//! registers and flags: a fault leaves everything as it was, so the guest can handle it and start again.

use isthmus_abi::{Gpr, Gva};

use crate::address::{Kind, effective, linear};
use crate::alu::{self, Outcome};
use crate::cpu::{Cpu, Fault, Intent, Progress};
use crate::instruction::{
    BitOperation, CodeSize, Instruction, Operand, Operation, Register, Segment, Width,
};
use crate::string;

/// Executes one instruction, or of a repeated string instruction at most [`MAX_ITERATIONS`](crate::MAX_ITERATIONS) iterations
/// (one while RFLAGS.TF is set, since each is followed by its own trap). RIP is left to the caller: on [`Progress::Complete`] it becomes
/// [`Instruction::next_rip`], and a blocking by STI or MOV SS ends.
///
/// # Errors
/// The fault to deliver. Of a string instruction the iterations before it stay done, as on hardware.
pub fn execute<C: Cpu>(instruction: &Instruction, cpu: &mut C) -> Result<Progress, Fault> {
    let width = instruction.width;
    match instruction.operation {
        Operation::Mov => {
            let value = load(cpu, instruction, &instruction.source, width)?;
            store(cpu, instruction, value)
        }
        Operation::MovZx => {
            let value = load(
                cpu,
                instruction,
                &instruction.source,
                instruction.source_width,
            )?;
            store(cpu, instruction, value)
        }
        Operation::MovSx => {
            let from = instruction.source_width;
            let value = load(cpu, instruction, &instruction.source, from)?;
            store(cpu, instruction, from.sign_extend(value))
        }
        Operation::Alu(crate::Alu::Cmp) => {
            compare(cpu, instruction, |a, b| alu::subtract(width, a, b, 0))
        }
        Operation::Test => compare(cpu, instruction, |a, b| alu::logic(width, a & b)),
        Operation::Alu(operation) => modify(cpu, instruction, |a, b, rflags| {
            alu::alu(operation, width, a, b, rflags)
        }),
        Operation::Not => modify(cpu, instruction, |a, _, _| Outcome {
            value: width.truncate(!a),
            flags: 0,
            changed: 0,
        }),
        Operation::Neg => modify(cpu, instruction, |a, _, _| alu::subtract(width, 0, a, 0)),
        Operation::Inc => modify(cpu, instruction, |a, _, _| alu::increment(width, a)),
        Operation::Dec => modify(cpu, instruction, |a, _, _| alu::decrement(width, a)),
        Operation::Bit(operation) => bit(cpu, instruction, operation),
        Operation::Xchg | Operation::Xadd => exchange(cpu, instruction),
        Operation::CmpXchg => compare_exchange(cpu, instruction),
        Operation::Push => push(cpu, instruction),
        Operation::Pop => pop(cpu, instruction),
        Operation::Movs | Operation::Cmps | Operation::Stos | Operation::Lods | Operation::Scas => {
            string::execute(instruction, cpu)
        }
    }
}

/// Where an operand is.
#[derive(Clone, Copy)]
enum Place {
    Nowhere,
    Register(Register),
    Memory(Gva),
    Constant(u64),
}

impl Place {
    /// Finds an operand; `extra` is added to the offset of memory.
    fn find<C: Cpu>(
        cpu: &C,
        instruction: &Instruction,
        operand: &Operand,
        width: Width,
        kind: Kind,
        extra: u64,
    ) -> Result<Self, Fault> {
        Ok(match operand {
            Operand::None => Self::Nowhere,
            Operand::Register(register) => Self::Register(*register),
            Operand::Immediate(value) => Self::Constant(*value),
            Operand::Memory(memory) => {
                let offset = effective(cpu, instruction, memory, extra);
                Self::Memory(linear(
                    cpu,
                    instruction.code,
                    memory.segment,
                    offset,
                    width,
                    kind,
                )?)
            }
        })
    }

    fn read<C: Cpu>(&self, cpu: &mut C, width: Width, intent: Intent) -> Result<u64, Fault> {
        Ok(width.truncate(match *self {
            Self::Nowhere => 0,
            Self::Constant(value) => value,
            Self::Register(register) => read_register(cpu, register),
            Self::Memory(at) => cpu.read(at, width, intent)?,
        }))
    }

    fn write<C: Cpu>(&self, cpu: &mut C, width: Width, value: u64) -> Result<(), Fault> {
        match *self {
            Self::Nowhere | Self::Constant(_) => Ok(()),
            Self::Register(register) => {
                write_register(cpu, register, width, value);
                Ok(())
            }
            Self::Memory(at) => cpu.write(at, width, width.truncate(value)),
        }
    }

    /// Writes what a read of `old` led to. False when a locked write came too late.
    fn update<C: Cpu>(
        &self,
        cpu: &mut C,
        width: Width,
        lock: bool,
        old: u64,
        new: u64,
    ) -> Result<bool, Fault> {
        match *self {
            Self::Memory(at) if lock => cpu.replace(at, width, old, width.truncate(new)),
            _ => self.write(cpu, width, new).map(|()| true),
        }
    }
}

fn read_register<C: Cpu>(cpu: &C, register: Register) -> u64 {
    cpu.gpr(register.gpr) >> if register.high { 8 } else { 0 }
}

/// Bytes and words leave the rest of the register, dwords clear its upper half (SDM Vol. 1 §3.4.1.1).
pub(crate) fn write_register<C: Cpu>(cpu: &mut C, register: Register, width: Width, value: u64) {
    let before = cpu.gpr(register.gpr);
    let value = width.truncate(value);
    let after = match width {
        Width::Byte if register.high => before & !0xff00 | value << 8,
        Width::Byte | Width::Word => before & !width.mask() | value,
        Width::Dword | Width::Qword => value,
    };
    cpu.set_gpr(register.gpr, after);
}

fn load<C: Cpu>(
    cpu: &mut C,
    instruction: &Instruction,
    operand: &Operand,
    width: Width,
) -> Result<u64, Fault> {
    Place::find(cpu, instruction, operand, width, Kind::Read, 0)?.read(cpu, width, Intent::Read)
}

fn store<C: Cpu>(cpu: &mut C, instruction: &Instruction, value: u64) -> Result<Progress, Fault> {
    let width = instruction.width;
    let place = destination(cpu, instruction)?;
    place.write(cpu, width, value)?;
    Ok(Progress::Complete)
}

fn destination<C: Cpu>(cpu: &C, instruction: &Instruction) -> Result<Place, Fault> {
    Place::find(
        cpu,
        instruction,
        &instruction.destination,
        instruction.width,
        Kind::Write,
        0,
    )
}

fn set_flags<C: Cpu>(cpu: &mut C, outcome: &Outcome) {
    let rflags = outcome.rflags(cpu.rflags());
    cpu.set_rflags(rflags);
}

/// CMP and TEST: flags only.
fn compare<C: Cpu>(
    cpu: &mut C,
    instruction: &Instruction,
    operation: impl FnOnce(u64, u64) -> Outcome,
) -> Result<Progress, Fault> {
    let a = load(
        cpu,
        instruction,
        &instruction.destination,
        instruction.width,
    )?;
    let b = load(cpu, instruction, &instruction.source, instruction.width)?;
    set_flags(cpu, &operation(a, b));
    Ok(Progress::Complete)
}

/// Read-modify-write of the destination; the operation gets it, the source and RFLAGS.
fn modify<C: Cpu>(
    cpu: &mut C,
    instruction: &Instruction,
    operation: impl FnOnce(u64, u64, u64) -> Outcome,
) -> Result<Progress, Fault> {
    let width = instruction.width;
    let source = load(cpu, instruction, &instruction.source, width)?;
    let place = destination(cpu, instruction)?;
    let old = place.read(cpu, width, Intent::Modify)?;
    let outcome = operation(old, source, cpu.rflags());
    if !place.update(cpu, width, instruction.lock, old, outcome.value)? {
        return Ok(Progress::Partial);
    }
    set_flags(cpu, &outcome);
    Ok(Progress::Complete)
}

/// BT and its kin. A bit offset in a register is signed and reaches beyond the operand (SDM Vol. 1 §4.2.5, Vol. 2A BT).
fn bit<C: Cpu>(
    cpu: &mut C,
    instruction: &Instruction,
    operation: BitOperation,
) -> Result<Progress, Fault> {
    let width = instruction.width;
    let position = load(cpu, instruction, &instruction.source, width)?;
    let extra = match instruction.source {
        Operand::Register(_) => {
            let signed = width.sign_extend(position) as i64;
            (signed >> width.bits().trailing_zeros()).wrapping_mul(width.bytes() as i64) as u64
        }
        _ => 0,
    };
    let (kind, intent) = match operation {
        BitOperation::Test => (Kind::Read, Intent::Read),
        _ => (Kind::Write, Intent::Modify),
    };
    let place = Place::find(
        cpu,
        instruction,
        &instruction.destination,
        width,
        kind,
        extra,
    )?;
    let old = place.read(cpu, width, intent)?;
    let outcome = alu::bit(operation, width, old, position);
    if operation != BitOperation::Test
        && !place.update(cpu, width, instruction.lock, old, outcome.value)?
    {
        return Ok(Progress::Partial);
    }
    set_flags(cpu, &outcome);
    Ok(Progress::Complete)
}

/// XCHG, which locks memory without being told (SDM Vol. 3A §8.1.2.1), and XADD.
fn exchange<C: Cpu>(cpu: &mut C, instruction: &Instruction) -> Result<Progress, Fault> {
    let width = instruction.width;
    let source = Place::find(cpu, instruction, &instruction.source, width, Kind::Write, 0)?;
    let place = destination(cpu, instruction)?;
    let addend = source.read(cpu, width, Intent::Modify)?;
    let old = place.read(cpu, width, Intent::Modify)?;
    let add = instruction.operation == Operation::Xadd;
    let outcome = if add {
        alu::add(width, old, addend, 0)
    } else {
        Outcome {
            value: addend,
            flags: 0,
            changed: 0,
        }
    };
    // A register destination is written last: if it is the source too, it holds the sum.
    if let Place::Memory(_) = place {
        if !place.update(cpu, width, instruction.lock || !add, old, outcome.value)? {
            return Ok(Progress::Partial);
        }
        source.write(cpu, width, old)?;
    } else {
        source.write(cpu, width, old)?;
        place.write(cpu, width, outcome.value)?;
    }
    set_flags(cpu, &outcome);
    Ok(Progress::Complete)
}

/// CMPXCHG writes its destination in any case, with what it held if the comparison fails.
fn compare_exchange<C: Cpu>(cpu: &mut C, instruction: &Instruction) -> Result<Progress, Fault> {
    let width = instruction.width;
    let new = load(cpu, instruction, &instruction.source, width)?;
    let place = destination(cpu, instruction)?;
    let old = place.read(cpu, width, Intent::Modify)?;
    let outcome = alu::subtract(width, cpu.gpr(Gpr::Rax), old, 0);
    let equal = outcome.value == 0;
    let value = if equal { new } else { old };
    if !place.update(cpu, width, instruction.lock, old, value)? {
        return Ok(Progress::Partial);
    }
    if !equal {
        write_register(cpu, Register::low(Gpr::Rax), width, old);
    }
    set_flags(cpu, &outcome);
    Ok(Progress::Complete)
}

/// Width of the stack pointer (SDM Vol. 1 §6.2.3).
fn stack_width<C: Cpu>(cpu: &C, code: CodeSize) -> Width {
    match code {
        CodeSize::Long64 => Width::Qword,
        CodeSize::Real16 => Width::Word,
        _ if cpu.segment(Segment::Ss).big() => Width::Dword,
        _ => Width::Word,
    }
}

/// RSP moved by `bytes`, all 64 bits of it.
fn moved_stack<C: Cpu>(cpu: &C, stack: Width, bytes: u64) -> u64 {
    let before = cpu.gpr(Gpr::Rsp);
    before & !stack.mask() | stack.truncate(before.wrapping_add(bytes))
}

fn push<C: Cpu>(cpu: &mut C, instruction: &Instruction) -> Result<Progress, Fault> {
    let (width, code) = (instruction.width, instruction.code);
    let value = load(cpu, instruction, &instruction.source, width)?;
    let stack = stack_width(cpu, code);
    let after = moved_stack(cpu, stack, width.bytes().wrapping_neg());
    let at = linear(
        cpu,
        code,
        Segment::Ss,
        stack.truncate(after),
        width,
        Kind::Write,
    )?;
    cpu.write(at, width, value)?;
    cpu.set_gpr(Gpr::Rsp, after);
    Ok(Progress::Complete)
}

/// An address that uses RSP is computed after RSP moved (SDM Vol. 2B, POP).
fn pop<C: Cpu>(cpu: &mut C, instruction: &Instruction) -> Result<Progress, Fault> {
    let (width, code) = (instruction.width, instruction.code);
    let stack = stack_width(cpu, code);
    let before = cpu.gpr(Gpr::Rsp);
    let from = linear(
        cpu,
        code,
        Segment::Ss,
        stack.truncate(before),
        width,
        Kind::Read,
    )?;
    let after = moved_stack(cpu, stack, width.bytes());
    cpu.set_gpr(Gpr::Rsp, after);
    let moved = pop_to(cpu, instruction, from);
    if moved.is_err() {
        cpu.set_gpr(Gpr::Rsp, before);
    }
    moved
}

fn pop_to<C: Cpu>(cpu: &mut C, instruction: &Instruction, from: Gva) -> Result<Progress, Fault> {
    let width = instruction.width;
    let place = destination(cpu, instruction)?;
    if let Place::Memory(at) = place {
        cpu.probe_write(at, width)?;
    }
    let value = cpu.read(from, width, Intent::Read)?;
    place.write(cpu, width, value)?;
    Ok(Progress::Complete)
}
