//! The terminal given away and taken again: to the shell, to a pager or an editor, and after a stop.

use super::super::message::Message;
use super::super::signals::{Listening, Outside};
use super::super::terminal;
use super::sources::Sources;
use super::{Desk, Left, STOPS};
use crate::factory::ports::desktop::Desktop;
use crate::factory::ports::operator::Operator;
use crossterm::event::EventStream;
use rustix::process::Signal;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long the reader of keys may take to let go of the terminal.
const LETS_GO: Duration = Duration::from_millis(30);

/// Stops a process that a shell waits for, and no other.
const STOPS_US: Signal = Signal::TTOU;

/// What the screens are put aside for.
pub(super) enum Job {
    /// Name and text for the pager.
    Page(String, String),
    /// A text for the editor.
    Edit(String),
    /// A host to be looked at, and the pager for what was found.
    Doctor(String),
}

impl Job {
    /// What stands on the terminal until there is something to show.
    fn words(&self) -> Option<String> {
        match self {
            Self::Doctor(host) => Some(format!("doctor --host {host}: no turn is taken\n")),
            Self::Page(..) | Self::Edit(_) => None,
        }
    }

    fn run(self, desktop: &dyn Desktop, operator: &dyn Operator) -> Message {
        match self {
            Self::Page(name, text) => Message::Paged(desktop.page(&name, &text)),
            Self::Edit(text) => Message::Edited(desktop.edit(&text)),
            Self::Doctor(host) => {
                let found = operator.doctor(&host);
                Message::Paged(found.and_then(|text| desktop.page("doctor", &text)))
            }
        }
    }
}

/// The terminal.
impl Desk {
    pub(super) fn outside(&mut self, outside: Outside) -> io::Result<()> {
        match outside {
            Outside::Resize => self.resize(),
            Outside::Suspend => self.stops = true,
            // In the background there is nothing to show, and the shell's page to spoil.
            Outside::Continue if !terminal::held_in_front() => stop()?,
            Outside::Continue => {
                if let Some(terminal) = terminal::give_back() {
                    self.enter(terminal)?;
                }
            }
            other => self.left = Some(Left::Outside(other)),
        }
        Ok(())
    }

    pub(super) fn resize(&mut self) {
        let (columns, rows) = terminal::size();
        if self.model.size != (columns, rows) {
            self.take(Message::Resize(columns, rows), false);
        }
    }

    /// Gives the terminal to the shell until it is given again.
    pub(super) async fn suspend(&mut self, listening: &mut Listening) -> io::Result<()> {
        let Some(terminal) = terminal::give_back() else {
            return Ok(());
        };
        // The whole job, as the terminal itself does it. Not by SIGTSTP, which comes back to us; nor by SIGSTOP, from which
        // nobody would wake us where no shell waits: there the kernel ignores this one.
        rustix::process::kill_current_process_group(STOPS_US)?;
        let back = async {
            while let Some(outside) = listening.came.recv().await {
                match outside {
                    Outside::Continue if !terminal::in_front(&terminal) => stop()?,
                    Outside::Continue => break,
                    Outside::Resize | Outside::Suspend => {}
                    other => return Ok(Some(Left::Outside(other))),
                }
            }
            Ok::<_, io::Error>(None)
        };
        self.left = timeout(STOPS, back).await.unwrap_or(Ok(None))?;
        match self.left {
            Some(_) => Ok(()),
            None => self.enter(terminal),
        }
    }

    /// Gives the terminal to another program until that ends.
    pub(super) async fn put_aside(&mut self, job: Job, from: &mut Sources) -> io::Result<()> {
        let Some(mut terminal) = terminal::give_back() else {
            return Ok(());
        };
        if let Some(words) = job.words() {
            terminal.write_all(words.as_bytes())?;
        }
        // What the terminal's keys send goes to us as well: it is meant for the program.
        from.listening.aside(true);
        from.keys = None;
        let (desktop, operator) = (Arc::clone(&self.desktop), Arc::clone(&self.operator));
        let mut done = tokio::task::spawn_blocking(move || {
            // The reader of keys ends by itself; two readers would share what is typed.
            let _ = crossterm::event::poll(LETS_GO);
            job.run(&*desktop, &*operator)
        });
        let message = loop {
            tokio::select! {
                done = &mut done => break done.map_err(io::Error::other)?,
                Some(outside) = from.listening.came.recv() => match outside {
                    // The other program stops, too: the shell waits for us.
                    Outside::Suspend => stop()?,
                    Outside::Continue | Outside::Resize | Outside::Interrupt => {}
                    other => {
                        self.left = Some(Left::Outside(other));
                        return Ok(());
                    }
                },
            }
        };
        from.listening.aside(false);
        from.keys = Some(Box::pin(EventStream::new()));
        self.enter(terminal)?;
        self.take(message, true);
        Ok(())
    }

    /// Takes the terminal again; what happened meanwhile is shown.
    fn enter(&mut self, terminal: File) -> io::Result<()> {
        terminal::take(terminal)?;
        self.screen.forget();
        self.resize();
        self.on_time();
        self.look();
        self.pacer.changed(Instant::now(), true);
        Ok(())
    }
}

/// Stops this process as a write from the background would.
fn stop() -> io::Result<()> {
    let this = rustix::process::getpid();
    Ok(rustix::process::kill_process(this, STOPS_US)?)
}
