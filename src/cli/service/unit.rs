//! The text of a service, for systemd and for launchd: each line that is not plain says why it is there.

use crate::text::hash::sha256;
use std::path::{Path, PathBuf};

/// Seconds without a sign of life after which the engine counts as hung. Git and the disk are waited for in the loop
/// that gives the signs; the slowest of such waits that was seen took seconds.
const WATCHDOG: u32 = 300;
/// Begin of the last line, which says what the text above was when it was written.
const SEAL: &str = "dev-factory text ";

/// What a service runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The home, absolute.
    pub home: PathBuf,
    /// Our program, absolute.
    pub program: PathBuf,
    /// Flags of the engine beside `--home` and `--no-tui`.
    pub flags: Vec<String>,
    /// Variables of the shell it was installed from that say where things are; no secrets.
    pub variables: Vec<(String, String)>,
}

impl Plan {
    /// The service's name: a word people know, and a mark of the path, since two homes may end alike.
    #[must_use]
    pub fn name(&self) -> String {
        name(&self.home)
    }

    fn words(&self) -> Vec<String> {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let fixed = [
            path(&self.program),
            "--home".to_owned(),
            path(&self.home),
            "--no-tui".to_owned(),
        ];
        fixed
            .into_iter()
            .chain(self.flags.iter().cloned())
            .collect()
    }
}

/// The name of a home's service, without an ending.
#[must_use]
pub fn name(home: &Path) -> String {
    let tame = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_lowercase(),
        false => '-',
    };
    let last = home.file_name().unwrap_or_default().to_string_lossy();
    let word: String = last.chars().map(tame).take(40).collect();
    let mark = sha256(home.as_os_str().as_encoded_bytes());
    let mark = mark.get(..8).unwrap_or_default();
    format!("dev-factory-{}-{mark}", word.trim_matches('-'))
}

/// How a unit of systemd ends, starts again, and when.
const ENDS: &str = "\
# A crash is repaired by the next start. `down`, and an end of itself, are meant: they stay.
Restart=on-failure
RestartSec=30
# These need a person, not another start: 2 settings or no home, 3 another engine holds the home, 4 a person is needed,
# 78 no sandbox works here.
RestartPreventExitStatus=2 3 4 78
# 130: somebody sent SIGINT, and the state was saved.
SuccessExitStatus=130
# The first start may install Jest.
TimeoutStartSec=600
# SIGTERM waits up to 10 s for the turn; the rest is for ending runs and writing the state.
TimeoutStopSec=30
# The engine alone is asked to end, so that it can end its runs, npm and git in order; what is left then is killed.
KillMode=mixed
# The kernel ends a run that takes too much memory; that is a finding, not an end of the engine.
OOMPolicy=continue
# Files of a home are for its owner.
UMask=0077
# No walls here (ProtectSystem, PrivateTmp, NoNewPrivileges and the like): they are made of what the engine needs to
# build walls around each run, which are stronger.

[Install]
WantedBy=default.target
";

/// A unit for systemd's user manager.
#[must_use]
pub fn systemd(plan: &Plan) -> String {
    let command: Vec<String> = plan.words().iter().map(|word| in_command(word)).collect();
    let variables: String = plan
        .variables
        .iter()
        .map(|(name, value)| format!("Environment={}\n", quoted(&format!("{name}={value}"))))
        .collect();
    let home = plan.home.to_string_lossy().replace('%', "%%");
    let version = env!("CARGO_PKG_VERSION");
    sealed(
        &format!(
            "\
# Written by dev-factory {version} service install. Edit a copy with `systemctl --user edit`: a text that was changed
# here is left alone by the next install.
[Unit]
Description=dev-factory in {home}
# Tried again for ever: a disk that is full or not mounted yet mends later. What needs a person has exit codes of its own.
StartLimitIntervalSec=0

[Service]
# Ready means: lock taken, journal read, what was cut short repaired. The loop itself gives signs of life.
Type=notify
NotifyAccess=main
WatchdogSec={WATCHDOG}
ExecStart={}
# A home that is not there is the engine's to name (exit 2), not a start that fails over and over.
WorkingDirectory=-{home}
# Where programs and settings were found when this was installed; no keys: those are named in the user's own settings.
{variables}\
{ENDS}",
            command.join(" ")
        ),
        "# ",
        "",
    )
}

/// A property list for launchd.
#[must_use]
pub fn launchd(plan: &Plan, logs: &Path) -> String {
    let string = |text: &str| format!("<string>{}</string>", in_xml(text));
    let words: String = plan
        .words()
        .iter()
        .map(|word| format!("    {}\n", string(word)))
        .collect();
    let variables: String = plan
        .variables
        .iter()
        .map(|(name, value)| format!("    <key>{}</key>{}\n", in_xml(name), string(value)))
        .collect();
    let log = string(&logs.join("engine.out").to_string_lossy());
    let version = env!("CARGO_PKG_VERSION");
    sealed(
        &format!(
            "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<!-- Written by dev-factory {version} service install. A text that was changed here is left alone by the next one. -->
<plist version=\"1.0\">
<dict>
  <key>Label</key>{label}
  <key>ProgramArguments</key>
  <array>
{words}  </array>
  <!-- Where programs and settings were found when this was installed; no keys. -->
  <key>EnvironmentVariables</key>
  <dict>
{variables}  </dict>
  <key>RunAtLoad</key><true/>
  <!-- A crash is repaired by the next start; `down` is meant and stays. launchd cannot tell settings that are wrong from
       a crash: those are tried again too, a minute apart. -->
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <key>ThrottleInterval</key><integer>60</integer>
  <!-- SIGTERM waits up to 10 s for the turn; the rest is for ending runs and writing the state. -->
  <key>ExitTimeOut</key><integer>30</integer>
  <!-- Files of a home are for its owner. 63 is 0077. -->
  <key>Umask</key><integer>63</integer>
  <key>StandardOutPath</key>{log}
  <key>StandardErrorPath</key>{log}
</dict>
</plist>
",
            label = string(&plan.name()),
        ),
        "<!-- ",
        " -->",
    )
}

/// The text with a last line that tells whether somebody has changed it since.
fn sealed(text: &str, open: &str, close: &str) -> String {
    format!("{text}{open}{SEAL}{}{close}\n", sha256(text.as_bytes()))
}

/// Somebody has changed a text of ours, or it was never ours.
#[must_use]
pub fn edited(text: &str) -> bool {
    let body = text.trim_end_matches('\n');
    let (above, last) = body.rsplit_once('\n').unwrap_or(("", body));
    let seal = sha256(format!("{above}\n").as_bytes());
    !last.contains(&format!("{SEAL}{seal}"))
}

/// A word in quotes, as systemd reads values.
fn quoted(word: &str) -> String {
    let mut text = String::with_capacity(word.len() + 2);
    for c in word.chars() {
        match c {
            '\\' | '"' => text.extend(['\\', c]),
            '%' => text.push_str("%%"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            c => text.push(c),
        }
    }
    format!("\"{text}\"")
}

/// A word of a command line: there a dollar sign means a variable.
fn in_command(word: &str) -> String {
    quoted(&word.replace('$', "$$"))
}

fn in_xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            home: PathBuf::from("/home/me/My Factory $1 50%"),
            program: PathBuf::from("/opt/a \"b\"/dev-factory"),
            flags: vec!["--set".to_owned(), "limits.day_usd=3".to_owned()],
            variables: vec![("PATH".to_owned(), "/usr/bin:/opt/50%<&>".to_owned())],
        }
    }

    #[test]
    fn words_of_the_unit_are_read_back_as_they_were() {
        let text = systemd(&plan());
        let line = text.lines().find(|l| l.starts_with("ExecStart=")).unwrap();
        assert_eq!(
            line,
            "ExecStart=\"/opt/a \\\"b\\\"/dev-factory\" \"--home\" \"/home/me/My Factory $$1 50%%\" \"--no-tui\" \"--set\" \"limits.day_usd=3\""
        );
        assert!(text.contains("Environment=\"PATH=/usr/bin:/opt/50%%<&>\"\n"));
        assert!(text.contains("WorkingDirectory=-/home/me/My Factory $1 50%%\n"));
    }

    #[test]
    fn a_changed_text_is_told_from_ours() {
        for text in [systemd(&plan()), launchd(&plan(), Path::new("/l"))] {
            assert!(!edited(&text), "{text}");
            assert!(edited(&text.replacen("30", "31", 1)));
            assert!(edited(&format!("{text}# more\n")));
            assert!(edited(""));
        }
    }

    #[test]
    fn homes_of_the_same_name_have_services_of_their_own() {
        let a = name(Path::new("/a/My Factory"));
        assert!(a.starts_with("dev-factory-my-factory-"), "{a}");
        assert_ne!(a, name(Path::new("/b/My Factory")));
        assert!(name(Path::new("/")).starts_with("dev-factory--"));
    }
}
