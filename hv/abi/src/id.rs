//! Small numbers with a meaning: who is who, and which vector, register or port.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($repr:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        #[repr(transparent)]
        pub struct $name(pub $repr);
    };
}

id! {
    /// A partition's place in the manifest, from 0.
    PartitionId(u16)
}
id! {
    /// A virtual CPU within its partition, from 0. Also its APIC id.
    VcpuId(u16)
}
id! {
    /// A physical core in the order the firmware lists them, from 0; 0 is the boot core.
    CoreId(u16)
}
id! {
    /// A local APIC's id: 8 bits in xAPIC mode, 32 in x2APIC mode (SDM Vol. 3A §11.4.6).
    ApicId(u32)
}
id! {
    /// An interrupt or exception vector, 0 to 255 (SDM Vol. 3A §6.2).
    Vector(u8)
}
id! {
    /// A model-specific register's address, as in ECX of RDMSR (SDM Vol. 4).
    Msr(u32)
}
id! {
    /// An I/O port (SDM Vol. 1 §19.3).
    Port(u16)
}
