//! The island: everything that needs unsafe code because it is the point of this guest to execute what a guest may not.
//! Each function is one instruction or one access, and says with [`trap::Fault`] how the machine answered. The
//! tests above are built on it and have no unsafe code of their own.
#![allow(unsafe_code)]

pub mod apic;
pub mod clock;
pub mod cpu;
pub mod descriptors;
pub mod instructions;
pub mod memory;
pub mod port;
pub mod second;
pub mod serial;
pub mod start_info;
pub mod trap;
pub mod window;

core::arch::global_asm!(include_str!("../entry.s"), options(att_syntax));
