//! The agents' text work: prompts as snapshots, replies good and bad, specs, souls, digests, and the demo's own replies.

#[path = "agents/demo.rs"]
mod demo;
#[path = "agents/failures.rs"]
mod failures;
#[path = "agents/mending.rs"]
mod mending;
#[path = "agents/prompts.rs"]
mod prompts;
#[path = "agents/replies.rs"]
mod replies;
#[path = "agents/souls.rs"]
mod souls;
#[path = "agents/specs.rs"]
mod specs;

/// The tests' own spec.
fn word_count() -> dev_factory::agents::spec::Spec {
    let numbers = dev_factory::agents::prompt::Numbers::default();
    dev_factory::agents::lint::lint(
        include_str!("fixtures/specs/word-count.md"),
        "word-count",
        &numbers,
        &[],
    )
    .unwrap()
}

fn fixtures(folder: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(folder)
}
