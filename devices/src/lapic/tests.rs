//! The local APIC against the SDM's rules.
