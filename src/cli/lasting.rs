//! Standard output as an engine writes it: lines that a full disk refuses are lost, counted and told later, and the
//! engine works on.

use crate::text::plural::plural;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

/// An output whose lines go out at each flush. What it refuses is no error, unless nobody reads any more.
pub struct Lasting<W> {
    out: W,
    json: bool,
    /// Whether the end of it is a terminal: one that refuses is gone.
    terminal: bool,
    pending: Vec<u8>,
    lost: u64,
}

impl Lasting<File> {
    /// Standard output; `json`: each line is an object.
    pub fn stdout(json: bool) -> io::Result<Self> {
        let out = io::stdout();
        let terminal = out.is_terminal();
        // Not through the library's own buffer: it would keep what was refused, and send it twice.
        let file = File::from(out.as_fd().try_clone_to_owned()?);
        Ok(Self::new(file, json, terminal))
    }
}

impl<W: Write> Lasting<W> {
    fn new(out: W, json: bool, terminal: bool) -> Self {
        Self {
            out,
            json,
            terminal,
            pending: Vec::new(),
            lost: 0,
        }
    }

    /// What was lost until now, on a line of its own whatever was cut before it.
    fn gap(&self) -> String {
        match (self.lost, self.json) {
            (0, _) => String::new(),
            (lost, true) => format!("\n{{\"lost\":{lost}}}\n"),
            (lost, false) => {
                let lines = plural(lost, "line");
                format!("\n         ({lines} lost: this output could not be written)\n")
            }
        }
    }
}

impl<W: Write> Write for Lasting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let gap = self.gap();
        let written = self.out.write_all(gap.as_bytes());
        if written.is_ok() {
            self.lost = 0;
        }
        match written.and_then(|()| self.out.write_all(&pending)) {
            Err(error) if self.terminal || error.kind() == io::ErrorKind::BrokenPipe => Err(error),
            Err(_) => {
                self.lost += memchr::memchr_iter(b'\n', &pending).count() as u64;
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    /// Takes bytes until it is full, the last ones in part, as a disk does.
    struct Disk {
        room: usize,
        held: Vec<u8>,
    }

    impl Write for &mut Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.room);
            if taken == 0 && !bytes.is_empty() {
                return Err(ErrorKind::StorageFull.into());
            }
            self.room -= taken;
            self.held.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn told(json: bool) -> String {
        let mut disk = Disk {
            room: 9,
            held: Vec::new(),
        };
        let mut lost = 0;
        for (room, line) in [
            (9, "first\n"),
            (3, "second\n"),
            (0, "third\n"),
            (99, "fourth\n"),
        ] {
            disk.room = room;
            let mut out = Lasting::new(&mut disk, json, false);
            out.lost = lost;
            out.write_all(line.as_bytes()).unwrap();
            out.flush().unwrap();
            lost = out.lost;
        }
        String::from_utf8(disk.held).unwrap()
    }

    #[test]
    fn what_a_full_disk_refuses_is_counted_and_told_once_there_is_room() {
        let gap = "\n         (2 lines lost: this output could not be written)\n";
        assert_eq!(told(false), format!("first\nsec{gap}fourth\n"));
        assert_eq!(told(true), "first\nsec\n{\"lost\":2}\nfourth\n");
    }

    #[test]
    fn a_terminal_that_refuses_and_a_pipe_without_a_reader_are_gone() {
        let mut disk = Disk {
            room: 0,
            held: Vec::new(),
        };
        let mut out = Lasting::new(&mut disk, false, true);
        out.write_all(b"words\n").unwrap();
        assert_eq!(out.flush().unwrap_err().kind(), ErrorKind::StorageFull);
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut out = Lasting::new(writer, false, false);
        out.write_all(b"words\n").unwrap();
        assert_eq!(out.flush().unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}
