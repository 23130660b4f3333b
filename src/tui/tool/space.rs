//! How the Tool view shares the window out: what stands around the page, and what is left for it.

/// Columns from which there is a second column.
const WIDE: u16 = 100;
/// Rows that are not the view's: three fixed lines and the keys.
const FIXED: u16 = 4;

/// The shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Rows above the sections: 1 = the title, 2 = also where one stands, 3 = also the stays, 7 = all with air.
    pub head: u16,
    /// Columns of what stands beside the page.
    pub side: Option<u16>,
    /// Rows of what stands below it, its rule included.
    pub below: u16,
    /// Columns and rows of the page.
    pub width: usize,
    pub height: usize,
}

/// Of a window of so many columns and rows; `alone` = nothing but the page.
#[must_use]
pub fn of((columns, rows): (u16, u16), alone: bool) -> Space {
    let rows = rows.saturating_sub(FIXED);
    let wide = columns >= WIDE;
    let (head, below) = match (alone, rows) {
        (true, _) => (1, 0),
        (_, 26..) if wide => (7, 3),
        (_, 18..) if wide => (3, 0),
        (_, 18..) => (3, 6),
        (_, 14..) => (3, 0),
        _ => (2, 0),
    };
    let side = (wide && !alone).then(|| (columns * 9 / 20).saturating_sub(1).clamp(44, 64));
    let beside = side.map_or(0, |side| side + 1);
    Space {
        head,
        side,
        below,
        width: usize::from(columns.saturating_sub(beside)),
        // The sections and the page's rule take a row each.
        height: usize::from(rows.saturating_sub(head + below + 2)).max(1),
    }
}
