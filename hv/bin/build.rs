//! Hands the linker the image's layout. Only for the bare-metal target: on the host the program is not built.

fn main() {
    println!("cargo:rerun-if-changed=link.ld");
    let directory = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    println!("cargo:rustc-link-arg-bins=-T{directory}/link.ld");
}
