//! Exits and entries over a VMCB that is a page.

use super::*;
use crate::field::{VmcbPage, WORDS};
use alloc::boxed::Box;
use isthmus_abi::Vector;
use isthmus_hv_core::processor::{ControlAccess, ControlOperation, StringAccess};

struct TestCore {
    vmcb: Box<VmcbPage>,
    nmis: Nmis,
    nrip: bool,
}

impl Vmcb for TestCore {
    fn word(&self, index: usize) -> u64 {
        self.vmcb.word(index)
    }
    fn set_word(&mut self, index: usize, value: u64) {
        self.vmcb.set_word(index, value);
    }
}

impl Host for TestCore {
    fn host_tsc(&self) -> u64 {
        0
    }
    fn core(&self) -> CoreId {
        CoreId(0)
    }
    fn kick(&mut self, _: CoreId) {}
    fn console(&mut self, _: PartitionId, _: &[u8]) {}
}

impl SvmCore for TestCore {
    fn has_nrip(&self) -> bool {
        self.nrip
    }
    fn has_decode_assists(&self) -> bool {
        self.nrip
    }
    fn nmis(&mut self) -> &mut Nmis {
        &mut self.nmis
    }
    fn nmis_ref(&self) -> &Nmis {
        &self.nmis
    }
    fn set_xcr0(&mut self, _: u64) {}
    fn reset_breakpoints(&mut self) {}
    fn read_msr(&self, _: Msr) -> u64 {
        0
    }
    fn write_msr(&mut self, _: Msr, _: u64) {}
    fn flush_translations(&mut self) {}
}

fn cpu(nrip: bool) -> SvmProcessor<TestCore> {
    SvmProcessor::new(TestCore {
        vmcb: Box::new([0; WORDS]),
        nmis: Nmis::default(),
        nrip,
    })
}

fn exited(cpu: &mut SvmProcessor<TestCore>, code: ExitCode, info: [u64; 2], bytes: &[u8]) -> Exit {
    cpu.write(Field::EXITCODE, code.0);
    cpu.write(Field::EXITINFO1, info[0]);
    cpu.write(Field::EXITINFO2, info[1]);
    let mut fetched = CodeBytes {
        length: bytes.len() as u8,
        ..CodeBytes::default()
    };
    fetched.bytes[..bytes.len()].copy_from_slice(bytes);
    cpu.exit(|_| fetched)
}

#[test]
fn lengths_are_told_or_read_from_the_code() {
    let mut with = cpu(true);
    with.write(Field::RIP, 0x1000);
    with.write(Field::NRIP, 0x1003);
    assert_eq!(exited(&mut with, ExitCode::CPUID, [0; 2], &[]), Exit::Cpuid);
    assert_eq!(with.instruction_length(), 3);
    let mut without = cpu(false);
    assert_eq!(
        exited(&mut without, ExitCode::CPUID, [0; 2], &[0x0f, 0xa2]),
        Exit::Cpuid
    );
    assert_eq!(without.instruction_length(), 2);
    assert_eq!(
        exited(&mut without, ExitCode::CPUID, [0; 2], &[0x90]),
        Exit::Undefined
    );
}

#[test]
fn ports_tell_the_next_rip_themselves() {
    let mut cpu = cpu(false);
    cpu.write(Field::RIP, 0x1000);
    cpu.write(Field::EFER, 1 << 10);
    cpu.write(Field::CS_ATTRIBUTES, 1 << 9);
    // OUT 0x80, AL.
    let Exit::Port(access) = exited(&mut cpu, ExitCode::IOIO, [0x80_0010, 0x1002], &[]) else {
        panic!("a port access")
    };
    assert_eq!((access.port.0, access.size, access.is_in), (0x80, 1, false));
    assert_eq!(cpu.instruction_length(), 2);
    // REP OUTSB with FS, whose address size and segment are in the instruction alone.
    let Exit::Port(access) = exited(
        &mut cpu,
        ExitCode::IOIO,
        [0x80_001c, 0x1003],
        &[0xf3, 0x64, 0x6e],
    ) else {
        panic!("a port access")
    };
    let expected = StringAccess {
        repeat: true,
        address_size: 8,
        segment: 4,
    };
    assert_eq!(access.string, Some(expected));
}

#[test]
fn control_registers_are_read_from_the_code() {
    let mut cpu = cpu(false);
    for (bytes, exit, expected) in [
        (
            &[0x0f, 0x22, 0xe0][..],
            0x14,
            Some((4, ControlOperation::Write(0))),
        ),
        (
            &[0xf0, 0x41, 0x0f, 0x20, 0xc1],
            0x08,
            Some((8, ControlOperation::Read(9))),
        ),
        (
            &[0x41, 0x0f, 0x01, 0xf2],
            0x65,
            Some((0, ControlOperation::LmswFrom(10))),
        ),
        (&[0x0f, 0x01, 0x30], 0x65, None),
        (
            &[0x0f, 0x22, 0xd8],
            0xffff_ffff,
            Some((3, ControlOperation::Write(0))),
        ),
    ] {
        cpu.write(Field::EFER, 1 << 10);
        cpu.write(Field::CS_ATTRIBUTES, 1 << 9);
        let expected = expected.map_or(Exit::Undefined, |(register, operation)| {
            Exit::ControlRegister(ControlAccess {
                register,
                operation,
            })
        });
        assert_eq!(
            exited(&mut cpu, ExitCode(exit), [0; 2], bytes),
            expected,
            "{bytes:x?}"
        );
    }
}

#[test]
fn a_refused_vmcb_is_a_failed_entry() {
    let mut cpu = cpu(false);
    let exit = exited(&mut cpu, ExitCode(0xffff_ffff), [0; 2], &[]);
    assert!(matches!(exit, Exit::EntryFailed(_)));
}

#[test]
fn an_nmi_blocks_the_next_until_iret() {
    let mut cpu = cpu(false);
    cpu.inject(&Event::nmi());
    assert_eq!(cpu.blocking(), interruptibility::NMI);
    assert_ne!(
        cpu.read(Field::INTERCEPT_VECTOR_3) & u64::from(Vector3::IRET.bits()),
        0
    );
    assert_eq!(
        exited(&mut cpu, ExitCode::IRET, [0; 2], &[]),
        Exit::NmiWindow
    );
    assert_eq!(
        cpu.blocking(),
        interruptibility::STI,
        "until after the IRET"
    );
    assert_eq!(
        cpu.read(Field::INTERCEPT_VECTOR_3) & u64::from(Vector3::IRET.bits()),
        0
    );
}

#[test]
fn an_interrupted_delivery_goes_in_again_unless_software_raises_it_anew() {
    for (event, expected) in [
        (0x8000_0030u64, Some(Event::external(Vector(0x30)))),
        (0x2_8000_0b0e, Some(Event::page_fault(2))),
        (0x8000_0306, Some(Event::invalid_opcode())),
        (0x8000_0202, Some(Event::nmi())),
        (0x8000_0303, None),
        (0x8000_0480, None),
        (0, None),
    ] {
        let mut cpu = cpu(false);
        cpu.nmis.blocked = true;
        cpu.write(Field::EXITINTINFO, event);
        assert_eq!(cpu.interrupted_event(), expected, "{event:#x}");
        assert_eq!(cpu.nmis.blocked, expected != Some(Event::nmi()));
        if let Some(event) = expected {
            cpu.inject(&event);
        }
        let injected = EventInformation::to_inject(&cpu.vmcb.as_ref().clone());
        assert_eq!(
            injected.map_or(0, EventInformation::into_bits),
            expected.map_or(0, |_| event)
        );
    }
}

#[test]
fn a_guest_does_not_see_svme_and_cannot_lose_it() {
    let mut cpu = cpu(false);
    cpu.set(Register::Efer, 0xd01);
    assert_eq!(cpu.get(Register::Efer), 0xd01);
    assert_eq!(cpu.read(Field::EFER), 0x1d01);
}

#[test]
fn reads_of_cr4_exit_only_while_there_is_something_to_hide() {
    let mut cpu = cpu(false);
    cpu.set_cr4(0x60, 0x20);
    assert_ne!(cpu.read(Field::CR_READ_INTERCEPTS) & 1 << 4, 0);
    cpu.set_cr4(0x60, 0x60);
    assert_eq!(cpu.read(Field::CR_READ_INTERCEPTS) & 1 << 4, 0);
}

#[test]
fn segments_survive_a_round_trip() {
    let mut cpu = cpu(false);
    let state = SegmentState {
        selector: 0x10,
        base: 0x1234,
        limit: u32::MAX,
        access: 0xa09b,
    };
    for name in [SegmentName::Cs, SegmentName::Tr, SegmentName::Ldtr] {
        cpu.set_segment(name, &state);
        assert_eq!(cpu.segment(name), state, "{name:?}");
    }
    cpu.set_segment(
        SegmentName::Ss,
        &SegmentState {
            access: 0xc0f3,
            ..state
        },
    );
    assert_eq!(cpu.cpl(), 3);
}

#[test]
fn a_window_is_a_virtual_interrupt_that_exits() {
    let mut cpu = cpu(false);
    cpu.set_up(&Setup {
        cr0_mask: 0,
        cr4_mask: 0,
        exceptions: 0,
        tsc_offset: 0,
        pat: 0,
    });
    cpu.set_interrupt_window(true);
    let virtual_interrupts = VirtualInterrupts::read(&cpu.vmcb.as_ref().clone());
    assert!(
        virtual_interrupts.irq() && virtual_interrupts.ignore_tpr() && virtual_interrupts.masking()
    );
    assert_eq!(
        exited(&mut cpu, ExitCode::VINTR, [0; 2], &[]),
        Exit::InterruptWindow
    );
    cpu.set_interrupt_window(false);
    assert!(!VirtualInterrupts::read(&cpu.vmcb.as_ref().clone()).irq());
}
