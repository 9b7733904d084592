//! INS and OUTS, which the hypervisor learns of by an I/O exit: the exit qualification and the instruction information
//! (SDM Vol. 3C Tables 28-5 and 28-8) say what to do, so nothing is decoded.

use isthmus_abi::{Gpr, Port};

use crate::address::Kind;
use crate::cpu::{Fault, Intent, PortCpu, Progress};
use crate::instruction::{CodeSize, Segment, Width};
use crate::string::{Pointer, repeat};

/// Which way the data goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// INS: port to memory at ES:rDI.
    In,
    /// OUTS: memory at rSI to port.
    Out,
}

/// A string I/O instruction as the exit describes it. Count, pointers and RFLAGS.DF are in the vCPU's registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StringIo {
    /// The port.
    pub port: Port,
    /// Byte, word or dword.
    pub width: Width,
    /// INS or OUTS.
    pub direction: Direction,
    /// Whether there is a REP prefix: rCX iterations.
    pub repeat: bool,
    /// Width of rCX, rSI and rDI.
    pub address: Width,
    /// Segment of OUTS' source. INS always uses ES.
    pub segment: Segment,
    /// The mode of the code.
    pub code: CodeSize,
}

/// Carries out at most [`MAX_ITERATIONS`](crate::MAX_ITERATIONS) iterations; RIP is left to the caller, as with
/// [`execute`](crate::execute()).
///
/// # Errors
/// The fault of an iteration; those before it stay done. INS checks that it may write before it reads the port, so no input is lost.
pub fn string_io<C: PortCpu>(io: &StringIo, cpu: &mut C) -> Result<Progress, Fault> {
    repeat(cpu, io.repeat, io.address, |cpu| {
        iterate(io, cpu).map(|()| true)
    })
}

fn iterate<C: PortCpu>(io: &StringIo, cpu: &mut C) -> Result<(), Fault> {
    let (register, segment) = match io.direction {
        Direction::In => (Gpr::Rdi, Segment::Es),
        Direction::Out => (Gpr::Rsi, effective_segment(io)),
    };
    let pointer = Pointer {
        register,
        segment,
        address: io.address,
        code: io.code,
    };
    match io.direction {
        Direction::In => {
            let to = pointer.linear(cpu, io.width, Kind::Write)?;
            cpu.probe_write(to, io.width)?;
            let value = cpu.port_in(io.port, io.width)?;
            cpu.write(to, io.width, io.width.truncate(value.into()))?;
        }
        Direction::Out => {
            let from = pointer.linear(cpu, io.width, Kind::Read)?;
            let value = io.width.truncate(cpu.read(from, io.width, Intent::Read)?);
            // Ports are at most a dword wide, so no bit is cut off.
            cpu.port_out(io.port, io.width, (value & 0xffff_ffff) as u32)?;
        }
    }
    pointer.advance(cpu, io.width);
    Ok(())
}

/// In 64-bit mode overrides other than FS and GS are ignored.
fn effective_segment(io: &StringIo) -> Segment {
    match (io.code, io.segment) {
        (CodeSize::Long64, Segment::Fs | Segment::Gs) => io.segment,
        (CodeSize::Long64, _) => Segment::Ds,
        _ => io.segment,
    }
}
