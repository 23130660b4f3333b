//! Starting a process on a machine that has no room for one at this moment.

use std::io;
use std::thread::sleep;
use std::time::Duration;

/// Pauses before a process is tried for again: runs end within seconds, what lasts longer is a fault of the machine.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(20),
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1000),
    Duration::from_millis(2000),
];

/// Starts a process; while all that its user may have are running, it is tried for again, about four seconds long.
pub fn patiently<T>(mut start: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for pause in PAUSES {
        match start() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(pause),
            other => return other,
        }
    }
    start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_cannot_be_had_at_this_moment_is_tried_for_again() {
        let mut left = 2;
        let started = patiently(|| {
            left -= 1;
            match left {
                0 => Ok("started"),
                _ => Err(io::Error::from(rustix::io::Errno::AGAIN)),
            }
        });
        assert_eq!((started.unwrap(), left), ("started", 0));
        let mut times = 0;
        let missing = patiently(|| -> io::Result<()> {
            times += 1;
            Err(io::ErrorKind::NotFound.into())
        });
        assert_eq!(
            (missing.unwrap_err().kind(), times),
            (io::ErrorKind::NotFound, 1)
        );
    }
}
