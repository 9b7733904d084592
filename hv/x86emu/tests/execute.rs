//! What instructions do to registers, flags and memory; and that one that faults does nothing at all.

use std::collections::BTreeMap;

use isthmus_abi::{Gva, Port};
use isthmus_x86emu::{
    CodeSize, Cpu, Direction, Fault, Gpr, Intent, MAX_ITERATIONS, PortCpu, Progress, Repeat,
    Segment, SegmentRegister, StringIo, Width, decode, execute, string_io,
};
use proptest::prelude::*;

const CF: u64 = 1;
const PF: u64 = 1 << 2;
const AF: u64 = 1 << 4;
const ZF: u64 = 1 << 6;
const SF: u64 = 1 << 7;
const TF: u64 = 1 << 8;
const DF: u64 = 1 << 10;
const DATA: u32 = 0xc093;

/// A vCPU with memory that holds `base of the address` unless written, and a fault at will.
#[derive(Clone, PartialEq, Debug)]
struct Machine {
    gprs: [u64; 16],
    rip: u64,
    rflags: u64,
    segments: [SegmentRegister; 6],
    memory: BTreeMap<u64, u8>,
    /// Accesses until one faults; probes count.
    fuse: Option<u32>,
    /// Whether locked writes find that another vCPU was faster.
    raced: bool,
    alignment: bool,
    ports: Vec<(u16, u32)>,
    input: u32,
}

impl Default for Machine {
    fn default() -> Self {
        let flat = SegmentRegister {
            base: 0,
            limit: u32::MAX,
            access_rights: DATA,
        };
        Self {
            gprs: [0; 16],
            rip: 0x40_0000,
            rflags: 2,
            segments: [flat; 6],
            memory: BTreeMap::new(),
            fuse: None,
            raced: false,
            alignment: false,
            ports: Vec::new(),
            input: 0x11,
        }
    }
}

impl Machine {
    fn touch(&mut self, at: Gva) -> Result<(), Fault> {
        match self.fuse {
            Some(0) => return Err(Fault::page(at, 2)),
            Some(left) => self.fuse = Some(left - 1),
            None => {}
        }
        Ok(())
    }
    fn peek(&self, at: u64, width: Width) -> u64 {
        (0..width.bytes()).rev().fold(0, |value, offset| {
            let at = at.wrapping_add(offset);
            value << 8 | u64::from(self.memory.get(&at).copied().unwrap_or(at as u8))
        })
    }
    fn poke(&mut self, at: u64, width: Width, value: u64) {
        for offset in 0..width.bytes() {
            self.memory
                .insert(at.wrapping_add(offset), (value >> (8 * offset)) as u8);
        }
    }
    fn run(&mut self, bytes: &[u8], code: CodeSize) -> Result<Progress, Fault> {
        let instruction = decode(bytes, code).expect("decodes");
        assert_eq!(usize::from(instruction.length), bytes.len());
        execute(&instruction, self)
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
        self.rflags = value;
    }
    fn segment(&self, segment: Segment) -> SegmentRegister {
        self.segments[segment as usize]
    }
    fn alignment_checked(&self) -> bool {
        self.alignment
    }
    fn read(&mut self, at: Gva, width: Width, _: Intent) -> Result<u64, Fault> {
        self.touch(at)?;
        Ok(self.peek(at.0, width))
    }
    fn write(&mut self, at: Gva, width: Width, value: u64) -> Result<(), Fault> {
        assert_eq!(
            value,
            width.truncate(value),
            "writes are cut to their width"
        );
        self.touch(at)?;
        self.poke(at.0, width, value);
        Ok(())
    }
    fn probe_write(&mut self, at: Gva, _: Width) -> Result<(), Fault> {
        self.touch(at)
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
    fn port_in(&mut self, _: Port, width: Width) -> Result<u32, Fault> {
        self.input = self.input.wrapping_mul(0x0101_0101).wrapping_add(1);
        Ok(width.truncate(self.input.into()) as u32)
    }
    fn port_out(&mut self, port: Port, _: Width, value: u32) -> Result<(), Fault> {
        self.ports.push((port.0, value));
        Ok(())
    }
}

const RAX: usize = 0;
const RCX: usize = 1;
const RDX: usize = 2;
const RBX: usize = 3;
const RSP: usize = 4;
const RSI: usize = 6;
const RDI: usize = 7;
use CodeSize::{Long64, Protected16, Protected32, Real16};

#[test]
fn moves_take_and_leave_what_their_width_says() {
    let mut m = Machine::default();
    m.gprs[RBX] = 0x1000;
    m.gprs[RAX] = 0x1122_3344_5566_7788;
    assert_eq!(m.run(&[0x88, 0x23], Long64), Ok(Progress::Complete)); // mov [rbx], ah
    assert_eq!(m.peek(0x1000, Width::Word), 0x0177);
    m.poke(0x1000, Width::Qword, 0x8000_0000_ffff_fff0);
    m.run(&[0x8a, 0x23], Long64).unwrap(); // mov ah, [rbx]
    assert_eq!(m.gprs[RAX], 0x1122_3344_5566_f088);
    m.run(&[0x66, 0x8b, 0x03], Long64).unwrap(); // mov ax, [rbx]
    assert_eq!(m.gprs[RAX], 0x1122_3344_5566_fff0);
    m.run(&[0x8b, 0x03], Long64).unwrap(); // mov eax, [rbx]
    assert_eq!(m.gprs[RAX], 0xffff_fff0);
    m.run(&[0x0f, 0xb6, 0x03], Long64).unwrap(); // movzx eax, byte [rbx]
    assert_eq!(m.gprs[RAX], 0xf0);
    m.run(&[0x48, 0x0f, 0xbe, 0x03], Long64).unwrap(); // movsx rax, byte [rbx]
    assert_eq!(m.gprs[RAX], 0xffff_ffff_ffff_fff0);
    m.run(&[0x48, 0x63, 0x43, 0x04], Long64).unwrap(); // movsxd rax, [rbx+4]
    assert_eq!(m.gprs[RAX], 0xffff_ffff_8000_0000);
    m.run(&[0x48, 0xc7, 0x03, 0xfe, 0xff, 0xff, 0xff], Long64)
        .unwrap(); // mov qword [rbx], -2
    assert_eq!(m.peek(0x1000, Width::Qword), u64::MAX - 1);
    m.run(&[0xc7, 0x05, 0x10, 0, 0, 0, 7, 0, 0, 0], Long64)
        .unwrap(); // mov dword [rip+0x10], 7
    assert_eq!(m.peek(0x40_001a, Width::Dword), 7);
    let offset = [0x48, 0xa3, 0, 0x20, 0, 0, 0, 0, 0, 0]; // mov [0x2000], rax
    m.run(&offset, Long64).unwrap();
    assert_eq!(m.peek(0x2000, Width::Qword), 0xffff_ffff_8000_0000);
    assert_eq!(m.rflags, 2);
}

#[test]
fn arithmetic_sets_flags_and_stores() {
    let mut m = Machine::default();
    m.gprs[RBX] = 0x1000;
    m.poke(0x1000, Width::Dword, 0xffff_ffff);
    m.run(&[0x83, 0x03, 0x01], Long64).unwrap(); // add dword [rbx], 1
    assert_eq!(
        (m.peek(0x1000, Width::Dword), m.rflags),
        (0, 2 | CF | AF | ZF | PF)
    );
    m.run(&[0x80, 0x13, 0x00], Long64).unwrap(); // adc byte [rbx], 0
    assert_eq!((m.peek(0x1000, Width::Dword), m.rflags), (1, 2));
    m.run(&[0xff, 0x0b], Long64).unwrap(); // dec dword [rbx]
    assert_eq!((m.peek(0x1000, Width::Dword), m.rflags), (0, 2 | ZF | PF));
    m.run(&[0x80, 0x3b, 0x01], Long64).unwrap(); // cmp byte [rbx], 1
    assert_eq!(
        (m.peek(0x1000, Width::Dword), m.rflags),
        (0, 2 | CF | AF | SF | PF)
    );
    m.run(&[0xf7, 0x13], Long64).unwrap(); // not dword [rbx]
    assert_eq!(
        (m.peek(0x1000, Width::Dword), m.rflags),
        (0xffff_ffff, 2 | CF | AF | SF | PF)
    );
    m.run(&[0xf7, 0x1b], Long64).unwrap(); // neg dword [rbx]
    assert_eq!((m.peek(0x1000, Width::Dword), m.rflags), (1, 2 | CF | AF));
    m.run(&[0xf6, 0x03, 0x02], Long64).unwrap(); // test byte [rbx], 2
    assert_eq!(m.rflags, 2 | ZF | PF);
}

#[test]
fn exchanges_swap_add_or_compare() {
    let mut m = Machine::default();
    m.gprs[RBX] = 0x1000;
    m.gprs[RCX] = 5;
    m.poke(0x1000, Width::Qword, 7);
    m.run(&[0x48, 0x87, 0x0b], Long64).unwrap(); // xchg [rbx], rcx
    assert_eq!((m.gprs[RCX], m.peek(0x1000, Width::Qword)), (7, 5));
    m.run(&[0xf0, 0x48, 0x0f, 0xc1, 0x0b], Long64).unwrap(); // lock xadd [rbx], rcx
    assert_eq!((m.gprs[RCX], m.peek(0x1000, Width::Qword)), (5, 12));
    m.gprs[RAX] = 0xffff_ffff_0000_000b;
    m.run(&[0x0f, 0xb1, 0x0b], Long64).unwrap(); // cmpxchg [rbx], ecx
    assert_eq!(
        (m.gprs[RAX], m.peek(0x1000, Width::Dword), m.rflags & ZF),
        (12, 12, 0)
    );
    m.run(&[0x0f, 0xb1, 0x0b], Long64).unwrap();
    assert_eq!(
        (m.gprs[RAX], m.peek(0x1000, Width::Dword), m.rflags & ZF),
        (12, 5, ZF)
    );
    m.gprs[RCX] = 3;
    m.run(&[0x0f, 0xc1, 0xc9], Long64).unwrap(); // xadd ecx, ecx
    assert_eq!(m.gprs[RCX], 6);
}

#[test]
fn a_locked_write_that_lost_a_race_starts_again() {
    let mut m = Machine {
        raced: true,
        ..Machine::default()
    };
    m.gprs[RBX] = 0x1000;
    let before = m.clone();
    for bytes in [
        &[0xf0, 0x83, 0x03, 0x01][..], // lock add dword [rbx], 1
        &[0xf0, 0x0f, 0xab, 0x03],     // lock bts [rbx], eax
        &[0x87, 0x0b],                 // xchg [rbx], ecx
        &[0xf0, 0x0f, 0xb1, 0x0b],     // lock cmpxchg [rbx], ecx
    ] {
        assert_eq!(m.run(bytes, Long64), Ok(Progress::Partial));
        assert_eq!(m, before);
    }
}

#[test]
fn bit_offsets_in_registers_reach_both_ways() {
    let mut m = Machine::default();
    m.gprs[RBX] = 0x1000;
    m.poke(0x0ffc, Width::Qword, 0);
    m.gprs[RAX] = (-1i64) as u64;
    m.run(&[0x0f, 0xab, 0x03], Long64).unwrap(); // bts [rbx], eax
    assert_eq!(
        (m.peek(0xffc, Width::Dword), m.rflags & CF),
        (0x8000_0000, 0)
    );
    m.gprs[RAX] = 0x1_0000_0000;
    m.run(&[0x48, 0x0f, 0xa3, 0x03], Long64).unwrap(); // bt [rbx], rax
    assert_eq!(
        m.rflags & CF,
        0,
        "bit 0 of the byte at 0x1000 + 2^29, which is 0"
    );
    m.run(&[0x0f, 0xba, 0xab, 0xfc, 0xff, 0xff, 0xff, 0x3f], Long64)
        .unwrap(); // bts dword [rbx-4], 63
    assert_eq!(
        (m.peek(0xffc, Width::Qword), m.rflags & CF),
        (0x8000_0000, CF)
    );
}

#[test]
fn push_and_pop_move_the_stack_by_the_operand() {
    let mut m = Machine::default();
    (m.gprs[RSP], m.gprs[RBX]) = (0x8000, 0x1000);
    m.poke(0x1000, Width::Qword, 0x1234);
    m.run(&[0xff, 0x33], Long64).unwrap(); // push qword [rbx]
    assert_eq!(
        (m.gprs[RSP], m.peek(0x7ff8, Width::Qword)),
        (0x7ff8, 0x1234)
    );
    m.run(&[0x8f, 0x04, 0x24], Long64).unwrap(); // pop qword [rsp]
    assert_eq!(
        (m.gprs[RSP], m.peek(0x8000, Width::Qword)),
        (0x8000, 0x1234)
    );
    m.gprs[RSP] = 0xabcd_0000;
    m.run(&[0xff, 0x37], Real16).unwrap(); // push word [bx]
    assert_eq!(
        (m.gprs[RSP], m.peek(0xfffe, Width::Word)),
        (0xabcd_fffe, 0x1234)
    );
}

#[test]
fn strings_repeat_count_and_turn_round() {
    let mut m = Machine::default();
    (m.gprs[RSI], m.gprs[RDI], m.gprs[RCX]) = (0x1000, 0x2000, 3);
    assert_eq!(m.run(&[0xf3, 0xa5], Long64), Ok(Progress::Complete)); // rep movsd
    assert_eq!((m.gprs[RSI], m.gprs[RDI], m.gprs[RCX]), (0x100c, 0x200c, 0));
    assert_eq!(m.peek(0x2004, Width::Qword), m.peek(0x1004, Width::Qword));
    m.rflags |= DF;
    m.gprs[RAX] = 0x5a;
    m.run(&[0xaa], Long64).unwrap(); // stosb
    assert_eq!((m.gprs[RDI], m.peek(0x200c, Width::Byte)), (0x200b, 0x5a));
    m.rflags = 2;
    (m.gprs[RDI], m.gprs[RCX], m.gprs[RAX]) = (0x3000, 100, 0x07);
    m.run(&[0xf2, 0xae], Long64).unwrap(); // repne scasb, memory counts up from 0
    assert_eq!((m.gprs[RDI], m.gprs[RCX], m.rflags & ZF), (0x3008, 92, ZF));
    (m.gprs[RSI], m.gprs[RDI], m.gprs[RCX]) = (0x4000, 0x5000, 300);
    m.poke(0x5009, Width::Byte, 0xff);
    m.run(&[0xf3, 0xa6], Long64).unwrap(); // repe cmpsb
    assert_eq!(
        (m.gprs[RSI], m.gprs[RCX], m.rflags & (ZF | CF)),
        (0x400a, 290, CF)
    );
    m.gprs[RCX] = 0;
    let before = m.clone();
    assert_eq!(m.run(&[0xf3, 0xac], Long64), Ok(Progress::Complete)); // rep lodsb, none
    assert_eq!(m, before);
}

#[test]
fn long_repetitions_come_in_pieces() {
    let mut m = Machine::default();
    (m.gprs[RDI], m.gprs[RCX]) = (0x1000, u64::from(MAX_ITERATIONS) + 1);
    assert_eq!(m.run(&[0xf3, 0xaa], Long64), Ok(Progress::Partial));
    assert_eq!(m.gprs[RCX], 1);
    assert_eq!(m.run(&[0xf3, 0xaa], Long64), Ok(Progress::Complete));
    (m.gprs[RCX], m.rflags) = (5, 2 | TF);
    assert_eq!(m.run(&[0xf3, 0xaa], Long64), Ok(Progress::Partial));
    assert_eq!(m.gprs[RCX], 4, "a single step is one iteration");
}

#[test]
fn string_registers_are_as_wide_as_addresses() {
    let mut m = Machine::default();
    (m.gprs[RDI], m.gprs[RCX]) = (0x1_ffff, 0x5_0001);
    m.run(&[0xf3, 0xaa], Real16).unwrap(); // rep stosb, 16-bit
    assert_eq!((m.gprs[RDI], m.gprs[RCX]), (0x1_0000, 0x5_0000));
    m.gprs[RDI] = 0x1_ffff_ffff;
    m.run(&[0x67, 0xaa], Long64).unwrap(); // stosb [edi]
    assert_eq!((m.gprs[RDI], m.peek(0xffff_ffff, Width::Byte)), (0, 0));
}

#[test]
fn a_string_fault_keeps_the_iterations_before_it() {
    let mut m = Machine {
        fuse: Some(2),
        ..Machine::default()
    };
    (m.gprs[RDI], m.gprs[RCX]) = (0x1000, 9);
    assert_eq!(
        m.run(&[0xf3, 0xab], Long64),
        Err(Fault::page(Gva(0x1008), 2))
    );
    assert_eq!((m.gprs[RDI], m.gprs[RCX]), (0x1008, 7));
}

#[test]
fn segments_limit_and_relocate() {
    let mut m = Machine::default();
    let ds = Segment::Ds as usize;
    m.segments[ds] = SegmentRegister {
        base: 0xffff_f000,
        limit: 0x1fff,
        access_rights: DATA,
    };
    m.gprs[RBX] = 0x1ffc;
    m.run(&[0xc7, 0x03, 9, 0, 0, 0], Protected32).unwrap(); // mov dword [ebx], 9
    assert_eq!(m.peek(0xffc, Width::Dword), 9, "the sum wraps at 4 GiB");
    m.gprs[RBX] = 0x1ffd;
    let gp = Err(Fault::general_protection());
    assert_eq!(m.run(&[0x89, 0x03], Protected32), gp, "one byte too far");
    m.segments[ds].access_rights = 0xc091;
    m.gprs[RBX] = 0;
    assert_eq!(m.run(&[0x89, 0x03], Protected32), gp, "read-only");
    assert!(m.run(&[0x8b, 0x03], Protected32).is_ok());
    m.segments[ds].access_rights = 0xc099;
    assert_eq!(m.run(&[0x8b, 0x03], Protected32), gp, "execute-only");
    assert!(
        m.run(&[0x67, 0x8b, 0x03], Real16).is_ok(),
        "real mode has no types"
    );
    m.segments[ds].access_rights = 0x1_0000;
    assert_eq!(m.run(&[0x67, 0x8b, 0x03], Protected16), gp, "unusable");
    m.segments[ds] = SegmentRegister {
        base: 0,
        limit: 0xfff,
        access_rights: 0x8097,
    };
    assert_eq!(
        m.run(&[0x8b, 0x03], Protected32),
        gp,
        "expand-down, below the limit"
    );
    m.gprs[RBX] = 0x1000;
    assert!(m.run(&[0x8b, 0x03], Protected32).is_ok());
    m.gprs[RBX] = 0xfffe;
    assert_eq!(
        m.run(&[0x8b, 0x03], Protected32),
        gp,
        "a small one ends at 64 KiB"
    );
}

#[test]
fn long_mode_wants_canonical_addresses() {
    let mut m = Machine::default();
    m.segments[Segment::Ds as usize].base = 0x5000;
    m.segments[Segment::Gs as usize].base = 0x6000;
    m.gprs[RBX] = 0x10;
    m.run(&[0x65, 0x88, 0x03], Long64).unwrap(); // mov gs:[rbx], al
    m.run(&[0x88, 0x43, 0x01], Long64).unwrap(); // mov [rbx+1], al: DS has no base
    assert!(m.memory.contains_key(&0x6010) && m.memory.contains_key(&0x11));
    m.gprs[RBX] = 0x7fff_ffff_fffd;
    assert_eq!(
        m.run(&[0x8b, 0x03], Long64),
        Err(Fault::general_protection())
    );
    m.gprs[RSP] = 1 << 63;
    assert_eq!(m.run(&[0x8b, 0x04, 0x24], Long64), Err(Fault::stack()));
    m.alignment = true;
    m.gprs[RBX] = 0x1001;
    assert_eq!(m.run(&[0x66, 0x8b, 0x03], Long64), Err(Fault::alignment()));
    assert!(m.run(&[0x8a, 0x03], Long64).is_ok());
}

fn string_port(direction: Direction, width: Width) -> StringIo {
    StringIo {
        port: Port(0x1f0),
        width,
        direction,
        repeat: true,
        address: Width::Qword,
        segment: Segment::Ds,
        code: Long64,
    }
}

#[test]
fn port_strings_go_element_by_element() {
    let mut m = Machine::default();
    (m.gprs[RSI], m.gprs[RCX], m.gprs[RDX]) = (0x1000, 3, 0x1f0);
    let out = string_port(Direction::Out, Width::Word);
    assert_eq!(string_io(&out, &mut m), Ok(Progress::Complete));
    assert_eq!(m.ports, [(0x1f0, 0x0100), (0x1f0, 0x0302), (0x1f0, 0x0504)]);
    assert_eq!((m.gprs[RSI], m.gprs[RCX]), (0x1006, 0));
    (m.gprs[RDI], m.gprs[RCX], m.rflags) = (0x2000, u64::MAX, 2 | DF);
    let input = string_port(Direction::In, Width::Byte);
    assert_eq!(string_io(&input, &mut m), Ok(Progress::Partial));
    assert_eq!(m.gprs[RDI], 0x2000 - u64::from(MAX_ITERATIONS));
    assert_eq!(m.gprs[RCX], u64::MAX - u64::from(MAX_ITERATIONS));
}

#[test]
fn input_is_not_lost_when_memory_faults() {
    let mut m = Machine {
        fuse: Some(0),
        ..Machine::default()
    };
    (m.gprs[RDI], m.gprs[RCX]) = (0x2000, 4);
    let before = m.clone();
    let fault = string_io(&string_port(Direction::In, Width::Dword), &mut m);
    assert_eq!(fault, Err(Fault::page(Gva(0x2000), 2)));
    assert_eq!(m, before, "the port was not read");
}

fn machine() -> impl Strategy<Value = Machine> {
    (
        prop::array::uniform16(any::<u32>()),
        any::<u64>(),
        any::<bool>(),
    )
        .prop_map(|(gprs, flags, down)| {
            let rflags = 2 | flags & (CF | PF | AF | ZF | SF) | if down { DF } else { 0 };
            Machine {
                gprs: gprs.map(u64::from),
                rflags,
                ..Machine::default()
            }
        })
}

fn code() -> impl Strategy<Value = CodeSize> {
    prop::sample::select(vec![Real16, Protected16, Protected32, Long64])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) })]

    #[test]
    fn a_fault_leaves_no_trace(
        before in machine(),
        prefix in prop::sample::subsequence(vec![0x66, 0x67, 0xf0, 0xf3, 0x4c], 0..3),
        opcode in any::<u8>(),
        two in prop::bool::weighted(0.3),
        rest in prop::collection::vec(any::<u8>(), 10),
        code in code(),
        fuse in 0u32..3,
    ) {
        let mut bytes = prefix;
        if two {
            bytes.push(0x0f);
        }
        bytes.push(opcode);
        bytes.extend(rest);
        let Ok(instruction) = decode(&bytes, code) else { return Ok(()) };
        let mut whole = before.clone();
        let complete = execute(&instruction, &mut whole);
        let mut cut = Machine { fuse: Some(fuse), ..before.clone() };
        let faulted = execute(&instruction, &mut cut);
        if faulted.is_err() && instruction.repeat == Repeat::None {
            cut.fuse = None;
            prop_assert_eq!(&cut, &before);
        }
        // Whatever was done before the fault, a restart ends where an undisturbed run does.
        cut.fuse = None;
        if faulted.is_err() && instruction.repeat == Repeat::None {
            let again = execute(&instruction, &mut cut);
            prop_assert_eq!(again, complete);
            prop_assert_eq!(cut, whole);
        }
    }
}
