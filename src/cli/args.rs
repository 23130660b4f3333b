//! The command line's types. Help texts live here; what a verb does is the engine's.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// An autonomous software factory: ideas in, tested and tagged tools out.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "dev-factory",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// Factory home; else DEV_FACTORY_HOME, else the nearest parent folder with dev-factory/home.json
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Print JSON for machines
    #[arg(long, global = true)]
    pub json: bool,
    /// Set one setting for this call, as in --set limits.day_usd=3
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// How to run the engine
    #[command(flatten)]
    pub engine: EngineArgs,
    /// How the screens look
    #[command(flatten)]
    pub screens: ScreenArgs,
    /// What to do; nothing = the screens, or without a terminal the engine here
    #[command(subcommand)]
    pub command: Option<Cmd>,
}

/// How the engine runs.
#[derive(Clone, Debug, Default, Args)]
pub struct EngineArgs {
    /// No screens: run the engine here and print one line an event
    #[arg(long, global = true)]
    pub no_tui: bool,
    /// End when nothing is left to do (exit 0), or only a person can go on (exit 4)
    #[arg(long, global = true)]
    pub until_idle: bool,
    /// Run generated code with NO protection: it gets your files, keys and network
    #[arg(long, global = true)]
    pub unsafe_no_sandbox: bool,
    /// Says that --unsafe-no-sandbox is meant, where nobody can be asked
    #[arg(long, global = true)]
    pub yes_i_accept: bool,
    /// Print model text in full as it streams
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Leave the session of the terminal (used by `up`)
    #[arg(long, hide = true)]
    pub detached: bool,
}

/// How the screens look.
#[derive(Clone, Debug, Default, Args)]
pub struct ScreenArgs {
    /// Theme of the screens: default, light, dark, high-contrast, colour-blind, plain, or one of the home's themes folder
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Draw only ASCII
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Look only: start nothing, send nothing
    #[arg(long, global = true)]
    pub readonly: bool,
}

/// Everything but the screens.
#[derive(Clone, Debug, Subcommand)]
pub enum Cmd {
    /// Make a factory home
    Init(InitArgs),
    /// Build the example tools from scripted replies in a scratch home
    Demo(DemoArgs),
    /// Start the engine in the background
    Up,
    /// End the engine after the turn under way
    #[command(alias = "stop")]
    Down(DownArgs),
    /// End the engine after the turn and start it anew
    Restart(DownArgs),
    /// Show the backlog
    List,
    /// Show where the factory stands; exit 4 when a person is needed
    Status {
        /// One short line, for a status bar
        #[arg(long)]
        line: bool,
    },
    /// Show what happened
    Logs {
        /// Go on with what happens next
        #[arg(short, long)]
        follow: bool,
        /// Newest lines shown
        #[arg(short = 'n', long, default_value_t = 200)]
        lines: usize,
    },
    /// Show how well the harness does: what passed when, what it took, what got stuck
    Report(ReportArgs),
    /// Show what today's harness would make of the recorded replies of one attempt; runs and changes nothing
    Replay {
        /// A file below dev-factory/transcripts, or its path there, such as cost-tracker/3-developer-coding.jsonl
        transcript: PathBuf,
    },
    /// Hold journal, documents, papers and git against each other; exit 1 when something differs
    Verify(VerifyArgs),
    /// Bring the starter files of a home up to this version; what you edited stays yours
    Upgrade(UpgradeArgs),
    /// Show each setting with where it came from
    Config,
    /// Look at all a factory needs: settings, model servers, programs, sandbox; exit 1 when something cannot work
    Doctor(DoctorArgs),
    /// Send a test to those who are told what waits, and say what came of it; exit 1 when one is not reached
    Notify {
        /// The target; none = all
        #[arg(long, required = true, value_name = "TARGET", num_args = 0..=1)]
        test: Option<Option<String>>,
    },
    /// Have the engine of a home started at boot, watched, and started again when it dies
    Service {
        /// What to do
        #[command(subcommand)]
        command: ServiceCmd,
    },
    /// Print shell completions
    Completions {
        /// Shell they are for
        shell: clap_complete::Shell,
    },
    /// Hand over one command from standard input and print the answer, both as JSON (used by the screens)
    #[command(hide = true)]
    Carry,
    /// An operator command
    #[command(flatten)]
    Verb(super::verbs::VerbCmd),
}

/// `service`.
#[derive(Clone, Debug, Subcommand)]
pub enum ServiceCmd {
    /// Install it for this user and start it: a systemd user unit with lingering, or a launchd agent
    Install {
        /// Only show the text it would be given
        #[arg(long)]
        print: bool,
        /// The service manager to show it for; none = this system's
        #[arg(long = "for", value_enum, value_name = "SYSTEM", requires = "print")]
        system: Option<System>,
        /// Replace a text that somebody has edited; a copy of it is kept
        #[arg(long)]
        force: bool,
    },
    /// End it and take it away; the home stays as it is
    Uninstall,
    /// Show whether it is installed and runs; exit 1 when not
    Status,
}

/// A service manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum System {
    /// Linux
    Systemd,
    /// macOS
    Launchd,
}

/// `init`.
#[derive(Clone, Debug, Args)]
pub struct InitArgs {
    /// Folder to make
    pub dir: PathBuf,
    /// Ask nothing, and start working at once when the engine starts
    #[arg(short, long)]
    pub yes: bool,
    /// A model server, as in gpu1=ollama:http://192.168.1.20:11434
    #[arg(long = "host", value_name = "NAME=KIND:URL")]
    pub hosts: Vec<String>,
    /// Model of the Developer
    #[arg(long, value_name = "HOST/MODEL")]
    pub developer: Option<String>,
    /// Model of QA
    #[arg(long, value_name = "HOST/MODEL")]
    pub qa: Option<String>,
    /// Model of the Supervisor; none = you review
    #[arg(long, value_name = "HOST/MODEL")]
    pub supervisor: Option<String>,
    /// File with the key of the named server, readable by you only
    #[arg(long, value_name = "FILE", group = "key")]
    pub key_file: Option<String>,
    /// Variable with the key of the named server
    #[arg(long, value_name = "NAME", group = "key")]
    pub key_env: Option<String>,
    /// Command that prints the key of the named server
    #[arg(long, value_name = "COMMAND", group = "key")]
    pub key_command: Option<String>,
    /// Most that may be spent in 24 hours, USD
    #[arg(long, value_name = "USD")]
    pub day_limit: Option<f64>,
    /// Do not install Jest now; the engine does before it starts
    #[arg(long)]
    pub no_install: bool,
}

/// `demo`.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// Home to use; run again on the same one it goes on where it stood
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Milliseconds between pieces of streamed text, for watching
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub pace: u64,
    /// Practise: a refused key, a stuck tool, a flaky test and a host that goes away, at no cost
    #[arg(long)]
    pub trouble: bool,
}

/// `verify`.
#[derive(Clone, Debug, Default, Args)]
pub struct VerifyArgs {
    /// Put right what loses nothing, with copies made first; needs the home to itself
    #[arg(long)]
    pub repair: bool,
}

/// `upgrade`.
#[derive(Clone, Debug, Args)]
pub struct UpgradeArgs {
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not install Jest again when its lock file changes; the engine does before it starts
    #[arg(long)]
    pub no_install: bool,
}

/// `report`.
#[derive(Clone, Debug, Default, Args)]
pub struct ReportArgs {
    /// Only what happened since you last marked it read, and what waits for you
    #[arg(long)]
    pub shift: bool,
    /// Mark all that is there now as read, for you alone
    #[arg(long)]
    pub mark_read: bool,
}

/// `doctor`.
#[derive(Clone, Debug, Args)]
pub struct DoctorArgs {
    /// Try to get out of each sandbox, and show which hold
    #[arg(long, conflicts_with = "no_turn")]
    pub sandbox: bool,
    /// Take no short turn with the models: nothing is loaded, nothing costs anything
    #[arg(long)]
    pub no_turn: bool,
    /// Look at one model server only
    #[arg(long, value_name = "HOST", conflicts_with = "sandbox")]
    pub host: Option<String>,
}

/// `down` and `restart`.
#[derive(Clone, Debug, Args)]
pub struct DownArgs {
    /// Cancel the turn under way
    #[arg(long)]
    pub now: bool,
    /// Why, for those who look later
    #[arg(long)]
    pub reason: Option<String>,
}

/// What a pause covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScopeArg {
    /// Everything
    Factory,
    /// The Developer
    Developer,
    /// QA
    Qa,
    /// The Supervisor
    Supervisor,
}

/// What a budget counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum UnitArg {
    /// US dollars
    Usd,
    /// Tokens of local models
    Tokens,
    /// Minutes of work
    Minutes,
}
