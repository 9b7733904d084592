//! A partition with two vCPUs on a processor made of tables: the first is driven exit by exit.

use isthmus_abi::{CoreId, Gpa, Gpr, Msr, PartitionId, VcpuId};
use isthmus_boot::GuestKind;
use isthmus_boot::start::StartState;
use isthmus_devices::memory::FlatMemory;
use isthmus_hv_core::cpuid::CpuidResult;
use isthmus_hv_core::exit::{self, After, Blocked};
use isthmus_hv_core::mailbox::Mailbox;
use isthmus_hv_core::partition::{ApicHelp, MachineFacts, Partition};
use isthmus_hv_core::processor::Host;
use isthmus_hv_core::vcpu::Vcpu;
use isthmus_hv_core::xstate;
use isthmus_manifest::model;
use isthmus_vmx::backend::{VmxCore, VmxProcessor, control_bits};
use isthmus_vmx::capabilities::Capabilities;
use isthmus_vmx::checks::{self, Violation};
use isthmus_vmx::controls::{Wanted, negotiate};
use isthmus_vmx::mock::{MapVmcs, processors};
use isthmus_vmx::{Field, Vmcs};
use std::collections::BTreeMap;

pub const MEMORY: u64 = 2 << 20;
const ENTRY_IA32E: u64 = 1 << 9;
const VALID: u64 = 1 << 31;

/// The table in the processor's place.
#[derive(Debug)]
pub struct TestCpu {
    pub vmcs: MapVmcs,
    pub tsc: u64,
    pub xcr0: u64,
    pub cr2: u64,
    pub dr6: u64,
    pub msrs: BTreeMap<u32, u64>,
    pub kicks: Vec<CoreId>,
    pub console: Vec<u8>,
    pub flushes: usize,
}

impl Vmcs for TestCpu {
    fn read(&self, field: Field) -> u64 {
        self.vmcs.read(field)
    }
    fn write(&mut self, field: Field, value: u64) {
        self.vmcs.write(field, value);
    }
}

impl Host for TestCpu {
    fn host_tsc(&self) -> u64 {
        self.tsc
    }
    fn core(&self) -> CoreId {
        CoreId(0)
    }
    fn kick(&mut self, core: CoreId) {
        self.kicks.push(core);
    }
    fn console(&mut self, _: PartitionId, bytes: &[u8]) {
        self.console.extend_from_slice(bytes);
    }
}

impl TestCpu {
    fn set_bit(&mut self, field: Field, bit: u64, on: bool) {
        let value = self.read(field);
        self.write(field, if on { value | bit } else { value & !bit });
    }
}

impl VmxCore for TestCpu {
    fn set_interrupt_window(&mut self, on: bool) {
        self.set_bit(
            Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
            1 << 2,
            on,
        );
    }
    fn set_nmi_window(&mut self, on: bool) {
        self.set_bit(
            Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
            1 << 22,
            on,
        );
    }
    fn set_ia32e_mode(&mut self, on: bool) {
        self.set_bit(Field::VM_ENTRY_CONTROLS, ENTRY_IA32E, on);
    }
    fn set_xcr0(&mut self, value: u64) {
        self.xcr0 = value;
    }
    fn set_cr2(&mut self, value: u64) {
        self.cr2 = value;
    }
    fn dr6(&self) -> u64 {
        self.dr6
    }
    fn set_dr6(&mut self, value: u64) {
        self.dr6 = value;
    }
    fn read_msr(&self, msr: Msr) -> u64 {
        self.msrs.get(&msr.0).copied().unwrap_or(0)
    }
    fn write_msr(&mut self, msr: Msr, value: u64) {
        self.msrs.insert(msr.0, value);
    }
    fn set_apic_virtualization(&mut self, _on: bool) {}
    fn reset_debug_registers(&mut self) {}
    fn flush_translations(&mut self) {
        self.flushes += 1;
    }
}

/// A processor that claims every feature bit.
fn everything(leaf: u32, subleaf: u32) -> CpuidResult {
    let all = CpuidResult {
        eax: u32::MAX,
        ebx: u32::MAX,
        ecx: u32::MAX,
        edx: u32::MAX,
    };
    let eax = |eax| CpuidResult {
        eax,
        ebx: 0,
        ecx: 0,
        edx: 0,
    };
    match (leaf, subleaf) {
        (0, _) => eax(0x16),
        (4, 4..) => eax(0),
        (0xd, 0) => CpuidResult {
            eax: 0xff,
            ebx: 0xa80,
            ecx: 0xa80,
            edx: 0,
        },
        (0xd, 2..) => xstate::component(subleaf).map_or(eax(0), |part| CpuidResult {
            eax: part.size,
            ebx: part.offset,
            ecx: 0,
            edx: 0,
        }),
        (0x8000_0000, _) => eax(0x8000_0008),
        (0x8000_0008, _) => eax(0x3027),
        _ => all,
    }
}

fn plan() -> model::Partition {
    let vcpu = |core| model::VcpuPlan {
        core: CoreId(core),
        budget: None,
    };
    model::Partition {
        name: "guest".into(),
        kind: GuestKind::Linux,
        memory: MEMORY,
        cmdline: String::new(),
        modules: Vec::new(),
        vcpus: vec![vcpu(0), vcpu(1)],
        devices: model::Devices {
            debug_exit: true,
            ..model::Devices::DEFAULT
        },
        life: model::Life::default(),
        start: Default::default(),
        colour: Default::default(),
    }
}

/// The partition, its first vCPU, and what runs it.
pub struct Bench {
    pub partition: Partition,
    pub vcpu: Vcpu,
    pub cpu: VmxProcessor<TestCpu>,
    pub memory: FlatMemory,
    capabilities: Capabilities,
    processor: checks::Processor,
}

impl Bench {
    /// vCPU 0 in 64-bit mode at 1 MiB, entered once.
    pub fn long_mode() -> Self {
        Self::started(&StartState::long64(
            Gpa(0x10_0000),
            Gpa(0x1000),
            Gpa(0x2000),
        ))
    }

    /// vCPU 0 in protected mode without paging.
    pub fn protected_mode() -> Self {
        Self::started(&StartState::protected32(0x10_0000, Gpa(0x2000)))
    }

    /// vCPU 0 in real mode at 0x1000.
    pub fn real_mode() -> Self {
        Self::started(&StartState::startup_ipi(isthmus_abi::Vector(1)))
    }

    fn started(state: &StartState) -> Self {
        let capabilities = processors::BOCHS_TIGERLAKE.capabilities();
        let machine = MachineFacts {
            tsc_hz: 1_000_000_000,
            physical_address_bits: 39,
            xcr0: u64::MAX,
            control: control_bits(&capabilities),
            invpcid: true,
            rdtscp: true,
            arch_capabilities: Some(1 << 5),
            apic_help: ApicHelp::None,
            microcode: 0,
            boot_time: 1_600_000_000,
        };
        let partition = Partition::new(PartitionId(0), &plan(), &machine, everything).unwrap();
        partition.power_up(0);
        let controls = negotiate(&capabilities, &Wanted::isthmus()).unwrap();
        let vmcs = MapVmcs::from([
            (
                Field::PIN_BASED_VM_EXECUTION_CONTROLS,
                u64::from(controls.pin.bits()),
            ),
            (
                Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
                u64::from(controls.primary.bits()),
            ),
            (
                Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
                u64::from(controls.secondary.bits()),
            ),
            (Field::VM_EXIT_CONTROLS, u64::from(controls.exit.bits())),
            (Field::VM_ENTRY_CONTROLS, u64::from(controls.entry.bits())),
            (Field::VMCS_LINK_POINTER, u64::MAX),
        ]);
        let mut cpu = VmxProcessor(TestCpu {
            vmcs,
            tsc: 1000,
            xcr0: 1,
            cr2: 0,
            dr6: 0xffff_0ff0,
            msrs: BTreeMap::new(),
            kicks: Vec::new(),
            console: Vec::new(),
            flushes: 0,
        });
        let mut vcpu = Vcpu::new(VcpuId(0), &partition);
        vcpu.initialise(&partition, &mut cpu);
        vcpu.start(state, &partition, &mut cpu);
        partition.publish(&vcpu);
        let mut bench = Self {
            partition,
            vcpu,
            cpu,
            memory: FlatMemory::new(Gpa(0), MEMORY as usize),
            capabilities,
            processor: checks::Processor::from_cpuid(|leaf, subleaf| {
                let CpuidResult { eax, ebx, ecx, edx } = everything(leaf, subleaf);
                [eax, ebx, ecx, edx]
            }),
        };
        bench.enter().expect("runs");
        bench
    }

    /// An exit with that reason, of an instruction of that length, and the hypervisor's answer.
    pub fn exit(&mut self, reason: u16, length: u64, fields: &[(Field, u64)]) -> After {
        self.cpu.tsc += 100;
        for field in [
            Field::IDT_VECTORING_INFORMATION,
            Field::VM_EXIT_INTERRUPTION_INFORMATION,
            Field::EXIT_QUALIFICATION,
        ] {
            self.cpu.write(field, 0);
        }
        self.cpu.write(Field::EXIT_REASON, u64::from(reason));
        self.cpu.write(Field::VM_EXIT_INSTRUCTION_LENGTH, length);
        for (field, value) in fields {
            self.cpu.write(*field, *value);
        }
        let mailbox = self.mailbox();
        mailbox.come_back();
        exit::handle(&mut self.vcpu, &self.partition, &mut self.cpu, &self.memory)
    }

    fn mailbox(&self) -> &Mailbox {
        self.partition.mailbox(VcpuId(0)).unwrap()
    }

    /// The way back in: the model of the processor's checks, then what the processor clears.
    pub fn enter(&mut self) -> Result<Option<u64>, Blocked> {
        if self.mailbox().has_mail() {
            self.mailbox().come_back();
        }
        self.mailbox().come_back();
        exit::before_entry(&mut self.vcpu, &self.partition, &mut self.cpu)?;
        if let Err(violation) = self.check() {
            panic!("VM entry would fail: {violation:?}\n{:x?}", self.cpu.vmcs);
        }
        let event = self.cpu.read(Field::VM_ENTRY_INTERRUPTION_INFORMATION);
        self.cpu.write(Field::VM_ENTRY_INTERRUPTION_INFORMATION, 0);
        Ok((event & VALID != 0).then_some(event & !VALID))
    }

    pub fn check(&self) -> Result<(), Violation> {
        checks::check_guest(&self.cpu.vmcs, &self.capabilities, &self.processor)
    }

    pub fn set(&mut self, register: Gpr, value: u64) {
        self.vcpu.gprs.set(register, value);
    }

    pub fn get(&self, register: Gpr) -> u64 {
        self.vcpu.gprs.get(register)
    }

    pub fn rip(&self) -> u64 {
        self.cpu.read(Field::GUEST_RIP)
    }

    /// WRMSR, then the event of the next entry.
    pub fn wrmsr(&mut self, msr: u32, value: u64) -> Option<u64> {
        self.set(Gpr::Rcx, u64::from(msr));
        self.set(Gpr::Rax, value & 0xffff_ffff);
        self.set(Gpr::Rdx, value >> 32);
        assert_eq!(self.exit(32, 2, &[]), After::Continue);
        self.enter().unwrap()
    }

    /// RDMSR: the value, or the event of the next entry.
    pub fn rdmsr(&mut self, msr: u32) -> Result<u64, u64> {
        self.set(Gpr::Rcx, u64::from(msr));
        assert_eq!(self.exit(31, 2, &[]), After::Continue);
        match self.enter().unwrap() {
            None => Ok(self.get(Gpr::Rdx) << 32 | self.get(Gpr::Rax)),
            Some(event) => Err(event),
        }
    }

    /// MOV to a control register from RBX, then the event of the next entry.
    pub fn mov_to_cr(&mut self, number: u64, value: u64) -> Option<u64> {
        self.set(Gpr::Rbx, value);
        assert_eq!(
            self.exit(28, 3, &[(Field::EXIT_QUALIFICATION, number | 3 << 8)]),
            After::Continue
        );
        self.enter().unwrap()
    }
}
