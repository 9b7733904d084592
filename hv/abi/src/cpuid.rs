//! The CPUID leaves in which the hypervisor speaks to a guest: 0x4000_0000 and up, the range that hardware
//! never defines (SDM Vol. 2A, CPUID).

/// EAX: highest hypervisor leaf. EBX, ECX, EDX: [`SIGNATURE`].
pub const LEAF_SIGNATURE: u32 = 0x4000_0000;
/// EAX: TSC frequency in kHz; EBX: local APIC timer frequency in kHz, before the divider. The layout is the
/// one that VMware introduced and several guests read.
pub const LEAF_TIMING: u32 = 0x4000_0010;
/// Twelve bytes in EBX, ECX, EDX order.
pub const SIGNATURE: [u8; 12] = *b"IsthmusHvHv\0";
