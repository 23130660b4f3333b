#![no_main]
#[path = "../targets.rs"]
mod targets;

static PLACE: std::sync::LazyLock<targets::Place> = std::sync::LazyLock::new(targets::Place::new);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| PLACE.folder(bytes));
