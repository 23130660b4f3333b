//! Stuck or not: what the cycles of a tool say about it, without a model. Which rule fires, in words, by which rows,
//! and which rung of the ladder comes next. What is remembered stands in [`Course`], a fold of the journal.

mod course;
mod fired;
mod ladder;
mod live;
mod replies;
mod row;
mod rules;
mod words;

pub use course::{Begins, Course};
pub use fired::Fired;
pub use ladder::{LADDER, Means, Next, Patience, Rung, Step, next};
pub use live::{Lull, lull};
pub use replies::{Answer, Fault, Ruling, after};
pub use row::{Cycle, Failing, Row, rank};
pub use rules::{RULES, Rule, endless, judge, regression, repeated, unanswerable};
pub use words::{clause_id, log, next_words, rejection, repairs_tried, stuck_words, tried};
