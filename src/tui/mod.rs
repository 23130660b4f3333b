//! The screens: a pure core (model, message, update, view) and the loop that feeds it from the engine's files and keys.
//! Screens are clients of a home: one that dies harms nothing.

pub mod action;
pub mod book;
pub mod crash;
pub mod dialog;
pub mod effect;
pub mod errands;
pub mod form;
pub mod key;
pub mod layer;
pub mod life;
pub mod message;
pub mod model;
pub mod offer;
pub mod pacer;
pub mod palette;
pub mod pane;
pub mod run;
pub mod settings;
pub mod signals;
pub mod tabs;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
