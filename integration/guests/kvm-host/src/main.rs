//! Runs one PVH guest under Linux' KVM, with the same memory, command line and start as the hypervisor gives it, so that
//! the same guest can be measured on both (`cargo xtask bench exits`): `isthmus-kvm-host GUEST WORDS...`.
//!
//! The guest's serial port goes to standard output; a write to port 0xf4 ends it with that verdict. An island, because a
//! mapping of this process becomes the guest's memory. Its own Linux alone trusts it.
#![deny(unsafe_code)]

use std::{env, error::Error, fs, io::Write, process::ExitCode};

use isthmus_boot::{
    GuestKind,
    layout::MemoryLayout,
    plan::{Content, LoadPlan, Request, plan},
    start::{DescriptorTable, SegmentState, StartState},
};
use isthmus_devices::memory::GuestMemory as _;
use kvm_bindings::{
    KVM_MAX_CPUID_ENTRIES, kvm_dtable, kvm_regs, kvm_segment, kvm_sregs,
    kvm_userspace_memory_region,
};
use kvm_ioctls::{Kvm, VcpuExit, VcpuFd, VmFd};
use vm_memory::{GuestAddress, GuestMemoryBackend as _, GuestMemoryMmap};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Bytes of guest memory, as `integration/manifests/bench-exits.toml` has it.
const MEMORY: u64 = 16 << 20;
/// Where KVM may keep the task segment that VT-x wants: nothing else is there.
const TASK_SEGMENT: usize = 0xfffb_d000;
const SERIAL_DATA: u16 = 0x3f8;
const SERIAL_STATUS: u16 = 0x3fd;
/// Transmitter and holding register empty.
const SERIAL_IDLE: u8 = 0x60;
const DEBUG_EXIT: u16 = 0xf4;

fn main() -> ExitCode {
    let mut words = env::args().skip(1);
    let Some(path) = words.next() else {
        eprintln!(
            "kvm-host: which guest? Its ELF file comes first, words of its command line after it"
        );
        return ExitCode::from(2);
    };
    let words: Vec<String> = words.collect();
    match run(&path, &words.join(" ")) {
        Ok(verdict) => ExitCode::from(verdict),
        Err(problem) => {
            eprintln!("kvm-host: {path}: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run(path: &str, cmdline: &str) -> Result<u8> {
    let kernel = fs::read(path)?;
    let layout = MemoryLayout::new(MEMORY)?;
    let request = Request {
        kernel: &kernel,
        modules: &[],
        cmdline,
        layout: &layout,
        rsdp: None,
        uart: true,
    };
    let plan = plan(GuestKind::Pvh, &request)?;
    let memory = GuestMemoryMmap::<()>::from_ranges(&[(GuestAddress(0), MEMORY as usize)])?;
    load(&memory, &plan, &kernel)?;
    let kvm = Kvm::new()?;
    let machine = kvm.create_vm()?;
    machine.set_tss_address(TASK_SEGMENT)?;
    machine.create_irq_chip()?;
    give_memory(&machine, &memory)?;
    let mut vcpu = machine.create_vcpu(0)?;
    set_cpuid(&kvm, &vcpu)?;
    start(&vcpu, &plan.start)?;
    serve(&mut vcpu)
}

fn load(memory: &GuestMemoryMmap<()>, plan: &LoadPlan, kernel: &[u8]) -> Result<()> {
    for segment in &plan.segments {
        let bytes = match &segment.content {
            Content::Bytes(bytes) => bytes.as_slice(),
            Content::Image { offset, len, .. } => kernel
                .get(*offset..offset + len)
                .ok_or("a segment lies outside of its file")?,
        };
        memory.write(segment.gpa, bytes)?;
    }
    Ok(())
}

fn give_memory(machine: &VmFd, memory: &GuestMemoryMmap<()>) -> Result<()> {
    let region = kvm_userspace_memory_region {
        slot: 0,
        flags: 0,
        guest_phys_addr: 0,
        memory_size: MEMORY,
        userspace_addr: memory.get_host_address(GuestAddress(0))? as u64,
    };
    // SAFETY: the mapping is `memory`'s, of that size, and outlives the virtual machine; only volatile accesses and the guest
    // touch it.
    #[allow(unsafe_code)]
    unsafe {
        machine.set_user_memory_region(region)?;
    }
    Ok(())
}

/// What KVM supports, and the TSC-deadline timer, which it supports without saying so (KVM API, KVM_GET_SUPPORTED_CPUID).
fn set_cpuid(kvm: &Kvm, vcpu: &VcpuFd) -> Result<()> {
    const TSC_DEADLINE: u32 = 1 << 24;
    let mut cpuid = kvm.get_supported_cpuid(KVM_MAX_CPUID_ENTRIES)?;
    for entry in cpuid.as_mut_slice() {
        if entry.function == 1 {
            entry.ecx |= TSC_DEADLINE;
        }
    }
    Ok(vcpu.set_cpuid2(&cpuid)?)
}

fn start(vcpu: &VcpuFd, state: &StartState) -> Result<()> {
    let sregs = vcpu.get_sregs()?;
    vcpu.set_sregs(&kvm_sregs {
        cs: segment(&state.cs),
        ds: segment(&state.ds),
        es: segment(&state.es),
        fs: segment(&state.fs),
        gs: segment(&state.gs),
        ss: segment(&state.ss),
        tr: segment(&state.tr),
        ldt: segment(&state.ldtr),
        gdt: table(&state.gdtr),
        idt: table(&state.idtr),
        cr0: state.cr0,
        cr3: state.cr3,
        cr4: state.cr4,
        efer: state.efer,
        ..sregs
    })?;
    vcpu.set_regs(&kvm_regs {
        rip: state.rip,
        rsp: state.rsp,
        rflags: state.rflags,
        rax: state.rax,
        rbx: state.rbx,
        rsi: state.rsi,
        ..kvm_regs::default()
    })?;
    Ok(())
}

/// Access rights are in the form of the VMCS (SDM Vol. 3C §25.4.1).
fn segment(state: &SegmentState) -> kvm_segment {
    let bit = |number: u32| (state.access >> number & 1) as u8;
    kvm_segment {
        base: state.base,
        limit: state.limit,
        selector: state.selector,
        type_: (state.access & 0xf) as u8,
        s: bit(4),
        dpl: (state.access >> 5 & 3) as u8,
        present: bit(7),
        avl: bit(12),
        l: bit(13),
        db: bit(14),
        g: bit(15),
        unusable: bit(16),
        padding: 0,
    }
}

fn table(table: &DescriptorTable) -> kvm_dtable {
    kvm_dtable {
        base: table.base,
        limit: table.limit,
        padding: [0; 3],
    }
}

/// Runs the guest to its verdict.
fn serve(vcpu: &mut VcpuFd) -> Result<u8> {
    let mut output = std::io::stdout();
    loop {
        match vcpu.run()? {
            VcpuExit::IoOut(SERIAL_DATA, data) => {
                output.write_all(data)?;
                output.flush()?;
            }
            VcpuExit::IoOut(DEBUG_EXIT, data) => return Ok(data.first().copied().unwrap_or(2)),
            VcpuExit::IoIn(SERIAL_STATUS, data) => data.fill(SERIAL_IDLE),
            // Nobody is there: all ones, and what is written is lost.
            VcpuExit::IoIn(_, data) | VcpuExit::MmioRead(_, data) => data.fill(0xff),
            VcpuExit::IoOut(..) | VcpuExit::MmioWrite(..) => {}
            other => return Err(format!("the guest stopped with {other:?}").into()),
        }
    }
}
