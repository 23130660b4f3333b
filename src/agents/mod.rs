//! Pure text work of the three agents: prompts out, parsed answers in.

pub mod acting;
pub mod brief;
pub mod bug;
pub mod cases;
mod coverage;
pub mod cycle;
pub mod deps;
pub mod developer;
pub mod digest;
pub mod failure;
pub mod lint;
pub mod mend;
pub mod policy;
pub mod printed;
pub mod prompt;
pub mod qa;
pub mod replay;
pub mod reply;
pub mod sampling;
pub mod scaffold;
pub mod scan;
pub mod soul;
pub mod spec;
pub mod supervisor;
pub mod talk;
pub mod triage;
pub mod votes;
