//! isthmus-ioring
#![no_std]
#![forbid(unsafe_code)]
