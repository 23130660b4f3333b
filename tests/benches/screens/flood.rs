//! Log lines as fast as asked for, as an engine would write them: batches, and a new file every 8 MiB.

use std::fs::{File, OpenOptions, rename};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const BATCH: u32 = 1000;
const PAUSE: Duration = Duration::from_millis(10);
const SIZE: usize = 8 * 1024 * 1024;

/// Rains until stopped.
pub struct Flood {
    stop: Arc<AtomicBool>,
    writing: JoinHandle<f64>,
}

impl Flood {
    pub fn start(home: &Path) -> Self {
        let run = home.join("dev-factory/run");
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let open = move || -> File {
            let mut options = OpenOptions::new();
            options.append(true).create(true);
            options.open(run.join("stream.jsonl")).unwrap()
        };
        let run = home.join("dev-factory/run");
        let writing = std::thread::spawn(move || {
            let (mut file, mut written, mut count) = (open(), 0, 0_u32);
            let begun = Instant::now();
            while !told.load(Ordering::SeqCst) {
                let mut text = String::new();
                for _ in 0..BATCH {
                    count += 1;
                    text.push_str(&format!(
                        "{{\"at\":\"2026-11-22T21:00:00Z\",\"from\":\"developer\",\"level\":\"info\",\"tool\":null,\"text\":\"rain {count} falls on the roof and on the road\"}}\n"
                    ));
                }
                if written > SIZE {
                    rename(run.join("stream.jsonl"), run.join("stream.1.jsonl")).unwrap();
                    (file, written) = (open(), 0);
                }
                file.write_all(text.as_bytes()).unwrap();
                written += text.len();
                let due = PAUSE * (count / BATCH);
                std::thread::sleep(due.saturating_sub(begun.elapsed()));
            }
            f64::from(count) / begun.elapsed().as_secs_f64()
        });
        Self { stop, writing }
    }

    /// Ends it; how many lines a second there were.
    pub fn stop(self) -> f64 {
        self.stop.store(true, Ordering::SeqCst);
        self.writing.join().unwrap()
    }
}
