//! Control registers: MOV to and from CR0, CR3, CR4 and CR8, CLTS, LMSW, XSETBV.

use super::{After, Scene};
use crate::control::{self, Cr0Update, Cr4Update, GeneralProtection};
use crate::inject::TripleFault;
use crate::processor::{ControlAccess, ControlOperation, Processor, Register};
use isthmus_abi::{Gpa, Gpr};
use isthmus_devices::memory::GuestMemory;

const RSP: u8 = 4;

impl<P: Processor, M: GuestMemory> Scene<'_, P, M> {
    pub(super) fn control_register_access(
        &mut self,
        access: &ControlAccess,
    ) -> Result<After, TripleFault> {
        let outcome = match access.operation {
            ControlOperation::Write(register) => {
                let value = self.operand(register);
                self.write_control_register(access.register, value)
            }
            ControlOperation::Read(register) => {
                self.read_control_register(access.register, register);
                Ok(())
            }
            ControlOperation::Clts => {
                let state = self.vcpu.control_state(self.partition, self.cpu);
                self.partition
                    .control
                    .clts(&state)
                    .and_then(|update| self.apply_cr0(&update))
            }
            ControlOperation::Lmsw(source) => self.lmsw(source),
            ControlOperation::LmswFrom(register) => {
                let source = self.operand(register) as u16;
                self.lmsw(source)
            }
        };
        match outcome {
            Ok(()) => Ok(self.done()),
            Err(GeneralProtection) => self.general_protection(),
        }
    }

    fn lmsw(&mut self, source: u16) -> Result<(), GeneralProtection> {
        let state = self.vcpu.control_state(self.partition, self.cpu);
        self.partition
            .control
            .lmsw(source, &state)
            .and_then(|update| self.apply_cr0(&update))
    }

    /// A general register as a MOV's source: all of it in 64-bit code, the low half elsewhere.
    fn operand(&self, register: u8) -> u64 {
        let value = if register == RSP {
            self.cpu.get(Register::Rsp)
        } else {
            self.vcpu.gprs.by_number(register)
        };
        if self.vcpu.in_64_bit_code(self.cpu) {
            value
        } else {
            value & 0xffff_ffff
        }
    }

    fn write_control_register(&mut self, number: u8, value: u64) -> Result<(), GeneralProtection> {
        let state = self.vcpu.control_state(self.partition, self.cpu);
        let policy = &self.partition.control;
        match number {
            0 => policy
                .write_cr0(value, &state)
                .and_then(|update| self.apply_cr0(&update)),
            3 => {
                let update = policy.write_cr3(value, &state)?;
                if update.load_pdptes {
                    self.load_pdptes(update.value)?;
                }
                self.cpu.set(Register::Cr3, update.value);
                if update.flush {
                    self.cpu.flush_translations();
                }
                Ok(())
            }
            4 => policy
                .write_cr4(value, &state)
                .and_then(|update| self.apply_cr4(&update)),
            8 => {
                policy.write_cr8(value)?;
                self.vcpu
                    .lapic
                    .set_cr8(value)
                    .map_err(|_| GeneralProtection)
            }
            _ => Err(GeneralProtection),
        }
    }

    fn read_control_register(&mut self, number: u8, register: u8) {
        let value = match number {
            0 => self.vcpu.control_state(self.partition, self.cpu).cr0,
            4 => self.vcpu.control_state(self.partition, self.cpu).cr4,
            8 => self.vcpu.lapic.cr8(),
            _ => self.cpu.get(Register::Cr3),
        };
        if register == RSP {
            self.cpu.set(Register::Rsp, value);
        } else {
            self.vcpu.gprs.set_by_number(register, value);
        }
    }

    fn apply_cr0(&mut self, update: &Cr0Update) -> Result<(), GeneralProtection> {
        if update.load_pdptes {
            let cr3 = self.cpu.get(Register::Cr3);
            self.load_pdptes(cr3)?;
        }
        self.vcpu.cr0_shadow = update.shadow;
        self.cpu.set_cr0(update.effective, update.shadow);
        self.cpu.set(Register::Efer, update.efer);
        if update.flush {
            self.cpu.flush_translations();
        }
        Ok(())
    }

    fn apply_cr4(&mut self, update: &Cr4Update) -> Result<(), GeneralProtection> {
        if update.load_pdptes {
            let cr3 = self.cpu.get(Register::Cr3);
            self.load_pdptes(cr3)?;
        }
        self.vcpu.cr4_shadow = update.shadow;
        self.cpu.set_cr4(update.effective, update.shadow);
        if update.flush {
            self.cpu.flush_translations();
        }
        Ok(())
    }

    /// PAE paging keeps its four top entries in registers (SDM Vol. 3A §4.4.1).
    fn load_pdptes(&mut self, cr3: u64) -> Result<(), GeneralProtection> {
        let mut table = [0; 32];
        self.memory
            .read(Gpa(cr3 & 0xffff_ffe0), &mut table)
            .map_err(|_| GeneralProtection)?;
        let mut entries = [0; 4];
        for (entry, bytes) in entries.iter_mut().zip(table.chunks_exact(8)) {
            *entry = bytes
                .iter()
                .rev()
                .fold(0, |value, byte| value << 8 | u64::from(*byte));
        }
        let width = self.partition.cpuid.maxphyaddr();
        if !entries
            .iter()
            .all(|entry| control::is_valid_pdpte(*entry, width))
        {
            return Err(GeneralProtection);
        }
        self.cpu.set_pdptes(entries);
        Ok(())
    }

    pub(super) fn xsetbv(&mut self) -> Result<After, TripleFault> {
        let value =
            u64::from(self.vcpu.gprs.low(Gpr::Rdx)) << 32 | u64::from(self.vcpu.gprs.low(Gpr::Rax));
        match self
            .partition
            .control
            .xsetbv(self.vcpu.gprs.low(Gpr::Rcx), value)
        {
            Ok(xcr0) => {
                self.vcpu.xcr0 = xcr0;
                self.cpu.set_xcr0(xcr0);
                Ok(self.done())
            }
            Err(GeneralProtection) => self.general_protection(),
        }
    }
}
