//! What the agents do in each phase: turns with a model, papers, and an outcome for `decide`.

mod acting;
mod again;
mod ask;
mod climb;
mod coding;
pub mod context;
mod counted;
mod files;
mod fixing;
mod held_out;
mod live;
pub mod papers;
mod qa;
mod review;
mod samples;
mod spec;
mod spec_review;
pub mod stub;
mod takeover;
mod transcript;
mod tries;
mod turns;
pub mod underway;
mod voice;
mod yardstick;

pub use context::{Context, Stop};

use crate::domain::decide::Report;
use crate::domain::phase::Phase;

/// Works on the phase of `context` until it has an outcome.
pub async fn work(context: &mut Context) -> Result<Report, Stop> {
    match context.phase {
        Phase::Spec => spec::work(context).await,
        Phase::SpecReview => spec_review::work(context).await,
        Phase::Coding => coding::work(context).await,
        Phase::Qa => qa::work(context).await,
        Phase::Fixing => fixing::work(context).await,
        Phase::Review => review::work(context).await,
        Phase::Idle | Phase::Shipped => {
            Err(Stop::Dropped("nothing to do in this phase".to_owned()))
        }
    }
}
