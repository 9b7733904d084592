//! What travels between interrupt controllers: messages, inter-processor interrupts, and the rules by which
//! a local APIC knows itself addressed (SDM Vol. 3A §11.6.2). Pure functions; `lapic` and `ioapic` make the
//! messages, the hypervisor carries them to the vCPUs that match.

use isthmus_abi::Vector;

/// How an interrupt input or message is triggered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TriggerMode {
    /// Once per rising edge or message.
    #[default]
    Edge,
    /// As long as the source asserts; ends with an EOI that reaches the source.
    Level,
}

/// Delivery mode, the same three bits in the ICR, the LVT and a redirection entry (SDM Vol. 3A §11.6.1). All
/// eight values have a name; which of them are meaningful depends on the register.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DeliveryMode {
    /// The vector, to every destination.
    #[default]
    Fixed,
    /// The vector, to one of the destinations.
    LowestPriority,
    /// System management interrupt; this platform has none, nobody acts on it.
    Smi,
    /// Reserved (once "remote read").
    RemoteRead,
    /// Non-maskable interrupt; the vector is ignored.
    Nmi,
    /// INIT reset.
    Init,
    /// Start-up: the vector is the page at which the processor starts in real mode.
    StartUp,
    /// The vector comes from the 8259 pair.
    ExtInt,
}

impl DeliveryMode {
    /// From the low three bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 7 {
            0 => Self::Fixed,
            1 => Self::LowestPriority,
            2 => Self::Smi,
            3 => Self::RemoteRead,
            4 => Self::Nmi,
            5 => Self::Init,
            6 => Self::StartUp,
            _ => Self::ExtInt,
        }
    }
    /// The three bits.
    #[must_use]
    pub const fn into_bits(self) -> u8 {
        self as u8
    }
}

/// The ICR's destination shorthand, bits 19:18 (SDM Vol. 3A §11.6.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Shorthand {
    /// The destination field says who.
    #[default]
    None,
    /// The sender alone.
    Itself,
    /// Every local APIC, the sender too.
    AllIncludingSelf,
    /// Every local APIC but the sender.
    AllExcludingSelf,
}

impl Shorthand {
    /// From the low two bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::None,
            1 => Self::Itself,
            2 => Self::AllIncludingSelf,
            _ => Self::AllExcludingSelf,
        }
    }
    /// The two bits.
    #[must_use]
    pub const fn into_bits(self) -> u8 {
        self as u8
    }
}

/// Whom a message is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Destination {
    /// An APIC id, or in logical mode a message destination address; [`Destination::BROADCAST`] is everyone.
    pub id: u32,
    /// Whether `id` is matched with logical destination registers instead of APIC ids.
    pub logical: bool,
}

impl Destination {
    /// The id that addresses every local APIC (SDM Vol. 3A §11.12.9).
    pub const BROADCAST: u32 = u32::MAX;

    /// From an 8-bit field, as in an xAPIC's ICR, a redirection entry or an MSI address, where 0xff means
    /// everyone.
    #[must_use]
    pub const fn from_xapic(id: u8, logical: bool) -> Self {
        let id = if id == 0xff {
            Self::BROADCAST
        } else {
            id as u32
        };
        Self { id, logical }
    }

    /// Whether a local APIC at `address` takes a message for this destination.
    #[must_use]
    pub const fn matches(self, address: &ApicAddress) -> bool {
        if !address.present {
            return false;
        }
        if self.id == Self::BROADCAST {
            return true;
        }
        if !self.logical {
            return self.id == address.id;
        }
        if address.x2apic {
            // SDM Vol. 3A §11.12.10.1: cluster in the upper half, a bit for each member in the lower.
            let cluster = (self.id ^ address.ldr) >> 16;
            return cluster == 0 && self.id & address.ldr & 0xffff != 0;
        }
        if self.id > 0xff {
            return false;
        }
        let ldr = address.ldr >> 24;
        match address.dfr >> 28 {
            // Flat model: any common bit (SDM Vol. 3A §11.6.2.2).
            0xf => self.id & ldr != 0,
            // Cluster model: equal cluster in the upper nibble, a common bit in the lower.
            0 => (self.id ^ ldr) >> 4 == 0 && self.id & ldr & 0xf != 0,
            _ => false,
        }
    }

    /// The one receiver of a lowest-priority message with `vector` among `addresses`, as an index into them;
    /// `None` if nobody matches. The choice is by vector over the matching, software-enabled APICs, which
    /// spreads vectors and is the same every time; the SDM leaves arbitration to the platform (§11.6.2.4).
    #[must_use]
    pub fn lowest_priority(self, vector: Vector, addresses: &[ApicAddress]) -> Option<usize> {
        arbitrate(vector, addresses, |address| self.matches(address))
    }
}

/// Chooses by vector among the software-enabled APICs that are addressed.
fn arbitrate(
    vector: Vector,
    addresses: &[ApicAddress],
    addressed: impl Fn(&ApicAddress) -> bool,
) -> Option<usize> {
    let candidates = || {
        let all = addresses.iter().enumerate();
        all.filter(|(_, address)| address.enabled && addressed(address))
    };
    let choice = usize::from(vector.0).checked_rem(candidates().count())?;
    candidates().nth(choice).map(|(index, _)| index)
}

/// What other processors must know of a local APIC in order to address it. Packs into 64 bits, so that its
/// owner can publish it in one atomic word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ApicAddress {
    /// APIC id: 32 bits in x2APIC mode, 8 in xAPIC mode.
    pub id: u32,
    /// Whether the APIC is in x2APIC mode.
    pub x2apic: bool,
    /// Logical destination register. In xAPIC mode bits 31:24 count.
    pub ldr: u32,
    /// Destination format register. In xAPIC mode bits 31:28 count; no meaning in x2APIC mode.
    pub dfr: u32,
    /// Whether the APIC is enabled in `IA32_APIC_BASE`; otherwise no message reaches it.
    pub present: bool,
    /// Whether the APIC is software-enabled (SVR bit 8); otherwise only NMI, INIT and start-up reach it.
    pub enabled: bool,
}

impl ApicAddress {
    const X2APIC: u64 = 1 << 63;
    const PRESENT: u64 = 1 << 62;
    const ENABLED: u64 = 1 << 61;

    /// The logical id that x2APIC mode derives from an APIC id (SDM Vol. 3A §11.12.10.2).
    #[must_use]
    pub const fn x2apic_ldr(id: u32) -> u32 {
        ((id >> 4) << 16) | (1 << (id & 0xf))
    }

    /// Id in bits 31:0, xAPIC LDR in 39:32, DFR model in 43:40, flags from 61 up.
    #[must_use]
    pub const fn pack(self) -> u64 {
        let mut bits = self.id as u64;
        if self.x2apic {
            bits |= Self::X2APIC;
        } else {
            bits |= ((self.ldr >> 24) as u64) << 32 | ((self.dfr >> 28) as u64) << 40;
        }
        if self.present {
            bits |= Self::PRESENT;
        }
        if self.enabled {
            bits |= Self::ENABLED;
        }
        bits
    }

    /// Inverse of [`ApicAddress::pack`]; any value unpacks to something.
    #[must_use]
    pub const fn unpack(bits: u64) -> Self {
        let id = (bits & 0xffff_ffff) as u32;
        let x2apic = bits & Self::X2APIC != 0;
        let (ldr, dfr) = if x2apic {
            (Self::x2apic_ldr(id), 0)
        } else {
            let ldr = ((bits >> 32) & 0xff) as u32;
            let dfr = ((bits >> 40) & 0xf) as u32;
            (ldr << 24, dfr << 28 | 0x0fff_ffff)
        };
        Self {
            id,
            x2apic,
            ldr,
            dfr,
            present: bits & Self::PRESENT != 0,
            enabled: bits & Self::ENABLED != 0,
        }
    }
}

/// An inter-processor interrupt on its way out of a local APIC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ipi {
    /// Whom it is for, unless `shorthand` says so.
    pub destination: Destination,
    /// Fixed, LowestPriority, Nmi, Init or StartUp; nothing else is sent.
    pub delivery_mode: DeliveryMode,
    /// Vector, 16 to 255 for Fixed and LowestPriority; the start page for StartUp.
    pub vector: Vector,
    /// Destination shorthand; never [`Shorthand::Itself`], which the sender delivers by itself.
    pub shorthand: Shorthand,
    /// Level bit: assert. Always true, as the INIT de-assert message reaches nobody on current processors.
    pub level: bool,
    /// Trigger bit as written. Receivers treat IPIs as edge-triggered.
    pub trigger: TriggerMode,
}

impl Ipi {
    /// Whether a local APIC at `address` is addressed by this IPI, sent by the APIC whose id is `sender`.
    #[must_use]
    pub const fn matches(&self, sender: u32, address: &ApicAddress) -> bool {
        match self.shorthand {
            Shorthand::None => self.destination.matches(address),
            Shorthand::Itself => address.present && address.id == sender,
            Shorthand::AllIncludingSelf => address.present,
            Shorthand::AllExcludingSelf => address.present && address.id != sender,
        }
    }

    /// The one receiver among `addresses` if this is a lowest-priority IPI, as
    /// [`Destination::lowest_priority`] chooses it, the shorthand heeded.
    #[must_use]
    pub fn lowest_priority(&self, sender: u32, addresses: &[ApicAddress]) -> Option<usize> {
        arbitrate(self.vector, addresses, |address| {
            self.matches(sender, address)
        })
    }
}

/// An interrupt message from an I/O APIC, or from a device by MSI.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InterruptMessage {
    /// Whom it is for.
    pub destination: Destination,
    /// Fixed, LowestPriority, Nmi, Init or ExtInt; nothing else is sent.
    pub delivery_mode: DeliveryMode,
    /// The guest's vector, any value: a receiving local APIC refuses 0 to 15.
    pub vector: Vector,
    /// Level messages set the TMR bit, so that their EOI comes back to the I/O APIC.
    pub trigger: TriggerMode,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn xapic(id: u8, ldr: u8, dfr: u32) -> ApicAddress {
        ApicAddress {
            id: id.into(),
            x2apic: false,
            ldr: u32::from(ldr) << 24,
            dfr: dfr << 28 | 0x0fff_ffff,
            present: true,
            enabled: true,
        }
    }

    fn x2apic(id: u32) -> ApicAddress {
        ApicAddress {
            id,
            x2apic: true,
            ldr: ApicAddress::x2apic_ldr(id),
            dfr: 0,
            present: true,
            enabled: true,
        }
    }

    #[test]
    fn physical_destinations_name_one_or_all() {
        let to = |id| Destination::from_xapic(id, false);
        assert!(to(3).matches(&xapic(3, 0, 0xf)));
        assert!(!to(3).matches(&xapic(4, 0, 0xf)));
        assert!(to(0xff).matches(&xapic(4, 0, 0xf)));
        assert!(to(0xff).matches(&x2apic(300)));
        let x2 = Destination {
            id: 0xff,
            logical: false,
        };
        assert!(x2.matches(&x2apic(255)) && !x2.matches(&x2apic(254)));
    }

    #[test]
    fn logical_flat_matches_any_common_bit() {
        let to = |id| Destination::from_xapic(id, true);
        assert!(to(0b0110).matches(&xapic(9, 0b0100, 0xf)));
        assert!(!to(0b0110).matches(&xapic(9, 0b1000, 0xf)));
        assert!(!to(0b0110).matches(&xapic(9, 0, 0xf)));
    }

    #[test]
    fn logical_cluster_needs_the_cluster_and_a_member() {
        let to = |id| Destination::from_xapic(id, true);
        assert!(to(0x23).matches(&xapic(0, 0x21, 0)));
        assert!(!to(0x23).matches(&xapic(0, 0x31, 0)));
        assert!(!to(0x22).matches(&xapic(0, 0x21, 0)));
        assert!(!to(0x23).matches(&xapic(0, 0x21, 7)));
    }

    #[test]
    fn x2apic_logical_ids_follow_from_the_id() {
        assert_eq!(ApicAddress::x2apic_ldr(0x25), 0x0002_0020);
        let to = Destination {
            id: 0x0002_0021,
            logical: true,
        };
        assert!(to.matches(&x2apic(0x25)) && to.matches(&x2apic(0x20)));
        assert!(!to.matches(&x2apic(0x21)) && !to.matches(&x2apic(0x35)));
    }

    #[test]
    fn an_apic_that_is_off_hears_nothing() {
        let off = ApicAddress {
            present: false,
            ..x2apic(1)
        };
        assert!(!Destination::from_xapic(0xff, false).matches(&off));
        assert!(!Destination::from_xapic(1, false).matches(&off));
    }

    #[test]
    fn lowest_priority_picks_one_enabled_match_and_always_the_same() {
        let disabled = ApicAddress {
            enabled: false,
            ..xapic(0, 1, 0xf)
        };
        let addresses = [disabled, xapic(1, 2, 0xf), xapic(2, 4, 0xf)];
        let all = Destination::from_xapic(0x07, true);
        assert_eq!(all.lowest_priority(Vector(0x40), &addresses), Some(1));
        assert_eq!(all.lowest_priority(Vector(0x41), &addresses), Some(2));
        let nobody = Destination::from_xapic(0x80, true);
        assert_eq!(nobody.lowest_priority(Vector(0x41), &addresses), None);
    }

    #[test]
    fn a_shorthand_goes_before_the_destination() {
        let addresses = [xapic(0, 1, 0xf), xapic(1, 2, 0xf), xapic(2, 4, 0xf)];
        let mut ipi = Ipi {
            destination: Destination::from_xapic(0, false),
            delivery_mode: DeliveryMode::LowestPriority,
            vector: Vector(0x40),
            shorthand: Shorthand::AllExcludingSelf,
            level: true,
            trigger: TriggerMode::Edge,
        };
        assert_eq!(
            addresses.map(|address| ipi.matches(0, &address)),
            [false, true, true]
        );
        assert_eq!(ipi.lowest_priority(0, &addresses), Some(1));
        ipi.shorthand = Shorthand::AllIncludingSelf;
        assert_eq!(addresses.map(|address| ipi.matches(0, &address)), [true; 3]);
        ipi.shorthand = Shorthand::None;
        assert_eq!(ipi.lowest_priority(0, &addresses), Some(0));
    }

    proptest! {
        #[test]
        fn an_address_survives_packing(id in any::<u32>(), ldr: u8, dfr in 0u32..16, x2: bool, present: bool, enabled: bool) {
            let mut address = if x2 { x2apic(id) } else { xapic(id as u8, ldr, dfr) };
            address.present = present;
            address.enabled = enabled;
            prop_assert_eq!(ApicAddress::unpack(address.pack()), address);
        }
    }
}
