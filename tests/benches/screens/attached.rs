//! A home with an idle engine, and screens attached to it.

use super::homes;
use super::pty::{Ends, Pty};
use std::path::{Path, PathBuf};

/// The home; its engine ends with it.
pub struct World {
    pub home: PathBuf,
    dir: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        Self::with(homes::SCRIPTED, |_| ())
    }

    /// A home that is filled before its engine starts.
    pub fn with(settings: &str, fill: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = homes::make(dir.path(), &[], settings);
        fill(&home);
        let up = homes::program(dir.path(), &["--home", "home", "up"]).output();
        assert!(up.unwrap().status.success(), "the engine does not start");
        Self { home, dir }
    }

    /// Screens that have just been started; nothing is waited for.
    pub fn begin(&self) -> Pty {
        Pty::run(self.dir.path(), &["--home", "home"], &[])
    }

    /// A script in a terminal of its own, to compare with.
    pub fn script(&self, text: &str) -> Pty {
        Pty::script(self.dir.path(), text)
    }

    /// Screens with their first picture.
    pub fn open(&self) -> Pty {
        let pty = self.begin();
        pty.shows("q leave, work goes on");
        pty
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(Ends(&self.home));
    }
}

/// The value below which a share of all lie.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len().saturating_sub(1) as f64 * share).round() as usize;
    values[at]
}

/// A line of the report.
pub fn row(what: &str, value: f64, aim: &str) {
    println!("{what:52}{value:>10.2}  {aim}");
}
