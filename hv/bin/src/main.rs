//! The hypervisor: GRUB starts it, it takes every core into the mode that runs guests and runs the manifest's
//! partitions until the machine ends. What it does is decided in `isthmus-hv-core` and done by `isthmus-hv-hal`;
//! this program joins the two.
//!
//! | module | which core | what |
//! |---|---|---|
//! | [`start`] | boot core | from the boot loader to the first partition |
//! | [`machine`] | all | what all cores share |
//! | [`life`] | a partition's home core | memory taken and filled, cleared and given back |
//! | [`core_loop`] | every core | interrupts, duties, scheduling |
//! | [`running`] | every core | one vCPU on this core: entries and exits |
//! | [`backend`] | all | VT-x or AMD-V |
//! | [`console`] | all | the serial line |
#![cfg_attr(target_os = "none", no_std, no_main)]
// One exported symbol for each of the two ways a core arrives here.
#![deny(unsafe_code)]

extern crate alloc;

#[cfg(target_os = "none")]
mod backend;
#[cfg(target_os = "none")]
mod console;
#[cfg(target_os = "none")]
mod core_loop;
#[cfg(target_os = "none")]
mod life;
#[cfg(target_os = "none")]
mod machine;
#[cfg(target_os = "none")]
mod running;
#[cfg(target_os = "none")]
mod start;

#[cfg(target_os = "none")]
mod entry {
    //! Where the assembly of `isthmus-hv-hal` calls Rust.
    use isthmus_abi::CoreId;

    #[allow(unsafe_code)]
    #[unsafe(no_mangle)]
    extern "C" fn isthmus_main(magic: u32, information: u64, tsc: u64) -> ! {
        crate::start::boot_core(magic, information, tsc)
    }

    #[allow(unsafe_code)]
    #[unsafe(no_mangle)]
    extern "C" fn isthmus_application_core(core: u64) -> ! {
        crate::start::application_core(CoreId(core as u16))
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("this program runs on the bare machine: cargo xtask run boots it");
}
