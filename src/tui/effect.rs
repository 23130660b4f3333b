//! What update asks the world for. The loop carries it out.

use super::book::Filter;
use crate::domain::command::{Seen, Verb};
use crate::domain::item::ItemStatus;
use crate::domain::shift::Bookmark;
use crate::factory::ports::desktop::Bell;
use crate::factory::ports::reader::{Ask, Mark};
use chrono::FixedOffset;

/// Something to be done outside the model.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send a command to the engine; its answer comes back as a message.
    Send(Verb, Option<Seen>),
    /// Write a host's address into the settings file that names the host.
    Address {
        /// Its name in the settings.
        host: String,
        /// Where it is now.
        url: String,
    },
    /// Have a text edited in $EDITOR; it comes back as a message.
    Edit(String),
    /// Have a host looked at, and show in the pager what was found.
    Doctor(String),
    /// Start the engine of the home in the background.
    StartEngine,
    /// Read older log lines from disk.
    Older,
    /// Show a text in the pager, under a name.
    Page(String, String),
    /// Send a text to the clipboard.
    Clip(String),
    /// Save a text to a file, under a name.
    Keep(String, String),
    /// Save every line on disk that is wanted, with times of a zone.
    Export(Filter, Option<FixedOffset>),
    /// Stop saving.
    StopExport,
    /// Call the person, by words.
    Ring(Bell, String),
    /// Send the terminal these bytes.
    Terminal(Vec<u8>),
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Read the figures up to the newest event.
    Figures,
    /// Put this person's mark: what came up to it has been read.
    MarkRead(Bookmark),
    /// Save a text in a file of this name and tell where it lies.
    Save { name: String, text: String },
    /// Read a tool's events after a number, which end at a mark; None = the newest.
    Events(String, u64, Option<Mark>),
    /// Read a piece of what the tool left behind.
    Piece(Ask),
    /// Draw everything again, whatever the terminal shows.
    Redraw,
    /// Put the screens aside until the shell continues them.
    Suspend,
    /// Leave; the engine goes on.
    Leave,
}

/// What a command is about, as its sender saw it when it was begun: it is not sent once that has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The tool under way and its phase; the engine looks at them again.
    pub seen: Option<Seen>,
    /// An item of the queue and where it stood; None = wherever that is.
    pub item: Option<(String, Option<ItemStatus>)>,
}
