//! isthmus-heartbeat
#![no_std]
#![forbid(unsafe_code)]
