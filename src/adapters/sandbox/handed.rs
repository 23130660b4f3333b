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
    let made = |more| memfd_create("dev-factory", MemfdFlags::CLOEXEC | more);
    let file = match made(MemfdFlags::NOEXEC_SEAL) {
        // Kernels before 6.3 know no such seal; with vm.memfd_noexec=2 later ones make no file without it.
        Err(rustix::io::Errno::INVAL) => made(MemfdFlags::empty()),
        file => file,
    };
    // A filter of system calls around us may bar it.
    file.map_or_else(|_| tempfile::tempfile(), |file| Ok(file.into()))
}

#[cfg(not(target_os = "linux"))]
fn nameless() -> io::Result<File> {
    tempfile::tempfile()
}

/// What a word of our command line names: a text that was handed over, or itself.
///
/// # Errors
/// When nothing is open under its number, or what is there cannot be read or is no text.
pub fn text(word: &str) -> io::Result<String> {
    match word.parse() {
        Ok(number @ 3..) => taken(number),
        _ => Ok(word.to_owned()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::IntoRawFd;

    /// The word of a text that nobody here owns any more.
    fn given(bytes: &[u8]) -> String {
        let mut handed = Handed::default();
        let word = handed.over(bytes).unwrap();
        for file in handed.0 {
            let _ = file.into_raw_fd();
        }
        word
    }

    #[test]
    fn a_text_that_is_handed_over_is_read_whole_and_what_is_no_number_is_the_text() {
        assert_eq!(text(&given(b"{\"a\": 1}")).unwrap(), "{\"a\": 1}");
        // The first three are not ours to take, and below nothing there is no file.
        for word in ["a word", "", "-1", "0", "2"] {
            assert_eq!(text(word).unwrap(), word);
        }
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        assert!(text(&i32::MAX.to_string()).is_err());
        let error = text(&given(b"\xff")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nobody_can_run_a_text_where_the_kernel_knows_of_that() {
        use std::os::unix::fs::PermissionsExt;
        let sealed = rustix::fs::memfd_create("", rustix::fs::MemfdFlags::NOEXEC_SEAL).is_ok();
        let mode = nameless().unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o111 == 0, sealed);
    }
}
