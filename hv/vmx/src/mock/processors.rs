//! The capability MSRs of processors that exist, for tests: Bochs 2.7's as RDMSR answers there under its BIOS, real
//! ones as reports published from the machines say (FEATURE_CONTROL locked on, as their firmware leaves it).

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
        (0x3a, 0x0000_0000_0000_0005),
        (0x480, 0x01d8_1000_0000_0004),
        (0x481, 0x0000_007f_0000_0016),
        (0x482, 0xfff9_fffe_0401_e172),
        (0x483, 0x107f_ffff_0003_6dff),
        (0x484, 0x0010_ffff_0000_11ff),
        (0x485, 0x0000_0000_6004_01e0),
        (0x486, 0x0000_0000_8000_0021),
        (0x487, 0x0000_0000_ffff_ffff),
        (0x488, 0x0000_0000_0000_2000),
        (0x489, 0x0000_0000_00f7_2fff),
        (0x48a, 0x0000_0000_0000_0034),
        (0x48b, 0x0297_7fff_0000_0000),
        (0x48c, 0x0000_0f01_06b3_4141),
        (0x48d, 0x0000_007f_0000_0016),
        (0x48e, 0xfff9_fffe_0400_6172),
        (0x48f, 0x107f_ffff_0003_6dfb),
        (0x490, 0x0010_ffff_0000_11fb),
        (0x491, 0x0000_0000_0000_0001),
    ],
};

/// Bochs 2.7, `cpu: model=corei7_skylake_x`: no monitor trap flag.
pub const BOCHS_SKYLAKE_X: Processor = Processor {
    name: "Bochs corei7_skylake_x",
    msrs: &[
        (0x3a, 0x0000_0000_0000_0005),
        (0x480, 0x00d8_1000_0000_002b),
        (0x481, 0x0000_007f_0000_0016),
        (0x482, 0xf7f9_fffe_0401_e172),
        (0x483, 0x007f_ffff_0003_6dff),
        (0x484, 0x0000_ffff_0000_11ff),
        (0x485, 0x0000_0000_6004_01e0),
        (0x486, 0x0000_0000_8000_0021),
        (0x487, 0x0000_0000_ffff_ffff),
        (0x488, 0x0000_0000_0000_2000),
        (0x489, 0x0000_0000_0037_27ff),
        (0x48a, 0x0000_0000_0000_0034),
        (0x48b, 0x0217_7fff_0000_0000),
        (0x48c, 0x0000_0f01_0633_4141),
        (0x48d, 0x0000_007f_0000_0016),
        (0x48e, 0xf7f9_fffe_0400_6172),
        (0x48f, 0x007f_ffff_0003_6dfb),
        (0x490, 0x0000_ffff_0000_11fb),
        (0x491, 0x0000_0000_0000_0001),
    ],
};

/// Bochs 2.7, `cpu: model=corei7_haswell_4770`.
pub const BOCHS_HASWELL: Processor = Processor {
    name: "Bochs corei7_haswell_4770",
    msrs: &[
        (0x3a, 0x0000_0000_0000_0005),
        (0x480, 0x00d8_1000_0000_002b),
        (0x481, 0x0000_007f_0000_0016),
        (0x482, 0xf7f9_fffe_0401_e172),
        (0x483, 0x007f_ffff_0003_6dff),
        (0x484, 0x0000_ffff_0000_11ff),
        (0x485, 0x0000_0000_2004_01e0),
        (0x486, 0x0000_0000_8000_0021),
        (0x487, 0x0000_0000_ffff_ffff),
        (0x488, 0x0000_0000_0000_2000),
        (0x489, 0x0000_0000_0017_27ff),
        (0x48a, 0x0000_0000_0000_0034),
        (0x48b, 0x0004_7fff_0000_0000),
        (0x48c, 0x0000_0f01_0633_4141),
        (0x48d, 0x0000_007f_0000_0016),
        (0x48e, 0xf7f9_fffe_0400_6172),
        (0x48f, 0x007f_ffff_0003_6dfb),
        (0x490, 0x0000_ffff_0000_11fb),
        (0x491, 0x0000_0000_0000_0001),
    ],
};

/// Bochs 2.7, `cpu: model=corei5_lynnfield_750`: EPT, but no unrestricted guest.
pub const BOCHS_LYNNFIELD: Processor = Processor {
    name: "Bochs corei5_lynnfield_750",
    msrs: &[
        (0x3a, 0x0000_0000_0000_0005),
        (0x480, 0x00d8_1000_0000_002b),
        (0x481, 0x0000_007f_0000_0016),
        (0x482, 0xf7f9_fffe_0401_e172),
        (0x483, 0x007f_ffff_0003_6dff),
        (0x484, 0x0000_ffff_0000_11ff),
        (0x485, 0x0000_0000_0004_01e0),
        (0x486, 0x0000_0000_8000_0021),
        (0x487, 0x0000_0000_ffff_ffff),
        (0x488, 0x0000_0000_0000_2000),
        (0x489, 0x0000_0000_0000_67ff),
        (0x48a, 0x0000_0000_0000_0034),
        (0x48b, 0x0000_007f_0000_0000),
        (0x48c, 0x0000_0f01_0611_4141),
        (0x48d, 0x0000_007f_0000_0016),
        (0x48e, 0xf7f9_fffe_0400_6172),
        (0x48f, 0x007f_ffff_0003_6dfb),
        (0x490, 0x0000_ffff_0000_11fb),
    ],
};

/// Bochs 2.7, `cpu: model=core2_penryn_t9600`: VMX without EPT.
pub const BOCHS_PENRYN: Processor = Processor {
    name: "Bochs core2_penryn_t9600",
    msrs: &[
        (0x3a, 0x0000_0000_0000_0005),
        (0x480, 0x00d8_1000_0000_002b),
        (0x481, 0x0000_003f_0000_0016),
        (0x482, 0xf7f9_fffe_0401_e172),
        (0x483, 0x0003_ffff_0003_6dff),
        (0x484, 0x0000_3fff_0000_11ff),
        (0x485, 0x0000_0000_0004_01e0),
        (0x486, 0x0000_0000_8000_0021),
        (0x487, 0x0000_0000_ffff_ffff),
        (0x488, 0x0000_0000_0000_2000),
        (0x489, 0x0000_0000_0004_67ff),
        (0x48a, 0x0000_0000_0000_0034),
        (0x48b, 0x0000_0041_0000_0000),
        (0x48d, 0x0000_003f_0000_0016),
        (0x48e, 0xf7f9_fffe_0400_6172),
        (0x48f, 0x0003_ffff_0003_6dfb),
        (0x490, 0x0000_3fff_0000_11fb),
    ],
};

/// Core i7-6700K, 2015: PML, XSAVES, no APIC-register virtualization.
pub const SKYLAKE_CLIENT: Processor = Processor {
    name: "Core i7-6700K (Skylake)",
    msrs: &[
        (0x3a, 0x0000_0000_0000_0005),
        (0x480, 0x00da_0400_0000_0004),
        (0x481, 0x0000_007f_0000_0016),
        (0x482, 0xfff9_fffe_0401_e172),
        (0x483, 0x01ff_ffff_0003_6dff),
        (0x484, 0x0003_ffff_0000_11ff),
        (0x485, 0x0000_0000_7004_c1e7),
        (0x486, 0x0000_0000_8000_0021),
        (0x487, 0x0000_0000_ffff_ffff),
        (0x488, 0x0000_0000_0000_2000),
        (0x489, 0x0000_0000_0037_27ff),
        (0x48a, 0x0000_0000_0000_002e),
        (0x48b, 0x001f_fcff_0000_0000),
        (0x48c, 0x0000_0f01_0633_4141),
        (0x48d, 0x0000_007f_0000_0016),
        (0x48e, 0xfff9_fffe_0400_6172),
        (0x48f, 0x01ff_ffff_0003_6dfb),
        (0x490, 0x0003_ffff_0000_11fb),
        (0x491, 0x0000_0000_0000_0001),
    ],
};

/// Pentium N3530, 2014: an Atom; pages of 2 MiB at most.
pub const SILVERMONT: Processor = Processor {
    name: "Pentium N3530 (Silvermont)",
    msrs: &[
        (0x3a, 0x0000_0000_0000_0005),
        (0x480, 0x00da_0400_0000_0002),
        (0x481, 0x0000_007f_0000_0016),
        (0x482, 0xfff9_fffe_0401_e172),
        (0x483, 0x007f_ffff_0003_6dff),
        (0x484, 0x0000_ffff_0000_11ff),
        (0x485, 0x0000_0000_0004_81e6),
        (0x486, 0x0000_0000_8000_0021),
        (0x487, 0x0000_0000_ffff_ffff),
        (0x488, 0x0000_0000_0000_2000),
        (0x489, 0x0000_0000_0010_27ff),
        (0x48a, 0x0000_0000_0000_002e),
        (0x48b, 0x0000_28ef_0000_0000),
        (0x48c, 0x0000_0f01_0611_4141),
        (0x48d, 0x0000_007f_0000_0016),
        (0x48e, 0xfff9_fffe_0400_6172),
        (0x48f, 0x007f_ffff_0003_6dfb),
        (0x490, 0x0000_ffff_0000_11fb),
        (0x491, 0x0000_0000_0000_0001),
    ],
};

/// Core i7-2635QM, 2011: the least on which Isthmus runs.
pub const SANDY_BRIDGE: Processor = Processor {
    name: "Core i7-2635QM (Sandy Bridge)",
    msrs: &[
        (0x3a, 0x0000_0000_0000_0005),
        (0x480, 0x00da_0400_0000_0010),
        (0x481, 0x0000_007f_0000_0016),
        (0x482, 0xfff9_fffe_0401_e172),
        (0x483, 0x007f_ffff_0003_6dff),
        (0x484, 0x0000_ffff_0000_11ff),
        (0x485, 0x0000_0000_1004_01e5),
        (0x486, 0x0000_0000_8000_0021),
        (0x487, 0x0000_0000_ffff_ffff),
        (0x488, 0x0000_0000_0000_2000),
        (0x489, 0x0000_0000_0006_27ff),
        (0x48a, 0x0000_0000_0000_002a),
        (0x48b, 0x0000_00ff_0000_0000),
        (0x48c, 0x0000_0f01_0611_4141),
        (0x48d, 0x0000_007f_0000_0016),
        (0x48e, 0xfff9_fffe_0400_6172),
        (0x48f, 0x007f_ffff_0003_6dfb),
        (0x490, 0x0000_ffff_0000_11fb),
    ],
};

/// Core 2 X6800, 2006: neither secondary nor TRUE controls.
pub const MEROM: Processor = Processor {
    name: "Core 2 X6800 (Merom)",
    msrs: &[
        (0x3a, 0x0000_0000_0000_0005),
        (0x480, 0x001a_0400_0000_0007),
        (0x481, 0x0000_001f_0000_0016),
        (0x482, 0x77b9_fffe_0401_e172),
        (0x483, 0x0003_efff_0003_6dff),
        (0x484, 0x0000_1fff_0000_11ff),
        (0x485, 0x0000_0000_0004_03c0),
        (0x486, 0x0000_0000_8000_0021),
        (0x487, 0x0000_0000_ffff_ffff),
        (0x488, 0x0000_0000_0000_2000),
        (0x489, 0x0000_0000_0000_27ff),
        (0x48a, 0x0000_0000_0000_002c),
    ],
};

/// All of them.
pub const ALL: [Processor; 9] = [
    BOCHS_TIGERLAKE,
    BOCHS_SKYLAKE_X,
    BOCHS_HASWELL,
    BOCHS_LYNNFIELD,
    BOCHS_PENRYN,
    SKYLAKE_CLIENT,
    SILVERMONT,
    SANDY_BRIDGE,
    MEROM,
];

/// Those on which Isthmus runs.
pub const CAPABLE: [Processor; 6] = [
    BOCHS_TIGERLAKE,
    BOCHS_SKYLAKE_X,
    BOCHS_HASWELL,
    SKYLAKE_CLIENT,
    SILVERMONT,
    SANDY_BRIDGE,
];
