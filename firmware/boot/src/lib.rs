//! How a machine is entered and how a guest is: the boot information that a multiboot2 loader hands over is
//! read here, and for each guest a [`plan::LoadPlan`] says which bytes go where in its memory and with which
//! register values its first processor starts.
//!
//! Every input (boot information, kernel images, command lines) is foreign: it is read with checked
//! accesses alone, and what is wrong with it comes back as an error that names the image and the place.
//! Nothing here touches a machine. Neighbours: the hypervisor carries a plan out, `isthmus-manifest` says what
//! to plan for, `isthmus-devices` answers at the ports and addresses that [`acpi`] announces.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod acpi;
mod bios;
mod bytes;
pub mod elf;
pub mod layout;
pub mod linux;
pub mod multiboot1;
pub mod multiboot2;
pub mod plan;
pub mod pvh;
pub mod region;
pub mod start;

pub use layout::{LayoutError, MemoryEntry, MemoryKind, MemoryLayout};
pub use plan::{Content, GuestKind, ImageId, LoadPlan, Module, PlanError, Request, Segment};
pub use start::{DescriptorTable, SegmentState, StartMode, StartState};
