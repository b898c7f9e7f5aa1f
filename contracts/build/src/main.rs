//! `contract-tool`: see `scripts/build-contracts`, which calls it.
use contract_tool::envelope::{code_hash, envelope};
use contract_tool::{check, strip, SIZE_LIMIT};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, fs};

const USAGE: &str = "usage: contract-tool INPUT OUTPUT COMPILER NAME...
For each NAME: INPUT/NAME.wasm, as linked, becomes OUTPUT/NAME.wasm; and if there is ink!'s metadata in INPUT/NAME.json,
OUTPUT/NAME.json and OUTPUT/NAME.contract are written too.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [input, output, compiler, names @ ..] = arguments.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    println!("{:<10} {:>7} {:>7}  code hash", "contract", "bytes", "limit");
    let mut failed = false;
    for name in names {
        match build(Path::new(input), Path::new(output), compiler, name) {
            Ok((size, hash)) => {
                println!("{name:<10} {size:>7} {SIZE_LIMIT:>7}  {hash}");
            }
            Err(reason) => {
                eprintln!("{name}: {reason}");
                failed = true;
            }
        }
    }
    ExitCode::from(u8::from(failed))
}

/// Turns what the linker left into artifacts; gives their size and code hash.
fn build(input: &Path, output: &Path, compiler: &str, name: &str) -> Result<(usize, String), String> {
    let linked = read(&input.join(format!("{name}.wasm")))?;
    // Stripped before, so that the optimiser sees what is unreachable, and after, since it may add sections.
    let stripped = input.join(format!("{name}.stripped.wasm"));
    let optimised = input.join(format!("{name}.optimised.wasm"));
    write(&stripped, &strip(&linked)?)?;
    optimise(&stripped, &optimised)?;
    let wasm = strip(&read(&optimised)?)?;
    check(&wasm, SIZE_LIMIT).map_err(|fault| fault.to_string())?;
    let metadata = input.join(format!("{name}.json"));
    if metadata.exists() {
        let metadata = serde_json::from_slice(&read(&metadata)?).map_err(|error| format!("metadata: {error}"))?;
        for (bundle, extension) in [(false, "json"), (true, "contract")] {
            let document = envelope(&metadata, &wasm, compiler, bundle)?;
            write(&output.join(format!("{name}.{extension}")), document.as_bytes())?;
        }
    }
    write(&output.join(format!("{name}.wasm")), &wasm)?;
    Ok((wasm.len(), code_hash(&wasm)))
}

/// Passes for size; decision 0006 has what others came to. Not `-tnh`: contracts do trap, and refuse calls that way.
const PASSES: &str = "-Oz --flatten --rereloop -Oz --code-folding --converge -Oz --reorder-functions --reorder-locals";

/// Binaryen, for size. The imported memory is all zero at the start, and nothing newer than WebAssembly 1.0 may appear.
fn optimise(from: &Path, to: &Path) -> Result<(), String> {
    let status = Command::new("wasm-opt")
        .args(["--zero-filled-memory", "--mvp-features"])
        .args(PASSES.split(' '))
        .arg("-o")
        .args([to, from])
        .status()
        .map_err(|error| format!("wasm-opt: {error}"))?;
    status.success().then_some(()).ok_or_else(|| format!("wasm-opt: {status}"))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}
