//! A program started as on a machine where no sandbox works: no namespaces for it or its children, and no Landlock.

use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Flags of clone(2) that make namespaces.
const SPACES: i32 = libc::CLONE_NEWNS | libc::CLONE_NEWUSER | libc::CLONE_NEWPID;

/// Bars a command that is not started yet.
pub fn bar(command: &mut Command) -> &mut Command {
    without(
        command,
        &[libc::SYS_unshare, libc::SYS_landlock_create_ruleset],
    )
}

/// Bars it from namespaces alone.
pub fn spaces(command: &mut Command) -> &mut Command {
    without(command, &[libc::SYS_unshare])
}

fn without<'c>(command: &'c mut Command, calls: &[i64]) -> &'c mut Command {
    let flags = [libc::CLONE_NEWNS, libc::CLONE_NEWUSER, libc::CLONE_NEWPID].map(|flag| {
        let bit = u64::try_from(flag & SPACES).unwrap();
        let masked = SeccompCmpOp::MaskedEq(bit);
        let condition = SeccompCondition::new(0, SeccompCmpArgLen::Dword, masked, bit).unwrap();
        SeccompRule::new(vec![condition]).unwrap()
    });
    let calls = calls.iter().map(|call| (*call, Vec::new()));
    let rules = calls.chain([(libc::SYS_clone, flags.to_vec())]);
    let filter = SeccompFilter::new(
        rules.collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM.try_into().unwrap()),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: seccompiler::BpfProgram = filter.unwrap().try_into().unwrap();
    // SAFETY: only system calls are made between fork and exec.
    unsafe {
        command.pre_exec(move || seccompiler::apply_filter(&program).map_err(std::io::Error::other))
    }
}
