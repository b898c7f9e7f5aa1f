//! Writes straight-line code for every elementwise function ([`maps`]). With feature `torch`, lets this package's own
//! examples and tests find libtorch at run time.
//!
//! Cargo doesn't pass linker arguments on to dependents: a binary that enables the feature needs the same build script.
#[path = "build/maps.rs"]
mod maps;

fn main() {
    // What the functions are is compiled into this script: with another definition it is another script, which runs.
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    let out = std::env::var_os("OUT_DIR").expect("set by Cargo");
    std::fs::write(std::path::Path::new(&out).join("formulas.rs"), maps::formulas()).expect("a writable OUT_DIR");
    if std::env::var_os("CARGO_FEATURE_TORCH").is_some() {
        if let Ok(libtorch) = std::env::var("LIBTORCH") {
            println!("cargo:rustc-link-arg=-Wl,-rpath,{libtorch}/lib");
        }
    }
}
