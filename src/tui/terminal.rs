//! The terminal itself: put into the state the screens need, written to one frame at a time, always given back as it was.

mod sixteen;

use super::model::Model;
use super::view;
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::queue;
use crossterm::style::{Attribute, SetAttribute, force_color_output};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

/// The terminal while the screens have it. Whoever takes it out gives it back: that happens once.
static HELD: Mutex<Option<File>> = Mutex::new(None);

/// The screens want the mouse whenever they have the terminal.
static MOUSE: AtomicBool = AtomicBool::new(false);
/// Clicks and the wheel, in coordinates of any size; no movements, which would flood a slow line.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// How long giving back waits for a frame that is being written, or for a terminal that takes nothing.
const PATIENCE: Duration = Duration::from_millis(100);

/// What is shown, and what is to be shown next.
pub struct Screen {
    shown: Buffer,
    next: Buffer,
    bytes: Vec<u8>,
    sent: Vec<u8>,
    whole: bool,
}

impl Screen {
    /// Takes the terminal: raw, on its other page, without a cursor.
    pub fn enter(terminal: File) -> io::Result<Self> {
        // With NO_COLOR crossterm would write codes that cancel reverse video too; themes decide about colours.
        force_color_output(true);
        take(terminal)?;
        Ok(Self {
            shown: Buffer::default(),
            next: Buffer::default(),
            bytes: Vec::new(),
            sent: Vec::new(),
            whole: true,
        })
    }

    /// Draws everything again with the next frame, whatever the terminal shows now.
    pub fn forget(&mut self) {
        self.whole = true;
    }

    /// Shows the model; writes what changed with one call, and nothing when nothing did.
    pub fn draw(&mut self, model: &Model) -> io::Result<()> {
        let area = Rect::new(0, 0, model.size.0, model.size.1);
        self.next.resize(area);
        self.next.reset();
        view::draw(model, area, &mut self.next);
        if self.shown.area != area || self.whole {
            self.shown.resize(area);
            self.shown.reset();
            self.whole = true;
        }
        let changes = self.shown.diff(&self.next);
        if changes.is_empty() && !self.whole {
            return Ok(());
        }
        self.bytes.clear();
        queue!(self.bytes, BeginSynchronizedUpdate)?;
        if self.whole {
            queue!(
                self.bytes,
                SetAttribute(Attribute::Reset),
                Clear(ClearType::All),
                MoveTo(0, 0)
            )?;
        }
        CrosstermBackend::new(&mut self.bytes).draw(changes.into_iter())?;
        queue!(self.bytes, EndSynchronizedUpdate)?;
        self.sent.clear();
        sixteen::short(&self.bytes, &mut self.sent);
        let mut held = held();
        // Given back meanwhile: there is nothing to draw on.
        let Some(terminal) = held.as_mut() else {
            return Ok(());
        };
        terminal.write_all(&self.sent)?;
        drop(held);
        std::mem::swap(&mut self.shown, &mut self.next);
        self.whole = false;
        Ok(())
    }
}

/// Takes the mouse, or leaves it to the terminal.
pub fn mouse(on: bool) -> io::Result<()> {
    MOUSE.store(on, Ordering::SeqCst);
    say(if on { MOUSE_ON } else { MOUSE_OFF })
}

/// Sends the terminal what is no picture: a call, a text for the clipboard.
pub fn say(bytes: &[u8]) -> io::Result<()> {
    match held().as_mut() {
        Some(terminal) => terminal.write_all(bytes),
        None => Ok(()),
    }
}

/// Columns and rows of the terminal; a terminal that does not know has 80 by 24.
#[must_use]
pub fn size() -> (u16, u16) {
    let held = held();
    let size = held
        .as_ref()
        .and_then(|terminal| rustix::termios::tcgetwinsize(terminal).ok());
    match size {
        Some(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        _ => (80, 24),
    }
}

/// Whether the terminal is ours to write to: a shell that let us go on in the background keeps it. One that is gone is
/// nobody's, and no reason to wait.
#[must_use]
pub fn in_front(terminal: &File) -> bool {
    // SAFETY: it takes nothing and always succeeds. Not by rustix, which takes for granted that it is above 0: our group
    // may have its leader outside of our process namespace.
    let own = unsafe { libc::getpgrp() };
    let group = rustix::termios::tcgetpgrp(terminal);
    group.is_err() || group.is_ok_and(|group| group.as_raw_nonzero().get() == own)
}

/// The same of the terminal that is held.
#[must_use]
pub fn held_in_front() -> bool {
    held().as_ref().is_none_or(in_front)
}

/// Puts the terminal into the state of the screens and holds it.
pub fn take(mut terminal: File) -> io::Result<()> {
    let mut held = held();
    enable_raw_mode()?;
    let mut bytes = Vec::new();
    queue!(bytes, EnterAlternateScreen, Hide, EnableBracketedPaste)?;
    if MOUSE.load(Ordering::SeqCst) {
        bytes.extend_from_slice(MOUSE_ON);
    }
    let written = terminal.write_all(&bytes);
    *held = Some(terminal);
    drop(held);
    written.inspect_err(|_| {
        give_back();
    })
}

/// Gives the terminal back as it was, once; the terminal, if it was held. For every way out, a panic's included.
pub fn give_back() -> Option<File> {
    let Some(mut held) = patiently() else {
        let _ = disable_raw_mode();
        return None;
    };
    let mut terminal = held.take()?;
    let mut bytes = MOUSE_OFF.to_vec();
    let queued = queue!(
        bytes,
        EndSynchronizedUpdate,
        DisableBracketedPaste,
        SetAttribute(Attribute::Reset),
        Show,
        LeaveAlternateScreen
    );
    // A terminal that takes nothing, or is gone, must not hold us.
    if queued.is_ok() && takes(&terminal) {
        let _ = terminal.write_all(&bytes);
    }
    let _ = disable_raw_mode();
    Some(terminal)
}

fn takes(terminal: &File) -> bool {
    let wait = Timespec {
        tv_sec: 0,
        tv_nsec: 100_000_000,
    };
    let mut fds = [PollFd::new(terminal, PollFlags::OUT)];
    matches!(poll(&mut fds, Some(&wait)), Ok(1))
        && fds.iter().all(|fd| {
            fd.revents().contains(PollFlags::OUT) && !fd.revents().contains(PollFlags::HUP)
        })
}

fn held() -> MutexGuard<'static, Option<File>> {
    HELD.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The lock, even where its holder is stuck in a write or is the one that panics: then there is nobody to wait for.
fn patiently() -> Option<MutexGuard<'static, Option<File>>> {
    let end = Instant::now() + PATIENCE;
    loop {
        match HELD.try_lock() {
            Ok(held) => return Some(held),
            Err(TryLockError::Poisoned(held)) => return Some(held.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() >= end => return None,
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}
