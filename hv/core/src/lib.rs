//! isthmus-hv-core
#![no_std]
#![forbid(unsafe_code)]
