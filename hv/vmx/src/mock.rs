//! A VMCS held in a map: the stand-in for the processor's in tests of this and other crates. It keeps what
//! hardware keeps (a field's width) and counts nothing else; neighbours are the tests alone.

use crate::field::{Field, Vmcs};
use alloc::collections::BTreeMap;

pub mod processors;

/// A VMCS whose fields all start at zero. Writes are cut to the field's width, as VMWRITE does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapVmcs(BTreeMap<Field, u64>);

impl MapVmcs {
    /// All fields zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// This VMCS with one field set, for tables of test cases.
    #[must_use]
    pub fn with(mut self, field: Field, value: u64) -> Self {
        self.write(field, value);
        self
    }

    /// The fields written so far, by encoding.
    pub fn written(&self) -> impl Iterator<Item = (Field, u64)> + '_ {
        self.0.iter().map(|(&field, &value)| (field, value))
    }
}

impl<const N: usize> From<[(Field, u64); N]> for MapVmcs {
    fn from(fields: [(Field, u64); N]) -> Self {
        fields
            .into_iter()
            .fold(Self::new(), |vmcs, (field, value)| vmcs.with(field, value))
    }
}

impl Vmcs for MapVmcs {
    fn read(&self, field: Field) -> u64 {
        self.0.get(&field).copied().unwrap_or(0)
    }

    fn write(&mut self, field: Field, value: u64) {
        self.0.insert(field, value & field.width().mask());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_cut_to_the_width_of_the_field() {
        let mut vmcs = MapVmcs::new();
        vmcs.write(Field::GUEST_CS_SELECTOR, 0x1_2345);
        vmcs.write(Field::EXCEPTION_BITMAP, u64::MAX);
        vmcs.write(Field::GUEST_RIP, u64::MAX);
        assert_eq!(vmcs.read(Field::GUEST_CS_SELECTOR), 0x2345);
        assert_eq!(vmcs.read(Field::EXCEPTION_BITMAP), 0xffff_ffff);
        assert_eq!(vmcs.read(Field::GUEST_RIP), u64::MAX);
        assert_eq!(vmcs.read(Field::GUEST_RSP), 0);
    }
}
