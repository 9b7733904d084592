//! RDMSR and WRMSR of registers that the processor does not let through.

use super::{After, Scene, interrupt};
use crate::control::GeneralProtection;
use crate::inject::TripleFault;
use crate::msr::{LapicRegister, MsrRead, MsrWrite};
use crate::processor::{Processor, Register};
use isthmus_abi::{Gpr, Msr};
use isthmus_devices::memory::GuestMemory;

impl<P: Processor, M: GuestMemory> Scene<'_, P, M> {
    pub(super) fn rdmsr(&mut self) -> Result<After, TripleFault> {
        let msr = Msr(self.vcpu.gprs.low(Gpr::Rcx));
        match self.read_msr(msr) {
            Ok(value) => {
                self.vcpu.gprs.set(Gpr::Rax, value & 0xffff_ffff);
                self.vcpu.gprs.set(Gpr::Rdx, value >> 32);
                Ok(self.done())
            }
            Err(GeneralProtection) => self.general_protection(),
        }
    }

    fn read_msr(&mut self, msr: Msr) -> Result<u64, GeneralProtection> {
        let now = self.vcpu.guest_tsc(self.cpu.host_tsc());
        match self.vcpu.msrs.read(msr)? {
            MsrRead::Value(value) => Ok(value),
            MsrRead::State(register) => Ok(self.cpu.get(register)),
            MsrRead::Passthrough(msr) => Ok(self.cpu.read_msr(msr)),
            MsrRead::Tsc => Ok(now.0),
            MsrRead::Lapic(LapicRegister::Base) => Ok(self.vcpu.lapic.apic_base()),
            MsrRead::Lapic(LapicRegister::TscDeadline) => Ok(self.vcpu.lapic.tsc_deadline(now)),
            MsrRead::Lapic(LapicRegister::X2apic(_)) => self
                .vcpu
                .lapic
                .read_msr(msr, now)
                .map_err(|_| GeneralProtection),
        }
    }

    pub(super) fn wrmsr(&mut self) -> Result<After, TripleFault> {
        let msr = Msr(self.vcpu.gprs.low(Gpr::Rcx));
        let value =
            u64::from(self.vcpu.gprs.low(Gpr::Rdx)) << 32 | u64::from(self.vcpu.gprs.low(Gpr::Rax));
        match self.write_msr(msr, value) {
            Ok(()) => Ok(self.done()),
            Err(GeneralProtection) => self.general_protection(),
        }
    }

    fn write_msr(&mut self, msr: Msr, value: u64) -> Result<(), GeneralProtection> {
        let host_tsc = self.cpu.host_tsc();
        match self.vcpu.msrs.write(msr, value)? {
            MsrWrite::Stored => {}
            MsrWrite::State { register, value } => self.cpu.set(register, value),
            MsrWrite::Efer(value) => {
                let state = self.vcpu.control_state(self.partition, self.cpu);
                let update = self.partition.control.write_efer(value, &state)?;
                self.cpu.set(Register::Efer, update.value);
                if update.flush {
                    self.cpu.flush_translations();
                }
            }
            MsrWrite::Passthrough { msr, value } => self.cpu.write_msr(msr, value),
            MsrWrite::Tsc(value) => {
                let offset = self
                    .vcpu
                    .msrs
                    .write_tsc(value, host_tsc, self.vcpu.tsc_offset);
                self.set_tsc_offset(offset);
            }
            MsrWrite::TscOffset { delta } => {
                let offset = self.vcpu.tsc_offset.wrapping_add(delta);
                self.set_tsc_offset(offset);
            }
            MsrWrite::Lapic { register, value } => {
                self.write_lapic(msr, register, value, host_tsc)?
            }
        }
        Ok(())
    }

    fn set_tsc_offset(&mut self, offset: u64) {
        let host_tsc = self.cpu.host_tsc();
        let old = self.vcpu.guest_tsc(host_tsc);
        self.vcpu.tsc_offset = offset;
        self.cpu.set_tsc_offset(offset);
        self.vcpu
            .lapic
            .tsc_moved(old, self.vcpu.guest_tsc(host_tsc));
    }

    fn write_lapic(
        &mut self,
        msr: Msr,
        register: LapicRegister,
        value: u64,
        host_tsc: u64,
    ) -> Result<(), GeneralProtection> {
        let now = self.vcpu.guest_tsc(host_tsc);
        match register {
            LapicRegister::Base => {
                self.vcpu
                    .lapic
                    .set_apic_base(value)
                    .map_err(|_| GeneralProtection)?;
                self.vcpu.follow_apic_mode(self.partition, self.cpu);
                self.partition.publish(self.vcpu);
            }
            LapicRegister::TscDeadline => self.vcpu.lapic.set_tsc_deadline(value, now),
            LapicRegister::X2apic(_) => {
                let effect = self
                    .vcpu
                    .lapic
                    .write_msr(msr, value, now)
                    .map_err(|_| GeneralProtection)?;
                interrupt::effect(self.vcpu, self.partition, self.cpu, effect);
            }
        }
        Ok(())
    }
}
