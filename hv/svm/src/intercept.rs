//! Which events and instructions of a guest cause a #VMEXIT: the intercept vectors (APM Vol. 2 §15.9 to §15.13, Table
//! B-1), and what Isthmus asks for. Neighbours: [`crate::exit`] for the codes they exit with, [`crate::permissions`]
//! for the maps that `IOIO_PROT` and `MSR_PROT` turn on.

use crate::field::{Field, Vmcb};
use bitflags::bitflags;

bitflags! {
    /// Intercept vector 3, at 00CH.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Vector3: u32 {
        /// Physical interrupts.
        const INTR = 1 << 0;
        /// Physical NMIs.
        const NMI = 1 << 1;
        /// SMIs.
        const SMI = 1 << 2;
        /// INIT.
        const INIT = 1 << 3;
        /// Virtual interrupts, when one could be taken: an interrupt window.
        const VINTR = 1 << 4;
        /// Writes of CR0 that change bits other than TS and MP.
        const CR0_SELECTIVE_WRITE = 1 << 5;
        /// SIDT.
        const IDTR_READ = 1 << 6;
        /// SGDT.
        const GDTR_READ = 1 << 7;
        /// SLDT.
        const LDTR_READ = 1 << 8;
        /// STR.
        const TR_READ = 1 << 9;
        /// LIDT.
        const IDTR_WRITE = 1 << 10;
        /// LGDT.
        const GDTR_WRITE = 1 << 11;
        /// LLDT.
        const LDTR_WRITE = 1 << 12;
        /// LTR.
        const TR_WRITE = 1 << 13;
        /// RDTSC.
        const RDTSC = 1 << 14;
        /// RDPMC.
        const RDPMC = 1 << 15;
        /// PUSHF.
        const PUSHF = 1 << 16;
        /// POPF.
        const POPF = 1 << 17;
        /// CPUID.
        const CPUID = 1 << 18;
        /// RSM.
        const RSM = 1 << 19;
        /// IRET.
        const IRET = 1 << 20;
        /// INT n.
        const SOFTWARE_INTERRUPT = 1 << 21;
        /// INVD.
        const INVD = 1 << 22;
        /// PAUSE, as the filter count and threshold say.
        const PAUSE = 1 << 23;
        /// HLT.
        const HLT = 1 << 24;
        /// INVLPG.
        const INVLPG = 1 << 25;
        /// INVLPGA.
        const INVLPGA = 1 << 26;
        /// I/O instructions, by the I/O permission map.
        const IOIO_PROT = 1 << 27;
        /// RDMSR and WRMSR, by the MSR permission map. Without it a guest reaches every MSR of the host.
        const MSR_PROT = 1 << 28;
        /// Task switches.
        const TASK_SWITCH = 1 << 29;
        /// Freezing of the processor by a legacy floating-point error.
        const FERR_FREEZE = 1 << 30;
        /// Shutdown: triple faults. Without it the whole machine may reset.
        const SHUTDOWN = 1 << 31;
    }

    /// Intercept vector 4, at 010H.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Vector4: u32 {
        /// VMRUN. VMRUN itself insists on it (§15.5.1).
        const VMRUN = 1 << 0;
        /// VMMCALL.
        const VMMCALL = 1 << 1;
        /// VMLOAD.
        const VMLOAD = 1 << 2;
        /// VMSAVE.
        const VMSAVE = 1 << 3;
        /// STGI.
        const STGI = 1 << 4;
        /// CLGI.
        const CLGI = 1 << 5;
        /// SKINIT.
        const SKINIT = 1 << 6;
        /// RDTSCP.
        const RDTSCP = 1 << 7;
        /// ICEBP (INT1).
        const ICEBP = 1 << 8;
        /// WBINVD and WBNOINVD.
        const WBINVD = 1 << 9;
        /// MONITOR and MONITORX.
        const MONITOR = 1 << 10;
        /// MWAIT and MWAITX.
        const MWAIT = 1 << 11;
        /// MWAIT and MWAITX if the monitor is armed.
        const MWAIT_ARMED = 1 << 12;
        /// XSETBV.
        const XSETBV = 1 << 13;
        /// RDPRU.
        const RDPRU = 1 << 14;
        /// Writes of EFER, after the instruction.
        const EFER_WRITE_TRAP = 1 << 15;
        /// Writes of CR0, after the instruction; the 15 bits above are for CR1 to CR15.
        const CR0_WRITE_TRAP = 1 << 16;
    }

    /// Intercept vector 5, at 014H.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Vector5: u32 {
        /// INVLPGB.
        const INVLPGB = 1 << 0;
        /// INVLPGB with a page count or an ASID that is not allowed.
        const INVLPGB_ILLEGAL = 1 << 1;
        /// INVPCID.
        const INVPCID = 1 << 2;
        /// MCOMMIT.
        const MCOMMIT = 1 << 3;
        /// TLBSYNC.
        const TLBSYNC = 1 << 4;
        /// Bus locks, by the threshold counter.
        const BUS_LOCK = 1 << 5;
        /// HLT with no virtual interrupt pending.
        const IDLE_HLT = 1 << 6;
    }
}

/// Everything that a VMCB intercepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intercepts {
    /// Reads of control registers, a bit for each.
    pub cr_reads: u16,
    /// Writes of control registers, a bit for each.
    pub cr_writes: u16,
    /// Reads of debug registers, a bit for each.
    pub dr_reads: u16,
    /// Writes of debug registers, a bit for each.
    pub dr_writes: u16,
    /// Exceptions, a bit for each vector below 32.
    pub exceptions: u32,
    /// Vector 3.
    pub vector_3: Vector3,
    /// Vector 4.
    pub vector_4: Vector4,
    /// Vector 5.
    pub vector_5: Vector5,
}

/// Exceptions that exit: those whose delivery can loop inside the processor with no instruction in between, so that no
/// interrupt would ever be taken (#DB, #AC), and machine checks, which concern the machine.
const EXCEPTIONS: u32 = 1 << 1 | 1 << 17 | 1 << 18;

impl Intercepts {
    /// What Isthmus intercepts in every guest, whatever the processor: all that reaches the machine or another
    /// guest, the SVM instructions (answered with #UD), and the writes of CR0 and CR4 in which a guest may ask for
    /// what it is not offered. CR3 and CR8 stay the guest's: nested paging translates, V_INTR_MASKING keeps the TPR.
    ///
    /// Bits for instructions that a processor lacks are reserved there and ignored.
    #[must_use]
    pub const fn isthmus() -> Self {
        Self {
            cr_reads: 0,
            cr_writes: 1 << 0 | 1 << 4,
            dr_reads: 0,
            dr_writes: 0,
            exceptions: EXCEPTIONS,
            vector_3: Self::ISTHMUS_3,
            vector_4: Self::ISTHMUS_4,
            vector_5: Self::ISTHMUS_5,
        }
    }

    const ISTHMUS_3: Vector3 = Vector3::INTR
        .union(Vector3::NMI)
        .union(Vector3::INIT)
        .union(Vector3::RDPMC)
        .union(Vector3::CPUID)
        .union(Vector3::RSM)
        .union(Vector3::INVD)
        .union(Vector3::HLT)
        .union(Vector3::INVLPGA)
        .union(Vector3::IOIO_PROT)
        .union(Vector3::MSR_PROT)
        .union(Vector3::TASK_SWITCH)
        .union(Vector3::FERR_FREEZE)
        .union(Vector3::SHUTDOWN);

    const ISTHMUS_4: Vector4 = Vector4::VMRUN
        .union(Vector4::VMMCALL)
        .union(Vector4::VMLOAD)
        .union(Vector4::VMSAVE)
        .union(Vector4::STGI)
        .union(Vector4::CLGI)
        .union(Vector4::SKINIT)
        .union(Vector4::WBINVD)
        .union(Vector4::MONITOR)
        .union(Vector4::MWAIT)
        .union(Vector4::XSETBV)
        .union(Vector4::RDPRU);

    const ISTHMUS_5: Vector5 = Vector5::INVLPGB
        .union(Vector5::INVLPGB_ILLEGAL)
        .union(Vector5::MCOMMIT)
        .union(Vector5::TLBSYNC);

    /// As the VMCB holds them.
    #[must_use]
    pub fn read(vmcb: &impl Vmcb) -> Self {
        Self {
            cr_reads: vmcb.read(Field::CR_READ_INTERCEPTS) as u16,
            cr_writes: vmcb.read(Field::CR_WRITE_INTERCEPTS) as u16,
            dr_reads: vmcb.read(Field::DR_READ_INTERCEPTS) as u16,
            dr_writes: vmcb.read(Field::DR_WRITE_INTERCEPTS) as u16,
            exceptions: vmcb.read(Field::EXCEPTION_INTERCEPTS) as u32,
            vector_3: Vector3::from_bits_retain(vmcb.read(Field::INTERCEPT_VECTOR_3) as u32),
            vector_4: Vector4::from_bits_retain(vmcb.read(Field::INTERCEPT_VECTOR_4) as u32),
            vector_5: Vector5::from_bits_retain(vmcb.read(Field::INTERCEPT_VECTOR_5) as u32),
        }
    }

    /// Into the VMCB.
    pub fn write(&self, vmcb: &mut impl Vmcb) {
        vmcb.write(Field::CR_READ_INTERCEPTS, self.cr_reads.into());
        vmcb.write(Field::CR_WRITE_INTERCEPTS, self.cr_writes.into());
        vmcb.write(Field::DR_READ_INTERCEPTS, self.dr_reads.into());
        vmcb.write(Field::DR_WRITE_INTERCEPTS, self.dr_writes.into());
        vmcb.write(Field::EXCEPTION_INTERCEPTS, self.exceptions.into());
        vmcb.write(Field::INTERCEPT_VECTOR_3, self.vector_3.bits().into());
        vmcb.write(Field::INTERCEPT_VECTOR_4, self.vector_4.bits().into());
        vmcb.write(Field::INTERCEPT_VECTOR_5, self.vector_5.bits().into());
    }
}

/// Turns one intercept of vector 3 on or off, as interrupt windows (`VINTR`) and NMI windows (`IRET`) come and go. A
/// value that does not change costs no clean bit.
pub fn set_vector_3(vmcb: &mut impl Vmcb, which: Vector3, on: bool) {
    let before = Vector3::from_bits_retain(vmcb.read(Field::INTERCEPT_VECTOR_3) as u32);
    let mut after = before;
    after.set(which, on);
    if after != before {
        vmcb.write(Field::INTERCEPT_VECTOR_3, after.bits().into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Clean;
    use crate::field::WORDS;
    use proptest::prelude::*;

    #[test]
    fn the_vectors_have_the_bits_of_the_manual() {
        for (bit, flag) in [
            (0, Vector3::INTR),
            (4, Vector3::VINTR),
            (5, Vector3::CR0_SELECTIVE_WRITE),
            (14, Vector3::RDTSC),
            (18, Vector3::CPUID),
            (20, Vector3::IRET),
            (24, Vector3::HLT),
            (27, Vector3::IOIO_PROT),
            (28, Vector3::MSR_PROT),
            (31, Vector3::SHUTDOWN),
        ] {
            assert_eq!(flag.bits(), 1 << bit, "{flag:?}");
        }
        for (bit, flag) in [
            (0, Vector4::VMRUN),
            (1, Vector4::VMMCALL),
            (7, Vector4::RDTSCP),
            (9, Vector4::WBINVD),
            (11, Vector4::MWAIT),
            (13, Vector4::XSETBV),
            (16, Vector4::CR0_WRITE_TRAP),
        ] {
            assert_eq!(flag.bits(), 1 << bit, "{flag:?}");
        }
        assert_eq!(Vector5::INVPCID.bits(), 1 << 2);
    }

    #[test]
    fn a_guest_has_none_of_the_instructions_that_make_a_host() {
        let wanted = Intercepts::isthmus();
        assert_eq!(wanted.vector_4.bits() & 0x7f, 0x7f);
        assert!(wanted.vector_3.contains(
            Vector3::INVLPGA | Vector3::MSR_PROT | Vector3::IOIO_PROT | Vector3::SHUTDOWN
        ));
    }

    #[test]
    fn turning_on_what_is_on_changes_nothing() {
        let mut vmcb = [0; WORDS];
        Clean::mark_all(&mut vmcb);
        set_vector_3(&mut vmcb, Vector3::VINTR, false);
        assert_eq!(vmcb.read(Field::VMCB_CLEAN) as u32, Clean::all().bits());
        set_vector_3(&mut vmcb, Vector3::VINTR, true);
        assert_eq!(vmcb.read(Field::INTERCEPT_VECTOR_3), 1 << 4);
        assert_eq!(
            vmcb.read(Field::VMCB_CLEAN) as u32,
            (Clean::all() - Clean::INTERCEPTS).bits()
        );
        set_vector_3(&mut vmcb, Vector3::VINTR, false);
        assert_eq!(vmcb.read(Field::INTERCEPT_VECTOR_3), 0);
    }

    proptest! {
        #[test]
        fn intercepts_written_read_back(words: [u16; 4], vectors: [u32; 4]) {
            let intercepts = Intercepts {
                cr_reads: words[0],
                cr_writes: words[1],
                dr_reads: words[2],
                dr_writes: words[3],
                exceptions: vectors[0],
                vector_3: Vector3::from_bits_retain(vectors[1]),
                vector_4: Vector4::from_bits_retain(vectors[2]),
                vector_5: Vector5::from_bits_retain(vectors[3]),
            };
            let mut vmcb = [0; WORDS];
            intercepts.write(&mut vmcb);
            prop_assert_eq!(Intercepts::read(&vmcb), intercepts);
            prop_assert_eq!(vmcb[0], u64::from_le_bytes([
                words[0] as u8, (words[0] >> 8) as u8, words[1] as u8, (words[1] >> 8) as u8,
                words[2] as u8, (words[2] >> 8) as u8, words[3] as u8, (words[3] >> 8) as u8,
            ]));
        }
    }
}
