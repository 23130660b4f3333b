//! One run from its policy to its report: started by the means of a tier, watched, and its end put into one answer.

use super::door::Door;
use super::kill::Tree;
use super::policy::{BROKEN, ENDED_BY, Report};
use super::start::{self, Means};
use super::tier::Tier;
use super::{scope, spawner, view, watch};
use crate::adapters::clock;
use crate::adapters::registry::Registry;
use crate::factory::ports::sandbox::{Ended, Job, SandboxError};
use rustix::fs::OFlags;
use std::fs::File;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Starts jobs by one means and waits for their end.
pub struct Runner {
    /// By what.
    pub means: Means,
    /// The one registry a job may ask for.
    pub registry: Option<Arc<Registry>>,
}

impl Runner {
    /// By these means.
    pub fn of(means: Means) -> Self {
        // Orphans of a run come back to us instead of to init, so they can be found and ended.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        // Without them a run misses names, not walls.
        let _ = etc_files(&means.etc);
        Self {
            means,
            registry: None,
        }
    }

    /// One job to its end.
    pub async fn run(&self, mut job: Job) -> Result<Ended, SandboxError> {
        let (begun, stopped) = (Instant::now(), clock::stopped());
        let mut outcome = self.once(&mut job, &self.means).await;
        if let Some(scopes) = self.means.scopes()
            && outcome.as_ref().map_or(true, watch::Outcome::unheard)
        {
            let why = outcome.as_ref().err().map(io::Error::to_string);
            let without = Means {
                scopes: None,
                ..self.means.clone()
            };
            outcome = self.once(&mut job, &without).await;
            if outcome.as_ref().is_ok_and(|outcome| !outcome.unheard()) {
                let why = why.unwrap_or_else(|| "it did not start".to_owned());
                tracing::warn!(why, "runs go on without what was around them");
                scopes.give_up();
            }
        }
        let program = job.command.into_iter().next().unwrap_or_default();
        let mut ended = match outcome {
            Ok(outcome) => self.told(outcome, program)?,
            Err(error) => {
                return Err(SandboxError::Start {
                    program,
                    detail: error.to_string(),
                });
            }
        };
        let stopped = clock::stopped().saturating_sub(stopped);
        let took = begun.elapsed().saturating_sub(stopped);
        ended.millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        Ok(ended)
    }

    async fn once(&self, job: &mut Job, means: &Means) -> io::Result<watch::Outcome> {
        let door = Door::of(job, means.tier, self.registry.as_ref())?;
        let (own, before) = (job.env.len(), scope::ended());
        job.env.extend(door.as_ref().map(Door::variable));
        let outcome = outcome(job, means, door).await;
        job.env.truncate(own);
        let mut outcome = outcome?;
        if means.scopes().is_some() && scope::ended() > before {
            outcome.out_of_memory();
        }
        Ok(outcome)
    }

    /// Joins what was seen outside with what was reported from inside.
    fn told(&self, outcome: watch::Outcome, program: String) -> Result<Ended, SandboxError> {
        let cut = outcome.cut();
        let watch::Outcome { mut ended, report } = outcome;
        match report {
            Some(Report {
                failed: Some(detail),
                ..
            }) => Err(SandboxError::Start { program, detail }),
            Some(report) => {
                ended.exit = report.exit.filter(|_| report.limit.is_none());
                ended.limit = report.limit;
                Ok(ended)
            }
            None if ended.limit.is_some() => Ok(ended),
            // What a wrapper ends with is what the job ended with.
            None if self.means.tier == Tier::Wrapper
                && ended.exit.is_some_and(|code| code != i32::from(BROKEN)) =>
            {
                let by = ENDED_BY
                    .iter()
                    .find(|(_, code)| ended.exit == Some((*code).into()));
                ended.limit = by.map(|(limit, _)| *limit);
                ended.exit = ended.exit.filter(|_| by.is_none());
                Ok(ended)
            }
            // What was said is the job's.
            None if cut => Err(SandboxError::Cut { program }),
            None => {
                let said = String::from_utf8_lossy(&ended.stderr);
                let last = said.lines().rfind(|line| !line.trim().is_empty());
                let detail = last.unwrap_or("the walls ended without a word").to_owned();
                Err(SandboxError::Start { program, detail })
            }
        }
    }
}

/// One start of a job, to its end.
async fn outcome(job: &Job, means: &Means, mut door: Option<Door>) -> io::Result<watch::Outcome> {
    let tier = means.tier;
    let scratch = (!tier.own_root()).then(tempfile::tempdir).transpose()?;
    let place = scratch
        .as_ref()
        .map_or(Path::new(view::SCRATCH), |dir| dir.path());
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    // Read when all is over: whoever still holds the other end has nothing to say.
    rustix::fs::fcntl_setfl(&reader, OFlags::NONBLOCK)?;
    let number = rustix::fd::AsRawFd::as_raw_fd(&writer);
    let mut policy = start::policy(job, means, place, Some(number));
    policy.port = door.as_ref().and_then(Door::port);
    start::reachable(&policy).map_err(io::Error::other)?;
    start::hand_over(&policy)?;
    let mut command = start::command(job, means, &policy, &writer)?;
    let scopes = means.scopes().filter(|_| policy.scope);
    let group = scopes.map(|scopes| scopes.group(&job.limits)).transpose()?;
    let group = group.flatten();
    if let Some(group) = &group {
        scope::put(&mut command, group)?;
    }
    if let Some(door) = &mut door {
        door.fit(&mut command);
    }
    let (mut child, mut tree) = spawner::spawn(command, Tree::start).await?;
    tree.within(group);
    drop(writer);
    let alone = tier.own_processes();
    let watching = watch::watch(&mut child, job, tree, File::from(reader), alone);
    let Some(door) = door else {
        return watching.await;
    };
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn(door.serve());
    watching.await
}

/// The few files of /etc that programs look names up in, with nothing of this machine in them.
fn etc_files(folder: &Path) -> io::Result<()> {
    let files = [
        ("passwd", "nobody:x:65534:65534:nobody:/tmp/home:/bin/sh\n"),
        ("group", "nogroup:x:65534:\n"),
        ("hosts", "127.0.0.1 localhost\n::1 localhost\n"),
        (
            "nsswitch.conf",
            "passwd: files\ngroup: files\nhosts: files dns\n",
        ),
    ];
    let mut closed = std::fs::DirBuilder::new();
    closed.recursive(true).mode(0o700).create(folder)?;
    for (name, text) in files {
        let file = folder.join(name);
        if std::fs::read_to_string(&file).ok().as_deref() != Some(text) {
            std::fs::write(&file, text)?;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644))?;
        }
    }
    Ok(())
}
