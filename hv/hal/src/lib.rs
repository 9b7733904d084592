//! Every privileged instruction of the hypervisor, and every byte of memory it touches by address.
//!
//! This crate is an island: unsafe code is allowed here because VMX, SVM, page tables, descriptor tables, MSRs and
//! physical memory have no safe form in the language. It decides nothing: what to run, what to answer and what
//! to map is decided in `isthmus-hv-core`, which is pure. Its neighbours are `hv/bin`, which calls it, and the
//! pure encodings of `isthmus-vmx` and `isthmus-svm`.
//!
//! | module | what it touches |
//! |---|---|
//! | [`boot`] | the way from GRUB and from a SIPI into Rust |
//! | [`cpu`] | single instructions: CPUID, MSRs, ports, HLT |
//! | [`clock`] | the timers that the TSC is measured by, the real-time clock |
//! | [`tables`] | GDT, IDT, TSS, the per-core block |
//! | [`pool`] | the hypervisor's own memory and heap |
//! | [`paging`] | its address space |
//! | [`window`] | guest memory, an access at a time |
//! | [`vmx`] | VMXON, VMCS, entry and exit |
//! | [`svm`] | EFER.SVME, VMCB, entry and exit |
//! | [`ept`] | the frames of EPT and nested page tables |
//! | [`switched`] | guest registers that change hands between vCPUs |
//! | [`apic`] | the physical local APIC and I/O APIC |
//! | [`smp`] | starting the other cores |
//! | [`serial`] | the physical console |
//! | [`report`] | the panic and exception report |
//! | [`firmware`] | memory that firmware and the boot loader left |
#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]

extern crate alloc;

pub mod apic;
pub mod boot;
pub mod clock;
pub mod cpu;
pub mod ept;
pub mod firmware;
pub mod paging;
pub mod pool;
pub mod report;
pub mod serial;
pub mod smp;
pub mod svm;
pub mod switched;
pub mod tables;
pub mod vmx;
pub mod window;
