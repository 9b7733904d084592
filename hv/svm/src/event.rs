//! Events: what EXITINTINFO says was cut short, and what EVENTINJ delivers at VMRUN, in one format (APM Vol. 2
//! §15.7.2, §15.20). Neighbours: [`crate::checks`] for what VMRUN refuses.

use crate::field::{Field, Vmcb};
use bitfield_struct::bitfield;
use core::fmt;
use isthmus_abi::Vector;

/// What kind of event an [`EventInformation`] speaks of, bits 10:8.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct EventType(pub u8);

impl EventType {
    /// External or virtual interrupt.
    pub const INTERRUPT: Self = Self(0);
    /// Non-maskable interrupt; the vector is ignored. Injected, it does not block the next one (§15.20).
    pub const NMI: Self = Self(2);
    /// Exception, those of INT1, INT3 and INTO included. Vectors 3 and 4 are delivered as by INT3 and INTO.
    pub const EXCEPTION: Self = Self(3);
    /// INT n. To be injected only where the processor takes the next RIP from the VMCB, or else with RIP moved
    /// past the instruction beforehand.
    pub const SOFTWARE_INTERRUPT: Self = Self(4);

    const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    const fn into_bits(self) -> u8 {
        self.0
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self.0 {
            0 => "interrupt",
            2 => "NMI",
            3 => "exception",
            4 => "software interrupt",
            _ => "reserved",
        })
    }
}

const fn vector_bits(vector: Vector) -> u8 {
    vector.0
}

/// An event in the format of EVENTINJ and EXITINTINFO (Figures 15-5 and 15-1).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct EventInformation {
    /// Vector.
    #[bits(8, from = Vector, into = vector_bits)]
    pub vector: Vector,
    /// Kind of event.
    #[bits(3, default = EventType::INTERRUPT)]
    pub kind: EventType,
    /// EV: an error code goes with it.
    pub error_code_valid: bool,
    /// Should be 0.
    #[bits(19)]
    pub reserved: u32,
    /// V: there is an event at all.
    pub valid: bool,
    /// The error code, if `error_code_valid`.
    pub error_code: u32,
}

impl EventInformation {
    /// A valid event without error code.
    #[must_use]
    pub const fn event(kind: EventType, vector: Vector) -> Self {
        Self::new()
            .with_vector(vector)
            .with_kind(kind)
            .with_valid(true)
    }

    /// An exception that pushes an error code.
    #[must_use]
    pub const fn exception_with_code(vector: Vector, code: u32) -> Self {
        Self::event(EventType::EXCEPTION, vector)
            .with_error_code_valid(true)
            .with_error_code(code)
    }

    /// The event whose delivery the last #VMEXIT cut short (§15.7.2), if any, ready to be injected again: bits that
    /// should be 0 are cleared.
    #[must_use]
    pub fn interrupted(vmcb: &impl Vmcb) -> Option<Self> {
        let event = Self::from_bits(vmcb.read(Field::EXITINTINFO));
        event.valid().then_some(event.with_reserved(0))
    }

    /// The event that the next VMRUN will inject, if any.
    #[must_use]
    pub fn to_inject(vmcb: &impl Vmcb) -> Option<Self> {
        let event = Self::from_bits(vmcb.read(Field::EVENTINJ));
        event.valid().then_some(event)
    }

    /// Makes the next VMRUN inject the event. The processor clears V of EVENTINJ at #VMEXIT.
    pub fn inject(self, vmcb: &mut impl Vmcb) {
        vmcb.write(Field::EVENTINJ, self.into_bits());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::WORDS;
    use proptest::prelude::*;

    #[test]
    fn known_events_are_encoded_as_in_every_trace() {
        let page_fault = EventInformation::exception_with_code(Vector(14), 2);
        assert_eq!(page_fault.into_bits(), 0x2_8000_0b0e);
        let interrupt = EventInformation::event(EventType::INTERRUPT, Vector(0x30));
        assert_eq!(interrupt.into_bits(), 0x8000_0030);
        let nmi = EventInformation::event(EventType::NMI, Vector(2));
        assert_eq!(nmi.into_bits(), 0x8000_0202);
    }

    #[test]
    fn an_event_cut_short_is_injected_again_as_it_was() {
        let mut vmcb = [0; WORDS];
        assert_eq!(EventInformation::interrupted(&vmcb), None);
        vmcb.write(Field::EXITINTINFO, 0x18_8001_0b0d);
        let event = EventInformation::interrupted(&vmcb).unwrap();
        assert_eq!(
            event,
            EventInformation::exception_with_code(Vector(13), 0x18)
        );
        event.inject(&mut vmcb);
        assert_eq!(EventInformation::to_inject(&vmcb), Some(event));
        assert_eq!(vmcb.read(Field::EVENTINJ), 0x18_8000_0b0d);
    }

    proptest! {
        #[test]
        fn an_event_keeps_every_bit_where_the_manual_puts_it(raw: u64) {
            let event = EventInformation::from_bits(raw);
            prop_assert_eq!(event.into_bits(), raw);
            prop_assert_eq!(event.vector(), Vector(raw as u8));
            prop_assert_eq!(u64::from(event.kind().0), raw >> 8 & 7);
            prop_assert_eq!(event.error_code_valid(), raw & 0x800 != 0);
            prop_assert_eq!(event.valid(), raw & 0x8000_0000 != 0);
            prop_assert_eq!(u64::from(event.error_code()), raw >> 32);
        }
    }
}
