//! Manifests in both forms. What is read compiles, and reads back as the same.

use std::path::Path;

use isthmus_manifest::binary::{compile, decode};
use isthmus_manifest::toml::Document;

use super::make::put;

const HEADER: usize = 20;

/// As it is, and with length and checksum made right, as someone who means harm would.
pub fn binary(data: &[u8]) {
    read(data);
    if data.len() < HEADER {
        return;
    }
    let mut sealed = data.to_vec();
    put(&mut sealed, 12, &(data.len() as u32).to_le_bytes());
    put(&mut sealed, 16, &crc32(&data[HEADER..]).to_le_bytes());
    read(&sealed);
}

fn read(bytes: &[u8]) {
    match decode(bytes) {
        Ok(manifest) => {
            let again = compile(&manifest);
            assert_eq!(decode(&again).as_ref(), Ok(&manifest));
            assert_eq!(again, bytes, "one manifest has one form");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// CRC-32 as in gzip.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| {
        if crc & 1 == 0 {
            crc >> 1
        } else {
            crc >> 1 ^ 0xedb8_8320
        }
    };
    !bytes
        .iter()
        .fold(!0u32, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

/// The reader of TOML: a manifest that survives the binary form, or complaints that can be shown.
pub fn toml(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    match Document::parse(Path::new("machines/fuzz.toml"), text.to_owned()) {
        Ok(document) => {
            let manifest = document.manifest();
            assert_eq!(decode(&compile(manifest)).as_ref(), Ok(manifest));
            let files: Vec<&str> = document
                .module_files()
                .iter()
                .map(|file| file.module.as_str())
                .collect();
            assert!(
                manifest.module_names().eq(files.iter().copied()),
                "{files:?}"
            );
            for file in document.module_files() {
                assert!(
                    document
                        .complain(file, "is missing")
                        .to_string()
                        .contains("is missing")
                );
            }
        }
        Err(complaints) => assert!(!complaints.to_string().is_empty()),
    }
}

const SMALL: &str = "[[partition]]\nname = \"a\"\nkind = \"linux\"\nkernel = \"k\"\nmemory = \"64M\"\nvcpus = [{ core = 0 }]\n";

const WIDE: &str = "\
[machine]
verdict = \"t\"
time-limit = \"90s\"
[[partition]]
name = \"services\"
kind = \"pvh\"
kernel = \"build:kernel\"
cmdline = \"heartbeat=100ms\"
memory = \"64M\"
vcpus = [{ core = 0, budget = \"3ms\", period = \"10ms\" }]
modules = [{ file = \"m\", cmdline = \"x\" }]
console-colour = \"green\"
[[partition]]
name = \"legacy\"
kind = \"linux\"
kernel = \"debian:linux-image-cloud-amd64\"
initrd = \"../initramfs/apart\"
cmdline = \"console=ttyS0\"
memory = \"512M\"
vcpus = [{ core = 1 }, { core = 1 }]
devices = [\"uart\", \"rtc\"]
on-reset = \"restart\"
stop-after = [\"1s\", \"2s\"]
restart-limit = 3
[[partition]]
name = \"t\"
kind = \"multiboot\"
kernel = \"k\"
memory = \"16M\"
vcpus = [{ core = 0 }]
devices = [\"debug-exit\"]
";

/// Manifests as people write them.
pub fn toml_seeds() -> Vec<Vec<u8>> {
    let texts = [
        SMALL,
        WIDE,
        include_str!("../../../manifests/default.toml"),
        include_str!("../../../manifests/shared-core.toml"),
        include_str!("../../../manifests/restart-stop.toml"),
        include_str!("../../../manifests/trespass.toml"),
        include_str!("../../../manifests/other-xen.toml"),
    ];
    texts.map(|text| text.as_bytes().to_vec()).into()
}

/// The same ones, compiled.
pub fn binary_seeds() -> Vec<Vec<u8>> {
    let read = |text: Vec<u8>| {
        let text = String::from_utf8(text).ok()?;
        let document = Document::parse(Path::new("m.toml"), text).ok()?;
        Some(compile(document.manifest()))
    };
    toml_seeds().into_iter().filter_map(read).collect()
}
