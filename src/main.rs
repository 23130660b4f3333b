//! The binary: arguments, one subcommand, exit code; reports are for what cannot happen.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
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
