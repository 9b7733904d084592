//! The clocks that CPUID tells: a crystal and a ratio that give the TSC's frequency (SDM Vol. 2A, CPUID leaf 15H).

/// TSC frequency = crystal × numerator / denominator (CPUID leaf 15H).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ClockRatio {
    pub(super) crystal_hz: u32,
    pub(super) numerator: u32,
    pub(super) denominator: u32,
}

/// A ratio that gives `tsc_hz` exactly. Guests multiply crystal in kHz by the numerator in 32 bits, so the product must
/// fit, and the crystal must be whole in kHz. Where `lapic_hz` cannot serve, the crystal is the TSC's frequency over the
/// smallest number that makes it fit 32 bits (1 below 4.29 GHz; above, up to 1 Hz is lost to rounding).
pub(super) fn clock_ratio(tsc_hz: u64, lapic_hz: u64) -> ClockRatio {
    let divisor = gcd(tsc_hz, lapic_hz).max(1);
    let exact = || {
        let crystal_hz = u32::try_from(lapic_hz).ok()?;
        let numerator = u32::try_from(tsc_hz / divisor).ok()?;
        let denominator = u32::try_from(lapic_hz / divisor).ok()?;
        (crystal_hz / 1000).checked_mul(numerator)?;
        (crystal_hz > 0 && crystal_hz.is_multiple_of(1000)).then_some(ClockRatio {
            crystal_hz,
            numerator,
            denominator,
        })
    };
    exact().unwrap_or_else(|| {
        let parts = tsc_hz.div_ceil(u64::from(u32::MAX)).max(1);
        ClockRatio {
            crystal_hz: (tsc_hz / parts) as u32,
            numerator: parts as u32,
            denominator: 1,
        }
    })
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
