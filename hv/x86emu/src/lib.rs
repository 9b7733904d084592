//! isthmus-x86emu
#![no_std]
#![forbid(unsafe_code)]
