//! How tools differ: cycles, time and money of those that ended.

use super::{Closing, Stands, Stats};
use serde::Serialize;

/// Smallest, middle, ninth of ten, largest and mean of some figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// How many figures there are.
    pub count: u64,
    pub least: f64,
    pub median: f64,
    pub p90: f64,
    pub most: f64,
    pub mean: f64,
}

impl Spread {
    /// Of figures in any order; None when there are none.
    #[must_use]
    pub fn of(mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_by(f64::total_cmp);
        let count = figures.len();
        let at = |share: f64| {
            let rank = (share * count as f64).ceil() as usize;
            figures.get(rank.clamp(1, count.max(1)) - 1).copied()
        };
        Some(Self {
            count: count as u64,
            least: at(0.0)?,
            median: at(0.5)?,
            p90: at(0.9)?,
            most: at(1.0)?,
            mean: figures.iter().sum::<f64>() / count as f64,
        })
    }
}

impl Stats {
    /// Rows of tools that ended and did not begin again.
    pub fn ended(&self) -> impl Iterator<Item = &Closing> {
        self.rows().filter(|row| {
            matches!(
                row.stands,
                Stands::Shipped | Stands::Parked | Stands::Dropped
            )
        })
    }

    /// How many of the ended tools took no, one, two, and three or more cycles.
    #[must_use]
    pub fn cycles_spread(&self) -> [u64; 4] {
        let mut counts = [0; 4];
        for row in self.ended() {
            let at = row.cycles.min(3) as usize;
            if let Some(count) = counts.get_mut(at) {
                *count += 1;
            }
        }
        counts
    }

    /// Mean cycles of the ended tools; None before any.
    #[must_use]
    pub fn cycles_per_tool(&self) -> Option<f64> {
        let cycles: Vec<f64> = self.ended().map(|row| f64::from(row.cycles)).collect();
        Spread::of(cycles).map(|all| all.mean)
    }

    /// Seconds in the lane of the ended tools.
    #[must_use]
    pub fn seconds_spread(&self) -> Option<Spread> {
        Spread::of(self.ended().map(|row| row.seconds).collect())
    }

    /// Money of the ended tools.
    #[must_use]
    pub fn usd_spread(&self) -> Option<Spread> {
        Spread::of(self.ended().map(|row| row.used.usd).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_of_figures_that_were_there() {
        assert_eq!(Spread::of(vec![]), None);
        let one = Spread::of(vec![7.0]).unwrap();
        assert_eq!(
            (one.count, one.least, one.median, one.p90, one.most),
            (1, 7.0, 7.0, 7.0, 7.0)
        );
        let ten = Spread::of((1..=10).rev().map(f64::from).collect()).unwrap();
        assert_eq!(
            (ten.least, ten.median, ten.p90, ten.most),
            (1.0, 5.0, 9.0, 10.0)
        );
        assert_eq!(ten.mean, 5.5);
    }
}
