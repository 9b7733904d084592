//! The instruction emulator: the decoder against `iced-x86`, and the executor over a model processor whose memory
//! faults at will. What faults changes nothing, and nothing takes long.

use std::collections::BTreeMap;

use isthmus_abi::{Gva, Port};
use isthmus_x86emu::{
    CodeSize, Cpu, Direction, Fault, Gpr, Intent, MAX_ITERATIONS, PortCpu, Progress, Repeat,
    Segment, SegmentRegister, StringIo, Width, decode, execute, string_io,
};

use crate::input::Input;

/// The comparison that the crate's own tests make.
#[path = "../../../../hv/x86emu/tests/oracle/mod.rs"]
mod oracle;

/// One instruction in each mode.
pub fn decoder(data: &[u8]) {
    for mode in oracle::MODES {
        oracle::agree(data, mode);
    }
}

/// One instruction of each shape.
pub fn decoder_seeds() -> Vec<Vec<u8>> {
    instructions().iter().map(|bytes| bytes.to_vec()).collect()
}

fn instructions() -> Vec<&'static [u8]> {
    vec![
        &[0x88, 0x23],
        &[0x66, 0x8b, 0x03],
        &[0x48, 0x8b, 0x84, 0x88, 1, 2, 3, 4],
        &[0x0f, 0xb6, 0x03],
        &[0x48, 0x0f, 0xbe, 0x03],
        &[0x48, 0x63, 0x43, 4],
        &[0x48, 0xc7, 0x03, 0xfe, 0xff, 0xff, 0xff],
        &[0xc7, 0x05, 0x10, 0, 0, 0, 7, 0, 0, 0],
        &[
            0x65, 0xf0, 0x4a, 0x81, 0x84, 0xe0, 0x78, 0x56, 0x34, 0x12, 0x5a, 0x5a, 0x5a, 0x5a,
        ],
        &[0xf0, 0x0f, 0xb1, 0x0b],
        &[0xf0, 0x0f, 0xc1, 0x0b],
        &[0x87, 0x0b],
        &[0x0f, 0xba, 0x2b, 5],
        &[0x48, 0x0f, 0xab, 0x03],
        &[0xf6, 0x13],
        &[0xf7, 0x1b],
        &[0xfe, 0x03],
        &[0xff, 0x0b],
        &[0xff, 0x33],
        &[0x8f, 0x03],
        &[0x85, 0x03],
        &[0xa0, 1, 2, 3, 4, 5, 6, 7, 8],
        &[0xa3, 1, 2, 3, 4],
        &[0xf3, 0xa4],
        &[0xf3, 0x48, 0xab],
        &[0xf2, 0xae],
        &[0xf3, 0x66, 0xa7],
        &[0x67, 0x64, 0xac],
        &[0x0f, 0xc3, 0x03],
        &[0x80, 0x3b, 7],
        &[0x13, 0x03],
        &[0x1a, 0x03],
    ]
}

const STATUS_FLAGS: u64 = 0x8d5;
const DF: u64 = 1 << 10;

/// A vCPU with memory that holds the low byte of its address unless written.
#[derive(Clone, PartialEq, Debug)]
struct Machine {
    gprs: [u64; 16],
    rip: u64,
    rflags: u64,
    segments: [SegmentRegister; 6],
    memory: BTreeMap<u64, u8>,
    /// Accesses until one faults.
    fuse: u32,
    /// Whether locked writes find that another vCPU was faster.
    raced: bool,
    alignment: bool,
    long: bool,
    accesses: u32,
}

impl Machine {
    fn read_from(input: &mut Input<'_>, code: CodeSize) -> Self {
        let flags = input.byte();
        let mut machine = Self {
            gprs: [0; 16],
            rip: 0x40_0000,
            rflags: 2,
            segments: [SegmentRegister {
                base: 0,
                limit: u32::MAX,
                access_rights: 0xc093,
            }; 6],
            memory: BTreeMap::new(),
            fuse: if flags & 1 != 0 {
                u32::from(input.byte() & 7)
            } else {
                u32::MAX
            },
            raced: flags & 2 != 0,
            alignment: flags & 4 != 0,
            long: code == CodeSize::Long64,
            accesses: 0,
        };
        for gpr in &mut machine.gprs {
            *gpr = input.word();
        }
        machine.rflags |= u64::from(input.u16()) & (STATUS_FLAGS | DF | 0x100);
        if flags & 8 != 0 {
            machine.rip = input.word();
        }
        if flags & 16 != 0 {
            for segment in &mut machine.segments {
                segment.base = input.word();
                segment.limit = input.word() as u32;
                segment.access_rights = input.u32();
            }
        }
        machine
    }

    fn touch(&mut self, at: Gva, width: Width) -> Result<(), Fault> {
        self.accesses += 1;
        let last = at.0.wrapping_add(width.bytes() - 1);
        for end in [at.0, last] {
            if self.long {
                let canonical = (end << 16).cast_signed() >> 16 == end.cast_signed();
                assert!(canonical, "{at} is not canonical");
            }
        }
        assert!(
            self.long || u32::try_from(at.0).is_ok(),
            "{at} is no 32-bit address"
        );
        self.fuse = self.fuse.checked_sub(1).ok_or(Fault::page(at, 2))?;
        Ok(())
    }

    fn peek(&self, at: u64, width: Width) -> u64 {
        (0..width.bytes()).rev().fold(0, |value, offset| {
            let at = at.wrapping_add(offset);
            value << 8 | u64::from(self.memory.get(&at).copied().unwrap_or(at as u8))
        })
    }
}

impl Cpu for Machine {
    fn gpr(&self, register: Gpr) -> u64 {
        self.gprs[register as usize]
    }
    fn set_gpr(&mut self, register: Gpr, value: u64) {
        self.gprs[register as usize] = value;
    }
    fn rip(&self) -> u64 {
        self.rip
    }
    fn rflags(&self) -> u64 {
        self.rflags
    }
    fn set_rflags(&mut self, value: u64) {
        assert_eq!(
            (self.rflags ^ value) & !STATUS_FLAGS,
            0,
            "only status flags change"
        );
        self.rflags = value;
    }
    fn segment(&self, segment: Segment) -> SegmentRegister {
        self.segments[segment as usize]
    }
    fn alignment_checked(&self) -> bool {
        self.alignment
    }
    fn read(&mut self, at: Gva, width: Width, _: Intent) -> Result<u64, Fault> {
        self.touch(at, width)?;
        Ok(self.peek(at.0, width))
    }
    fn write(&mut self, at: Gva, width: Width, value: u64) -> Result<(), Fault> {
        assert_eq!(
            value,
            width.truncate(value),
            "writes are cut to their width"
        );
        self.touch(at, width)?;
        for offset in 0..width.bytes() {
            self.memory
                .insert(at.0.wrapping_add(offset), (value >> (8 * offset)) as u8);
        }
        Ok(())
    }
    fn probe_write(&mut self, at: Gva, width: Width) -> Result<(), Fault> {
        self.touch(at, width)
    }
    fn replace(&mut self, at: Gva, width: Width, old: u64, new: u64) -> Result<bool, Fault> {
        assert_eq!(self.peek(at.0, width), old);
        if self.raced {
            return Ok(false);
        }
        self.write(at, width, new).map(|()| true)
    }
}

impl PortCpu for Machine {
    fn port_in(&mut self, port: Port, width: Width) -> Result<u32, Fault> {
        self.accesses += 1;
        Ok(width.truncate(u64::from(port.0) * 0x1_0001) as u32)
    }
    fn port_out(&mut self, _: Port, width: Width, value: u32) -> Result<(), Fault> {
        self.accesses += 1;
        assert_eq!(u64::from(value), width.truncate(value.into()));
        if value == 0xdead {
            return Err(Fault::Stop);
        }
        Ok(())
    }
}

/// An instruction, or INS and OUTS, on any registers.
pub fn executor(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = input.byte();
    let code = oracle::MODES[usize::from(kind & 3)];
    let mut machine = Machine::read_from(&mut input, code);
    let before = machine.clone();
    if kind & 0x80 != 0 {
        let io = StringIo {
            port: Port(input.u16()),
            width: input.pick(&[Width::Byte, Width::Word, Width::Dword]),
            direction: if kind & 4 == 0 {
                Direction::In
            } else {
                Direction::Out
            },
            repeat: kind & 8 != 0,
            address: input.pick(&[Width::Word, Width::Dword, Width::Qword]),
            segment: Segment::from_number(input.byte() % 6).expect("a segment"),
            code,
        };
        let result = string_io(&io, &mut machine);
        judge(result, io.repeat, &before, &machine);
        return;
    }
    let Ok(instruction) = decode(input.rest(), code) else {
        return;
    };
    assert!((1..=15).contains(&instruction.length));
    let next = instruction.next_rip(machine.rip);
    assert!(code == CodeSize::Long64 || u32::try_from(next).is_ok());
    let result = execute(&instruction, &mut machine);
    judge(
        result,
        instruction.repeat != Repeat::None,
        &before,
        &machine,
    );
}

fn judge(result: Result<Progress, Fault>, repeat: bool, before: &Machine, after: &Machine) {
    assert!(
        after.accesses <= 3 * MAX_ITERATIONS + 3,
        "{} accesses",
        after.accesses
    );
    assert_eq!(after.rip, before.rip);
    if let Err(fault) = result {
        if let Fault::Exception(exception) = fault {
            assert!(
                matches!(exception.vector.0, 6 | 12 | 13 | 14 | 17),
                "{exception:?}"
            );
            assert_eq!(exception.address.is_some(), exception.vector.0 == 14);
        }
        if !repeat {
            let same = after.gprs == before.gprs
                && after.rflags == before.rflags
                && after.memory == before.memory;
            assert!(same, "{fault:?} after a change: {before:x?} {after:x?}");
        }
    }
}

/// The instructions above over small registers, in each mode; and string I/O.
pub fn executor_seeds() -> Vec<Vec<u8>> {
    let state = |flags: u8| {
        let mut state = vec![flags];
        for number in 0..16 {
            state.extend([1, number * 3, 0x10]);
        }
        state.extend([0, 0]);
        state
    };
    let mut seeds = Vec::new();
    for (index, bytes) in instructions().into_iter().enumerate() {
        seeds.push([&[(index % 4) as u8][..], &state(0), bytes].concat());
        seeds.push([&[3][..], &state(2 | 4), bytes].concat());
    }
    for kind in [0x80, 0x8c, 0x83, 0x8f] {
        seeds.push([&[kind][..], &state(0), &[0xf8, 3, 1, kind & 2, 3]].concat());
    }
    seeds
}
