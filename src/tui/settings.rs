//! How the screens look and what they may do, from flags and settings.

/// Settings of the screens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Theme by name: `default`, `light` or `plain`; None = default, plain where NO_COLOR is set.
    pub theme: Option<String>,
    /// Only ASCII is drawn.
    pub ascii: bool,
    /// Keys that change something are refused.
    pub readonly: bool,
}
