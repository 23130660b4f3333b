//! The loop: keys, the engine's news and answers into the model; its effects out; frames when something changed.

mod aside;
mod sources;

use self::aside::Job;
use self::sources::{News, Sources};
use super::crash::Crash;
use super::effect::Effect;
use super::errands::Errands;
use super::key::Key;
use super::life::Life;
use super::message::Message;
use super::model::{Engine, Model};
use super::mouse::Mouse;
use super::pacer::Pacer;
use super::signals::{self, Outside};
use super::terminal::{self, Screen};
use super::update::update;
use crate::domain::screen::{EngineId, LogLine, Snapshot};
use crate::factory::ports::clock::Clock;
use crate::factory::ports::desktop::Desktop;
use crate::factory::ports::feed::Feed;
use crate::factory::ports::operator::Operator;
use crate::factory::ports::reader::Reader;
use crate::factory::ports::themes::ThemeFiles;
use crossterm::event::{Event, EventStream};
use futures_util::future::FutureExt;
use std::fs::File;
use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, timeout};

/// The first frame waits this long for something to show.
const FIRST: Duration = Duration::from_millis(30);
/// A stop that has not come by then will not come: there is no shell to go back to.
const STOPS: Duration = Duration::from_millis(200);

/// What is still on its way to an engine that answers when the screens are left is waited for so long.
const LEAVES: Duration = Duration::from_secs(5);

/// What the screens are run with.
pub struct Parts {
    /// The terminal, for reading its state and for writing.
    pub terminal: File,
    /// A model that knows nothing yet.
    pub model: Model,
    /// The engine's news.
    pub feed: Feed,
    /// The home's past.
    pub reader: Arc<dyn Reader>,
    /// The operator's hand.
    pub operator: Arc<dyn Operator>,
    /// The operator's desk.
    pub desktop: Arc<dyn Desktop>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The home's theme files.
    pub themes: ThemeFiles,
    /// When it is over by itself; None = never.
    pub over: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

/// Why the screens were left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The operator asked.
    Asked,
    /// It was over by itself.
    Over,
    /// A signal, or the terminal is gone.
    Outside(Outside),
    /// Something panicked; the message has been printed.
    Panicked,
}

/// Shows the screens until they are left; the terminal is as it was afterwards.
pub async fn run(parts: Parts) -> io::Result<Left> {
    let crash = Crash::watch();
    let listening = signals::listen(parts.terminal.try_clone()?)?;
    let screen = Screen::enter(parts.terminal)?;
    let (back, answers) = unbounded_channel();
    let errands = Errands::new(
        parts.reader.clone(),
        parts.operator.clone(),
        parts.desktop.clone(),
        back,
    );
    let outbox = errands.outbox();
    let desk = Desk {
        errands,
        model: parts.model,
        screen,
        pacer: Pacer::default(),
        reader: parts.reader,
        operator: parts.operator,
        desktop: parts.desktop,
        clock: parts.clock,
        writer: None,
        life: Life::Nobody,
        stops: false,
        job: None,
        left: None,
    };
    let sources = Sources {
        keys: Some(Box::pin(EventStream::new())),
        feed: parts.feed,
        answers,
        listening,
        themes: parts.themes,
        over: parts
            .over
            .unwrap_or_else(|| Box::pin(std::future::pending())),
        more: (true, true),
    };
    let went = AssertUnwindSafe(desk.work(sources, &crash))
        .catch_unwind()
        .await;
    terminal::give_back();
    // Who typed q behind a command meant the command, too.
    let _ = outbox.emptied(LEAVES);
    went.unwrap_or(Ok(Left::Panicked))
}

/// The model with everything around it.
struct Desk {
    model: Model,
    screen: Screen,
    pacer: Pacer,
    errands: Errands,
    reader: Arc<dyn Reader>,
    operator: Arc<dyn Operator>,
    desktop: Arc<dyn Desktop>,
    clock: Arc<dyn Clock>,
    /// Who wrote the newest snapshot.
    writer: Option<EngineId>,
    /// Its life.
    life: Life,
    /// The screens are to be put aside.
    stops: bool,
    /// What they are to be put aside for.
    job: Option<Job>,
    left: Option<Left>,
}

impl Desk {
    async fn work(mut self, mut from: Sources, crash: &Crash) -> io::Result<Left> {
        if self.model.mouse {
            terminal::mouse(true)?;
        }
        self.resize();
        let told = from.feed.snapshot.wait_for(Option::is_some);
        let _ = timeout(FIRST, told).await;
        from.feed.snapshot.mark_changed();
        self.news(&mut from);
        self.look();
        self.pacer.changed(Instant::now(), true);
        loop {
            if let Some(left) = self.left {
                return Ok(left);
            }
            if std::mem::take(&mut self.stops) {
                self.suspend(&mut from.listening).await?;
                continue;
            }
            if let Some(job) = self.job.take() {
                self.put_aside(job, &mut from).await?;
                continue;
            }
            let due = self.pacer.due();
            let wake = self.wakes();
            match from
                .next(&crash.happened, &mut self.life, (due, wake))
                .await
            {
                News::Crashed => return Ok(Left::Panicked),
                News::Outside(outside) => self.outside(outside)?,
                News::Key(event) => self.key(event),
                News::Answer(message) => {
                    self.on_time();
                    self.take(message, true);
                }
                News::Frame => {
                    self.screen.draw(&self.model)?;
                    self.pacer.drawn(Instant::now());
                }
                News::Snapshot => self.news(&mut from),
                News::Lines(lines, dropped) => self.lines(lines, dropped),
                News::Themes => {
                    let files = from.themes.borrow_and_update().clone();
                    self.take(Message::Themes(files), false);
                }
                News::Ended => self.look(),
                News::Time => self.on_time(),
                News::Over => return Ok(Left::Over),
            }
        }
    }

    /// Takes a message in and sees to what it asks for.
    fn take(&mut self, message: Message, at_once: bool) {
        let effects = update(&mut self.model, message, &*self.operator);
        self.pacer.changed(Instant::now(), at_once);
        for effect in effects {
            match effect {
                Effect::Send(verb, seen) => self.errands.send(verb, seen),
                Effect::Address { host, url } => self.errands.address(host, url),
                Effect::StartEngine => self.errands.start(),
                Effect::Figures => self.errands.figures(),
                Effect::Events(tool, after, mark) => self.errands.events(tool, after, mark),
                Effect::Piece(ask) => self.errands.piece(ask),
                Effect::MarkRead(mark) => self.errands.mark_read(mark),
                Effect::Save { name, text } => self.errands.save(name, text),
                Effect::Older => {
                    let mark = self.model.logs.before.clone().flatten();
                    self.errands.older(mark);
                }
                Effect::Page(name, text) => self.job = Some(Job::Page(name, text)),
                Effect::Doctor(host) => self.job = Some(Job::Doctor(host)),
                Effect::Edit(text) => self.job = Some(Job::Edit(text)),
                Effect::Clip(text) => self.errands.clip(text),
                Effect::Keep(name, text) => self.errands.keep(name, text),
                Effect::Export(filter, zone) => self.errands.export(filter, zone),
                Effect::StopExport => self.errands.stop_export(),
                Effect::Ring(bell, words) => self.errands.ring(bell, words),
                // A terminal that takes nothing is noticed by the next frame.
                Effect::Terminal(bytes) => drop(terminal::say(&bytes)),
                Effect::Mouse(on) => drop(terminal::mouse(on)),
                Effect::Redraw => {
                    self.resize();
                    self.screen.forget();
                }
                Effect::Suspend => self.stops = true,
                Effect::Leave => self.left = Some(Left::Asked),
            }
        }
    }
}

/// Keys, news and time.
impl Desk {
    fn key(&mut self, event: Option<io::Result<Event>>) {
        // A terminal that gives no more keys is gone.
        let Some(Ok(event)) = event else {
            self.left = Some(Left::Outside(Outside::HangUp));
            return;
        };
        let message = match event {
            Event::Key(event) => Key::of(event).map(Message::Key),
            Event::Paste(text) => Some(Message::Paste(text)),
            Event::Mouse(event) => Mouse::of(event).map(Message::Mouse),
            Event::Resize(..) => return self.resize(),
            _ => None,
        };
        if let Some(message) = message.filter(|_| self.left.is_none()) {
            self.on_time();
            self.take(message, true);
        }
    }

    /// The newest snapshot.
    fn news(&mut self, from: &mut Sources) {
        let snapshot: Option<Arc<Snapshot>> = from.feed.snapshot.borrow_and_update().clone();
        let Some(snapshot) = snapshot else { return };
        let writer = Some(snapshot.engine.clone());
        let process = snapshot.engine.pid;
        self.take(Message::Snapshot(snapshot), false);
        // The same one may be shown anew after its end, with what keeps it from being written.
        if self.writer != writer || matches!(self.life, Life::Nobody) {
            self.life = Life::of(process);
            self.writer = writer;
            self.look();
        }
    }

    /// Lines, and in front of them how many were dropped.
    fn lines(&mut self, mut lines: Vec<Arc<LogLine>>, dropped: u64) {
        if dropped > 0 {
            let at = lines.first().map_or(self.model.now, |line| line.at);
            lines.insert(0, Arc::new(LogLine::missed(dropped, at)));
        }
        self.take(Message::Lines(lines), false);
    }

    /// When something on the screen changes by itself.
    fn wakes(&self) -> Option<Instant> {
        let wait = (self.model.wakes_at()? - self.clock.now()).to_std();
        Some(Instant::now() + wait.unwrap_or_default())
    }

    /// What is shown from now on is counted from now.
    fn on_time(&mut self) {
        let now = self.clock.now();
        self.take(Message::Time(now), false);
    }

    /// Whether the engine lives; told when that is news.
    fn look(&mut self) {
        let alive = self.reader.alive();
        if alive {
            self.life.goes_on();
        } else {
            self.life = Life::Nobody;
        }
        let known = if alive { Engine::Runs } else { Engine::Gone };
        if self.model.engine != known {
            self.take(Message::Alive(alive), false);
        }
    }
}
