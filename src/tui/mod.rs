//! The screens: a pure core (model, message, update, view) and the loop that feeds it from the engine's files and keys.
//! Screens are clients of a home: one that dies harms nothing.

pub mod action;
pub mod book;
pub mod crash;
pub mod dialog;
pub mod draft;
pub mod editor;
pub mod effect;
pub mod errands;
pub mod export;
pub mod form;
pub mod found;
pub mod key;
pub mod keymap;
pub mod layer;
pub mod life;
pub mod message;
pub mod model;
pub mod mouse;
pub mod offer;
pub mod outbox;
pub mod pacer;
pub mod palette;
pub mod pane;
pub mod run;
pub mod settings;
pub mod signals;
pub mod sorted;
pub mod spoken;
pub mod staff;
pub mod tabs;
pub mod terminal;
pub mod theme;
pub mod tool;
pub mod update;
pub mod view;
