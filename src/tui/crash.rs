//! A panic in any thread: the terminal is given back first, then the message is printed, then the screens end.

use super::terminal;
use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::sync::Arc;
use tokio::sync::Notify;

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// The hook of the screens, until dropped.
pub struct Crash {
    /// Told after a panic.
    pub happened: Arc<Notify>,
    before: Arc<Hook>,
}

impl Crash {
    /// Puts the hook in front of the one there is.
    #[must_use]
    pub fn watch() -> Self {
        let before: Arc<Hook> = Arc::new(take_hook());
        let happened = Arc::new(Notify::new());
        let (print, tell) = (Arc::clone(&before), Arc::clone(&happened));
        set_hook(Box::new(move |info| {
            // Frames drawn from now on go nowhere, so nothing paints over the message.
            terminal::give_back();
            print(info);
            tell.notify_one();
        }));
        Self { happened, before }
    }
}

impl Drop for Crash {
    fn drop(&mut self) {
        // The hook cannot be changed by a thread that is panicking.
        if !std::thread::panicking() {
            let before = Arc::clone(&self.before);
            set_hook(Box::new(move |info| before(info)));
        }
    }
}
