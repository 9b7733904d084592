//! Carrying out an instruction that touched a device: fetch its bytes through the guest's page tables, decode,
//! execute, each access going to guest memory, to the vCPU's APIC or to the board.

use super::{Scene, interrupt};
use crate::control::{cr0, cr4, efer};
use crate::partition::EndReason;
use crate::processor::Processor;
use crate::vcpu::rflags;
use isthmus_abi::{Gpa, Gpr, Gva, PAGE_SIZE, Port};
use isthmus_devices::memory::GuestMemory;
use isthmus_vmx::exit::IoQualification;
use isthmus_vmx::field::Field;
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

impl<'s, 'a, P: Processor, M: GuestMemory> Emulator<'s, 'a, P, M> {
    pub(super) fn new(scene: &'s mut Scene<'a, P, M>) -> Self {
        let cpu = &*scene.cpu;
        let state = scene.vcpu.control_state(scene.partition, cpu);
        let pae =
            state.cr0 & cr0::PG != 0 && state.cr4 & cr4::PAE != 0 && state.efer & efer::LMA == 0;
        let pdptes = [
            Field::GUEST_PDPTE0,
            Field::GUEST_PDPTE1,
            Field::GUEST_PDPTE2,
            Field::GUEST_PDPTE3,
        ];
        let paging = PagingState {
            cr0: state.cr0,
            cr3: state.cr3,
            cr4: state.cr4,
            efer: state.efer,
            cpl: scene.vcpu.privilege_level(cpu),
            rflags_ac: cpu.read(Field::GUEST_RFLAGS) & rflags::AC != 0,
            physical_bits: scene.partition.cpuid.maxphyaddr(),
            gigabyte_pages: true,
            pdptes: pae.then(|| pdptes.map(|field| cpu.read(field))),
            ..PagingState::default()
        };
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

    /// INS or OUTS as the I/O exit describes it (SDM Vol. 3C Tables 28-5 and 28-8).
    pub(super) fn string_io(mut self, access: IoQualification, information: u32) -> Outcome {
        let address = match information >> 7 & 7 {
            0 => Width::Word,
            1 => Width::Dword,
            _ => Width::Qword,
        };
        let (Some(width), Some(segment)) = (
            Width::from_bytes(u64::from(access.size())),
            Segment::from_number((information >> 15 & 7) as u8),
        ) else {
            return Outcome::Shutdown;
        };
        let io = StringIo {
            port: access.port(),
            width,
            direction: if access.is_in() {
                Direction::In
            } else {
                Direction::Out
            },
            repeat: access.rep(),
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
        const DEFAULT_32: u64 = 1 << 14;
        let cpu = &*self.scene.cpu;
        if self.scene.vcpu.in_64_bit_code(cpu) {
            return CodeSize::Long64;
        }
        let real =
            self.paging.cr0 & cr0::PE == 0 || cpu.read(Field::GUEST_RFLAGS) & rflags::VM != 0;
        match (
            real,
            cpu.read(Field::GUEST_CS_ACCESS_RIGHTS) & DEFAULT_32 != 0,
        ) {
            (true, _) => CodeSize::Real16,
            (false, true) => CodeSize::Protected32,
            (false, false) => CodeSize::Protected16,
        }
    }

    /// Reads the bytes at CS:RIP, as many as are there up to the longest instruction.
    fn fetch(&self, bytes: &mut [u8; MAX_INSTRUCTION_BYTES]) -> Result<usize, Outcome> {
        let cpu = &*self.scene.cpu;
        let rip = cpu.read(Field::GUEST_RIP);
        let start = match self.code_size() {
            CodeSize::Long64 => rip,
            _ => cpu.read(Field::GUEST_CS_BASE).wrapping_add(rip) & 0xffff_ffff,
        };
        let mut done = 0;
        while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = Gva(start.wrapping_add(done as u64));
            let take = rest.len().min((PAGE_SIZE - at.page_offset()) as usize);
            let part = rest.get_mut(..take).unwrap_or_default();
            let read = self.translate(at, Access::Fetch).and_then(|gpa| {
                self.scene
                    .memory
                    .read(gpa, part)
                    .map_err(|_| Fault::invalid_opcode())
            });
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

    fn translate(&self, at: Gva, access: Access) -> Result<Gpa, Fault> {
        translate(&self.paging, at, access, &Physical(self.scene.memory)).map_err(|error| {
            match error {
                WalkError::PageFault(code) => Fault::page(at, code),
                WalkError::NonCanonical => Fault::general_protection(),
                WalkError::Unbacked(_) => Fault::page(at, 1 << 3 | 1),
            }
        })
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
            self.scene.cpu.read(Field::GUEST_RSP)
        } else {
            self.scene.vcpu.gprs.get(register)
        }
    }

    fn set_gpr(&mut self, register: Gpr, value: u64) {
        if register == Gpr::Rsp {
            self.scene.cpu.write(Field::GUEST_RSP, value);
        } else {
            self.scene.vcpu.gprs.set(register, value);
        }
    }

    fn rip(&self) -> u64 {
        self.scene.cpu.read(Field::GUEST_RIP)
    }

    fn rflags(&self) -> u64 {
        self.scene.cpu.read(Field::GUEST_RFLAGS)
    }

    fn set_rflags(&mut self, value: u64) {
        self.scene.cpu.write(Field::GUEST_RFLAGS, value);
    }

    fn segment(&self, segment: Segment) -> SegmentRegister {
        let number = 2 * segment as u32;
        let read = |field: Field| self.scene.cpu.read(Field(field.0 + number));
        SegmentRegister {
            base: read(Field::GUEST_ES_BASE),
            limit: read(Field::GUEST_ES_LIMIT) as u32,
            access_rights: read(Field::GUEST_ES_ACCESS_RIGHTS) as u32,
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
