//! Whether `/dev/kvm` really offers nested VT-x.
//!
//! The device file alone says nothing: a KVM can be there without passing VMX on to its guests. What it passes on is
//! what `KVM_GET_SUPPORTED_CPUID` lists (Linux `Documentation/virt/kvm/api.rst`, 4.46). Neighbours: [`crate::qemu`].

use crate::error::{Error, Result};
use kvm_ioctls::Kvm;

/// CPUID.1:ECX.VMX (SDM Vol. 2A, CPUID).
const VMX: u32 = 1 << 5;
/// Room for the leaves of any processor (KVM's own bound).
const LEAVES: usize = 256;

/// Says why nested VT-x is not to be had here, if it is not.
///
/// # Errors
/// [`Error::Unavailable`] with what would help.
pub fn offers_vmx() -> Result<()> {
    let no = |why: String| Error::Unavailable(format!("bed qemu-kvm: {why}"));
    let kvm = Kvm::new().map_err(|error| {
        no(format!(
            "/dev/kvm cannot be opened ({error}); it takes a processor with VT-x, the module kvm_intel and membership in the group kvm"
        ))
    })?;
    let leaves = kvm
        .get_supported_cpuid(LEAVES)
        .map_err(|error| no(format!("/dev/kvm does not tell what it supports ({error}); a kernel with KVM built in full would")))?;
    if leaves
        .as_slice()
        .iter()
        .any(|leaf| leaf.function == 1 && leaf.ecx & VMX != 0)
    {
        return Ok(());
    }
    Err(no("/dev/kvm is there but does not pass VT-x on to guests; on an Intel host `modprobe kvm_intel nested=1` helps, on a cloud machine a type with nested virtualization, else use --bed bochs".to_owned()))
}
