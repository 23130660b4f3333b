//! The person's desk on this machine: pager, editor, clipboard, files. None of these programs gets our environment.

mod clipboard;
mod programs;

use super::clock::SystemClock;
use crate::factory::ports::clock::Clock;
use crate::factory::ports::desktop::{Bell, Clip, Desktop, Kept};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Files of one name within one second.
const SAME: u32 = 100;

/// The desk of who looks at a home.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Folders for files, the first that can be written.
    folders: Vec<PathBuf>,
}

impl Desk {
    /// Files go to the logs of the home, else to the current folder; always there where a home is only read.
    #[must_use]
    pub fn new(home: &Path, readonly: bool) -> Self {
        let logs = home.join("dev-factory/logs");
        let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let folders = if readonly {
            vec![here]
        } else {
            vec![logs, here]
        };
        Self { folders }
    }
}

impl Desktop for Desk {
    fn page(&self, name: &str, text: &str) -> Result<(), String> {
        programs::page(name, text)
    }

    fn edit(&self, text: &str) -> Result<String, String> {
        programs::edit(text)
    }

    fn clip(&self, text: &str) -> Result<Clip, String> {
        clipboard::send(text)
    }

    fn file(&self, name: &str) -> Result<Kept, String> {
        let now = SystemClock.now().with_timezone(&chrono::Local);
        let stamp = now.format("%Y%m%d-%H%M%S");
        let mut why = String::new();
        for folder in &self.folders {
            for n in 0..SAME {
                let number = if n == 0 {
                    String::new()
                } else {
                    format!("-{n}")
                };
                let path = folder.join(format!("{name}-{stamp}{number}.txt"));
                let mut options = OpenOptions::new();
                match options.write(true).create_new(true).mode(0o600).open(&path) {
                    Ok(file) => {
                        let path = path.display().to_string();
                        let file = Box::new(file);
                        return Ok(Kept { path, file });
                    }
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    Err(error) => {
                        why = format!("{}: {error}", path.display());
                        break;
                    }
                }
            }
        }
        Err(format!("nothing could be saved: {why}"))
    }

    fn ring(&self, bell: Bell, words: &str) -> Vec<u8> {
        clipboard::ring(bell, words)
    }
}
