//! The real parts behind the ports.

pub mod clock;
pub mod feed;
pub mod lock;
pub mod store;
pub mod watch;
