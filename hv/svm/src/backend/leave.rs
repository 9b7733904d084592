//! Why the guest stopped: exit codes and what hangs on them, in `hv/core`'s terms.

use super::{SvmCore, SvmProcessor};
use crate::control::InterruptShadow;
use crate::exit::information::is_wrmsr;
use crate::exit::{CrAccess, ExitCode, ExitKind, IoInformation, NestedPageFault, next_rip};
use crate::field::Field;
use crate::instruction::{CodeSize, Instruction, Mnemonic, decode, decode_for_exit};
use crate::intercept::{Vector3, set_vector_3};
use isthmus_abi::Gpa;
use isthmus_hv_core::inject::{Event, exception};
use isthmus_hv_core::processor::{
    CodeBytes, ControlAccess, ControlOperation, Exit, MemoryFault, PortAccess, Processor, Register,
    StringAccess,
};

/// What an instruction does to a control register. LMSW from memory, which nothing uses, is not carried out.
fn control_operation(instruction: &Instruction) -> Option<ControlAccess> {
    let register = instruction.general_register();
    let (number, operation) = match instruction.mnemonic {
        Mnemonic::MovToCr => (
            instruction.special_register(),
            ControlOperation::Write(register),
        ),
        Mnemonic::MovFromCr => (
            instruction.special_register(),
            ControlOperation::Read(register),
        ),
        Mnemonic::Clts => (0, ControlOperation::Clts),
        Mnemonic::Lmsw if !instruction.has_memory_operand() => {
            (0, ControlOperation::LmswFrom(register))
        }
        _ => return None,
    };
    Some(ControlAccess {
        register: number,
        operation,
    })
}

impl<T: SvmCore> SvmProcessor<T> {
    /// What the guest's bytes say the instruction was. `None` if they are not one that exits so: another vCPU changed them
    /// since, and what they are now is not what was asked.
    fn decoded(&mut self, code: &CodeBytes, exit: ExitCode) -> Option<Instruction> {
        let size = CodeSize::read(&self.core);
        let instruction = decode_for_exit(code.as_slice(), size, exit).ok()?;
        self.length = instruction.length;
        Some(instruction)
    }

    /// Takes the length from where the processor says that the guest goes on; `false` if it does not say.
    fn is_measured(&mut self) -> bool {
        let Some(next) = next_rip(&self.core, self.core.has_nrip()) else {
            return false;
        };
        let length = next.wrapping_sub(self.get(Register::Rip));
        self.length = length as u8 & 0xf;
        length <= 15
    }

    /// An instruction whose exit says all but its length.
    fn plain(&mut self, code: impl FnOnce(&Self) -> CodeBytes, exit: ExitCode, what: Exit) -> Exit {
        if self.is_measured() || self.decoded(&code(self), exit).is_some() {
            what
        } else {
            Exit::Undefined
        }
    }

    fn port_access(&mut self, code: impl FnOnce(&Self) -> CodeBytes) -> Exit {
        let access = IoInformation::from_bits(self.read(Field::EXITINFO1));
        let mut string = None;
        if access.string() {
            let told = access.address_bits().zip(access.segment());
            let told = told.filter(|_| self.has_decode_assists()).or_else(|| {
                let bytes = code(self);
                let instruction = self.decoded(&bytes, ExitCode::IOIO)?;
                Some((instruction.address_bits, instruction.segment))
            });
            let Some((address_bits, segment)) = told else {
                return Exit::Undefined;
            };
            string = Some(StringAccess {
                repeat: access.rep(),
                address_size: address_bits / 8,
                segment: segment as u8,
            });
        }
        if !self.is_measured() {
            return Exit::Undefined;
        }
        Exit::Port(PortAccess {
            port: access.port(),
            size: access.size(),
            is_in: access.is_in(),
            string,
        })
    }

    pub(super) fn control_access(
        &mut self,
        code: impl FnOnce(&Self) -> CodeBytes,
        exit: ExitCode,
    ) -> Exit {
        let told = CrAccess::from_bits(self.read(Field::EXITINFO1));
        if let (ExitKind::CrRead(register) | ExitKind::CrWrite(register), true) =
            (exit.kind(), self.has_decode_assists() && told.is_mov())
            && self.is_measured()
        {
            let operation = match exit.kind() {
                ExitKind::CrWrite(_) => ControlOperation::Write(told.register()),
                _ => ControlOperation::Read(told.register()),
            };
            return Exit::ControlRegister(ControlAccess {
                register,
                operation,
            });
        }
        let bytes = code(self);
        self.decoded(&bytes, exit)
            .and_then(|instruction| control_operation(&instruction))
            .map_or(Exit::Undefined, Exit::ControlRegister)
    }

    /// VMRUN refused the VMCB, or an emulator found a guest's MOV to CR3 beyond the physical address width, which should
    /// be #GP, and calls that an invalid state of the guest (QEMU 7.2).
    pub(super) fn refused(
        &mut self,
        code: impl FnOnce(&Self) -> CodeBytes,
        exit: ExitCode,
    ) -> Exit {
        let bytes = code(self);
        match decode(bytes.as_slice(), CodeSize::read(&self.core)) {
            Ok(instruction)
                if instruction.mnemonic == Mnemonic::MovToCr
                    && instruction.special_register() == 3 =>
            {
                self.length = instruction.length;
                control_operation(&instruction).map_or(Exit::Undefined, Exit::ControlRegister)
            }
            _ => Exit::EntryFailed(exit.0 as u32),
        }
    }

    /// The processor has set DR6 and cleared DR7.GD by then (§15.12.2).
    pub(super) fn exception(&self, vector: isthmus_abi::Vector) -> Exit {
        let code = self.read(Field::EXITINFO1) as u32;
        match vector {
            exception::DB => Exit::Debug {
                event: Event::exception(exception::DB),
                conditions: None,
            },
            exception::MC => Exit::MachineCheck,
            exception::AC => Exit::Exception(Event::exception_with_code(vector, code)),
            _ => Exit::Internal("an exception exit that was not asked for"),
        }
    }

    /// The handler of an NMI is about to execute IRET: NMIs are taken again after it. The shadow holds the next one
    /// back until then.
    fn nmi_handler_ends(&mut self) -> Exit {
        self.nmis().blocked = false;
        set_vector_3(&mut self.core, Vector3::IRET, false);
        self.core
            .write(Field::INTERRUPT_SHADOW, InterruptShadow::SHADOW.bits());
        Exit::NmiWindow
    }

    fn memory_fault(&self) -> Exit {
        let fault = NestedPageFault::from_bits(self.read(Field::EXITINFO1));
        Exit::Memory(MemoryFault {
            gpa: Gpa(self.read(Field::EXITINFO2)),
            write: fault.write(),
            fetch: fault.fetch(),
            // The processor does not tell the linear address of a walk: the instruction does.
            walk_for: None,
        })
    }

    pub(super) fn by_code(
        &mut self,
        code: impl FnOnce(&Self) -> CodeBytes,
        exit: ExitCode,
    ) -> Exit {
        let what = match exit {
            ExitCode::CPUID => Exit::Cpuid,
            ExitCode::HLT => Exit::Halt,
            ExitCode::RDPMC => Exit::Rdpmc,
            ExitCode::XSETBV => Exit::Xsetbv,
            ExitCode::VMMCALL => Exit::Hypercall,
            ExitCode::INVD | ExitCode::WBINVD | ExitCode::PAUSE => Exit::CacheOrPause,
            ExitCode::MSR if is_wrmsr(self.read(Field::EXITINFO1)) => Exit::Wrmsr,
            ExitCode::MSR => Exit::Rdmsr,
            ExitCode::CR0_SELECTIVE_WRITE => return self.control_access(code, exit),
            ExitCode::IOIO => return self.port_access(code),
            ExitCode::INTR => return Exit::Interrupt(None),
            ExitCode::NMI => return Exit::Nmi,
            ExitCode::INIT => return Exit::Ignored,
            ExitCode::VINTR => return Exit::InterruptWindow,
            ExitCode::IRET => return self.nmi_handler_ends(),
            ExitCode::SHUTDOWN => return Exit::TripleFault,
            ExitCode::TASK_SWITCH => return Exit::TaskSwitch,
            ExitCode::NESTED_PAGE_FAULT => return self.memory_fault(),
            _ => return Exit::Undefined,
        };
        self.plain(code, exit, what)
    }
}
