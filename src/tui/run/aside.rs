//! The terminal given away and taken again: to the shell, to a pager or an editor, and after a stop.

use super::super::message::Message;
use super::super::signals::{Listening, Outside};
use super::super::terminal;
use super::{Desk, Left, STOPS, Sources};
use crate::factory::ports::desktop::Desktop;
use crossterm::event::EventStream;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long the reader of keys may take to let go of the terminal.
const LETS_GO: Duration = Duration::from_millis(30);

/// What the screens are put aside for.
pub(super) enum Job {
    /// Name and text for the pager.
    Page(String, String),
    /// A text for the editor.
    Edit(String),
}

impl Job {
    fn run(self, desktop: &dyn Desktop) -> Message {
        match self {
            Self::Page(name, text) => Message::Paged(desktop.page(&name, &text)),
            Self::Edit(text) => Message::Edited(desktop.edit(&text)),
        }
    }
}

/// The terminal.
impl Desk {
    pub(super) fn outside(&mut self, outside: Outside) -> io::Result<()> {
        match outside {
            Outside::Resize => self.resize(),
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
        // The whole job, as the terminal itself does it; without a shell that waits the kernel ignores it.
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
        let back = async {
            while let Some(outside) = listening.came.recv().await {
                match outside {
                    Outside::Continue if !terminal::in_front(&terminal) => stop()?,
                    Outside::Continue => break,
                    Outside::Resize => {}
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
        let Some(terminal) = terminal::give_back() else {
            return Ok(());
        };
        // What the terminal's keys send goes to us as well: it is meant for the program.
        from.listening.aside(true);
        from.keys = None;
        let desktop = Arc::clone(&self.desktop);
        let mut done = tokio::task::spawn_blocking(move || {
            // The reader of keys ends by itself; two readers would share what is typed.
            let _ = crossterm::event::poll(LETS_GO);
            job.run(&*desktop)
        });
        let message = loop {
            tokio::select! {
                done = &mut done => break done.map_err(io::Error::other)?,
                Some(outside) = from.listening.came.recv() => match outside {
                    Outside::Continue | Outside::Resize | Outside::Interrupt => {}
                    other => {
                        self.left = Some(Left::Outside(other));
                        return Ok(());
                    }
                },
            }
        };
        from.listening.aside(false);
        from.keys = Some(EventStream::new());
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
    Ok(rustix::process::kill_process(
        this,
        rustix::process::Signal::TTOU,
    )?)
}
