//! The one way out a run of npm has: a socket on its own loopback that we answer. The run's first process makes it in
//! the run's network and hands it out to us before the walls close; where no network is its own, we make it here.

use super::tier::Tier;
use crate::adapters::registry::{PORT, Registry};
use crate::factory::ports::sandbox::{Job, Network};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketFlags, SocketType,
    recvmsg, socketpair,
};
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::sync::Arc;
use tokio::io::Interest;
use tokio::process::Command;

/// What npm reads its registry's address from.
const ADDRESS: &str = "npm_config_registry";

/// A way out, on our side.
pub struct Door {
    registry: Arc<Registry>,
    way: Way,
}

enum Way {
    /// The listener comes through the first of these; the run's first process holds the other.
    HandedOut(UnixStream, Option<OwnedFd>),
    /// Ours, on the loopback of the machine.
    Here(TcpListener, u16),
}

impl Door {
    /// For a job that may reach the registry; None for any other.
    pub fn of(job: &Job, tier: Tier, registry: Option<&Arc<Registry>>) -> io::Result<Option<Self>> {
        if job.network != Network::Registry {
            return Ok(None);
        }
        let registry = registry.cloned();
        let registry = registry.ok_or_else(|| io::Error::other("no registry was named"))?;
        let way = if tier.own_network() {
            let (ours, theirs) = socketpair(
                AddressFamily::UNIX,
                SocketType::STREAM,
                SocketFlags::CLOEXEC,
                None,
            )?;
            let ours = UnixStream::from(ours);
            ours.set_nonblocking(true)?;
            Way::HandedOut(ours, Some(theirs))
        } else {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let port = listener.local_addr()?.port();
            Way::Here(listener, port)
        };
        Ok(Some(Self { registry, way }))
    }

    /// The only port of this machine the run may connect to; None where its network is its own.
    pub fn port(&self) -> Option<u16> {
        match &self.way {
            Way::HandedOut(..) => None,
            Way::Here(_, port) => Some(*port),
        }
    }

    /// The variable npm finds the way by.
    pub fn variable(&self) -> (String, String) {
        let address = self.registry.address(self.port().unwrap_or(PORT));
        (ADDRESS.to_owned(), address)
    }

    /// Gives the run's first process its end, as standard input: npm reads none.
    pub fn fit(&mut self, command: &mut Command) {
        if let Way::HandedOut(_, theirs) = &mut self.way
            && let Some(theirs) = theirs.take()
        {
            command.stdin(Stdio::from(theirs));
        }
    }

    /// Answers until dropped.
    pub async fn serve(self) -> io::Result<()> {
        let listener = match self.way {
            Way::Here(listener, _) => listener,
            Way::HandedOut(ours, _) => {
                let ours = tokio::net::UnixStream::from_std(ours)?;
                let got = ours
                    .async_io(Interest::READABLE, || received(&ours))
                    .await?;
                TcpListener::from(got)
            }
        };
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        self.registry.serve(listener).await;
        Ok(())
    }
}

/// The one open file that comes through.
fn received(from: &tokio::net::UnixStream) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut files = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0_u8; 1];
    let mut into = [IoSliceMut::new(&mut byte)];
    recvmsg(from, &mut into, &mut files, RecvFlags::CMSG_CLOEXEC)?;
    let mut found = files.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    found
        .next()
        .ok_or_else(|| io::Error::other("the run ended before its network was there"))
}
