//! With feature `torch`, lets this package's own examples and tests find libtorch at run time.
//!
//! Cargo doesn't pass linker arguments on to dependents: a binary that enables the feature needs the same build script.

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if std::env::var_os("CARGO_FEATURE_TORCH").is_some() {
        if let Ok(libtorch) = std::env::var("LIBTORCH") {
            println!("cargo:rustc-link-arg=-Wl,-rpath,{libtorch}/lib");
        }
    }
}
