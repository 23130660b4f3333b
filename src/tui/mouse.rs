//! The mouse: what it did where, and what stands there.

use super::tabs::Tab;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

/// What it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// A click.
    Click,
    /// The wheel, upwards.
    Up,
    /// The wheel, downwards.
    Down,
}

/// What it did, and where: column and row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub did: Did,
    /// Where.
    pub at: (u16, u16),
}

impl Mouse {
    /// What crossterm reports, where it means something here.
    #[must_use]
    pub fn of(event: MouseEvent) -> Option<Self> {
        let did = match event.kind {
            MouseEventKind::Down(MouseButton::Left) => Did::Click,
            MouseEventKind::ScrollUp => Did::Up,
            MouseEventKind::ScrollDown => Did::Down,
            _ => return None,
        };
        Some(Self {
            did,
            at: (event.column, event.row),
        })
    }
}

/// What can be hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// A tab's name.
    Tab(Tab),
    /// What waits for a person.
    Needs,
    /// A row of the tab's list, from 0.
    Row(usize),
    /// A row of the log.
    Line(i64),
}
