//! The build script: asks the linker to lay the functions of `functions.txt` beside each other, where it can.
//!
//! The kernel maps a program file in windows of 64 KB; functions that lie scattered in it cost the screens and the engine
//! a window each. Names that no longer exist are passed over: a list that is old costs memory and nothing else.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

const LIST: &str = "tests/benches/layout/functions.txt";

fn main() {
    println!("cargo::rerun-if-changed={LIST}");
    println!("cargo::rerun-if-changed=tests/benches/layout/build.rs");
    let optimised = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let native = env::var("TARGET").ok() == env::var("HOST").ok();
    let list = env::current_dir().map(|root| root.join(LIST));
    let (Ok(list), true, true) = (list, optimised, native) else {
        return;
    };
    let order = format!("-Wl,--symbol-ordering-file={}", list.display());
    let quiet = "-Wl,--no-warn-symbol-ordering";
    if linked(&[&order, quiet]) {
        println!("cargo::rustc-link-arg-bins={order}");
        println!("cargo::rustc-link-arg-bins={quiet}");
    }
}

/// Whether a program is linked with these arguments: only one of the linkers in use knows them.
fn linked(arguments: &[&str]) -> bool {
    let (Some(rustc), Some(out)) = (env::var_os("RUSTC"), env::var_os("OUT_DIR")) else {
        return false;
    };
    let source = Path::new(&out).join("empty.rs");
    if fs::write(&source, "fn main() {}").is_err() {
        return false;
    }
    let mut command = Command::new(rustc);
    command
        .arg(&source)
        .arg("-o")
        .arg(source.with_extension(""));
    if let Ok(flags) = env::var("CARGO_ENCODED_RUSTFLAGS") {
        command.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    }
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut option = std::ffi::OsString::from("linker=");
        option.push(linker);
        command.arg("-C").arg(option);
    }
    for argument in arguments {
        command.arg("-C").arg(format!("link-arg={argument}"));
    }
    command.output().is_ok_and(|made| made.status.success())
}
