//! Operator commands on a running engine.

use crate::homes::TOOL;
use crate::plant::Plant;
use dev_factory::factory::engine::Ended;

#[tokio::test(flavor = "multi_thread")]
async fn the_doubles_ship_a_tool() {
    let plant = Plant::new(&[TOOL]);
    assert_eq!(plant.until_idle().await, Ended::Idle);
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}
