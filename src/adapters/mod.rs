//! The real parts behind the ports.
