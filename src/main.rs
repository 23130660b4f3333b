//! The binary: arguments, wiring, one front-end, exit code.

fn main() {}
