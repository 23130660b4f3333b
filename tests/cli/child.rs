//! What ends with a program of the machine that we end, and what does not.

use super::eventually;
use dev_factory::adapters::child;
use std::process::Command;

#[test]
fn a_program_is_ended_without_another_child_that_has_a_session_of_its_own() {
    // As the screens have started an engine.
    let mut engine = Command::new("setsid")
        .args(["sleep", "600"])
        .spawn()
        .unwrap();
    // Only then it has its session: setsid becomes sleep.
    let name = format!("/proc/{}/comm", engine.id());
    eventually(|| std::fs::read_to_string(&name).is_ok_and(|name| name == "sleep\n"));
    let mut tmux = Command::new("sleep").arg("600").spawn().unwrap();
    child::end(&mut tmux);
    let left = matches!(engine.try_wait(), Ok(None));
    child::end(&mut engine);
    assert!(left, "the engine was ended with it");
}
