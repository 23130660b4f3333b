//! Telling people: a command with the event on its standard input, an ntfy topic, a webhook.

use super::child;
use super::models::client::Clients;
use super::sandbox::kill::Tree;
use crate::factory::ports::notifier::{Lost, Notifier, Target, Way};
use crate::text::origin::Origin;
use crate::text::sanitise::one_line;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, Command};
use tokio::time::timeout;
use url::Url;

/// Longest a command or an answer is waited for.
const WALL: Duration = Duration::from_secs(10);
/// What a command that shows something on a desktop or sends mail needs beside the basic variables; none are secrets.
const FOR_COMMANDS: [&str; 5] = [
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "WAYLAND_DISPLAY",
];
/// Bytes of what a failing command says that are shown.
const SAID: u64 = 300;

/// The real one.
#[derive(Clone, Copy, Debug)]
pub struct Messenger {
    /// Longest a command or an answer is waited for.
    pub wall: Duration,
}

impl Default for Messenger {
    fn default() -> Self {
        Self { wall: WALL }
    }
}

impl Notifier for Messenger {
    fn send<'a>(&'a self, target: &'a Target, event: &'a Value) -> BoxFuture<'a, Result<(), Lost>> {
        async move {
            match &target.way {
                Way::Command(words) => command(words, event, self.wall).await,
                Way::Webhook(url) => post(url, event, target, self.wall).await,
                Way::Ntfy(url) => {
                    let (root, message) = ntfy(url, event)?;
                    post(&root, &message, target, self.wall).await
                }
            }
        }
        .boxed()
    }
}

/// Runs a command to its end; whatever it has started ends with it.
async fn command(words: &str, event: &Value, wall: Duration) -> Result<(), Lost> {
    // Daemons it leaves come to us, so that they can be found.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let mut shell = std::process::Command::new("/bin/sh");
    child::bare(&mut shell, &FOR_COMMANDS)
        .args(["-c", words])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut shell = Command::from(shell);
    // SAFETY: between fork and exec only one system call is made: nothing allocates, locks or reads memory of others.
    unsafe {
        shell.pre_exec(|| rustix::process::setsid().map(drop).map_err(Into::into));
    }
    let (mut child, tree) = Tree::start(&mut || shell.spawn())
        .map_err(|error| format!("the command does not start: {error}"))?;
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let text = format!("{event}\n");
    let ended = timeout(wall, async {
        if let Some(mut stdin) = stdin {
            // One that does not read is not wrong.
            let _ = stdin.write_all(text.as_bytes()).await;
        }
        // Read beside: one that says much would wait for a reader for ever.
        tokio::join!(child.wait(), said(stderr))
    })
    .await;
    let done = match ended {
        Err(_) => Err(Lost {
            why: format!("it was ended after {} s", wall.as_secs()),
            perhaps: true,
            ..Lost::default()
        }),
        Ok((Err(error), _)) => Err(format!("it cannot be waited for: {error}").into()),
        Ok((Ok(status), _)) if status.success() => Ok(()),
        Ok((Ok(status), said)) => Err(Lost {
            why: format!("it failed ({status})"),
            said,
            ..Lost::default()
        }),
    };
    // Ending a tree waits for its processes.
    let _ = tokio::task::spawn_blocking(move || drop(tree)).await;
    done
}

/// What a command said of its failure.
async fn said(stderr: Option<ChildStderr>) -> String {
    let mut bytes = Vec::new();
    if let Some(stderr) = stderr {
        let _ = timeout(
            Duration::from_millis(200),
            stderr.take(SAID).read_to_end(&mut bytes),
        )
        .await;
    }
    one_line(&String::from_utf8_lossy(&bytes), 200)
        .trim()
        .to_owned()
}

/// ntfy's own form: JSON sent to the server's root, with the topic in it, because headers hold no Unicode.
fn ntfy(url: &str, event: &Value) -> Result<(String, Value), String> {
    let wrong = || "its address names no topic".to_owned();
    let mut root = Url::parse(url).map_err(|_| wrong())?;
    let topic = root
        .path_segments()
        .and_then(|mut all| all.rfind(|part| !part.is_empty()))
        .map(str::to_owned)
        .ok_or_else(wrong)?;
    root.set_path("/");
    root.set_query(None);
    let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
    let ways = event.get("ways").and_then(Value::as_array);
    let ways = ways.into_iter().flatten().filter_map(Value::as_str);
    let lines: Vec<&str> = std::iter::once(text("text")).chain(ways).collect();
    // ntfy counts from 1 to 5; 3 is usual, from 4 on a phone makes itself heard.
    let priority = match text("severity") {
        "incident" => 5,
        "needs-you" | "budget" => 4,
        _ => 3,
    };
    let message = json!({
        "topic": topic,
        "title": text("title"),
        "message": lines.join("\n"),
        "priority": priority,
        "tags": [text("severity")],
    });
    Ok((root.to_string(), message))
}

/// Posts JSON; everything but a 2xx is a failure. No address gets into the words.
async fn post(url: &str, body: &Value, target: &Target, wall: Duration) -> Result<(), Lost> {
    let origin = Origin::of(url).ok_or("its address is none")?;
    let clients = Clients::new(url.starts_with("https://"), origin.near());
    let client = clients.turns()?;
    let mut request = client.post(url).timeout(wall).json(body);
    if let Some(key) = &target.key {
        request = request.bearer_auth(key.reveal());
    }
    let answer = request.send().await.map_err(|error| {
        let perhaps = error.is_timeout() && !error.is_connect();
        let words = super::models::bytes::innermost(&error.without_url());
        Lost {
            why: format!("{origin} cannot be reached: {}", one_line(&words, 200)),
            perhaps,
            ..Lost::default()
        }
    })?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("{origin} answers {status}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::time::Instant;

    fn target(command: &str) -> Target {
        Target {
            way: Way::Command(command.to_owned()),
            key: None,
        }
    }

    async fn sent(command: &str, wall: u64) -> Result<(), Lost> {
        let wall = Duration::from_millis(wall);
        let event = json!({"schema": 1, "text": "it's \"quoted\" $(id)"});
        Messenger { wall }.send(&target(command), &event).await
    }

    /// Processes that have these words in their command line.
    fn with_words(words: &str) -> usize {
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        entries
            .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
            .filter(|line| String::from_utf8_lossy(line).contains(words))
            .count()
    }

    #[tokio::test]
    async fn a_command_gets_one_event_and_none_of_our_variables() {
        let dir = tempfile::tempdir().unwrap();
        let (out, env) = (dir.path().join("out"), dir.path().join("env"));
        let words = format!("cat > {}; env > {}", out.display(), env.display());
        sent(&words, 10_000).await.unwrap();
        let text = std::fs::read_to_string(&out).unwrap();
        assert_eq!(text.lines().count(), 1);
        let event: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(event["text"], "it's \"quoted\" $(id)");
        // Cargo sets this one for tests.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        let env = std::fs::read_to_string(&env).unwrap();
        assert!(env.contains("PATH=") && !env.contains("CARGO_"), "{env}");
    }

    #[tokio::test]
    async fn one_that_does_not_end_is_ended_with_all_it_has_started() {
        let dir = tempfile::tempdir().unwrap();
        let mark = format!("df-{}", dir.path().file_name().unwrap().display());
        let up = dir.path().join("up");
        // A child, one that left its session, and one that nothing but its own end would end.
        let words = format!(
            "(exec -a {mark} sleep 600) & setsid sh -c '(exec -a {mark} sleep 600) & touch {up}; wait' & trap '' TERM; while :; do sleep 600; done",
            up = up.display()
        );
        let words = format!("exec bash -c {}", shlex::try_quote(&words).unwrap());
        let begun = Instant::now();
        let lost = sent(&words, 1_000).await.unwrap_err();
        assert!(
            lost.perhaps && lost.why == "it was ended after 1 s",
            "{lost:?}"
        );
        assert!(begun.elapsed() < Duration::from_secs(8));
        assert!(
            Path::new(&up).exists(),
            "it had started what it was to start"
        );
        assert_eq!(with_words(&mark), 0);
    }

    #[tokio::test]
    async fn a_failure_says_what_the_command_said_and_a_daemon_does_not_stay() {
        let lost = sent("echo 'no such\tuser' >&2; exit 3", 10_000).await;
        let lost = lost.unwrap_err();
        assert_eq!(lost.why, "it failed (exit status: 3)");
        assert!(
            lost.said.starts_with("no such") && !lost.perhaps,
            "{lost:?}"
        );
        let dir = tempfile::tempdir().unwrap();
        let mark = format!("df-{}", dir.path().file_name().unwrap().display());
        let words = format!("bash -c 'exec -a {mark} sleep 600' >/dev/null 2>&1 & exit 0");
        sent(&words, 10_000).await.unwrap();
        assert_eq!(with_words(&mark), 0);
        assert!(
            sent("exit 0", 10_000).await.is_ok(),
            "one that does not read is not wrong"
        );
    }

    #[test]
    fn ntfy_takes_json_at_its_root() {
        let event =
            json!({"title": "näh", "text": "a", "ways": ["b", "c"], "severity": "incident"});
        let (root, message) = ntfy("https://ntfy.example:8443/topic?x=1", &event).unwrap();
        assert_eq!(root, "https://ntfy.example:8443/");
        assert_eq!(message["topic"], "topic");
        assert_eq!(message["message"], "a\nb\nc");
        assert_eq!(message["priority"], 5);
        assert!(ntfy("https://ntfy.example/", &event).is_err());
    }
}
