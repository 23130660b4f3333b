//! The binary: arguments, one subcommand, exit code; reports are for what cannot happen.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(answer) = dev_factory::adapters::sandbox::inside(std::env::args_os()) {
        let _ = std::io::stdout().write_all(answer.out.as_bytes());
        let _ = std::io::stderr().write_all(answer.err.as_bytes());
        return ExitCode::from(answer.code);
    }
    keep_keys_in();
    // Without its handlers reports are only plainer.
    let _ = color_eyre::install();
    match dev_factory::cli::run(std::env::args_os()) {
        Ok(code) => ExitCode::from(code),
        Err(report) => {
            let _ = writeln!(std::io::stderr().lock(), "{report:?}");
            ExitCode::from(1)
        }
    }
}

/// Keys may stand in our environment: no other process of this user may read our memory, nor a core file keep it.
/// Where the system refuses, the rest still holds.
fn keep_keys_in() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, Resource, Rlimit};
        let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        let _ = rustix::process::setrlimit(Resource::Core, none);
    }
}
