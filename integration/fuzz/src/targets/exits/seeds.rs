//! What leads a fuzzer into every kind of exit.

/// Each kind of exit in each mode; boots into other modes; both interrupt controllers.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for mode in 0..3 {
        for kind in 0..28 {
            seeds.push(vec![
                mode,
                0xc0 | kind,
                0,
                0,
                1,
                0,
                0x22,
                3,
                1,
                2,
                3,
                4,
                5,
                6,
                7,
                8,
            ]);
        }
    }
    let mov = |register: &[u8], value: [u8; 5]| {
        // RBX, then MOV to a control register from it.
        let mut step = vec![0x86, 8, 0];
        step.extend(value);
        step.extend(register);
        step
    };
    let long = [
        mov(&[0, 4, 0x30], [2, 0x20, 0, 0, 0]),
        vec![0, 0, 19, 1, 0, 1],
        mov(&[0, 0, 0x30], [2, 0x11, 0, 0, 0x80]),
        mov(&[0, 0, 0x30], [2, 0x11, 0, 0, 0]),
    ];
    seeds.push([&[0][..], &long.concat()].concat());
    seeds.push([&[1][..], &long.concat()].concat());
    let icr = [
        vec![0, 0, 1, 2, 0, 0x0d, 0xe0, 0xfe],
        vec![0, 0, 14, 7, 0x40, 0x40, 4, 0, 0, 0, 0, 0],
        vec![0x60, 0, 0, 0x0f, 0x41, 0x40, 25],
    ];
    seeds.push([&[2][..], &icr.concat()].concat());
    // mov [rbx], eax at the APIC and the I/O APIC.
    let store = [0x0e, 0, 0, 0x2c, 0x2b, 0x89, 0x03];
    seeds.push([&[2][..], &store, &store].concat());
    seeds.push([&[0x82, 3, 4][..], &[0; 24]].concat());
    // With the processor's help: enable, task priority, an interrupt to itself and its end.
    let write = |register: u8, value: [u8; 4]| [&[27, 0, register, 2][..], &value].concat();
    for mode in [2 | 4, 2 | 8] {
        let steps = [
            write(0x0f, [0xff, 1, 0, 0]),
            write(0x08, [0x20, 0, 0, 0]),
            write(0x30, [0x51, 0, 4, 0]),
            vec![0x48, 0, 0, 1, 0, 2, 25, 0],
            vec![28, 0, 0, 0x51],
            vec![29, 0, 0x30, 0x2d, 0x89, 0x03],
            vec![29, 0, 8, 4],
        ];
        seeds.push([&[mode][..], &steps.concat()].concat());
    }
    seeds
}
