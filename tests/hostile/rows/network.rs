//! Attacks over the network and other doors.

use crate::attack::{About, Harms, Row, harms, root};
use crate::look::{self, Door};
use crate::place::Place;
use dev_factory::factory::ports::sandbox::Limits;
use serde_json::json;
use std::fs;
use std::net::{IpAddr, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub fn rows() -> Vec<Row> {
    vec![
        Row {
            number: 12,
            name: "serves to the outside",
            about: About::Walls,
            harms: || vec!["answered on 0.0.0.0", "answered on ::"],
            attack: serves,
            open: &[],
        },
        Row {
            number: 13,
            name: "connects to servers of this machine and beyond",
            about: About::Walls,
            harms: || vec!["tcp", "tcp of the machine", "tcp over IPv6", "udp"],
            attack: connects,
            open: &[],
        },
        Row {
            number: 14,
            name: "asks services behind sockets with a path or a name",
            about: About::Walls,
            harms: || vec!["a path", "a path it can see", "a name"],
            attack: services,
            open: &[],
        },
        Row {
            number: 27,
            name: "opens sockets of rare kinds",
            about: About::Walls,
            harms: || {
                let mut all = vec!["sockets of rare kinds"];
                if fs::read_to_string("/proc/sys/net/mptcp/enabled")
                    .is_ok_and(|on| on.trim() == "1")
                {
                    all.push("mptcp");
                }
                if root() {
                    all.push("raw sockets");
                }
                all
            },
            attack: rare,
            open: &[],
        },
    ]
}

/// This machine's address towards others; no packet is sent.
fn outer() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    Some(address).filter(|address| !address.is_loopback())
}

fn serves(place: &Place) -> Harms {
    let found: Arc<Mutex<Harms>> = Arc::default();
    let into = Arc::clone(&found);
    // Ports that were free a moment ago.
    let free = |address: &str| std::net::TcpListener::bind(address).ok()?.local_addr().ok();
    let (four, six) = (
        free("0.0.0.0:0").unwrap().port(),
        free("[::]:0").map_or(0, |at| at.port()),
    );
    let ready = place.cache().join("ready");
    let answered = place.cache().join("answered");
    let knock = move || {
        if !ready.exists() {
            return;
        }
        let mut found = into.lock().unwrap();
        for (name, at) in [
            ("0.0.0.0", format!("127.0.0.1:{four}")),
            ("::", format!("[::1]:{six}")),
        ] {
            if TcpStream::connect(at).is_ok() {
                found.insert(format!("answered on {name}"));
            }
        }
        let _ = fs::write(&answered, "");
    };
    let target = json!({ "four": four, "six": six, "folder": place.cache() });
    let ran = look::during(knock, || place.gate("serves.js", target));
    assert!(place.cache().join("ready").exists(), "{ran:?}");
    let mut found = found.lock().unwrap().clone();
    if six == 0 {
        found.insert("answered on ::".into());
        assert!(
            place.control(),
            "this machine has no IPv6; the row stands on 0.0.0.0 alone"
        );
    }
    found
}

fn connects(place: &Place) -> Harms {
    let tcp = Door::tcp("127.0.0.1:0").unwrap();
    let six = Door::tcp("[::1]:0");
    let machine = outer().and_then(|address| Door::tcp(&format!("{address}:0")));
    let udp = Door::udp("127.0.0.1:0");
    let at = |door: &Option<Door>| door.as_ref().map(|door| door.at.clone());
    let target = json!({
        "tcp": [tcp.at, at(&six), at(&machine), "169.254.169.254:80", "192.0.2.1:80"],
        "udp": udp.at,
    });
    let ran = place.gate("connects.js", target);
    let said = ran.tried.get("tcp").cloned().unwrap_or_default();
    for beyond in ["169.254.169.254:80", "192.0.2.1:80"] {
        let no = |code: &&str| said.contains(&format!("{beyond} {code}"));
        // No way there, or no socket at all: nothing has left this machine.
        let refused = ["ENETUNREACH", "EPERM", "EACCES", "EAFNOSUPPORT"];
        assert!(
            place.control() || refused.iter().any(no),
            "{beyond}: {said}"
        );
    }
    let wait = patience(place);
    let at_all = |door: &Option<Door>| door.as_ref().is_some_and(|door| door.hit(wait));
    let doors = [
        ("tcp", tcp.hit(wait)),
        ("udp", udp.hit(wait)),
        // Where a machine has no such address there is nothing to knock at.
        (
            "tcp of the machine",
            at_all(&machine) || machine.is_none() && place.control(),
        ),
        (
            "tcp over IPv6",
            at_all(&six) || six.is_none() && place.control(),
        ),
    ];
    let hit = doors.into_iter().filter(|(_, hit)| *hit);
    harms(hit.map(|(name, _)| name))
}

/// How long after a run we still listen: without walls somebody comes.
fn patience(place: &Place) -> Duration {
    Duration::from_millis(if place.control() { 5000 } else { 50 })
}

fn services(place: &Place) -> Harms {
    let hidden = Door::unix(&place.user.join("docker.sock"));
    let seen = Door::unix(&place.home.tool.join("test/docker.sock"));
    let named = Door::abstracted(&place.marker);
    let target = json!({ "hidden": hidden.at, "seen": seen.at });
    place.gate("services.js", target);
    let ran = place.raw(&["abstract", &named.at], Limits::default());
    assert!(ran.said.contains("tried"), "{ran:?}");
    let doors = [
        ("a path", &hidden),
        ("a path it can see", &seen),
        ("a name", &named),
    ];
    let hit = doors
        .into_iter()
        .filter(|(_, door)| door.hit(patience(place)));
    harms(hit.map(|(name, _)| name))
}

/// How many sockets a process holds.
fn sockets(pid: i32) -> usize {
    let entries = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten();
    let links = entries.filter_map(|entry| fs::read_link(entry.path()).ok());
    links
        .filter(|to| to.to_string_lossy().starts_with("socket:"))
        .count()
}

fn rare(place: &Place) -> Harms {
    let door = Door::tcp("127.0.0.1:0").unwrap();
    let mut found = Harms::new();
    for (kind, name) in [("rare", "sockets of rare kinds"), ("raw", "raw sockets")] {
        let most: Arc<Mutex<usize>> = Arc::default();
        let into = Arc::clone(&most);
        place.watched(&["sockets", kind, &door.at], move |process| {
            // The sandbox's own first process may hold one to bring the loopback up.
            if process.words.contains(" guest ") && !process.words.contains("__sandbox") {
                let mut most = into.lock().unwrap();
                *most = (*most).max(sockets(process.pid));
            }
        });
        if *most.lock().unwrap() > 0 {
            found.insert(name.into());
        }
    }
    if door.hit(Duration::from_millis(100)) {
        found.insert("mptcp".into());
    }
    found
}
