//! The guest state that neither the VMCS nor the entry code switches: it changes hands only when a core goes
//! from one vCPU to another, since the hypervisor itself uses none of it.

use crate::cpu::{self, DebugRegisters};
use alloc::vec;
use alloc::vec::Vec;
use isthmus_abi::Msr;

/// KERNEL_GS_BASE, STAR, LSTAR, CSTAR, SFMASK, TSC_AUX: passed through to guests, so saved and loaded here.
const SWITCHED: [Msr; 6] = [
    Msr(0xc000_0102),
    Msr(0xc000_0081),
    Msr(0xc000_0082),
    Msr(0xc000_0083),
    Msr(0xc000_0084),
    Msr(0xc000_0103),
];

/// Bytes of the smallest area that is made.
const LEAST_AREA: usize = 4096;

/// An XSAVE area: 64-byte aligned blocks (SDM Vol. 1 §13.4).
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
struct Block([u8; 64]);

/// What the processor offers of XSAVE, as it was set up on this core.
#[derive(Clone, Copy, Debug)]
pub struct XsaveSupport {
    /// Every state component the processor has and the hypervisor switches (XCR0 while switching).
    pub components: u64,
    /// Bytes of an area that holds them all.
    pub bytes: usize,
    tsc_aux: bool,
}

impl XsaveSupport {
    /// Turns XSAVE on for this core (CR4.OSXSAVE) and measures the area for `wanted` components, of which
    /// those that the processor lacks are left out. x87 and SSE alone, by FXSAVE's layout, where it has no XSAVE.
    #[must_use]
    pub fn enable(wanted: u64) -> Self {
        use x86_64::registers::control::{Cr4, Cr4Flags};
        let tsc_aux = cpu::cpuid(0x8000_0000, 0).eax >= 0x8000_0001
            && cpu::cpuid(0x8000_0001, 0).edx & 1 << 27 != 0;
        // SAFETY: FXSR and SIMD exceptions for the guests' sake; the hypervisor has no SSE code.
        unsafe {
            Cr4::update(|flags| flags.insert(Cr4Flags::OSFXSR | Cr4Flags::OSXMMEXCPT_ENABLE))
        };
        if cpu::cpuid(1, 0).ecx & 1 << 26 == 0 {
            return Self {
                components: 0,
                bytes: 512,
                tsc_aux,
            };
        }
        // SAFETY: the processor has XSAVE.
        unsafe { Cr4::update(|flags| flags.insert(Cr4Flags::OSXSAVE)) };
        let components = u64::from(cpu::cpuid(0xd, 0).eax) & wanted | 3;
        // The standard layout: each component where leaf 0xD says (SDM Vol. 1 §13.4.3).
        let extent = (2..63)
            .filter(|component| components & 1 << component != 0)
            .map(|component| cpu::cpuid(0xd, component))
            .map(|leaf| leaf.ebx as usize + leaf.eax as usize)
            .max()
            .unwrap_or(0);
        // Never less than every component up to PKRU needs where the SDM's own figures put them (it ends at 2752):
        // some emulated processors understate their layout, and what XSAVE writes past the area is the heap.
        Self {
            components,
            bytes: extent.max(LEAST_AREA),
            tsc_aux,
        }
    }
}

/// One vCPU's switched state.
#[derive(Debug)]
pub struct SwitchedState {
    msrs: [u64; SWITCHED.len()],
    debug: DebugRegisters,
    cr2: u64,
    area: Vec<Block>,
    support: XsaveSupport,
}

impl SwitchedState {
    /// The state after a reset: FCW 0x37f as FINIT leaves it (Linux and firmware expect no less), MXCSR 0x1f80,
    /// everything else zero (SDM Vol. 3A Table 9-1).
    #[must_use]
    pub fn new(support: XsaveSupport) -> Self {
        let mut state = Self {
            msrs: [0; SWITCHED.len()],
            debug: DebugRegisters::default(),
            cr2: 0,
            area: vec![Block([0; 64]); support.bytes.div_ceil(64)],
            support,
        };
        state.reset();
        state
    }

    /// Back to the state after a reset.
    pub fn reset(&mut self) {
        self.msrs = [0; SWITCHED.len()];
        self.debug = DebugRegisters::default();
        self.cr2 = 0;
        self.area.fill(Block([0; 64]));
        if let Some(first) = self.area.first_mut() {
            first.0[..2].copy_from_slice(&0x37f_u16.to_le_bytes());
            first.0[24..28].copy_from_slice(&0x1f80_u32.to_le_bytes());
        }
        if let (true, Some(header)) = (self.support.components != 0, self.area.get_mut(8)) {
            // XSTATE_BV: x87 and SSE come from the area, the rest in initial state.
            header.0[0] = 3;
        }
    }

    /// Puts the state into the core. `xcr0` is the guest's own, left in force.
    pub fn load(&self, xcr0: u64) {
        for (index, (msr, value)) in SWITCHED.iter().zip(self.msrs).enumerate() {
            if index < SWITCHED.len() - 1 || self.support.tsc_aux {
                // SAFETY: the hypervisor uses none of these registers; the values were read from them, where
                // the processor had checked them.
                unsafe { cpu::write_msr(*msr, value) };
            }
        }
        self.debug.load();
        cpu::write_cr2(self.cr2);
        let area = self.area.as_ptr().cast::<u8>();
        if self.support.components == 0 {
            // SAFETY: the area has 512 bytes, 64-byte aligned, in FXSAVE's layout, MXCSR as FXSAVE wrote it.
            unsafe { core::arch::asm!("fxrstor64 [{}]", in(reg) area, options(nostack)) };
            return;
        }
        // SAFETY: the components are those leaf 0xD offers.
        unsafe { cpu::write_xcr0(self.support.components) };
        // SAFETY: the area is large enough for the components and in XSAVE's own standard layout.
        unsafe {
            core::arch::asm!("xrstor64 [{}]", in(reg) area, in("eax") u32::MAX, in("edx") u32::MAX, options(nostack));
        }
        // SAFETY: the guest's XCR0 was checked by XSETBV's rules against the same components.
        unsafe { cpu::write_xcr0(xcr0 & self.support.components | 1) };
    }

    /// Takes the state out of the core.
    pub fn save(&mut self) {
        for (index, (msr, value)) in SWITCHED.iter().zip(&mut self.msrs).enumerate() {
            if index < SWITCHED.len() - 1 || self.support.tsc_aux {
                *value = cpu::read_msr(*msr);
            }
        }
        self.debug = DebugRegisters::save();
        self.cr2 = cpu::read_cr2();
        let area = self.area.as_mut_ptr().cast::<u8>();
        if self.support.components == 0 {
            // SAFETY: the area has 512 bytes, aligned.
            unsafe { core::arch::asm!("fxsave64 [{}]", in(reg) area, options(nostack)) };
            return;
        }
        // SAFETY: as in `load`.
        unsafe { cpu::write_xcr0(self.support.components) };
        // SAFETY: the area is large enough for every component in XCR0.
        unsafe {
            core::arch::asm!("xsave64 [{}]", in(reg) area, in("eax") u32::MAX, in("edx") u32::MAX, options(nostack));
        }
    }

    /// Sets the guest's XCR0 at once, for XSETBV.
    pub fn set_xcr0(&self, xcr0: u64) {
        if self.support.components != 0 {
            // SAFETY: the caller checked the value by XSETBV's rules; what the processor lacks is cut off.
            unsafe { cpu::write_xcr0(xcr0 & self.support.components | 1) };
        }
    }

    /// Writes one of the switched registers at once; others are left alone.
    pub fn write_msr(&self, msr: Msr, value: u64) {
        if SWITCHED.contains(&msr) {
            // SAFETY: the hypervisor uses none of these registers; the caller checked the value.
            unsafe { cpu::write_msr(msr, value) };
        }
    }
}
