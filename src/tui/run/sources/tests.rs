//! A flood of lines, counted: how many of them come between a key and its picture.

use super::super::super::pacer::Pacer;
use super::*;
use crate::domain::screen::{Kind, Level};
use crate::factory::ports::feed::Publisher;
use crate::factory::ports::themes::ThemeFile;
use crate::text::redact::Redactor;
use chrono::DateTime;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use futures_util::stream::unfold;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::unconstrained;

/// More lines than a reader may fall behind.
const FLOOD: usize = 5_000;
/// Lines of a flood of 100,000 a second in 5 ms.
const IN_5_MS: usize = 100_000 * 5 / 1_000;

/// Sources of which a test is at the other end.
struct Ends {
    from: Sources,
    publisher: Publisher,
    keys: UnboundedSender<Event>,
    pacer: Pacer,
    /// When something that is shown changes by itself.
    wake: Option<Instant>,
    themes: watch::Sender<Arc<[ThemeFile]>>,
}

impl Ends {
    fn new() -> Self {
        let publisher = Publisher::new(Redactor::default());
        let (keys, pressed) = unbounded_channel::<Event>();
        let (themes, files) = watch::channel(Arc::from([]));
        let keys_of = |mut pressed: UnboundedReceiver<Event>| async move {
            let event = pressed.recv().await?;
            Some((io::Result::Ok(event), pressed))
        };
        let from = Sources {
            keys: Some(Box::pin(unfold(pressed, keys_of))),
            feed: publisher.feed(),
            answers: unbounded_channel().1,
            listening: Listening::deaf(),
            themes: files,
            over: Box::pin(std::future::pending()),
            more: (true, true),
        };
        let pacer = Pacer::default();
        Self {
            from,
            publisher,
            keys,
            pacer,
            wake: None,
            themes,
        }
    }

    fn flood(&self) {
        for n in 0..FLOOD {
            self.publisher.line(LogLine {
                at: DateTime::UNIX_EPOCH,
                from: "developer".to_owned(),
                level: Level::Info,
                tool: None,
                seq: None,
                kind: Kind::Plain,
                text: format!("rain {n}"),
            });
        }
    }

    fn press(&self, key: char) {
        let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
        self.keys.send(Event::Key(key)).unwrap();
    }

    /// One piece of news, taken as the screens take it; a letter for it, and how many lines it was.
    async fn next(&mut self) -> (char, usize) {
        let due = (self.pacer.due(), self.wake);
        let (now, mut life) = (Instant::now(), Life::Nobody);
        let crashed = Notify::new();
        // Here all that is ready is to be seen as ready, however much was taken before.
        match unconstrained(self.from.next(&crashed, &mut life, due)).await {
            News::Key(Some(Ok(Event::Key(key)))) => {
                self.pacer.changed(now, true);
                (key.code.as_char().unwrap(), 0)
            }
            News::Frame => {
                self.pacer.drawn(now);
                ('F', 0)
            }
            News::Lines(lines, _) => {
                self.pacer.changed(now, false);
                ('L', lines.len())
            }
            News::Time => {
                self.wake = None;
                ('T', 0)
            }
            News::Themes => ('C', 0),
            News::Over => ('O', 0),
            _ => panic!("nothing else was sent"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_waits_for_5_ms_of_a_flood_at_most_and_its_picture_for_none() {
    let mut ends = Ends::new();
    ends.flood();
    let (news, lines) = ends.next().await;
    assert!(news == 'L' && lines <= IN_5_MS, "{lines} lines at once");
    assert_eq!(
        ends.next().await,
        ('F', 0),
        "the first lines are shown at once"
    );
    for _ in 0..100 {
        ends.flood();
        // It comes at the worst time: when lines have just begun to be taken in.
        let (news, lines) = ends.next().await;
        ends.press('1');
        ends.press('4');
        assert!(news == 'L' && lines <= IN_5_MS, "{lines} lines at once");
        let mut order = String::new();
        for _ in 0..4 {
            order.push(ends.next().await.0);
        }
        assert_eq!(order, "14FL", "keys, their picture, then lines again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_shown_while_it_lasts() {
    let mut ends = Ends::new();
    ends.flood();
    ends.next().await;
    ends.next().await;
    let mut order = String::new();
    for _ in 0..10 {
        ends.flood();
        for _ in 0..3 {
            order.push(ends.next().await.0);
        }
        tokio::time::advance(Duration::from_millis(34)).await;
    }
    assert_eq!(order, format!("LLL{}", "FLL".repeat(9)));
}

#[tokio::test(start_paused = true)]
async fn a_flood_holds_up_nothing_that_is_rare() {
    let mut ends = Ends::new();
    ends.flood();
    assert_eq!(ends.next().await.0, 'L');
    ends.next().await;
    ends.wake = Some(Instant::now());
    ends.themes.send(Arc::from([])).unwrap();
    let mut order = String::new();
    for _ in 0..3 {
        order.push(ends.next().await.0);
    }
    assert_eq!(order, "CTL", "colours, time, then lines again");
    ends.from.over = Box::pin(std::future::ready(()));
    assert_eq!(ends.next().await.0, 'O');
}
