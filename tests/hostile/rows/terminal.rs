//! Attacks on the terminal the factory was started from.

use crate::attack::{About, Harms, Row, root};
use crate::place::Place;
use crate::trial;
use dev_factory::factory::ports::sandbox::Limits;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::fs;
use std::io::Read;
use std::sync::mpsc;
use std::time::Duration;

/// Says that a trial is the one inside the terminal.
const INSIDE: &str = "HOSTILE_INSIDE";

pub fn rows() -> Vec<Row> {
    vec![Row {
        number: 21,
        name: "writes to the terminal and types on its keyboard",
        about: About::Walls,
        harms: || {
            let mut all = vec!["written"];
            // Newer kernels let only root type.
            let typing = fs::read_to_string("/proc/sys/dev/tty/legacy_tiocsti");
            if root() || typing.map_or(true, |on| on.trim() == "1") {
                all.push("typed");
            }
            all
        },
        attack: terminal,
        open: &[],
    }]
}

/// The factory is started once more, as the leader of a terminal's session.
fn terminal(place: &Place) -> Harms {
    if std::env::var_os(INSIDE).is_some() {
        let own = fs::read_link("/proc/self/fd/0")
            .unwrap()
            .display()
            .to_string();
        let words = ["terminal", &place.secret, "/dev/tty", &own];
        let ran = place.raw(&words, Limits::default());
        assert!(ran.said.contains("tried"), "{ran:?}");
        return Harms::new();
    }
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let given = trial::command(21, &place.tier);
    let mut command = CommandBuilder::new(given.get_program());
    command.args(given.get_args());
    command.env("HOSTILE_SECRET", &place.secret);
    command.env(INSIDE, "1");
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut master = pair.master.try_clone_reader().unwrap();
    let (send, shown) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut some = [0; 4096];
        // Ends with an error when nobody holds the other side any more.
        while let Ok(count @ 1..) = master.read(&mut some) {
            bytes.extend_from_slice(&some[..count]);
        }
        send.send(bytes).unwrap();
    });
    let bytes = shown.recv_timeout(Duration::from_secs(60)).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let ended = child.wait().unwrap();
    let mut harms = Harms::new();
    for name in ["written", "typed"] {
        if text.contains(&format!("{name}-{}", place.secret)) {
            harms.insert(name.into());
        }
    }
    // Without walls the harms are the point; the trial inside expects to see them itself.
    assert!(
        place.control() || ended.success(),
        "inside the terminal: {text}"
    );
    harms
}
