//! The screens as pictures: every tab at its sizes, texts and styles, from models built by code.

#[path = "screens/agents.rs"]
mod agents;
#[path = "screens/duty.rs"]
mod duty;
#[path = "screens/factory.rs"]
mod factory;
#[path = "screens/layers.rs"]
mod layers;
#[path = "screens/picture.rs"]
mod picture;
#[path = "screens/plant.rs"]
mod plant;
#[path = "screens/themes.rs"]
mod themes;
