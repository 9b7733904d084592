//! What both sides of the hypervisor's edge agree on: address types, identifiers, the hypervisor's CPUID
//! leaves, its hypercalls and the port of the test device. No behaviour; every other crate may depend on it, it depends on none.
#![no_std]
#![forbid(unsafe_code)]

pub mod address;
pub mod cpuid;
pub mod hypercall;
pub mod id;
pub mod registers;

pub use address::{Gpa, Gva, Hpa, Hva, PAGE_SIZE};
pub use id::{ApicId, CoreId, Msr, PartitionId, Port, VcpuId, Vector};
pub use registers::{Gpr, Gprs};
