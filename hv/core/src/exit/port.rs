//! IN, OUT, INS and OUTS: every port is the board's.

use super::emulate::Emulator;
use super::{After, Scene, interrupt};
use crate::inject::TripleFault;
use crate::processor::{PortAccess, Processor, StringAccess};
use isthmus_abi::Gpr;
use isthmus_devices::memory::GuestMemory;

impl<P: Processor, M: GuestMemory> Scene<'_, P, M> {
    pub(super) fn port_access(&mut self, access: &PortAccess) -> Result<After, TripleFault> {
        if let Some(string) = access.string {
            return self.string_port_access(access, &string);
        }
        let PortAccess { port, size, .. } = *access;
        let now = self.partition.clock.ticks(self.cpu.host_tsc());
        let end = {
            let mut board = self.partition.board.lock();
            if access.is_in {
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

    fn string_port_access(
        &mut self,
        access: &PortAccess,
        string: &StringAccess,
    ) -> Result<After, TripleFault> {
        let length = self.cpu.instruction_length();
        let outcome = Emulator::new(self).string_io(access, string);
        self.conclude(outcome, length)
    }
}
