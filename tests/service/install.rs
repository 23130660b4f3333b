//! `service install`, `uninstall`, `status` with stand-ins for systemctl and loginctl that note how they are called.

use super::{homes, path_with, script};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Notes its call; says what the file of that name in the folder says; fails with the text of `NAME.fails`.
const STAND_IN: &str = r#"
here=$(dirname "$0")
echo "$(basename "$0") $*" >> "$here/calls"
for word in "$@"; do
  case "$word" in --*) ;; *) verb=$word; break ;; esac
done
if [ -e "$here/$verb.fails" ]; then cat "$here/$verb.fails" >&2; exit 1; fi
if [ -e "$here/$verb.says" ]; then cat "$here/$verb.says"; fi
exit 0
"#;

struct World {
    dir: TempDir,
    home: PathBuf,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = homes::make(dir.path(), &[], homes::SCRIPTED);
        for name in ["systemctl", "loginctl"] {
            script(&dir.path().join("bin").join(name), STAND_IN);
        }
        Self { dir, home }
    }

    fn bin(&self, name: &str) -> PathBuf {
        self.dir.path().join("bin").join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = homes::program(self.dir.path(), words);
        command
            .current_dir(&self.home)
            .env("PATH", path_with(&self.dir.path().join("bin")))
            .env("HOME", self.dir.path());
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.bin("calls")).unwrap_or_default();
        let _ = fs::remove_file(self.bin("calls"));
        text.lines().map(str::to_owned).collect()
    }

    /// The one unit there is.
    fn unit(&self) -> PathBuf {
        let folder = self.dir.path().join("config/systemd/user");
        let found: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "service"))
            .collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

fn on_path(name: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|dir| dir.join(name).is_file())
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let w = World::new();
    let output = w.run(&["service", "install", "--print"]);
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "Type=notify",
        "WatchdogSec=300",
        "Restart=on-failure",
        "StartLimitIntervalSec=0",
        "RestartPreventExitStatus=2 3 4 78",
        "KillMode=mixed",
        "OOMPolicy=continue",
        "WantedBy=default.target",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    let start = text.lines().find(|l| l.starts_with("ExecStart=")).unwrap();
    let home = w.home.to_str().unwrap();
    assert!(
        start.ends_with(&format!("\"--home\" \"{home}\" \"--no-tui\"")),
        "{start}"
    );
    assert!(!w.dir.path().join("config/systemd").exists(), "only shown");
    assert!(w.calls().is_empty());
    let file = w.dir.path().join("dev-factory-test.service");
    fs::write(&file, &text).unwrap();
    if on_path("systemd-analyze") {
        let output = Command::new("systemd-analyze")
            .args(["verify", "--user", "--man=no"])
            .arg(&file)
            .env("XDG_RUNTIME_DIR", w.dir.path())
            .output()
            .unwrap();
        // What else is wrong on this machine is not the unit's fault.
        let about: Vec<String> = said(&output)
            .lines()
            .filter(|line| line.contains("dev-factory-test"))
            .map(str::to_owned)
            .collect();
        assert!(about.is_empty(), "{about:?}");
    }
}

#[test]
fn the_property_list_is_well_formed_and_says_the_same() {
    let w = World::new();
    let output = w.run(&["service", "install", "--print", "--for", "launchd"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let mut open = Vec::new();
    for piece in text.split('<').skip(1) {
        let tag = piece.split('>').next().unwrap();
        match tag.chars().next().unwrap() {
            '?' | '!' => {}
            '/' => assert_eq!(open.pop(), Some(tag[1..].to_owned()), "{text}"),
            _ if tag.ends_with('/') => {}
            _ => open.push(tag.split(' ').next().unwrap().to_owned()),
        }
    }
    assert!(open.is_empty(), "{open:?}");
    let home = w.home.to_str().unwrap();
    assert!(text.contains(&format!("<string>{home}</string>")), "{text}");
    assert!(text.contains("<key>SuccessfulExit</key><false/>"));
}

#[test]
fn it_installs_once_says_what_it_did_and_takes_everything_away_again() {
    let w = World::new();
    fs::write(w.bin("show-user.says"), "Linger=no\n").unwrap();
    let output = w.run(&["service", "install"]);
    let words = said(&output);
    assert_eq!(output.status.code(), Some(0), "{words}");
    let unit = w.unit();
    let name = unit.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(words.contains("lingering is switched on"), "{words}");
    assert!(words.contains("it runs"), "{words}");
    let calls = w.calls();
    for call in [
        "systemctl --user daemon-reload".to_owned(),
        format!("systemctl --user enable {name}"),
        format!("systemctl --user start {name}"),
        "loginctl enable-linger".to_owned(),
    ] {
        assert!(calls.contains(&call), "{call}: {calls:?}");
    }
    let first = fs::read_to_string(&unit).unwrap();

    fs::write(w.bin("show-user.says"), "Linger=yes\n").unwrap();
    let output = w.run(&["service", "install"]);
    assert!(
        said(&output).contains("is as it should be"),
        "{}",
        said(&output)
    );
    assert_eq!(fs::read_to_string(&unit).unwrap(), first);
    assert!(!w.calls().iter().any(|call| call.contains("enable-linger")));

    let state = "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nSubState=running\nMainPID=4711\nNRestarts=2\nResult=success\nStatusText=idle: nothing to build\n";
    fs::write(w.bin("show.says"), state).unwrap();
    let output = w.run(&["service", "status"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    for words in [
        "process 4711",
        "started again 2 times",
        "idle: nothing to build",
    ] {
        assert!(said(&output).contains(words), "{words}: {}", said(&output));
    }

    let output = w.run(&["service", "uninstall"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(!unit.exists());
    let stop = format!("systemctl --user disable --now {name}");
    assert!(w.calls().contains(&stop));
    let output = w.run(&["service", "uninstall"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("no service is installed"));
    fs::write(w.bin("show.says"), "LoadState=not-found\n").unwrap();
    assert_eq!(w.run(&["service", "status"]).status.code(), Some(1));
}

#[test]
fn a_unit_that_somebody_edited_is_left_alone_until_that_is_asked_for() {
    let w = World::new();
    assert!(w.run(&["service", "install"]).status.success());
    let unit = w.unit();
    let edited = fs::read_to_string(&unit)
        .unwrap()
        .replace("TimeoutStopSec=30", "TimeoutStopSec=90");
    fs::write(&unit, &edited).unwrap();
    w.calls();
    let output = w.run(&["service", "install"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("was edited by somebody and is left as it is"),
        "{}",
        said(&output)
    );
    assert_eq!(fs::read_to_string(&unit).unwrap(), edited);
    assert!(!w.calls().iter().any(|call| call.contains("enable")));
    let output = w.run(&["service", "install", "--force"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(
        fs::read_to_string(&unit)
            .unwrap()
            .contains("TimeoutStopSec=30")
    );
    let mut kept = unit.clone().into_os_string();
    kept.push(".edited");
    assert_eq!(fs::read_to_string(kept).unwrap(), edited);
}

#[test]
fn without_a_manager_one_sentence_says_so_and_nothing_is_changed() {
    let w = World::new();
    fs::write(
        w.bin("show-environment.fails"),
        "Failed to connect to bus: No medium found\n",
    )
    .unwrap();
    let output = w.run(&["service", "install"]);
    let words = said(&output);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert_eq!(words.trim().lines().count(), 1, "{words}");
    assert!(
        words.contains("does not answer (Failed to connect to bus: No medium found)"),
        "{words}"
    );
    assert!(words.contains("dev-factory up"), "{words}");
    assert!(!w.dir.path().join("config/systemd").exists());
    let status = w.run(&["service", "status"]);
    assert_eq!(status.status.code(), Some(1));
}

#[test]
fn what_is_left_for_a_person_is_said_and_is_exit_4() {
    let w = World::new();
    fs::write(
        w.bin("enable-linger.fails"),
        "Could not enable linger: Access denied\n",
    )
    .unwrap();
    let output = w.run(&["service", "install"]);
    let words = said(&output);
    assert_eq!(output.status.code(), Some(4), "{words}");
    assert!(
        words.contains("lingering was refused (Could not enable linger: Access denied)"),
        "{words}"
    );
    assert!(words.contains("sudo loginctl enable-linger"), "{words}");

    // A key that only this shell knows would be missing at boot.
    let config = w.dir.path().join("config/dev-factory/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(&config, "[hosts.far]\nkind = \"openai\"\nurl = \"https://api.example.com\"\n[keys.far]\norigin = \"https://api.example.com\"\nenv = \"FAR_KEY\"\n").unwrap();
    w.calls();
    let output = w
        .command(&["service", "install", "--force"])
        .env("FAR_KEY", "sk-canary-0123456789")
        .output()
        .unwrap();
    let words = said(&output);
    assert_eq!(output.status.code(), Some(4), "{words}");
    assert!(
        words.contains("the key in the variable FAR_KEY is known to this shell only"),
        "{words}"
    );
    assert!(
        !w.calls().iter().any(|call| call.contains(" start ")),
        "it could not work yet"
    );
    let text = fs::read_to_string(w.unit()).unwrap();
    assert!(!text.contains("canary"));
}

#[test]
fn a_secret_does_not_get_into_the_text() {
    let w = World::new();
    let output = w
        .command(&["service", "install", "--print"])
        .env(
            "HTTPS_PROXY",
            "http://me:canary-password@proxy.example:3128",
        )
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("the variable HTTPS_PROXY holds what looks like a secret"));
    assert!(!said(&output).contains("canary"));
    let output = w.run(&["service", "install", "--until-idle"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(Path::new(&w.home).is_dir());
}

#[test]
fn up_starts_the_service_where_there_is_one() {
    let w = World::new();
    assert!(w.run(&["service", "install"]).status.success());
    let name = w.unit().file_name().unwrap().to_str().unwrap().to_owned();
    w.calls();
    let output = w.run(&["up"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(
        said(&output).contains(&format!("running as the service {name}")),
        "{}",
        said(&output)
    );
    assert!(
        w.calls()
            .contains(&format!("systemctl --user start {name}"))
    );
    fs::write(w.bin("start.fails"), "Job failed. See journalctl.\n").unwrap();
    let output = w.run(&["up"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("failed: Job failed."),
        "{}",
        said(&output)
    );
}

#[test]
fn addresses_of_people_given_by_flag_do_not_get_into_the_text() {
    let w = World::new();
    let set = "notify.chat.webhook=https://chat.example/canary";
    let output = w.run(&["--set", set, "service", "install"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let words = said(&output);
    assert!(
        words.contains("write it under [notify] in") && !words.contains("canary"),
        "{words}"
    );
    assert!(!w.dir.path().join("config/systemd").exists());
}

#[test]
fn a_new_text_for_a_service_that_runs_asks_for_a_restart() {
    let w = World::new();
    let install = || w.run(&["service", "install"]);
    assert_eq!(install().status.code(), Some(0));
    let up = w.run(&["--set", "harness.mutation=false", "service", "install"]);
    assert_eq!(up.status.code(), Some(0), "{}", said(&up));
    // This process stands for the engine that the manager has started.
    let clock: std::sync::Arc<dyn dev_factory::factory::ports::clock::Clock> =
        std::sync::Arc::new(dev_factory::adapters::clock::SystemClock);
    let held = dev_factory::adapters::store::FileStore::open(&w.home, &clock).unwrap();
    let state = format!("MainPID={}\n", std::process::id());
    fs::write(w.bin("show.says"), state).unwrap();
    let output = install();
    let words = said(&output);
    assert_eq!(output.status.code(), Some(4), "{words}");
    let name = w.unit().file_name().unwrap().to_str().unwrap().to_owned();
    assert!(
        words.contains(&format!("systemctl --user restart {name}")),
        "{words}"
    );
    // Nothing is new now.
    assert_eq!(install().status.code(), Some(0));
    drop(held);
}

#[test]
fn up_says_in_json_what_it_says_in_words_and_starts_the_service_all_the_same() {
    let w = World::new();
    assert!(w.run(&["service", "install"]).status.success());
    let name = w.unit().file_name().unwrap().to_str().unwrap().to_owned();
    w.calls();
    let output = w.run(&["--json", "up"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["accepted"], true);
    let words = answer["sentence"].as_str().unwrap();
    assert!(words.contains(&format!("the service {name}")), "{words}");
    let start = format!("systemctl --user start {name}");
    assert!(w.calls().contains(&start));
}

#[test]
fn a_service_that_waits_to_be_started_again_does_not_run() {
    let w = World::new();
    assert!(w.run(&["service", "install"]).status.success());
    let state = "LoadState=loaded\nUnitFileState=enabled\nActiveState=activating\nSubState=auto-restart\nMainPID=0\nNRestarts=3\nRestartUSec=30s\nResult=signal\nStatusText=qa cost-tracker: running Jest\n";
    fs::write(w.bin("show.says"), state).unwrap();
    let output = w.run(&["service", "status"]);
    let words = said(&output);
    assert_eq!(output.status.code(), Some(1), "{words}");
    for part in [
        "activating (auto-restart)",
        "ended by signal",
        "systemd starts it again within 30s",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(
        !words.contains("Jest"),
        "what is gone does nothing: {words}"
    );
    let output = w.run(&["--json", "service", "status"]);
    let state: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(state["runs"], false);
}
