//! What a VT-x hypervisor has to do itself because the processor stops half way: find out which instruction
//! touched an emulated device ([`decode`]), carry it out ([`execute`]), move the data of INS and OUTS
//! ([`string_io`]) and translate a guest's addresses ([`walk`]).
//!
//! All of it is pure: registers, memory and ports are reached through the traits [`Cpu`], [`PortCpu`] and
//! [`PhysicalRead`]. The bytes of an instruction, the registers and the page tables belong to a hostile guest; what they
//! can cause is an error value, never a panic nor unbounded work. `hv/core` calls it, nothing here calls back.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod address;
mod alu;
mod cpu;
mod decode;
mod execute;
mod instruction;
mod modrm;
mod opcode;
mod port_io;
mod string;
pub mod walk;

pub use cpu::{Cpu, Exception, Fault, Intent, PortCpu, Progress, SegmentRegister};
pub use decode::{DecodeError, MAX_INSTRUCTION_BYTES, decode};
pub use execute::execute;
pub use instruction::{
    Alu, Base, BitOperation, CodeSize, Instruction, Memory, Operand, Operation, Register, Repeat,
    Segment, Width,
};
pub use isthmus_abi::Gpr;
pub use port_io::{Direction, StringIo, string_io};
pub use string::MAX_ITERATIONS;
pub use walk::{Access, PagingState, PhysicalRead, Walk, WalkError, translate};
