//! Accesses to guest-physical addresses that second-level translation does not map: device registers, or nothing at all. Nothing
//! reads as ones and takes every write, as on a bus where nobody answers.

use super::emulate::{Emulator, Outcome};
use super::{After, Scene, interrupt};
use crate::inject::{Event, TripleFault, exception};
use crate::partition::EndReason;
use crate::processor::{MemoryFault, Processor};
use isthmus_abi::{Gva, Vector};
use isthmus_devices::memory::GuestMemory;
use isthmus_x86emu::{DecodeError, Exception, Progress};

const PAGE_FAULT_RESERVED: u32 = 1 << 3 | 1;
const PAGE_FAULT_WRITE: u32 = 1 << 1;
const PAGE_FAULT_FETCH: u32 = 1 << 4;

impl<P: Processor, M: GuestMemory> Scene<'_, P, M> {
    pub(super) fn memory_fault(&mut self, fault: &MemoryFault) -> Result<After, TripleFault> {
        if self.partition.layout.contains(fault.gpa, 1) {
            // Backed memory is mapped with every right before the first entry.
            return Ok(After::End(EndReason::Internal(
                "an access to the partition's own memory was refused",
            )));
        }
        if let Some(address) = fault.walk_for {
            return self.tables_in_nowhere(fault, address);
        }
        if self.vcpu.events.has_event() {
            // The IDT, GDT or stack of an event's delivery lies where nothing is: the processor reads ones,
            // finds no gate, and shuts down.
            return Err(TripleFault);
        }
        if fault.fetch {
            // Ones decode as an undefined opcode.
            return self.invalid_opcode();
        }
        let (outcome, length) = Emulator::new(self).instruction();
        self.conclude(outcome, length)
    }

    /// The processor carried out a write to the APIC's page that has a meaning beyond it. RIP is past it already.
    pub(super) fn apic_write(&mut self, offset: u16) -> After {
        let now = self.vcpu.guest_tsc(self.cpu.host_tsc());
        let effect = self.vcpu.lapic.hardware_wrote(offset, now);
        self.vcpu.apic_changed = true;
        interrupt::effect(self.vcpu, self.partition, self.cpu, effect);
        After::Continue
    }

    /// The processor ended the service of a level-triggered interrupt.
    pub(super) fn apic_eoi(&mut self, vector: Vector) -> After {
        let effect = self.vcpu.lapic.hardware_ended(vector);
        interrupt::effect(self.vcpu, self.partition, self.cpu, effect);
        After::Continue
    }

    /// An access to the APIC's page that the processor does not carry out by itself.
    pub(super) fn apic_access(&mut self, fetch: bool) -> Result<After, TripleFault> {
        if self.vcpu.events.has_event() {
            return Err(TripleFault);
        }
        if fetch {
            return self.invalid_opcode();
        }
        let (outcome, length) = Emulator::new(self).instruction();
        self.vcpu.apic_changed = true;
        self.conclude(outcome, length)
    }

    /// A paging structure that reads as ones has reserved bits set (SDM Vol. 3A §4.7).
    fn tables_in_nowhere(
        &mut self,
        fault: &MemoryFault,
        address: Gva,
    ) -> Result<After, TripleFault> {
        let user = self.cpu.cpl() == 3;
        let mut code = PAGE_FAULT_RESERVED | u32::from(user) << 2;
        if fault.write {
            code |= PAGE_FAULT_WRITE;
        }
        if fault.fetch {
            code |= PAGE_FAULT_FETCH;
        }
        self.cpu.set_cr2(address.0);
        self.raise(Event::page_fault(code))
    }

    /// What an emulated instruction leaves behind.
    pub(super) fn conclude(&mut self, outcome: Outcome, length: u64) -> Result<After, TripleFault> {
        match outcome {
            Outcome::Progress(Progress::Complete, end) => {
                self.vcpu.advance_by(length, self.cpu);
                Ok(end.map_or(After::Continue, After::End))
            }
            Outcome::Progress(Progress::Partial, end) => {
                Ok(end.map_or(After::Continue, After::End))
            }
            Outcome::Exception(exception) => self.raise_emulated(&exception),
            // What the decoder does not know does not touch devices in any software worth the name.
            Outcome::Undecodable(DecodeError::InvalidOpcode | DecodeError::Unsupported) => {
                self.invalid_opcode()
            }
            Outcome::Undecodable(_) => self.general_protection(),
            Outcome::Shutdown => Err(TripleFault),
        }
    }

    fn raise_emulated(&mut self, raised: &Exception) -> Result<After, TripleFault> {
        if let Some(address) = raised.address.filter(|_| raised.vector == exception::PF) {
            self.cpu.set_cr2(address.0);
        }
        let vector: Vector = raised.vector;
        let event = match raised.error_code {
            Some(code) => Event::exception_with_code(vector, code),
            None => Event::exception(vector),
        };
        self.raise(event)
    }
}
