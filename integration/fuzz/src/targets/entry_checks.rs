//! The model of VM entry's checks: any VMCS on any processor gets a verdict, the verdict names a field that holds what it
//! says, and the whole is the sum of its parts.

use isthmus_vmx::checks::{
    Processor, check, check_controls_and_host, check_guest, check_tpr_threshold,
};
use isthmus_vmx::mock::{MapVmcs, processors};
use isthmus_vmx::{Field, Vmcs};

use super::exits::valid_vmcs;
use crate::input::Input;

/// Some fields of a good VMCS, or of an empty one, set to anything.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = input.byte();
    let mut vmcs = match kind & 3 {
        3 => MapVmcs::new(),
        mode => valid_vmcs(mode),
    };
    let capabilities =
        processors::ALL[usize::from(kind >> 4) % processors::ALL.len()].capabilities();
    let bits = input.byte();
    let processor = Processor {
        physical_address_bits: u32::from(input.byte()),
        linear_address_bits: if bits & 1 == 0 {
            48
        } else {
            u32::from(input.byte())
        },
        efer: if bits & 2 == 0 { 0xd01 } else { input.word() },
        debugctl: if bits & 4 == 0 { 0xffc7 } else { input.word() },
        perf_global_ctrl: if bits & 8 == 0 {
            0x7_0000_000f
        } else {
            input.word()
        },
        linear_address_masking: bits & 16 != 0,
        rtm: bits & 32 != 0,
        bus_lock_detection: bits & 64 != 0,
        sgx: bits & 128 != 0,
    };
    let threshold = input.byte();
    while !input.is_empty() {
        let (field, _) = Field::ALL[input.below(Field::ALL.len())];
        let value = input.word();
        vmcs.write(
            field,
            if value & 1 == 0 {
                value
            } else {
                vmcs.read(field) ^ value
            },
        );
    }
    let whole = check(&vmcs, &capabilities, &processor);
    let parts = check_controls_and_host(&vmcs, &capabilities, &processor)
        .and_then(|()| check_guest(&vmcs, &capabilities, &processor));
    assert_eq!(whole, parts);
    for violation in [whole, check_tpr_threshold(&vmcs, threshold)]
        .into_iter()
        .filter_map(Result::err)
    {
        assert_eq!(vmcs.read(violation.field), violation.value, "{violation}");
        assert!(violation.field.name().is_some() && !violation.to_string().is_empty());
    }
}

/// Each mode with each control, segment and table touched once.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for mode in 0..4 {
        let mut fields = Vec::new();
        seeds.push(vec![mode, 0, 39]);
        for index in 0..Field::ALL.len() {
            // As it is (a bit turned on and off again is the same), then its lowest bit changed.
            fields.push(vec![index as u8, 0, 0]);
            if index % 24 == 23 {
                seeds.push([&[mode, 0, 39, 0][..], &fields.concat()].concat());
                fields.clear();
            }
        }
    }
    seeds
}
