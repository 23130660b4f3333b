//! Time the engine did not live through, and clocks that were put: charged to nobody, told in journal, log and timeline.

use super::event::{Event, EventBody};
use super::recent;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What happened to time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// The computer slept.
    Slept,
    /// The engine did not run while the computer did.
    Stopped,
    /// The wall clock was put forward.
    PutForward,
    /// The wall clock was put back.
    PutBack,
}

impl Gap {
    /// In a few words, for a row that names the time beside it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Slept => "the computer slept",
            Self::Stopped => "engine was stopped",
            Self::PutForward => "clock put forward",
            Self::PutBack => "clock put back",
        }
    }

    /// In one sentence.
    #[must_use]
    pub fn words(self, seconds: u64) -> String {
        let time = time(seconds);
        match self {
            Self::Slept => format!("the computer slept for {time}"),
            Self::Stopped => format!("this program was stopped for {time}"),
            Self::PutForward => format!("the clock of the computer was put forward by {time}"),
            Self::PutBack => format!("the clock of the computer was put back by {time}"),
        }
    }
}

/// "2 h 5 min", "40 s".
fn time(seconds: u64) -> String {
    let minutes = seconds.saturating_add(30) / 60;
    match minutes {
        _ if seconds < 60 => format!("{seconds} s"),
        0..60 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// Gaps of one kind as shown in the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapLine {
    /// Number of the newest event of them.
    pub seq: u64,
    /// When it was seen.
    pub at: DateTime<Utc>,
    /// What it was.
    pub gap: Gap,
    /// All of them together.
    pub seconds: u64,
}

impl GapLine {
    /// How long, or by how much.
    #[must_use]
    pub fn time(&self) -> TimeDelta {
        let seconds = i64::try_from(self.seconds).ok();
        let time = seconds.and_then(TimeDelta::try_seconds);
        time.unwrap_or(TimeDelta::MAX)
    }
}

/// Takes a gap into those that are shown. Those of its kind behind the move or run `since` become one with it: the nights
/// of an idle factory would fill the timeline.
pub fn add(gaps: &mut VecDeque<GapLine>, mut line: GapLine, since: u64) {
    let same = |known: &GapLine| known.gap == line.gap && known.seq > since;
    if let Some(known) = gaps.iter().position(same).and_then(|at| gaps.remove(at)) {
        line.seconds = line.seconds.saturating_add(known.seconds);
    }
    gaps.push_back(line);
    recent::trim(gaps, |_| false);
}

/// The same among the events that are kept for a timeline.
pub fn join(recent: &mut VecDeque<Event>, event: &Event) {
    let mut event = event.clone();
    let EventBody::Gap { gap, seconds } = &mut event.body else {
        return;
    };
    let gaps = recent.iter().rev();
    let gaps = gaps.take_while(|known| matches!(known.body, EventBody::Gap { .. }));
    let from = recent.len() - gaps.count();
    let known = recent
        .range(from..)
        .position(|known| matches!(known.body, EventBody::Gap { gap: other, .. } if other == *gap));
    if let Some(known) = known.and_then(|at| recent.remove(from + at))
        && let EventBody::Gap { seconds: more, .. } = known.body
    {
        *seconds = seconds.saturating_add(more);
    }
    recent.push_back(event);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::NewEvent;

    fn line(seq: u64, gap: Gap, seconds: u64) -> GapLine {
        GapLine {
            seq,
            at: DateTime::UNIX_EPOCH,
            gap,
            seconds,
        }
    }

    fn event(seq: u64, body: EventBody) -> Event {
        let new = NewEvent {
            tool: None,
            actor: "engine".to_owned(),
            body,
        };
        new.numbered(seq, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_gap_says_what_it_was_and_how_long() {
        let said = |gap: Gap| gap.words(7_800);
        assert_eq!(said(Gap::Slept), "the computer slept for 2 h 10 min");
        assert_eq!(
            said(Gap::Stopped),
            "this program was stopped for 2 h 10 min"
        );
        assert!(said(Gap::PutForward).ends_with("put forward by 2 h 10 min"));
        assert!(said(Gap::PutBack).ends_with("put back by 2 h 10 min"));
        assert_eq!([59, 60, 3_599].map(time), ["59 s", "1 min", "1 h 0 min"]);
    }

    #[test]
    fn no_figure_is_too_large() {
        for seconds in [u64::MAX, u64::MAX / 2, 100_000_000_000_000_000] {
            assert!(!Gap::Slept.words(seconds).is_empty());
            let time = line(1, Gap::Slept, seconds).time();
            assert!(time.num_days() > 1_000_000_000, "{time}");
        }
    }

    #[test]
    fn nights_between_two_moves_are_one_row_and_those_behind_the_next_another() {
        let mut gaps = VecDeque::new();
        add(&mut gaps, line(11, Gap::Slept, 100), 10);
        add(&mut gaps, line(12, Gap::PutBack, 7), 10);
        add(&mut gaps, line(13, Gap::Slept, 200), 10);
        let wanted = [line(12, Gap::PutBack, 7), line(13, Gap::Slept, 300)];
        assert_eq!(gaps, wanted);
        add(&mut gaps, line(15, Gap::Slept, 1), 14);
        assert_eq!(gaps, [&wanted[..], &[line(15, Gap::Slept, 1)]].concat());
        for move_ in 20..200 {
            add(&mut gaps, line(move_ + 1, Gap::Slept, 1), move_);
        }
        assert!(gaps.len() < 30, "{}", gaps.len());
    }

    #[test]
    fn a_year_of_nights_pushes_no_move_out_of_what_is_kept() {
        let gap = |gap, seconds| EventBody::Gap { gap, seconds };
        let mut recent = VecDeque::from([event(1, EventBody::Cleared)]);
        for night in 0..365 {
            join(&mut recent, &event(2 * night + 2, gap(Gap::Slept, 100)));
            join(&mut recent, &event(2 * night + 3, gap(Gap::PutBack, 1)));
        }
        let wanted = [
            event(1, EventBody::Cleared),
            event(730, gap(Gap::Slept, 36_500)),
            event(731, gap(Gap::PutBack, 365)),
        ];
        assert_eq!(recent, wanted);
    }
}
