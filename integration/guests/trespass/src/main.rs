//! isthmus-trespass
#![no_std]
#![forbid(unsafe_code)]
