//! Wishlist items: what people edit by hand, and what the engine folds into them.

use super::phase::Phase;
use super::state::Escalation;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One line of the wishlist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// The idea in people's words. Theirs to edit.
    pub idea: String,
    /// Higher first. Theirs to edit.
    #[serde(default)]
    pub priority: i64,
    /// Kebab-case, unique, derived from the idea. The engine's.
    pub name: String,
    /// The engine's.
    pub status: ItemStatus,
    /// When it entered the list.
    pub added_at: DateTime<Utc>,
    /// Why it is parked, shelved or dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Branch kept for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Phase it resumes in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// Escalation kept for the shelf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
}

/// Where an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemStatus {
    Wanted,
    Building,
    InReview,
    Shipped,
    NeedsHuman,
    Dropped,
}
