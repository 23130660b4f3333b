//! The binary: arguments, one subcommand, exit code; reports are for what cannot happen.

use dev_factory::cli;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(answer) = dev_factory::adapters::sandbox::inside(std::env::args_os()) {
        let _ = std::io::stdout().write_all(answer.out.as_bytes());
        let _ = std::io::stderr().write_all(answer.err.as_bytes());
        return ExitCode::from(answer.code);
    }
    keep_keys_in();
    report_safely();
    match cli::run(std::env::args_os()) {
        Ok(code) => ExitCode::from(code),
        Err(report) => {
            cli::out::note(format!("{report:?}"));
            ExitCode::from(1)
        }
    }
}

/// Keys may stand in our environment: no other process of this user may read our memory, nor a core file keep it.
/// Where the system refuses, the rest still holds.
fn keep_keys_in() {
    use rustix::process::{Resource, Rlimit};
    #[cfg(target_os = "linux")]
    {
        use rustix::process::DumpableBehavior;
        let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = rustix::process::setrlimit(Resource::Core, none);
}

/// Panics and reports go the way of all text: what they quote may be a key, or written by a model.
fn report_safely() {
    let (panics, reports) = color_eyre::config::HookBuilder::default()
        .theme(color_eyre::config::Theme::new())
        .into_hooks();
    // Without its handlers reports are only plainer.
    let _ = reports.install();
    std::panic::set_hook(Box::new(move |info| {
        cli::out::note(panics.panic_report(info));
    }));
}
