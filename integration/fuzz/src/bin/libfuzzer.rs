//! The program that libFuzzer drives: its own arguments are libFuzzer's, the target's name is in `ISTHMUS_FUZZ_TARGET`.
#![no_main]

use std::sync::OnceLock;

use isthmus_fuzz::{Target, find};
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<&'static Target> = OnceLock::new();

fn chosen() -> &'static Target {
    TARGET.get_or_init(|| {
        let name = std::env::var("ISTHMUS_FUZZ_TARGET").unwrap_or_default();
        find(&name).unwrap_or_else(|error| panic!("ISTHMUS_FUZZ_TARGET: {error}"))
    })
}

fuzz_target!(|data: &[u8]| {
    let target = chosen();
    (target.run)(data.get(..target.max_len).unwrap_or(data));
});
