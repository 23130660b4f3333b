//! What an attempt says in the live log.

use super::context::Context;
use crate::domain::screen::{Kind, Level, LogLine};
use crate::factory::ports::clock::Clock;
use crate::factory::ports::feed::Publisher;
use std::sync::Arc;

impl Context {
    /// Its voice in the live log.
    #[must_use]
    pub fn voice(&self) -> Voice {
        Voice {
            publisher: self.tools.publisher.clone(),
            clock: self.tools.clock.clone(),
            from: self.role.to_string(),
            tool: self.tool.clone(),
        }
    }

    /// Writes a line to the live log.
    pub fn log(&self, level: Level, text: impl Into<String>) {
        self.voice().line(level, text.into());
    }
}

/// Speaks in the live log for one role about one tool.
pub struct Voice {
    publisher: Publisher,
    clock: Arc<dyn Clock>,
    from: String,
    tool: String,
}

impl Voice {
    /// Writes a line; nothing for an empty text.
    pub fn line(&self, level: Level, text: String) {
        if text.is_empty() {
            return;
        }
        self.publisher.line(LogLine {
            at: self.clock.now(),
            from: self.from.clone(),
            level,
            tool: Some(self.tool.clone()),
            seq: None,
            kind: Kind::Plain,
            text,
        });
    }
}
