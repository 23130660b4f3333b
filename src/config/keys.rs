//! Where a key is; the key itself is fetched by whoever reads the settings.

/// Where a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// In an environment variable of this name.
    Variable(String),
    /// In a file only its owner can read.
    File(String),
    /// Printed by a command.
    Command(String),
}
