//! Namespaces of our own: user (unless we are root), mounts, processes, network, IPC, host name and cgroups.

use super::{Named, Step};
use crate::adapters::sandbox::policy::Policy;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::process::{Signal, WaitOptions, waitpid};
use rustix::thread::UnshareFlags;
use std::{fs, io};

/// Which side of the fork this is.
pub enum Side {
    /// Outside, when all inside is over: the exit code to pass on.
    Outside(u8),
    /// Inside, as the first process.
    Inside,
}

/// Who is seen inside when we are a root that cannot become anybody else.
const NOBODY: u32 = 65534;

/// Makes the namespaces; returns twice.
pub fn enter(policy: &Policy) -> Step<Side> {
    let (user, group) = (
        rustix::process::getuid().as_raw(),
        rustix::process::getgid().as_raw(),
    );
    let own_user = policy.become_id.is_none();
    let mut flags = UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWCGROUP;
    if own_user {
        flags |= UnshareFlags::NEWUSER;
    }
    // SAFETY: open files are not unshared, and this process has one thread.
    unsafe { rustix::thread::unshare_unsafe(flags) }.step("making namespaces")?;
    if own_user {
        map("uid", user).step("mapping the user")?;
        fs::write("/proc/self/setgroups", "deny").step("mapping groups")?;
        map("gid", group).step("mapping the group")?;
    }
    loopback().step("starting the loopback")?;
    rustix::system::sethostname(b"box").step("naming the host")?;
    // SAFETY: this process has one thread, so the child finds every lock free.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()).step("starting the first process"),
        0 => {
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
                .step("death signal")?;
            Ok(Side::Inside)
        }
        child => Ok(Side::Outside(wait(child))),
    }
}

/// One line of a map: ourselves, and never as root.
fn map(kind: &str, id: u32) -> io::Result<()> {
    let inside = if id == 0 { NOBODY } else { id };
    fs::write(format!("/proc/self/{kind}_map"), format!("{inside} {id} 1"))
}

/// Waits for the first process; the kernel has ended all others when it is gone.
fn wait(child: i32) -> u8 {
    let pid = rustix::process::Pid::from_raw(child);
    loop {
        match waitpid(pid, WaitOptions::empty()) {
            Ok(Some((_, status))) => {
                let signal = status.terminating_signal().map(|signal| 128 + signal);
                let code = status.exit_status().or(signal).unwrap_or(1);
                return u8::try_from(code).unwrap_or(1);
            }
            Err(rustix::io::Errno::INTR) | Ok(None) => {}
            Err(_) => return 1,
        }
    }
}

/// Brings the loopback of the new network up: under one that is down a test that listens never ends.
fn loopback() -> io::Result<()> {
    const NEW_LINK: u16 = 16;
    const REQUEST_ACK: u16 = 1 | 4;
    const LOOPBACK: i32 = 1;
    const UP: u32 = 1;
    let mut message = Vec::with_capacity(32);
    message.extend(32_u32.to_ne_bytes());
    message.extend(NEW_LINK.to_ne_bytes());
    message.extend(REQUEST_ACK.to_ne_bytes());
    // Sequence and port, then family, padding and type of the link: nothing to say.
    message.extend([0; 12]);
    message.extend(LOOPBACK.to_ne_bytes());
    message.extend(UP.to_ne_bytes());
    message.extend(UP.to_ne_bytes());
    // No protocol named is the one of routes and links.
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        None,
    )?;
    rustix::net::sendto(
        &socket,
        &message,
        SendFlags::empty(),
        &SocketAddrNetlink::new(0, 0),
    )?;
    let mut answer = [0_u8; 64];
    let (_, length) = rustix::net::recv(&socket, answer.as_mut_slice(), RecvFlags::empty())?;
    // An acknowledgement holds an error number after its header; 0 is none.
    let error = answer.get(16..20).filter(|_| length >= 20);
    let error = error.and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    match error.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(number) => Err(io::Error::from_raw_os_error(-number)),
        None => Err(io::Error::other("no answer")),
    }
}
