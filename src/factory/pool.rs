//! The three agent tasks: each waits for a job of its role, works, reports; a panic becomes an incident.

use super::attempts::{Context, Stop, context::FromAgent, work};
use super::wake::Wake;
use crate::domain::phase::Role;
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// One piece of work and the switch that drops it.
pub struct Job {
    /// What to work with.
    pub context: Context,
    /// Cancelled: the turn or gate under way is dropped, with its connection and processes.
    pub cancel: CancellationToken,
}

/// The agent tasks. Dropping it ends them.
pub struct Pool {
    inboxes: [mpsc::UnboundedSender<Job>; 3],
    tasks: JoinSet<()>,
    runtime: Handle,
}

impl Pool {
    /// Starts the three tasks there.
    #[must_use]
    pub fn start(runtime: Handle) -> Self {
        let mut tasks = JoinSet::new();
        let inboxes = [Role::Developer, Role::Qa, Role::Supervisor].map(|_| {
            let (inbox, jobs) = mpsc::unbounded_channel();
            tasks.spawn_on(agent(jobs), &runtime);
            inbox
        });
        Self {
            inboxes,
            tasks,
            runtime,
        }
    }

    /// Ends the tasks; when it returns they hold nothing of the home any more.
    pub async fn end(&mut self) {
        self.tasks.shutdown().await;
    }

    /// Does something with a host beside the tasks, which keep what connections it opens.
    pub fn beside(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(work);
    }

    /// Hands a job to the task of its role.
    pub fn give(&self, job: Job) {
        let [developer, qa, supervisor] = &self.inboxes;
        let inbox = match job.context.role {
            Role::Developer => developer,
            Role::Qa => qa,
            Role::Supervisor => supervisor,
        };
        let _ = inbox.send(job);
    }
}

async fn agent(mut jobs: mpsc::UnboundedReceiver<Job>) {
    while let Some(Job {
        mut context,
        cancel,
    }) = jobs.recv().await
    {
        let link = context.link.clone();
        let attempt = context.attempt;
        let result = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Stop::Dropped("cancelled".to_owned())),
            done = AssertUnwindSafe(work(&mut context)).catch_unwind() => match done {
                Ok(result) => result,
                Err(panic) => Err(Stop::Incident(format!(
                    "the {} task panicked: {}; the factory is paused, see dev-factory/logs",
                    context.role,
                    panic_words(panic.as_ref())
                ))),
            },
        };
        let result = Box::new(result);
        let _ = link.send(Wake::Agent(FromAgent::Finished { attempt, result }));
    }
}

/// What a panic said.
fn panic_words(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
