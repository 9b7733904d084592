//! The memory-type range registers: stored and checked as a processor does, without effect, since EPT's memory types and
//! the guest's PAT decide. Source: SDM Vol. 3A §12.11.

use isthmus_abi::Msr;

use crate::control::GeneralProtection;

/// Variable ranges offered.
pub const VARIABLE_RANGES: usize = 8;

const CAPABILITIES: Msr = Msr(0xfe);
const VARIABLE_FIRST: u32 = 0x200;
const VARIABLE_LAST: u32 = VARIABLE_FIRST + 2 * VARIABLE_RANGES as u32 - 1;
const DEFAULT_TYPE: Msr = Msr(0x2ff);
const FIXED: [u32; 11] = [
    0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f,
];

/// VCNT, FIX and WC.
const CAPABILITY_BITS: u64 = VARIABLE_RANGES as u64 | 1 << 8 | 1 << 10;
const WRITE_BACK: u64 = 6;
const ENABLED: u64 = 1 << 11;
const FIXED_ENABLED: u64 = 1 << 10;
const VALID: u64 = 1 << 11;
const FOUR_GIB: u64 = 1 << 32;
const DEVICE_HOLE: u64 = 3 << 30;

/// One vCPU's MTRRs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mtrrs {
    default_type: u64,
    fixed: [u64; FIXED.len()],
    /// Base and mask, alternating, as the registers are numbered.
    variable: [u64; 2 * VARIABLE_RANGES],
    physical: u64,
}

/// Whether the register is one of them.
pub(super) const fn is_mtrr(msr: Msr) -> bool {
    matches!(
        msr.0,
        0xfe | VARIABLE_FIRST..=VARIABLE_LAST | 0x250 | 0x258 | 0x259 | 0x268..=0x26f | 0x2ff
    )
}

const fn is_memory_type(value: u64) -> bool {
    matches!(value, 0 | 1 | 4 | 5 | 6)
}

impl Mtrrs {
    /// As firmware leaves them: write-back by default, the legacy video window and the device hole below 4 GiB
    /// uncacheable.
    #[must_use]
    pub const fn new(maxphyaddr: u8) -> Self {
        let physical = (1u64 << maxphyaddr) - 1;
        let mut fixed = [0x0606_0606_0606_0606; FIXED.len()];
        // 259H covers A0000H to BFFFFH.
        fixed[2] = 0;
        let mut variable = [0; 2 * VARIABLE_RANGES];
        variable[0] = DEVICE_HOLE;
        variable[1] = (physical & !(FOUR_GIB - DEVICE_HOLE - 1)) | VALID;
        Self {
            default_type: WRITE_BACK | ENABLED | FIXED_ENABLED,
            fixed,
            variable,
            physical,
        }
    }

    pub(super) fn read(&self, msr: Msr) -> Result<u64, GeneralProtection> {
        match msr {
            CAPABILITIES => Ok(CAPABILITY_BITS),
            DEFAULT_TYPE => Ok(self.default_type),
            Msr(number @ VARIABLE_FIRST..=VARIABLE_LAST) => self
                .variable
                .get((number - VARIABLE_FIRST) as usize)
                .copied()
                .ok_or(GeneralProtection),
            Msr(number) => {
                let at = FIXED
                    .iter()
                    .position(|&fixed| fixed == number)
                    .ok_or(GeneralProtection)?;
                self.fixed.get(at).copied().ok_or(GeneralProtection)
            }
        }
    }

    pub(super) fn write(&mut self, msr: Msr, value: u64) -> Result<(), GeneralProtection> {
        let (slot, accepted) = match msr {
            DEFAULT_TYPE => {
                let accepted =
                    value & !(ENABLED | FIXED_ENABLED | 0xff) == 0 && is_memory_type(value & 0xff);
                (Some(&mut self.default_type), accepted)
            }
            Msr(number @ VARIABLE_FIRST..=VARIABLE_LAST) => {
                let low = if number % 2 == 0 { 0xff } else { VALID };
                let in_range = value & !(low | (self.physical & !0xfff)) == 0;
                let accepted = in_range && (number % 2 == 1 || is_memory_type(value & 0xff));
                (
                    self.variable.get_mut((number - VARIABLE_FIRST) as usize),
                    accepted,
                )
            }
            Msr(number) => {
                let at = FIXED.iter().position(|&fixed| fixed == number);
                let accepted = value
                    .to_le_bytes()
                    .iter()
                    .all(|&byte| is_memory_type(u64::from(byte)));
                (at.and_then(|at| self.fixed.get_mut(at)), accepted)
            }
        };
        match slot {
            Some(slot) if accepted => {
                *slot = value;
                Ok(())
            }
            _ => Err(GeneralProtection),
        }
    }
}
