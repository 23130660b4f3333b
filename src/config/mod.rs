//! Settings files to Settings; every problem reported at once.
