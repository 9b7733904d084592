//! isthmus-vmx
#![no_std]
#![forbid(unsafe_code)]
