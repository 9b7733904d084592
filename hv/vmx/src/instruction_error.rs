//! The VM-instruction error numbers: why VMLAUNCH, VMPTRLD and their like failed (SDM Vol. 3C §31.4).

/// What a number in the VM-instruction error field says. Numbers without a meaning get an answer too.
#[must_use]
pub const fn describe(number: u32) -> &'static str {
    match number {
        1 => "VMCALL in VMX root operation",
        2 => "VMCLEAR with an invalid physical address",
        3 => "VMCLEAR with the VMXON pointer",
        4 => "VMLAUNCH with a VMCS that is not clear",
        5 => "VMRESUME with a VMCS that is not launched",
        6 => "VMRESUME after VMXOFF",
        7 => "VM entry with invalid control fields",
        8 => "VM entry with invalid host-state fields",
        9 => "VMPTRLD with an invalid physical address",
        10 => "VMPTRLD with the VMXON pointer",
        11 => "VMPTRLD with a wrong VMCS revision identifier",
        12 => "VMREAD or VMWRITE of a field that does not exist",
        13 => "VMWRITE to a read-only field",
        15 => "VMXON in VMX root operation",
        16 => "VM entry with an invalid executive-VMCS pointer",
        17 => "VM entry with an executive VMCS that is not launched",
        18 => "VM entry with an executive-VMCS pointer that is not the VMXON pointer",
        19 => "VMCALL with a VMCS that is not clear",
        20 => "VMCALL with invalid VM-exit control fields",
        22 => "VMCALL with a wrong MSEG revision identifier",
        23 => "VMXOFF under dual-monitor treatment of SMIs and SMM",
        24 => "VMCALL with invalid SMM-monitor features",
        25 => "VM entry with invalid VM-execution control fields in the executive VMCS",
        26 => "VM entry with events blocked by MOV SS",
        28 => "INVEPT or INVVPID with an invalid operand",
        _ => "an unknown VM-instruction error",
    }
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn the_numbers_that_the_manual_skips_are_unknown() {
        let unknown = describe(u32::MAX);
        for number in 0..40 {
            let skipped = matches!(number, 0 | 14 | 21 | 27 | 29..);
            assert_eq!(describe(number) == unknown, skipped, "{number}");
        }
    }
}
