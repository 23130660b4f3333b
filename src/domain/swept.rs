//! What housekeeping takes away, by name, so that whoever misses it later is told.

use serde::{Deserialize, Serialize};

/// Papers that are no longer needed, by tool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swept {
    /// Finished tools whose transcripts go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transcripts: Vec<String>,
    /// Finished tools of whose evidence only the newest run stays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// How many files that are.
    pub files: u64,
    /// How large they are together.
    pub bytes: u64,
}

impl Swept {
    /// Nothing has to go.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files == 0
    }

    /// In a sentence for people.
    #[must_use]
    pub fn words(&self) -> String {
        let of = |what: &str, tools: &[String]| match tools {
            [] => None,
            [one] => Some(format!("{what} of {one}")),
            [one, rest @ ..] => Some(format!("{what} of {one} and {} more tools", rest.len())),
        };
        let parts = [
            of("transcripts", &self.transcripts),
            of("evidence of older runs", &self.evidence),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        format!(
            "housekeeping: {} rotated away ({} files, {:.1} MiB); sizes are set under [keep]",
            parts.join(", "),
            self.files,
            self.bytes as f64 / (1024.0 * 1024.0)
        )
    }
}

/// A tool whose papers housekeeping may thin out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its name.
    pub tool: String,
    /// The run whose evidence stays.
    pub run: u32,
    /// It is not finished but put aside: its papers go only when nobody has written to them for long.
    pub aside: bool,
}
