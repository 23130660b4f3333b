//! The Agents tab.
