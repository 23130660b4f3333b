//! Theme files of a home, as texts; what they mean is the screens' business.

use std::sync::Arc;
use tokio::sync::watch;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThemeFile {
    /// By which it is chosen: the file's, without its ending.
    pub name: String,
    /// As shown to people.
    pub file: String,
    /// What is in it, or why it cannot be read.
    pub text: Result<String, String>,
}

/// All files of a home; changes when one of them does.
pub type ThemeFiles = watch::Receiver<Arc<[ThemeFile]>>;
