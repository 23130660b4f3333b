//! The front-end without screens: one line an event.
