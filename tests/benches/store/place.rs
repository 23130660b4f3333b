//! A home on the disk that is measured, and what was measured in words.

use super::support::{at, picked};
use dev_factory::adapters::clock::SystemClock;
use dev_factory::adapters::store::FileStore;
use dev_factory::domain::factory::Factory;
use dev_factory::factory::ports::clock::Clock;
use dev_factory::factory::ports::store::Store;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The store of a home, loaded.
pub fn open(root: &Path) -> FileStore {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    FileStore::open(root, &clock).unwrap()
}

/// A home in which a tool was picked.
pub fn begun(root: &Path) -> (FileStore, Factory) {
    let store = open(root);
    store.load().unwrap();
    let mut factory = Factory::new(at(0));
    store
        .commit(&mut factory, vec![picked("x")], at(1))
        .unwrap();
    (store, factory)
}

/// A quantile by nearest rank, in microseconds.
pub fn quantile(times: &[Duration], q: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort();
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1].as_secs_f64() * 1e6
}

/// Ours and bare side by side.
pub fn beside(what: &str, ours: &[Duration], bare: &[Duration]) {
    for (name, q) in [("p50", 0.5), ("p99", 0.99)] {
        let (a, b) = (quantile(ours, q), quantile(bare, q));
        println!("{what:34}{name:5}{a:>10.0}{b:>10.0}{:>8.2}", a / b);
    }
}
