//! The control area's words that are neither intercepts, events nor exit information: virtual interrupts, the
//! interrupt shadow, nested paging, the TLB, clean bits, LBR virtualization and fetched instruction bytes (APM
//! Vol. 2 Table B-1). Neighbour: [`crate::field`] for where they lie.

use crate::field::{Field, Vmcb};
use bitfield_struct::bitfield;
use bitflags::bitflags;
use isthmus_abi::Vector;

const fn vector_bits(vector: Vector) -> u8 {
    vector.0
}

/// [`Field::VIRTUAL_INTERRUPT`]: the guest's TPR, a virtual interrupt that waits, and how interrupts are masked
/// (§15.21.1 to §15.21.4, §15.21.10, §15.33.1). A #VMEXIT writes `tpr`, `irq`, `gif`, `nmi` and `nmi_mask` back.
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct VirtualInterrupts {
    /// V_TPR: the guest's CR8 in bits 3:0; bits 7:4 should be 0.
    pub tpr: u8,
    /// V_IRQ: a virtual interrupt is pending.
    pub irq: bool,
    /// VGIF: the guest's global interrupt flag, where `gif_enable` is set.
    pub gif: bool,
    __: bool,
    /// V_NMI: a virtual NMI is pending, where `nmi_enable` is set.
    pub nmi: bool,
    /// V_NMI_MASK: virtual NMIs are blocked until IRET.
    pub nmi_mask: bool,
    #[bits(3)]
    __: u8,
    /// V_INTR_PRIO: held against `tpr` unless `ignore_tpr`.
    #[bits(4)]
    pub priority: u8,
    /// V_IGN_TPR: the pending virtual interrupt is taken whatever the TPR.
    pub ignore_tpr: bool,
    #[bits(3)]
    __: u8,
    /// V_INTR_MASKING: the guest's RFLAGS.IF masks virtual interrupts alone; physical ones obey the host's, as it
    /// was at VMRUN. CR8 reaches `tpr` and not the physical TPR.
    pub masking: bool,
    /// Virtual GIF; needs [`crate::capabilities::Features::VGIF`].
    pub gif_enable: bool,
    /// Virtual NMI; needs [`crate::capabilities::Features::VNMI`].
    pub nmi_enable: bool,
    #[bits(3)]
    __: u8,
    /// x2AVIC.
    pub x2avic_enable: bool,
    /// AVIC.
    pub avic_enable: bool,
    /// V_INTR_VECTOR: the pending virtual interrupt's vector.
    #[bits(8, from = Vector, into = vector_bits)]
    pub vector: Vector,
    #[bits(24)]
    __: u32,
}

impl VirtualInterrupts {
    /// The priority of a vector, its high four bits (§15.21.4).
    #[must_use]
    pub const fn priority_of(vector: Vector) -> u8 {
        vector.0 >> 4
    }

    /// As the VMCB holds it.
    #[must_use]
    pub fn read(vmcb: &impl Vmcb) -> Self {
        Self::from_bits(vmcb.read(Field::VIRTUAL_INTERRUPT))
    }

    /// Into the VMCB; a virtual interrupt that waits makes one write, no more.
    pub fn write(self, vmcb: &mut impl Vmcb) {
        vmcb.write(Field::VIRTUAL_INTERRUPT, self.into_bits());
    }
}

bitflags! {
    /// [`Field::INTERRUPT_SHADOW`] (§15.21.5).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct InterruptShadow: u64 {
        /// The guest is in the shadow of STI, MOV SS or POP SS: no interrupt for one instruction.
        const SHADOW = 1 << 0;
        /// GUEST_INTERRUPT_MASK: the guest's RFLAGS.IF, written at #VMEXIT where guests are encrypted (§15.35.3).
        const GUEST_INTERRUPT_MASK = 1 << 1;
    }

    /// [`Field::NESTED_CONTROL`] (§15.25.3, Table B-1 at 090H).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct NestedControl: u64 {
        /// NP_ENABLE: guest-physical addresses are translated through N_CR3.
        const NESTED_PAGING = 1 << 0;
        /// Memory is encrypted with the key of the ASID.
        const SEV = 1 << 1;
        /// Registers are encrypted too.
        const SEV_ES = 1 << 2;
        /// Guest mode execute trap.
        const GMET = 1 << 3;
        /// Supervisor shadow stacks are checked against nested page tables.
        const SHADOW_STACK_CHECK = 1 << 4;
        /// Virtual transparent encryption.
        const VIRTUAL_ENCRYPTION = 1 << 5;
        /// Page-table walks of the guest may use read-only nested pages.
        const READ_ONLY_GUEST_TABLES = 1 << 6;
        /// INVLPGB and TLBSYNC in the guest.
        const INVLPGB_TLBSYNC = 1 << 7;
    }

    /// [`Field::LBR_VIRTUALIZATION`] (§15.23, §15.33.1).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct LbrControl: u64 {
        /// DBGCTL and the last-branch registers are the guest's own.
        const LBR = 1 << 0;
        /// VMLOAD and VMSAVE work in the guest, on guest-physical addresses.
        const VIRTUAL_VMLOAD_VMSAVE = 1 << 1;
    }

    /// [`Field::VMCB_CLEAN`] (§15.15.3, Figure 15-4): groups of fields that did not change since this VMCB's last
    /// #VMEXIT on the same core, so that the processor may use what it remembers. All zero is always right; any
    /// other value needs the caller to know that the VMCB was last run on this core, from this address. A
    /// processor without the feature ignores the field.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Clean: u32 {
        /// Intercept vectors, TSC offset, PAUSE filter.
        const INTERCEPTS = 1 << 0;
        /// IOPM and MSRPM base addresses; also to be cleared when a map's content changes.
        const PERMISSION_MAPS = 1 << 1;
        /// ASID.
        const ASID = 1 << 2;
        /// [`VirtualInterrupts`].
        const VIRTUAL_INTERRUPTS = 1 << 3;
        /// Nested paging: N_CR3, G_PAT, NP_ENABLE.
        const NESTED_PAGING = 1 << 4;
        /// CR0, CR3, CR4, EFER.
        const CONTROL_REGISTERS = 1 << 5;
        /// DR6, DR7.
        const DEBUG_REGISTERS = 1 << 6;
        /// GDTR and IDTR.
        const DESCRIPTOR_TABLES = 1 << 7;
        /// CS, DS, SS, ES and CPL.
        const SEGMENTS = 1 << 8;
        /// CR2.
        const CR2 = 1 << 9;
        /// DBGCTL and the last-branch registers.
        const LBR = 1 << 10;
        /// AVIC's base address register and tables.
        const AVIC = 1 << 11;
        /// S_CET, SSP, ISST_ADDR.
        const SHADOW_STACK = 1 << 12;
    }
}

impl InterruptShadow {
    /// As the VMCB holds it.
    #[must_use]
    pub fn read(vmcb: &impl Vmcb) -> Self {
        Self::from_bits_retain(vmcb.read(Field::INTERRUPT_SHADOW))
    }
}

impl NestedControl {
    /// As the VMCB holds it.
    #[must_use]
    pub fn read(vmcb: &impl Vmcb) -> Self {
        Self::from_bits_retain(vmcb.read(Field::NESTED_CONTROL))
    }
}

impl Clean {
    /// Lets the next VMRUN use everything that the processor remembers; each later [`Vmcb::write`] takes back the
    /// group it changes. Call it after a #VMEXIT of this VMCB, for an entry on the same core.
    pub fn mark_all(vmcb: &mut impl Vmcb) {
        vmcb.write(Field::VMCB_CLEAN, Self::all().bits().into());
    }

    /// Lets the next VMRUN use nothing remembered: on another core, from another address, or when in doubt.
    pub fn mark_none(vmcb: &mut impl Vmcb) {
        vmcb.write(Field::VMCB_CLEAN, 0);
    }
}

/// [`Field::TLB_CONTROL`]: what VMRUN flushes before the guest runs (§15.16.1, Table 15-9). Other values are reserved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TlbControl {
    /// Nothing.
    #[default]
    Nothing = 0,
    /// All entries of all ASIDs, the host's too, global ones too.
    Everything = 1,
    /// All of this guest's ASID; needs [`crate::capabilities::Features::FLUSH_BY_ASID`].
    Guest = 3,
    /// Those of this guest's ASID that are not global; needs the same.
    GuestNonGlobal = 7,
}

impl TlbControl {
    /// Into the VMCB. VMRUN leaves the field as it is: write [`TlbControl::Nothing`] after the entry that flushed.
    pub fn write(self, vmcb: &mut impl Vmcb) {
        vmcb.write(Field::TLB_CONTROL, self as u64);
    }
}

/// The bytes that the processor fetched at the guest's RIP, where it has decode assists: at nested page faults and
/// intercepted page faults of data accesses (§15.8.4). They belong to a hostile guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstructionBytes {
    bytes: [u8; 16],
}

impl InstructionBytes {
    /// As the VMCB holds them; none if the processor gave none.
    #[must_use]
    pub fn read(vmcb: &impl Vmcb) -> Self {
        let first = usize::from(Field::NUMBER_OF_BYTES_FETCHED.offset() / 8);
        let mut bytes = [0; 16];
        for (half, index) in bytes.chunks_exact_mut(8).zip(first..) {
            half.copy_from_slice(&vmcb.word(index).to_le_bytes());
        }
        Self { bytes }
    }

    /// The bytes, 0 to 15; fewer than an instruction has where its fetch would have faulted.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        let [count, bytes @ ..] = &self.bytes;
        bytes.get(..usize::from(*count & 15)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::WORDS;
    use proptest::prelude::*;

    #[test]
    fn a_pending_virtual_interrupt_has_the_bits_of_the_manual() {
        let waiting = VirtualInterrupts::new()
            .with_irq(true)
            .with_vector(Vector(0x31))
            .with_priority(VirtualInterrupts::priority_of(Vector(0x31)))
            .with_ignore_tpr(true)
            .with_masking(true);
        assert_eq!(waiting.into_bits(), 0x31_0113_0100);
    }

    #[test]
    fn a_change_of_virtual_interrupts_is_seen_by_a_processor_that_caches_them() {
        let mut vmcb = [0; WORDS];
        Clean::mark_all(&mut vmcb);
        VirtualInterrupts::new().with_irq(true).write(&mut vmcb);
        let clean = Clean::from_bits_retain(vmcb.read(Field::VMCB_CLEAN) as u32);
        assert_eq!(clean, Clean::all() - Clean::VIRTUAL_INTERRUPTS);
        TlbControl::Everything.write(&mut vmcb);
        assert_eq!(vmcb.read(Field::VMCB_CLEAN) as u32, clean.bits());
        Clean::mark_none(&mut vmcb);
        assert_eq!(vmcb.read(Field::VMCB_CLEAN), 0);
    }

    #[test]
    fn clean_bits_are_thirteen_from_the_lowest() {
        assert_eq!(Clean::all().bits(), 0x1fff);
    }

    #[test]
    fn as_many_bytes_are_given_as_were_fetched() {
        let mut vmcb = [0; WORDS];
        vmcb.set_word(26, 0x77_6655_4433_2211 << 8 | 15);
        vmcb.set_word(27, 0xff_eedd_ccbb_aa99 << 8 | 0x88);
        let expected = [
            0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee,
            0xff,
        ];
        assert_eq!(InstructionBytes::read(&vmcb).as_slice(), expected);
        vmcb.write(Field::NUMBER_OF_BYTES_FETCHED, 2);
        assert_eq!(InstructionBytes::read(&vmcb).as_slice(), [0x11, 0x22]);
        vmcb.write(Field::NUMBER_OF_BYTES_FETCHED, 0);
        assert!(InstructionBytes::read(&vmcb).as_slice().is_empty());
    }

    proptest! {
        #[test]
        fn virtual_interrupts_keep_every_bit_where_the_manual_puts_it(raw: u64) {
            let word = VirtualInterrupts::from_bits(raw);
            prop_assert_eq!(word.into_bits(), raw);
            prop_assert_eq!(u64::from(word.tpr()), raw & 0xff);
            prop_assert_eq!(word.irq(), raw >> 8 & 1 != 0);
            prop_assert_eq!(word.gif(), raw >> 9 & 1 != 0);
            prop_assert_eq!(word.nmi(), raw >> 11 & 1 != 0);
            prop_assert_eq!(word.nmi_mask(), raw >> 12 & 1 != 0);
            prop_assert_eq!(u64::from(word.priority()), raw >> 16 & 15);
            prop_assert_eq!(word.ignore_tpr(), raw >> 20 & 1 != 0);
            prop_assert_eq!(word.masking(), raw >> 24 & 1 != 0);
            prop_assert_eq!(word.gif_enable(), raw >> 25 & 1 != 0);
            prop_assert_eq!(word.nmi_enable(), raw >> 26 & 1 != 0);
            prop_assert_eq!(word.x2avic_enable(), raw >> 30 & 1 != 0);
            prop_assert_eq!(word.avic_enable(), raw >> 31 & 1 != 0);
            prop_assert_eq!(u64::from(word.vector().0), raw >> 32 & 0xff);
        }

        #[test]
        fn fetched_bytes_never_exceed_an_instruction(words: [u64; 2]) {
            let mut vmcb = [0; WORDS];
            vmcb.set_word(26, words[0]);
            vmcb.set_word(27, words[1]);
            prop_assert!(InstructionBytes::read(&vmcb).as_slice().len() <= 15);
        }
    }
}
