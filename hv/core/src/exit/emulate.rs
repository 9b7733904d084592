//! Carrying out an instruction that touched a device: fetch its bytes through the guest's page tables, decode,
//! execute, each access going to guest memory, to the vCPU's APIC or to the board.

use super::{Scene, interrupt};
use crate::control::{cr0, cr4, efer};
use crate::partition::EndReason;
use crate::partition::Partition;
use crate::processor::{CodeBytes, PortAccess, Processor, Register, SegmentName, StringAccess};
use crate::vcpu::{Vcpu, rflags};
use isthmus_abi::{Gpa, Gpr, Gva, PAGE_SIZE, Port};
use isthmus_devices::memory::GuestMemory;
use isthmus_x86emu::{
    Access, CodeSize, Cpu, DecodeError, Direction, Exception, Fault, Intent, MAX_INSTRUCTION_BYTES,
    PagingState, PhysicalRead, PortCpu, Progress, Segment, SegmentRegister, StringIo, WalkError,
    Width, decode, execute, string_io, translate,
};

/// How an emulated instruction ended.
pub(super) enum Outcome {
    /// It ran (so far); a device may have ended the partition.
    Progress(Progress, Option<EndReason>),
    /// It raised an exception.
    Exception(Exception),
    /// Its bytes are no instruction known here.
    Undecodable(DecodeError),
    /// It cannot be answered at all.
    Shutdown,
}

/// The vCPU as the executor sees it.
pub(super) struct Emulator<'s, 'a, P, M> {
    scene: &'s mut Scene<'a, P, M>,
    paging: PagingState,
    end: Option<EndReason>,
}

struct Physical<'a, M>(&'a M);

impl<M: GuestMemory> PhysicalRead for Physical<'_, M> {
    type Error = ();
    fn read(&self, at: Gpa, buffer: &mut [u8]) -> Result<(), ()> {
        self.0.read(at, buffer).map_err(|_| ())
    }
}

/// The registers that the guest's paging depends on.
fn paging_state<P: Processor>(vcpu: &Vcpu, partition: &Partition, cpu: &P) -> PagingState {
    let state = vcpu.control_state(partition, cpu);
    let pae = state.cr0 & cr0::PG != 0 && state.cr4 & cr4::PAE != 0 && state.efer & efer::LMA == 0;
    PagingState {
        cr0: state.cr0,
        cr3: state.cr3,
        cr4: state.cr4,
        efer: state.efer,
        cpl: cpu.cpl(),
        rflags_ac: cpu.get(Register::Rflags) & rflags::AC != 0,
        physical_bits: partition.cpuid.maxphyaddr(),
        gigabyte_pages: true,
        pdptes: if pae { cpu.pdptes() } else { None },
        ..PagingState::default()
    }
}

fn code_size<P: Processor>(vcpu: &Vcpu, cpu: &P) -> CodeSize {
    const DEFAULT_32: u32 = 1 << 14;
    if vcpu.in_64_bit_code(cpu) {
        return CodeSize::Long64;
    }
    let real = cpu.cr0() & cr0::PE == 0 || cpu.get(Register::Rflags) & rflags::VM != 0;
    match (real, cpu.access_rights(SegmentName::Cs) & DEFAULT_32 != 0) {
        (true, _) => CodeSize::Real16,
        (false, true) => CodeSize::Protected32,
        (false, false) => CodeSize::Protected16,
    }
}

fn translated<M: GuestMemory>(
    paging: &PagingState,
    at: Gva,
    access: Access,
    memory: &M,
) -> Result<Gpa, Fault> {
    translate(paging, at, access, &Physical(memory)).map_err(|error| match error {
        WalkError::PageFault(code) => Fault::page(at, code),
        WalkError::NonCanonical => Fault::general_protection(),
        WalkError::Unbacked(_) => Fault::page(at, 1 << 3 | 1),
    })
}

/// Reads the bytes at CS:RIP, as many as are there up to the longest instruction.
fn fetch<P: Processor, M: GuestMemory>(
    paging: &PagingState,
    code: CodeSize,
    cpu: &P,
    memory: &M,
    bytes: &mut [u8; MAX_INSTRUCTION_BYTES],
) -> Result<usize, Outcome> {
    let rip = cpu.get(Register::Rip);
    let start = match code {
        CodeSize::Long64 => rip,
        _ => cpu.segment(SegmentName::Cs).base.wrapping_add(rip) & 0xffff_ffff,
    };
    let mut done = 0;
    while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
        let at = Gva(start.wrapping_add(done as u64));
        let take = rest.len().min((PAGE_SIZE - at.page_offset()) as usize);
        let part = rest.get_mut(..take).unwrap_or_default();
        let read = translated(paging, at, Access::Fetch, memory)
            .and_then(|gpa| memory.read(gpa, part).map_err(|_| Fault::invalid_opcode()));
        match read {
            Ok(()) => done += take,
            // The next page is not there: enough for an instruction that ends before it.
            Err(_) if done > 0 => break,
            Err(Fault::Exception(exception)) => return Err(Outcome::Exception(exception)),
            Err(Fault::Stop) => return Err(Outcome::Shutdown),
        }
    }
    Ok(done)
}

/// The bytes of the instruction that exited, for a processor that does not say which it was. None where they cannot be
/// read, because another vCPU changed the page tables meanwhile.
pub(super) fn code_bytes<P: Processor, M: GuestMemory>(
    vcpu: &Vcpu,
    partition: &Partition,
    cpu: &P,
    memory: &M,
) -> CodeBytes {
    let paging = paging_state(vcpu, partition, cpu);
    let code = code_size(vcpu, cpu);
    let mut bytes = [0; MAX_INSTRUCTION_BYTES];
    let length = fetch(&paging, code, cpu, memory, &mut bytes).unwrap_or(0);
    CodeBytes {
        bytes,
        length: length as u8,
    }
}

impl<'s, 'a, P: Processor, M: GuestMemory> Emulator<'s, 'a, P, M> {
    pub(super) fn new(scene: &'s mut Scene<'a, P, M>) -> Self {
        let paging = paging_state(scene.vcpu, scene.partition, &*scene.cpu);
        Self {
            scene,
            paging,
            end: None,
        }
    }

    /// The instruction at RIP. Also gives its length.
    pub(super) fn instruction(mut self) -> (Outcome, u64) {
        let mut bytes = [0; MAX_INSTRUCTION_BYTES];
        let fetched = match self.fetch(&mut bytes) {
            Ok(length) => length,
            Err(outcome) => return (outcome, 0),
        };
        let code = self.code_size();
        let instruction = match decode(bytes.get(..fetched).unwrap_or_default(), code) {
            Ok(instruction) => instruction,
            Err(error) => return (Outcome::Undecodable(error), 0),
        };
        let result = execute(&instruction, &mut self);
        (self.outcome(result), u64::from(instruction.length))
    }

    /// INS or OUTS as the exit describes it.
    pub(super) fn string_io(mut self, access: &PortAccess, string: &StringAccess) -> Outcome {
        let (Some(width), Some(address), Some(segment)) = (
            Width::from_bytes(u64::from(access.size)),
            Width::from_bytes(u64::from(string.address_size)),
            Segment::from_number(string.segment),
        ) else {
            return Outcome::Shutdown;
        };
        let io = StringIo {
            port: access.port,
            width,
            direction: if access.is_in {
                Direction::In
            } else {
                Direction::Out
            },
            repeat: string.repeat,
            address,
            segment,
            code: self.code_size(),
        };
        let result = string_io(&io, &mut self);
        self.outcome(result)
    }

    fn outcome(self, result: Result<Progress, Fault>) -> Outcome {
        match result {
            Ok(progress) => Outcome::Progress(progress, self.end),
            Err(Fault::Exception(exception)) => Outcome::Exception(exception),
            Err(Fault::Stop) => Outcome::Shutdown,
        }
    }

    fn code_size(&self) -> CodeSize {
        code_size(self.scene.vcpu, &*self.scene.cpu)
    }

    fn fetch(&self, bytes: &mut [u8; MAX_INSTRUCTION_BYTES]) -> Result<usize, Outcome> {
        let code = self.code_size();
        fetch(
            &self.paging,
            code,
            &*self.scene.cpu,
            self.scene.memory,
            bytes,
        )
    }

    fn translate(&self, at: Gva, access: Access) -> Result<Gpa, Fault> {
        translated(&self.paging, at, access, self.scene.memory)
    }

    /// The two parts of an access that may cross a page: addresses and lengths.
    fn parts(&self, at: Gva, width: Width, access: Access) -> Result<[(Gpa, usize); 2], Fault> {
        let bytes = width.bytes() as usize;
        let first = bytes.min((PAGE_SIZE - at.page_offset()) as usize);
        let start = self.translate(at, access)?;
        if first == bytes {
            return Ok([(start, bytes), (start, 0)]);
        }
        let next = self.translate(at.wrapping_add(first as u64), access)?;
        Ok([(start, first), (next, bytes - first)])
    }

    fn read_physical(&mut self, gpa: Gpa, buffer: &mut [u8]) {
        if self.scene.partition.layout.contains(gpa, 1)
            && self.scene.memory.read(gpa, buffer).is_ok()
        {
            return;
        }
        let value = self.read_device(gpa, buffer.len());
        for (byte, value) in buffer.iter_mut().zip(value.to_le_bytes()) {
            *byte = value;
        }
    }

    fn write_physical(&mut self, gpa: Gpa, data: &[u8]) {
        if self.scene.partition.layout.contains(gpa, 1)
            && self.scene.memory.write(gpa, data).is_ok()
        {
            return;
        }
        let mut bytes = [0; 8];
        for (byte, value) in bytes.iter_mut().zip(data) {
            *byte = *value;
        }
        self.write_device(gpa, data.len(), u64::from_le_bytes(bytes));
    }

    /// Offset into the vCPU's APIC page, where its registers answer at all (xAPIC mode).
    fn apic_offset(&self, gpa: Gpa) -> Option<u16> {
        const ENABLED: u64 = 1 << 11;
        const X2APIC: u64 = 1 << 10;
        let base = self.scene.vcpu.lapic.apic_base();
        let offset = gpa.0.checked_sub(base & 0x000f_ffff_ffff_f000)?;
        (base & (ENABLED | X2APIC) == ENABLED && offset < PAGE_SIZE).then_some(offset as u16)
    }

    fn read_device(&mut self, gpa: Gpa, bytes: usize) -> u64 {
        let host = self.scene.cpu.host_tsc();
        if let Some(offset) = self.apic_offset(gpa) {
            let now = self.scene.vcpu.guest_tsc(host);
            let value = self.scene.vcpu.lapic.read_mmio(offset & !3, now);
            return u64::from(value) >> (u32::from(offset & 3) * 8);
        }
        let now = self.scene.partition.clock.ticks(host);
        self.scene
            .partition
            .board
            .lock()
            .mmio_read(gpa, bytes as u8, now)
            .unwrap_or(u64::MAX)
    }

    fn write_device(&mut self, gpa: Gpa, bytes: usize, value: u64) {
        let host = self.scene.cpu.host_tsc();
        let partition = self.scene.partition;
        if let Some(offset) = self.apic_offset(gpa) {
            // Registers take aligned doublewords; anything else is undefined (SDM Vol. 3A §11.4.1) and dropped here.
            if bytes == 4 && offset & 3 == 0 {
                let now = self.scene.vcpu.guest_tsc(host);
                let effect = self.scene.vcpu.lapic.write_mmio(offset, value as u32, now);
                interrupt::effect(self.scene.vcpu, partition, self.scene.cpu, effect);
            }
            return;
        }
        let now = partition.clock.ticks(host);
        let mut board = partition.board.lock();
        if board.mmio_write(gpa, bytes as u8, value, now) {
            let end = interrupt::drain_locked(partition, &mut board, self.scene.cpu);
            self.end = self.end.or(end);
        }
    }
}

impl<P: Processor, M: GuestMemory> Cpu for Emulator<'_, '_, P, M> {
    fn gpr(&self, register: Gpr) -> u64 {
        if register == Gpr::Rsp {
            self.scene.cpu.get(Register::Rsp)
        } else {
            self.scene.vcpu.gprs.get(register)
        }
    }

    fn set_gpr(&mut self, register: Gpr, value: u64) {
        if register == Gpr::Rsp {
            self.scene.cpu.set(Register::Rsp, value);
        } else {
            self.scene.vcpu.gprs.set(register, value);
        }
    }

    fn rip(&self) -> u64 {
        self.scene.cpu.get(Register::Rip)
    }

    fn rflags(&self) -> u64 {
        self.scene.cpu.get(Register::Rflags)
    }

    fn set_rflags(&mut self, value: u64) {
        self.scene.cpu.set(Register::Rflags, value);
    }

    fn segment(&self, segment: Segment) -> SegmentRegister {
        let name = match segment {
            Segment::Es => SegmentName::Es,
            Segment::Cs => SegmentName::Cs,
            Segment::Ss => SegmentName::Ss,
            Segment::Ds => SegmentName::Ds,
            Segment::Fs => SegmentName::Fs,
            Segment::Gs => SegmentName::Gs,
        };
        let state = self.scene.cpu.segment(name);
        SegmentRegister {
            base: state.base,
            limit: state.limit,
            access_rights: state.access,
        }
    }

    fn alignment_checked(&self) -> bool {
        self.paging.cpl == 3 && self.paging.cr0 & cr0::AM != 0 && self.paging.rflags_ac
    }

    fn read(&mut self, at: Gva, width: Width, intent: Intent) -> Result<u64, Fault> {
        let access = if intent == Intent::Modify {
            Access::Write
        } else {
            Access::Read
        };
        let [(first, length), (second, rest)] = self.parts(at, width, access)?;
        let mut bytes = [0; 8];
        let (head, tail) = bytes.split_at_mut(length.min(8));
        self.read_physical(first, head);
        if rest > 0 {
            self.read_physical(second, tail.get_mut(..rest).unwrap_or_default());
        }
        Ok(width.truncate(u64::from_le_bytes(bytes)))
    }

    fn write(&mut self, at: Gva, width: Width, value: u64) -> Result<(), Fault> {
        let [(first, length), (second, rest)] = self.parts(at, width, Access::Write)?;
        let bytes = value.to_le_bytes();
        let (head, tail) = bytes.split_at(length.min(8));
        self.write_physical(first, head);
        if rest > 0 {
            self.write_physical(second, tail.get(..rest).unwrap_or_default());
        }
        Ok(())
    }

    fn probe_write(&mut self, at: Gva, width: Width) -> Result<(), Fault> {
        self.parts(at, width, Access::Write).map(|_| ())
    }
}

impl<P: Processor, M: GuestMemory> PortCpu for Emulator<'_, '_, P, M> {
    fn port_in(&mut self, port: Port, width: Width) -> Result<u32, Fault> {
        let partition = self.scene.partition;
        let now = partition.clock.ticks(self.scene.cpu.host_tsc());
        let mut board = partition.board.lock();
        let value = board.port_read(port, width.bytes() as u8, now);
        let end = interrupt::drain_locked(partition, &mut board, self.scene.cpu);
        self.end = self.end.or(end);
        Ok(value)
    }

    fn port_out(&mut self, port: Port, width: Width, value: u32) -> Result<(), Fault> {
        let partition = self.scene.partition;
        let now = partition.clock.ticks(self.scene.cpu.host_tsc());
        let mut board = partition.board.lock();
        board.port_write(port, width.bytes() as u8, value, now);
        let end = interrupt::drain_locked(partition, &mut board, self.scene.cpu);
        self.end = self.end.or(end);
        Ok(())
    }
}
