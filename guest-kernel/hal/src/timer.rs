//! The clock (the time stamp counter) and each core's alarm (its local APIC timer). Their frequencies are told by
//! Isthmus through CPUID; anywhere else they are measured against the ACPI power management timer or the PIT, since
//! CPUID leaf 0x15 is not to be trusted on emulated CPUs.

use core::arch::x86_64::{__cpuid, _mm_lfence, _mm_mfence, _rdtsc};
use core::sync::atomic::{AtomicU64, Ordering};

use isthmus_abi::{Port, cpuid};
use isthmus_kernel_core::time::{Frequency, Instant};
use raw_cpuid::CpuId;
use spin::Once;
use x86_64::registers::model_specific::Msr;

use crate::local_apic::{self, MASKED, Register};
use crate::{interrupts, port};

/// IA32_TSC_DEADLINE (SDM Vol. 3A §11.5.4.1).
const TSC_DEADLINE: u32 = 0x6e0;
/// TSC-deadline mode in the timer's local vector table entry.
const DEADLINE_MODE: u32 = 0b10 << 17;
/// Divide configuration: by 1, and by 16.
const DIVIDE_BY_16: u32 = 0b0011;
const DIVISOR: u64 = 16;
/// The ACPI power management timer's frequency (ACPI §4.8.3.3), and the PIT's.
const PM_HERTZ: u64 = 3_579_545;
const PIT_HERTZ: u64 = 1_193_182;
/// How long a measurement lasts, in thousandths of a second.
const MEASURE_MS: u64 = 20;

/// How this machine keeps time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// The time stamp counter's frequency.
    pub tsc: Frequency,
    /// The local APIC timer's, after division, or `None` if the alarm is a TSC deadline.
    alarm: Option<Frequency>,
    /// Who said so.
    pub source: &'static str,
}

impl Timing {
    /// Whether the alarm is a TSC deadline.
    pub(crate) fn has_deadline(&self) -> bool {
        self.alarm.is_none()
    }
}

static TIMING: Once<Timing> = Once::new();
/// The time stamp counter when the kernel took over.
static START: AtomicU64 = AtomicU64::new(0);

/// The time stamp counter.
pub(crate) fn ticks() -> u64 {
    // SAFETY: SSE2, which the fence needs, is part of x86-64.
    unsafe { _mm_lfence() };
    // SAFETY: the instruction exists on x86-64 and CR4.TSD does not bind CPL 0.
    unsafe { _rdtsc() }
}

/// Whether the hypervisor below is Isthmus.
pub(crate) fn under_isthmus() -> bool {
    let has_hypervisor = CpuId::new()
        .get_feature_info()
        .is_some_and(|features| features.has_hypervisor());
    if !has_hypervisor {
        return false;
    }
    let leaf = __cpuid(cpuid::LEAF_SIGNATURE);
    let said = [leaf.ebx, leaf.ecx, leaf.edx].map(u32::to_le_bytes);
    said.as_flattened() == cpuid::SIGNATURE && leaf.eax >= cpuid::LEAF_TIMING
}

/// Finds out the frequencies and starts the clock. Once, on the boot core, its local APIC on.
///
/// Returns `None` if neither CPUID, nor a PM timer at `pm_timer`, nor the PIT gives a sound answer.
pub(crate) fn init(pm_timer: Option<Port>) -> Option<&'static Timing> {
    let has_deadline = CpuId::new()
        .get_feature_info()
        .is_some_and(|features| features.has_tsc_deadline());
    let (tsc, apic, source) = told()
        .or_else(|| measured(pm_timer?))
        .or_else(measured_by_pit)?;
    let alarm = if has_deadline { None } else { Some(apic) };
    START.store(ticks(), Ordering::Relaxed);
    Some(TIMING.call_once(|| Timing { tsc, alarm, source }))
}

/// Prepares this core's alarm.
pub(crate) fn enable() {
    let vector = u32::from(interrupts::TIMER.0);
    match TIMING.get() {
        Some(timing) if timing.has_deadline() => {
            local_apic::write(Register::TIMER, vector | DEADLINE_MODE);
            // The mode must be set before the deadline is written (SDM Vol. 3A §11.5.4.1).
            // SAFETY: SSE2, which the fence needs, is part of x86-64.
            unsafe { _mm_mfence() };
        }
        _ => {
            local_apic::write(Register::DIVIDE, DIVIDE_BY_16);
            local_apic::write(Register::TIMER, vector);
        }
    }
}

/// The time now; zero before [`init`].
pub(crate) fn now() -> Instant {
    let passed = ticks().saturating_sub(START.load(Ordering::Relaxed));
    Instant(
        TIMING
            .get()
            .map_or(0, |timing| timing.tsc.nanoseconds(passed)),
    )
}

/// Sets this core's alarm.
pub(crate) fn set_alarm(at: Option<Instant>) {
    let Some(timing) = TIMING.get() else {
        return;
    };
    match (timing.alarm, at) {
        (None, at) => {
            // 0 disarms; a deadline that has passed fires at once.
            let deadline = at.map_or(0, |at| {
                START
                    .load(Ordering::Relaxed)
                    .saturating_add(timing.tsc.ticks(at.0))
            });
            let mut register = Msr::new(TSC_DEADLINE);
            // SAFETY: CPUID offers the register (`alarm` is `None`); it raises a vector that is handled.
            unsafe { register.write(deadline) };
        }
        (Some(_), None) => local_apic::write(Register::INITIAL_COUNT, 0),
        (Some(alarm), Some(at)) => {
            let ticks = alarm.ticks(at.0.saturating_sub(now().0)).max(1);
            // A count that does not fit fires early; the worker looks at the clock and sets it again.
            local_apic::write(
                Register::INITIAL_COUNT,
                u32::try_from(ticks).unwrap_or(u32::MAX),
            );
        }
    }
}

type Frequencies = (Frequency, Frequency, &'static str);

/// What Isthmus tells in CPUID.
fn told() -> Option<Frequencies> {
    if !under_isthmus() {
        return None;
    }
    let leaf = __cpuid(cpuid::LEAF_TIMING);
    let tsc = Frequency::from_hertz(u64::from(leaf.eax) * 1000)?;
    let apic = Frequency::from_hertz(u64::from(leaf.ebx) * 1000 / DIVISOR)?;
    Some((tsc, apic, "CPUID"))
}

/// Counts both against the PM timer: 24 bits of it are always there.
fn measured(pm_timer: Port) -> Option<Frequencies> {
    const MASK: u32 = 0xff_ffff;
    let begin = port::read_u32(pm_timer) & MASK;
    let passed = || u64::from(port::read_u32(pm_timer).wrapping_sub(begin) & MASK);
    compare(PM_HERTZ, "PM timer", passed)
}

/// Counts both against PIT channel 2, gate on, speaker off, from 0xffff down (Intel 8254 data sheet).
fn measured_by_pit() -> Option<Frequencies> {
    let control = Port(0x61);
    port::write_u8(control, port::read_u8(control) & !0b10 | 0b01);
    port::write_u8(Port(0x43), 0xb0);
    port::write_u8(Port(0x42), 0xff);
    port::write_u8(Port(0x42), 0xff);
    let count = || {
        port::write_u8(Port(0x43), 0x80);
        u16::from_le_bytes([port::read_u8(Port(0x42)), port::read_u8(Port(0x42))])
    };
    let begin = count();
    compare(PIT_HERTZ, "PIT", || u64::from(begin.wrapping_sub(count())))
}

/// Runs both counters until the reference has made its ticks, or is seen not to move.
fn compare(hertz: u64, source: &'static str, passed: impl Fn() -> u64) -> Option<Frequencies> {
    let reference = Frequency::from_hertz(hertz)?;
    let goal = hertz * MEASURE_MS / 1000;
    local_apic::write(Register::DIVIDE, DIVIDE_BY_16);
    local_apic::write(Register::TIMER, MASKED);
    local_apic::write(Register::INITIAL_COUNT, u32::MAX);
    let (apic_begin, first, tsc_begin) =
        (local_apic::read(Register::CURRENT_COUNT), passed(), ticks());
    let mut reference_ticks = 0;
    for _ in 0..50_000_000_u32 {
        reference_ticks = passed().saturating_sub(first);
        if reference_ticks >= goal {
            break;
        }
    }
    let (tsc_end, apic_end) = (ticks(), local_apic::read(Register::CURRENT_COUNT));
    local_apic::write(Register::INITIAL_COUNT, 0);
    if reference_ticks < goal {
        return None;
    }
    let tsc =
        Frequency::from_comparison(tsc_end.wrapping_sub(tsc_begin), reference_ticks, reference)?;
    let apic_ticks = u64::from(apic_begin.wrapping_sub(apic_end));
    let apic = Frequency::from_comparison(apic_ticks, reference_ticks, reference)?;
    Some((tsc, apic, source))
}
