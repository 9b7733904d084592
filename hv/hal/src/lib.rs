//! isthmus-hv-hal
#![no_std]
#![forbid(unsafe_code)]
