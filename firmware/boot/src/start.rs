//! The register values a guest's first processor starts with, complete enough to fill a VMCS or VMCB guest
//! area from. Segment attributes are in the VMX format (SDM Vol. 3C §25.4.1, "access rights").

use isthmus_abi::{Gpa, Vector};

/// CR0.PE, protection enable; CR0.ET, hardwired to one; CR0.PG, paging (SDM Vol. 3A §2.5).
const CR0_PE: u64 = 1 << 0;
const CR0_ET: u64 = 1 << 4;
const CR0_NW: u64 = 1 << 29;
const CR0_CD: u64 = 1 << 30;
const CR0_PG: u64 = 1 << 31;
/// CR4.PAE.
const CR4_PAE: u64 = 1 << 5;
/// EFER.LME and EFER.LMA (SDM Vol. 3A §2.2.1).
const EFER_LME: u64 = 1 << 8;
const EFER_LMA: u64 = 1 << 10;
/// RFLAGS bit 1 reads as one always; everything else clear, interrupts off.
const RFLAGS_FIXED: u64 = 1 << 1;

/// Selectors that the Linux boot protocol fixes; the other protocols leave them open and get the same.
pub const BOOT_CS: u16 = 0x10;
/// See [`BOOT_CS`].
pub const BOOT_DS: u16 = 0x18;

/// A segment register with its hidden part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SegmentState {
    /// Visible selector.
    pub selector: u16,
    /// Base, a linear address.
    pub base: u64,
    /// Limit in bytes, already scaled by the granularity.
    pub limit: u32,
    /// Access rights as the VMCS has them: type, S, DPL, P, AVL, L, D/B, G, unusable in bit 16.
    pub access: u32,
}

impl SegmentState {
    const fn new(selector: u16, base: u64, limit: u32, access: u32) -> Self {
        Self {
            selector,
            base,
            limit,
            access,
        }
    }
    /// 64-bit code, execute and read, accessed.
    const CODE64: Self = Self::new(BOOT_CS, 0, u32::MAX, 0xa09b);
    /// Flat 32-bit code, execute and read, accessed.
    const CODE32: Self = Self::new(BOOT_CS, 0, u32::MAX, 0xc09b);
    /// Flat data, read and write, accessed.
    const DATA: Self = Self::new(BOOT_DS, 0, u32::MAX, 0xc093);
    /// A busy TSS of the smallest size. VMX has no start without one.
    const TASK: Self = Self::new(0, 0, 0x67, 0x8b);
    /// No local descriptor table.
    const UNUSABLE: Self = Self::new(0, 0, 0, 1 << 16);
    /// Real mode data.
    const REAL_DATA: Self = Self::new(0, 0, 0xffff, 0x93);
}

/// GDTR or IDTR.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DescriptorTable {
    /// Base, a linear address; the start states here map linear to guest-physical one to one.
    pub base: u64,
    /// Limit, bytes less one.
    pub limit: u16,
}

/// Which of the processor's modes the state is in; also to be read from its control registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartMode {
    /// 64-bit mode, paging on.
    Long64,
    /// Protected mode, 32-bit segments, no paging.
    Protected32,
    /// Real mode, as after INIT or reset.
    Real16,
}

/// A whole processor state at its first instruction. General registers not named here are zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StartState {
    /// The mode that the rest amounts to.
    pub mode: StartMode,
    /// Instruction pointer, an offset in `cs`.
    pub rip: u64,
    /// Stack pointer; zero where the protocol promises no stack.
    pub rsp: u64,
    /// Flags: bit 1 alone.
    pub rflags: u64,
    /// RAX.
    pub rax: u64,
    /// RBX.
    pub rbx: u64,
    /// RSI.
    pub rsi: u64,
    /// CR0 as the guest is to see it. Bits that VMX fixes beyond these are the hypervisor's to add and to hide.
    pub cr0: u64,
    /// CR3.
    pub cr3: u64,
    /// CR4 as the guest is to see it.
    pub cr4: u64,
    /// IA32_EFER.
    pub efer: u64,
    /// Code segment.
    pub cs: SegmentState,
    /// DS.
    pub ds: SegmentState,
    /// ES.
    pub es: SegmentState,
    /// FS.
    pub fs: SegmentState,
    /// GS.
    pub gs: SegmentState,
    /// Stack segment.
    pub ss: SegmentState,
    /// Task register.
    pub tr: SegmentState,
    /// Local descriptor table register.
    pub ldtr: SegmentState,
    /// Global descriptor table register.
    pub gdtr: DescriptorTable,
    /// Interrupt descriptor table register.
    pub idtr: DescriptorTable,
}

/// The descriptor table behind [`BOOT_CS`] and [`BOOT_DS`], as four descriptors.
#[must_use]
pub fn gdt_bytes(long: bool) -> [u8; 32] {
    let code: u64 = if long {
        0x00af_9b00_0000_ffff
    } else {
        0x00cf_9b00_0000_ffff
    };
    let data: u64 = 0x00cf_9300_0000_ffff;
    let mut bytes = [0; 32];
    crate::bytes::put(&mut bytes, usize::from(BOOT_CS), &code.to_le_bytes());
    crate::bytes::put(&mut bytes, usize::from(BOOT_DS), &data.to_le_bytes());
    bytes
}

impl StartState {
    /// Protected mode at `eip` with flat segments, interrupts off, no stack, and the table of
    /// [`gdt_bytes`]`(false)` at `gdt`.
    #[must_use]
    pub fn protected32(eip: u32, gdt: Gpa) -> Self {
        let data = SegmentState::DATA;
        Self {
            mode: StartMode::Protected32,
            rip: eip.into(),
            rsp: 0,
            rflags: RFLAGS_FIXED,
            rax: 0,
            rbx: 0,
            rsi: 0,
            cr0: CR0_PE | CR0_ET,
            cr3: 0,
            cr4: 0,
            efer: 0,
            cs: SegmentState::CODE32,
            ds: data,
            es: data,
            fs: data,
            gs: data,
            ss: data,
            tr: SegmentState::TASK,
            ldtr: SegmentState::UNUSABLE,
            gdtr: DescriptorTable {
                base: gdt.0,
                limit: 31,
            },
            idtr: DescriptorTable { base: 0, limit: 0 },
        }
    }

    /// 64-bit mode at `rip` with page tables at `cr3` and the table of [`gdt_bytes`]`(true)` at `gdt`.
    #[must_use]
    pub fn long64(rip: Gpa, cr3: Gpa, gdt: Gpa) -> Self {
        Self {
            mode: StartMode::Long64,
            rip: rip.0,
            cr0: CR0_PE | CR0_ET | CR0_PG,
            cr3: cr3.0,
            cr4: CR4_PAE,
            efer: EFER_LME | EFER_LMA,
            cs: SegmentState::CODE64,
            ..Self::protected32(0, gdt)
        }
    }

    fn real16(selector: u16, base: u64, ip: u16) -> Self {
        let data = SegmentState::REAL_DATA;
        Self {
            mode: StartMode::Real16,
            rip: ip.into(),
            cr0: CR0_ET | CR0_NW | CR0_CD,
            cs: SegmentState::new(selector, base, 0xffff, 0x9b),
            ds: data,
            es: data,
            fs: data,
            gs: data,
            ss: data,
            tr: SegmentState::new(0, 0, 0xffff, 0x8b),
            ldtr: SegmentState::new(0, 0, 0xffff, 0x82),
            gdtr: DescriptorTable {
                base: 0,
                limit: 0xffff,
            },
            idtr: DescriptorTable {
                base: 0,
                limit: 0xffff,
            },
            ..Self::protected32(0, Gpa(0))
        }
    }

    /// What a start-up IPI makes of a processor that waits for one: real mode at `vector` × 4096 (SDM Vol. 3A §9.4).
    #[must_use]
    pub fn startup_ipi(vector: Vector) -> Self {
        let selector = u16::from(vector.0) << 8;
        Self::real16(selector, u64::from(selector) << 4, 0)
    }

    /// The state after INIT or reset, before any start-up IPI (SDM Vol. 3A table 10-1). RDX, the processor's
    /// signature, is the hypervisor's to fill in.
    #[must_use]
    pub fn reset() -> Self {
        Self::real16(0xf000, 0xffff_0000, 0xfff0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits 40..56 of a descriptor against access rights: same layout but for limit bits 48..52.
    fn access_of(descriptor: &[u8]) -> u32 {
        let word = u64::from_le_bytes(descriptor.try_into().unwrap());
        u32::try_from(word >> 40 & 0xf0ff).unwrap()
    }

    #[test]
    fn hidden_parts_agree_with_the_descriptor_table() {
        for (long, code) in [(true, SegmentState::CODE64), (false, SegmentState::CODE32)] {
            let gdt = gdt_bytes(long);
            assert_eq!(access_of(&gdt[0x10..0x18]), code.access);
            assert_eq!(access_of(&gdt[0x18..0x20]), SegmentState::DATA.access);
        }
    }

    #[test]
    fn a_startup_ipi_starts_at_its_page() {
        let state = StartState::startup_ipi(Vector(0x9a));
        assert_eq!(
            (state.cs.selector, state.cs.base, state.rip),
            (0x9a00, 0x9_a000, 0)
        );
        assert_eq!(state.cr0 & (CR0_PE | CR0_PG), 0);
    }
}
