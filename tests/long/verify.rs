//! `verify` and `verify --repair`: a home that shipped a tool by the real program says nothing; each kind of damage planted
//! in a copy of it is named in a sentence, and what can be put right is, with nothing lost.

use crate::{homes, process, small_script};

#[path = "verify/documents.rs"]
mod documents;
#[path = "verify/journal.rs"]
mod journal;
#[path = "verify/papers.rs"]
mod papers;
#[path = "verify/place.rs"]
mod place;
#[path = "verify/repo.rs"]
mod repo;
#[path = "verify/whole.rs"]
mod whole;
