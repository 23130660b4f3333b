//! The program's own log in a few files: the newest is added to, full ones move on one number, the oldest goes.

use super::store::files;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Files of a log, the newest included.
const FILES: u64 = 5;

/// A log of at most so many bytes in all.
pub struct Rolling {
    path: PathBuf,
    file: File,
    len: u64,
    /// Bytes of one file.
    size: u64,
}

impl Rolling {
    /// Opens the newest file; `whole` is for all files together.
    pub fn open(path: &Path, whole: u64) -> io::Result<Self> {
        let file = files::grow(path)?;
        Ok(Self {
            len: file.metadata()?.len(),
            file,
            path: path.to_owned(),
            size: (whole / FILES).max(1),
        })
    }

    /// `engine.log`, `engine.1.log` ... from the newest on.
    fn numbered(&self, n: u64) -> PathBuf {
        match n {
            0 => self.path.clone(),
            n => self.path.with_extension(format!("{n}.log")),
        }
    }

    fn roll(&mut self) -> io::Result<()> {
        for n in (0..FILES - 1).rev() {
            match std::fs::rename(self.numbered(n), self.numbered(n + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.file = files::grow(&self.path)?;
        self.len = 0;
        Ok(())
    }
}

impl Write for Rolling {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.len > 0 && self.len + bytes.len() as u64 > self.size {
            self.roll()?;
        }
        let written = self.file.write(bytes)?;
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_log_stays_within_its_size_and_keeps_the_newest_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("engine.log");
        for n in 0..1000 {
            // Opened again now and then, as by one engine after another.
            let mut log = Rolling::open(&path, 5_000).unwrap();
            for m in 0..10 {
                writeln!(log, "line {:05}", n * 10 + m).unwrap();
            }
        }
        let mut all = fs::read_dir(dir.path()).unwrap().flatten();
        let sizes = all.by_ref().map(|entry| entry.metadata().unwrap().len());
        assert!((4_000..=5_000).contains(&sizes.sum::<u64>()));
        let names = [
            "engine.4.log",
            "engine.3.log",
            "engine.2.log",
            "engine.1.log",
            "engine.log",
        ];
        let text: String = names
            .iter()
            .map(|n| fs::read_to_string(dir.path().join(n)).unwrap())
            .collect();
        let lines: Vec<&str> = text.lines().collect();
        let kept = lines.len();
        let newest: Vec<String> = (10_000 - kept..10_000)
            .map(|n| format!("line {n:05}"))
            .collect();
        assert_eq!(lines, newest);
    }
}
