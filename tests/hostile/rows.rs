//! The table of attacks.

use super::attack::Row;

#[path = "rows/engine.rs"]
mod engine;
#[path = "rows/files.rs"]
mod files;
#[path = "rows/limits.rs"]
mod limits;
#[path = "rows/network.rs"]
mod network;
#[path = "rows/packages.rs"]
mod packages;
#[path = "rows/processes.rs"]
mod processes;
#[path = "rows/reading.rs"]
mod reading;
#[path = "rows/reports.rs"]
mod reports;
#[path = "rows/terminal.rs"]
mod terminal;
#[path = "rows/writing.rs"]
mod writing;

/// Every row, by number.
pub fn all() -> Vec<Row> {
    let groups = [
        engine::rows(),
        files::rows(),
        limits::rows(),
        network::rows(),
        packages::rows(),
        processes::rows(),
        reading::rows(),
        reports::rows(),
        terminal::rows(),
        writing::rows(),
    ];
    let mut all: Vec<Row> = groups.into_iter().flatten().collect();
    all.sort_by_key(|row| row.number);
    all
}
