//! The way out of a run of npm, seen from inside: a socket on the run's own loopback, handed out through standard
//! input to those who answer it. No process of the run holds it, and none can make one that leads elsewhere.

use super::{Named, Step};
use crate::adapters::registry::PORT;
use crate::adapters::sandbox::policy::Policy;
use crate::adapters::sandbox::tier::Tier;
use crate::factory::ports::sandbox::Network;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::fs::File;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsFd;

/// Opens it where the network is the run's own and npm is what runs.
pub fn open(policy: &Policy) -> Step<()> {
    if policy.network != Network::Registry || !policy.tier.own_network() {
        return Ok(());
    }
    hand_out().step(match policy.tier {
        Tier::Wrapper => {
            "opening the way to the registry (a wrapper has to hand standard input on as it is)"
        }
        _ => "opening the way to the registry",
    })
}

fn hand_out() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT))?;
    let files = [listener.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    message.push(SendAncillaryMessage::ScmRights(&files));
    let stdin = io::stdin();
    sendmsg(
        &stdin,
        &[IoSlice::new(b"r")],
        &mut message,
        SendFlags::empty(),
    )?;
    // What the job gets as its input is nothing.
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(())
}
