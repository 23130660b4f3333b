//! Pure text work of the three agents: prompts out, parsed answers in.

pub mod scan;
