//! The capability MSRs of processors that exist, for tests: emulated ones as read from them, real ones as their
//! owners published them.

use crate::capabilities::Capabilities;
use isthmus_abi::Msr;

/// A processor's name and its MSRs.
#[derive(Clone, Copy, Debug)]
pub struct Processor {
    /// Which it is.
    pub name: &'static str,
    /// Address and value. An MSR that is not here does not exist.
    pub msrs: &'static [(u32, u64)],
}

impl Processor {
    /// The value of an MSR, if the processor has it.
    #[must_use]
    pub fn msr(&self, msr: Msr) -> Option<u64> {
        let &(_, value) = self.msrs.iter().find(|&&(address, _)| address == msr.0)?;
        Some(value)
    }

    /// Its capabilities.
    ///
    /// # Panics
    /// If an MSR is read that the processor does not have, as RDMSR would fault.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        Capabilities::read(|msr| {
            self.msr(msr)
                .unwrap_or_else(|| panic!("{}: RDMSR of {:#x} faults", self.name, msr.0))
        })
    }
}

/// Bochs 2.7, `cpu: model=tigerlake`: everything that Isthmus uses.
pub const BOCHS_TIGERLAKE: Processor = Processor {
    name: "Bochs tigerlake",
    msrs: &[
        (0x3a, 0x5),
        (0x480, 0x01d8_1000_0000_0004),
        (0x481, 0x0000_007f_0000_0016),
        (0x482, 0xfff9_fffe_0401_e172),
        (0x483, 0x107f_ffff_0003_6dff),
        (0x484, 0x0010_ffff_0000_11ff),
        (0x485, 0x6004_01e0),
        (0x486, 0x8000_0021),
        (0x487, 0xffff_ffff),
        (0x488, 0x2000),
        (0x489, 0x00f7_7fff),
        (0x48a, 0x34),
        (0x48b, 0x0297_7fff_0000_0000),
        (0x48c, 0x0f01_06b3_4141),
        (0x48d, 0x0000_007f_0000_0016),
        (0x48e, 0xfff9_fffe_0400_6172),
        (0x48f, 0x107f_ffff_0003_6dfb),
        (0x490, 0x0010_ffff_0000_11fb),
        (0x491, 0x1),
    ],
};

/// Bochs 2.7, `cpu: model=corei7_skylake_x`: no monitor trap flag.
pub const BOCHS_SKYLAKE_X: Processor = Processor {
    name: "Bochs corei7_skylake_x",
    msrs: &[
        (0x3a, 0x5),
        (0x480, 0x00d8_1000_0000_002b),
        (0x481, 0x0000_007f_0000_0016),
        (0x482, 0xf7f9_fffe_0401_e172),
        (0x483, 0x007f_ffff_0003_6dff),
        (0x484, 0x0000_ffff_0000_11ff),
        (0x485, 0x6004_01e0),
        (0x486, 0x8000_0021),
        (0x487, 0xffff_ffff),
        (0x488, 0x2000),
        (0x489, 0x0077_7fff),
        (0x48a, 0x34),
        (0x48b, 0x0217_7fff_0000_0000),
        (0x48c, 0x0f01_0633_4141),
        (0x48d, 0x0000_007f_0000_0016),
        (0x48e, 0xf7f9_fffe_0400_6172),
        (0x48f, 0x007f_ffff_0003_6dfb),
        (0x490, 0x0000_ffff_0000_11fb),
        (0x491, 0x1),
    ],
};

/// Core i7-4770 (2013): unrestricted guest and VMCS shadowing, no APIC-register virtualization.
pub const HASWELL_CLIENT: Processor = Processor {
    name: "Core i7-4770 (Haswell)",
    msrs: &[
        (0x3a, 0x5),
        (0x480, 0x00da_0400_0000_0012),
        (0x481, 0x0000_007f_0000_0016),
        (0x482, 0xfff9_fffe_0401_e172),
        (0x483, 0x007f_ffff_0003_6dff),
        (0x484, 0x0000_ffff_0000_11ff),
        (0x485, 0x3004_81e5),
        (0x486, 0x8000_0021),
        (0x487, 0xffff_ffff),
        (0x488, 0x2000),
        (0x489, 0x0017_27ff),
        (0x48a, 0x2a),
        (0x48b, 0x0000_7cff_0000_0000),
        (0x48c, 0x0f01_0633_4141),
        (0x48d, 0x0000_007f_0000_0016),
        (0x48e, 0xfff9_fffe_0400_6172),
        (0x48f, 0x007f_ffff_0003_6dfb),
        (0x490, 0x0000_ffff_0000_11fb),
        (0x491, 0x1),
    ],
};

/// Core 2 (Merom, 2006): neither EPT nor TRUE controls nor virtual NMIs' company.
pub const MEROM: Processor = Processor {
    name: "Core 2 Duo (Merom)",
    msrs: &[
        (0x3a, 0x5),
        (0x480, 0x001a_0400_0000_0007),
        (0x481, 0x0000_003f_0000_0016),
        (0x482, 0xf7f9_fffe_0401_e172),
        (0x483, 0x0003_ffff_0003_6dff),
        (0x484, 0x0000_3fff_0000_11ff),
        (0x485, 0x0004_03c0),
        (0x486, 0x8000_0021),
        (0x487, 0xffff_ffff),
        (0x488, 0x2000),
        (0x489, 0x27ff),
        (0x48a, 0x2c),
        (0x48b, 0x0000_0041_0000_0000),
    ],
};

/// All of them.
pub const ALL: [Processor; 4] = [BOCHS_TIGERLAKE, BOCHS_SKYLAKE_X, HASWELL_CLIENT, MEROM];
