//! Tells the compiler that `cfg(loom)` is meant: `RUSTFLAGS="--cfg loom"` builds the crate for model checking.

fn main() {
    println!("cargo:rustc-check-cfg=cfg(loom)");
    println!("cargo:rerun-if-changed=build.rs");
}
