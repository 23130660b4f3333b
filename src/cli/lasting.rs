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
    /// Lines that were refused and not told yet.
    lost: u64,
    /// What went out last was cut within a line.
    cut: bool,
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
            cut: false,
        }
    }

    /// What was lost until now, on a line of its own.
    fn gap(&self) -> String {
        let end = if self.cut { "\n" } else { "" };
        match (self.lost, self.json) {
            (0, _) => String::new(),
            (lost, true) => format!("{end}{{\"lost\":{lost}}}\n"),
            (lost, false) => {
                let lines = plural(lost, "line");
                format!("{end}         ({lines} lost: this output could not be written)\n")
            }
        }
    }

    /// Writes what there is room for; how much that was.
    fn put(&mut self, bytes: &[u8]) -> (usize, io::Result<()>) {
        let mut done = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            match self.out.write(rest) {
                Ok(0) => return (done, Err(io::ErrorKind::WriteZero.into())),
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (done, Err(error)),
            }
        }
        (done, Ok(()))
    }
}

impl<W: Write> Write for Lasting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let gap = self.gap();
        let all = [gap.as_bytes(), &std::mem::take(&mut self.pending)].concat();
        let (done, written) = self.put(&all);
        if done >= gap.len() {
            self.lost = 0;
        }
        if let Some(last) = done.checked_sub(1).and_then(|at| all.get(at)) {
            self.cut = *last != b'\n';
        }
        match written {
            Err(error) if self.terminal || error.kind() == io::ErrorKind::BrokenPipe => Err(error),
            Err(_) => {
                let refused = all.get(done.max(gap.len())..).unwrap_or_default();
                self.lost += memchr::memchr_iter(b'\n', refused).count() as u64;
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

    /// What comes of these lines, each with so much room.
    fn told(json: bool, lines: &[(usize, &str)]) -> String {
        let mut disk = Disk {
            room: 0,
            held: Vec::new(),
        };
        let (mut lost, mut cut) = (0, false);
        for (room, line) in lines {
            disk.room = *room;
            let mut out = Lasting::new(&mut disk, json, false);
            (out.lost, out.cut) = (lost, cut);
            out.write_all(line.as_bytes()).unwrap();
            out.flush().unwrap();
            (lost, cut) = (out.lost, out.cut);
        }
        String::from_utf8(disk.held).unwrap()
    }

    #[test]
    fn what_a_full_disk_refuses_is_counted_and_told_once_there_is_room() {
        let cut = [
            (9, "first\n"),
            (3, "second\n"),
            (0, "third\n"),
            (99, "fourth\n"),
        ];
        let gap = "\n         (2 lines lost: this output could not be written)\n";
        assert_eq!(told(false, &cut), format!("first\nsec{gap}fourth\n"));
        assert_eq!(told(true, &cut), "first\nsec\n{\"lost\":2}\nfourth\n");
        let whole = [(9, "first\n"), (0, "second\nthird\n"), (99, "fourth\n")];
        assert_eq!(told(true, &whole), "first\n{\"lost\":2}\nfourth\n");
        // What is told of it may not fit either.
        let twice = [(0, "first\n"), (5, "second\n"), (99, "third\n")];
        assert_eq!(told(true, &twice), "{\"los\n{\"lost\":2}\nthird\n");
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
