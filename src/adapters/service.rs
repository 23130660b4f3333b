//! sd_notify(3): what systemd, or whatever keeps its rules, is told through the datagram socket it names.

use crate::factory::ports::service::{News, Service};
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Variables the manager gives to this process. They stay for the program that takes this process over, and no other
/// program gets them.
pub const VARIABLES: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/// The manager that started this process, or none.
#[derive(Debug, Default)]
pub struct Manager {
    socket: Option<(UnixDatagram, SocketAddr)>,
    patience: Option<Duration>,
}

impl Manager {
    /// As the variables of this process say.
    #[must_use]
    pub fn of_this_process() -> Self {
        let of = |name: &str| std::env::var(name).ok();
        let [socket, usec, pid] = VARIABLES.map(of);
        Self::named(socket.as_deref(), usec.as_deref(), pid.as_deref())
    }

    /// By the values of the variables; what cannot be used is as good as nothing.
    #[must_use]
    pub fn named(socket: Option<&str>, usec: Option<&str>, pid: Option<&str>) -> Self {
        let Some(socket) = socket.and_then(open) else {
            return Self::default();
        };
        // A parent's watchdog is not ours.
        let ours = pid.is_none_or(|pid| pid == std::process::id().to_string());
        let usec = usec.and_then(|usec| usec.parse().ok());
        let patience = usec.filter(|usec| ours && *usec > 0);
        Self {
            socket: Some(socket),
            patience: patience.map(Duration::from_micros),
        }
    }
}

/// A socket of ours, and the address of theirs: a path, or `@` and a name without a file.
fn open(name: &str) -> Option<(UnixDatagram, SocketAddr)> {
    let address = match name.strip_prefix('@') {
        Some(name) => without_file(name)?,
        None if name.starts_with('/') => SocketAddr::from_pathname(name).ok()?,
        None => return None,
    };
    let socket = UnixDatagram::unbound().ok()?;
    // A manager that does not read holds nobody up.
    socket.set_nonblocking(true).ok()?;
    Some((socket, address))
}

#[cfg(target_os = "linux")]
fn without_file(name: &str) -> Option<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    SocketAddr::from_abstract_name(name).ok()
}

#[cfg(not(target_os = "linux"))]
fn without_file(_name: &str) -> Option<SocketAddr> {
    None
}

impl Service for Manager {
    fn tell(&self, news: News<'_>) {
        let Some((socket, address)) = &self.socket else {
            return;
        };
        let text = match news {
            News::Ready => "READY=1".to_owned(),
            // Type=notify needs no time beside it.
            News::Reloading => "RELOADING=1".to_owned(),
            News::Alive => "WATCHDOG=1".to_owned(),
            News::Status(line) => format!("STATUS={}", line.replace(['\n', '\0'], " ")),
            News::Stopping => "STOPPING=1".to_owned(),
        };
        let _ = socket.send_to_addr(text.as_bytes(), address);
    }

    fn patience(&self) -> Option<Duration> {
        self.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 512];
        socket
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let n = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..n].to_vec()).unwrap()
    }

    #[test]
    fn each_piece_of_news_is_one_datagram() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let theirs = UnixDatagram::bind(&path).unwrap();
        let manager = Manager::named(path.to_str(), Some("3000000"), None);
        assert_eq!(manager.patience(), Some(Duration::from_secs(3)));
        for (news, text) in [
            (News::Ready, "READY=1"),
            (News::Reloading, "RELOADING=1"),
            (News::Alive, "WATCHDOG=1"),
            (News::Status("a\nb"), "STATUS=a b"),
            (News::Stopping, "STOPPING=1"),
        ] {
            manager.tell(news);
            assert_eq!(heard(&theirs), text);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_socket_without_a_file_is_reached_too() {
        use std::os::linux::net::SocketAddrExt;
        let name = format!("dev-factory-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let theirs = UnixDatagram::bind_addr(&address).unwrap();
        Manager::named(Some(&format!("@{name}")), None, None).tell(News::Ready);
        assert_eq!(heard(&theirs), "READY=1");
    }

    #[test]
    fn what_cannot_be_used_is_as_good_as_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let theirs = UnixDatagram::bind(&path).unwrap();
        for (usec, pid) in [("0", None), ("soon", None), ("1000", Some("1"))] {
            assert_eq!(
                Manager::named(path.to_str(), Some(usec), pid).patience(),
                None
            );
        }
        let mine = std::process::id().to_string();
        let manager = Manager::named(path.to_str(), Some("1000"), Some(&mine));
        assert!(manager.patience().is_some());
        for name in [None, Some(""), Some("relative"), Some("/no/such/socket")] {
            let manager = Manager::named(name, Some("1000"), None);
            manager.tell(News::Ready);
        }
        assert!(
            Manager::named(None, Some("1000"), None)
                .patience()
                .is_none()
        );
        // A reader that lags must not stop the engine.
        for _ in 0..100_000 {
            manager.tell(News::Alive);
        }
        assert_eq!(heard(&theirs), "WATCHDOG=1");
    }
}
