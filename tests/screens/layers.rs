//! What lies over a tab.
