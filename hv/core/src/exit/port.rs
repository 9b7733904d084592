//! IN, OUT, INS and OUTS: every port is the board's.

use super::emulate::Emulator;
use super::{After, Scene, interrupt};
use crate::inject::TripleFault;
use crate::processor::Processor;
use isthmus_abi::Gpr;
use isthmus_devices::memory::GuestMemory;
use isthmus_vmx::exit::IoQualification;
use isthmus_vmx::field::Field;

impl<P: Processor, M: GuestMemory> Scene<'_, P, M> {
    pub(super) fn port_access(&mut self) -> Result<After, TripleFault> {
        let access = IoQualification::from_bits(self.cpu.read(Field::EXIT_QUALIFICATION));
        if access.string() {
            return self.string_port_access(access);
        }
        let port = access.port();
        let size = access.size();
        let now = self.partition.clock.ticks(self.cpu.host_tsc());
        let end = {
            let mut board = self.partition.board.lock();
            if access.is_in() {
                let value = u64::from(board.port_read(port, size, now));
                let rax = self.vcpu.gprs.get(Gpr::Rax);
                // A dword read clears the upper half, narrower ones leave the rest (SDM Vol. 1 §3.4.1.1).
                let kept = match size {
                    1 => rax & !0xff,
                    2 => rax & !0xffff,
                    _ => 0,
                };
                self.vcpu.gprs.set(Gpr::Rax, kept | value);
            } else {
                board.port_write(port, size, self.vcpu.gprs.low(Gpr::Rax), now);
            }
            interrupt::drain_locked(self.partition, &mut board, self.cpu)
        };
        let after = self.done();
        Ok(end.map_or(after, After::End))
    }

    fn string_port_access(&mut self, access: IoQualification) -> Result<After, TripleFault> {
        let information = self.cpu.read(Field::VM_EXIT_INSTRUCTION_INFORMATION) as u32;
        let length = self.cpu.read(Field::VM_EXIT_INSTRUCTION_LENGTH) & 0xf;
        let outcome = Emulator::new(self).string_io(access, information);
        self.conclude(outcome, length)
    }
}
