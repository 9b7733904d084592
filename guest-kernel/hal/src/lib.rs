//! isthmus-kernel-hal
#![no_std]
#![forbid(unsafe_code)]
