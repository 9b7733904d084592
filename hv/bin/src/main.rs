//! The hypervisor.
#![no_std]
#![no_main]
extern crate alloc;
use isthmus_hv_hal as hal;

#[unsafe(no_mangle)]
extern "C" fn isthmus_main(magic: u32, information: u64, tsc: u64) -> ! {
    hal::tables::load_boot_block();
    hal::serial::init();
    hal::serial::send_all_now(b"hello\r\n");
    panic!("magic {magic:#x} info {information:#x} tsc {tsc}");
}
#[unsafe(no_mangle)]
extern "C" fn isthmus_application_core(_core: u64) -> ! {
    hal::cpu::halt_forever()
}
