//! Control registers: MOV to and from CR0, CR3, CR4 and CR8, CLTS, LMSW, XSETBV.

use super::{After, Scene};
use crate::control::{self, Cr0Update, Cr4Update, GeneralProtection};
use crate::inject::TripleFault;
use crate::processor::Processor;
use isthmus_abi::{Gpa, Gpr};
use isthmus_devices::memory::GuestMemory;
use isthmus_vmx::exit::{CrAccess, CrAccessType};
use isthmus_vmx::field::Field;

const RSP: u8 = 4;

impl<P: Processor, M: GuestMemory> Scene<'_, P, M> {
    pub(super) fn control_register_access(&mut self) -> Result<After, TripleFault> {
        let qualification = CrAccess::from_bits(self.cpu.read(Field::EXIT_QUALIFICATION));
        let register = qualification.register();
        let outcome = match (
            qualification.access_type(),
            qualification.control_register(),
        ) {
            (CrAccessType::MovTo, number) => {
                let value = self.operand(register);
                self.write_control_register(number, value)
            }
            (CrAccessType::MovFrom, number) => {
                self.read_control_register(number, register);
                Ok(())
            }
            (CrAccessType::Clts, _) => {
                let state = self.vcpu.control_state(self.partition, self.cpu);
                self.partition
                    .control
                    .clts(&state)
                    .and_then(|update| self.apply_cr0(&update))
            }
            (CrAccessType::Lmsw, _) => {
                let state = self.vcpu.control_state(self.partition, self.cpu);
                let source = qualification.lmsw_source();
                self.partition
                    .control
                    .lmsw(source, &state)
                    .and_then(|update| self.apply_cr0(&update))
            }
        };
        match outcome {
            Ok(()) => Ok(self.done()),
            Err(GeneralProtection) => self.general_protection(),
        }
    }

    /// A general register as a MOV's source: all of it in 64-bit code, the low half elsewhere.
    fn operand(&self, register: u8) -> u64 {
        let value = if register == RSP {
            self.cpu.read(Field::GUEST_RSP)
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
                self.cpu.write(Field::GUEST_CR3, update.value);
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
        let value = if number == 8 {
            self.vcpu.lapic.cr8()
        } else {
            self.cpu.read(Field::GUEST_CR3)
        };
        if register == RSP {
            self.cpu.write(Field::GUEST_RSP, value);
        } else {
            self.vcpu.gprs.set_by_number(register, value);
        }
    }

    fn apply_cr0(&mut self, update: &Cr0Update) -> Result<(), GeneralProtection> {
        if update.load_pdptes {
            let cr3 = self.cpu.read(Field::GUEST_CR3);
            self.load_pdptes(cr3)?;
        }
        self.vcpu.cr0_shadow = update.shadow;
        self.cpu.write(Field::GUEST_CR0, update.vmcs);
        self.cpu.write(Field::CR0_READ_SHADOW, update.shadow);
        self.cpu.write(Field::GUEST_IA32_EFER, update.efer);
        self.cpu.set_ia32e_mode(update.ia32e_mode);
        if update.flush {
            self.cpu.flush_translations();
        }
        Ok(())
    }

    fn apply_cr4(&mut self, update: &Cr4Update) -> Result<(), GeneralProtection> {
        if update.load_pdptes {
            let cr3 = self.cpu.read(Field::GUEST_CR3);
            self.load_pdptes(cr3)?;
        }
        self.vcpu.cr4_shadow = update.shadow;
        self.cpu.write(Field::GUEST_CR4, update.vmcs);
        self.cpu.write(Field::CR4_READ_SHADOW, update.shadow);
        if update.flush {
            self.cpu.flush_translations();
        }
        Ok(())
    }

    /// PAE paging keeps its four top entries in registers, which the VMCS holds (SDM Vol. 3A §4.4.1).
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
        let fields = [
            Field::GUEST_PDPTE0,
            Field::GUEST_PDPTE1,
            Field::GUEST_PDPTE2,
            Field::GUEST_PDPTE3,
        ];
        for (field, entry) in fields.into_iter().zip(entries) {
            self.cpu.write(field, entry);
        }
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
