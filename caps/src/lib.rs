//! isthmus-caps
#![no_std]
#![forbid(unsafe_code)]
