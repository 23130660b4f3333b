//! Texts for the processes that start a run, each in a file without a name: command lines are what people read in lists
//! of processes and of services, and stay short.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Open files that whoever is started is to have.
#[derive(Debug, Default)]
pub struct Handed(Vec<OwnedFd>);

impl Handed {
    /// Puts a text into one; the word that names it.
    pub fn over(&mut self, text: &[u8]) -> io::Result<String> {
        let mut file = nameless()?;
        file.write_all(text)?;
        file.rewind()?;
        let word = file.as_raw_fd().to_string();
        self.0.push(file.into());
        Ok(word)
    }

    /// Their numbers.
    pub fn numbers(&self) -> Vec<i32> {
        self.0.iter().map(AsRawFd::as_raw_fd).collect()
    }
}

/// A file in memory: a full disk keeps no run from being started.
#[cfg(target_os = "linux")]
fn nameless() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};
    Ok(memfd_create("dev-factory", MemfdFlags::CLOEXEC)?.into())
}

#[cfg(not(target_os = "linux"))]
fn nameless() -> io::Result<File> {
    tempfile::tempfile()
}

/// What a word of our command line names: a text that was handed over, or itself.
pub fn text(word: &str) -> String {
    match word.parse() {
        Ok(number) => taken(number).unwrap_or_default(),
        Err(_) => word.to_owned(),
    }
}

fn taken(number: i32) -> io::Result<String> {
    // SAFETY: a number that is not open only makes the call fail.
    rustix::io::fcntl_getfd(unsafe { BorrowedFd::borrow_raw(number) })?;
    // SAFETY: whoever started us left this number open for the text, and nobody else here owns it.
    let mut file = File::from(unsafe { OwnedFd::from_raw_fd(number) });
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text)
}
