//! Hypercalls, as [`isthmus_abi::hypercall`] defines them. Numbers, addresses and lengths are the guest's allegations.

use super::{After, Scene};
use crate::inject::TripleFault;
use crate::processor::Processor;
use isthmus_abi::hypercall::{self, MAX_LINE, Status};
use isthmus_abi::{Gpa, Gpr};
use isthmus_devices::memory::GuestMemory;

impl<P: Processor, M: GuestMemory> Scene<'_, P, M> {
    pub(super) fn hypercall(&mut self) -> Result<After, TripleFault> {
        if self.cpu.cpl() != 0 {
            return self.invalid_opcode();
        }
        let width = if self.vcpu.in_64_bit_code(self.cpu) {
            u64::MAX
        } else {
            u64::from(u32::MAX)
        };
        let [call, first, second] =
            [Gpr::Rax, Gpr::Rdi, Gpr::Rsi].map(|register| self.vcpu.gprs.get(register) & width);
        let status = match call {
            hypercall::SAY => self.say(Gpa(first), second),
            _ => Status::UNKNOWN_CALL,
        };
        self.vcpu.gprs.set(Gpr::Rax, status.0);
        Ok(self.done())
    }

    fn say(&mut self, at: Gpa, length: u64) -> Status {
        let mut line = [0; MAX_LINE as usize];
        let Some(text) = usize::try_from(length)
            .ok()
            .and_then(|length| line.get_mut(..length))
        else {
            return Status::BAD_LENGTH;
        };
        if self.memory.read(at, text).is_err() {
            return Status::NOT_MEMORY;
        }
        self.cpu.console(self.partition.id, text);
        if text.last() != Some(&b'\n') {
            self.cpu.console(self.partition.id, b"\n");
        }
        Status::DONE
    }
}
