//! The beds by name, and which is the best here.
//!
//! Neighbours: [`crate::bochs`], [`crate::qemu`].

use crate::{
    bochs,
    error::{Error, Result},
    machine::{Machine, Outcome, Watcher},
    qemu,
};
use std::fmt;

/// A kind of machine to boot on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bed {
    /// Bochs: VT-x in software.
    Bochs,
    /// QEMU with nested VT-x by KVM.
    QemuKvm,
    /// QEMU's emulation with AMD-V, for the hypervisor.
    QemuSvm,
    /// QEMU's emulation without the hypervisor, for the capability kernel alone.
    Standalone,
}

impl Bed {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Bochs, Self::QemuKvm, Self::QemuSvm, Self::Standalone];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bochs => "bochs",
            Self::QemuKvm => "qemu-kvm",
            Self::QemuSvm => "qemu-svm",
            Self::Standalone => "standalone",
        }
    }

    /// Reads a name; `auto` is the best bed for the hypervisor that runs here.
    ///
    /// # Errors
    /// [`Error::Input`] with the names there are.
    pub fn parse(name: &str) -> Result<Self> {
        if name == "auto" {
            return Ok(Self::best());
        }
        Self::ALL
            .into_iter()
            .find(|bed| bed.name() == name)
            .ok_or_else(|| {
                Error::Input(format!(
                    "there is no bed `{name}`; the beds are auto, bochs, qemu-kvm, qemu-svm and standalone"
                ))
            })
    }

    /// Nested VT-x on a real processor where there is any, else Bochs. QEMU's AMD-V is quicker than Bochs, but a Linux with two
    /// vCPUs does not always come to its end there.
    pub fn best() -> Self {
        if qemu::available(qemu::Mode::Kvm).is_ok() {
            Self::QemuKvm
        } else {
            Self::Bochs
        }
    }

    /// Says why it cannot run here, if it cannot.
    ///
    /// # Errors
    /// [`Error::Unavailable`] with what would help.
    pub fn available(self) -> Result<()> {
        match self {
            Self::Bochs => bochs::available(),
            Self::QemuKvm => qemu::available(qemu::Mode::Kvm),
            Self::QemuSvm => qemu::available(qemu::Mode::Svm),
            Self::Standalone => qemu::available(qemu::Mode::Emulated),
        }
    }

    /// Boots `machine` and waits for its end.
    ///
    /// # Errors
    /// If the bed cannot run. That a machine fails is no error of the bed: the [`Outcome`] tells.
    pub fn run(self, machine: &Machine, watcher: &mut dyn Watcher) -> Result<Outcome> {
        match self {
            Self::Bochs => bochs::run(machine, watcher),
            Self::QemuKvm => qemu::run(qemu::Mode::Kvm, machine, watcher),
            Self::QemuSvm => qemu::run(qemu::Mode::Svm, machine, watcher),
            Self::Standalone => qemu::run(qemu::Mode::Emulated, machine, watcher),
        }
    }
}

impl fmt::Display for Bed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bed_is_found_by_its_name() {
        for bed in Bed::ALL {
            assert_eq!(Bed::parse(bed.name()).expect("a bed"), bed);
        }
        let error = Bed::parse("vmware").unwrap_err().to_string();
        assert!(
            error.contains("vmware") && error.contains("bochs"),
            "{error}"
        );
    }
}
