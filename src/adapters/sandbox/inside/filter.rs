//! The system calls a job may not make: two filters, one that refuses and one that hides.

use libc::{c_int, c_long};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, sock_filter,
};
use std::collections::BTreeMap;

/// Refused whatever the arguments: they look into other processes, reach the kernel's inner parts, change mounts and
/// namespaces, or keep memory that belongs to no process and so to no limit; or reach what other programs of the user
/// share by a number or a name that no wall watches.
const REFUSED: &[c_long] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_fanotify_init,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
];
/// Calls that set limits, priority or processors, and the arguments by which a job means itself: Landlock does not
/// watch them, and a limit of another process can end it.
const OTHERS: &[(c_long, &[(u8, u64)])] = &[
    (libc::SYS_prlimit64, &[(0, 0)]),
    (libc::SYS_sched_setaffinity, &[(0, 0)]),
    (libc::SYS_sched_setscheduler, &[(0, 0)]),
    (libc::SYS_sched_setparam, &[(0, 0)]),
    (libc::SYS_sched_setattr, &[(0, 0)]),
    (libc::SYS_setpriority, &[(0, 0), (1, 0)]),
    (libc::SYS_ioprio_set, &[(0, 1), (1, 0)]),
];
/// Flags of clone(2) that make namespaces.
const SPACES: [c_int; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];
/// Calls that give a file its mode, and which argument that is: on the machine a program that runs as its owner or
/// group would outlive the run.
const MODES: &[(c_long, u8)] = &[
    (libc::SYS_fchmod, 1),
    (libc::SYS_fchmodat, 2),
    (FCHMODAT2, 2),
    (libc::SYS_mknodat, 2),
    (libc::SYS_openat, 3),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_creat, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mknod, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, 2),
];
/// Calls that change what is known about a file beside its contents, or tell the names of files that come and go in a
/// folder. Landlock does not watch them, so where it stands alone they would reach every file of the user, and none may
/// be made.
const ATTRIBUTES: &[c_long] = &[
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    FCHMODAT2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    SETXATTRAT,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    REMOVEXATTRAT,
    FILE_SETATTR,
    libc::SYS_inotify_add_watch,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utime,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utimes,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_futimesat,
];
/// Newer than the list of some C libraries; the same numbers everywhere.
const FCHMODAT2: c_long = 452;
const SETXATTRAT: c_long = 463;
const REMOVEXATTRAT: c_long = 466;
const FILE_SETATTR: c_long = 469;
/// Set-user-id and set-group-id.
const OWNERS: [u64; 2] = [0o4000, 0o2000];
/// Requests that put characters into a terminal, as typed by its user.
const TYPING: [u64; 2] = [0x5412, 0x541c];
/// MPTCP, which Landlock and many firewalls do not see.
const MULTIPATH: u64 = 262;
/// The bits of a socket's type that are no flags.
const KIND: u64 = 0xf;
/// System calls of the x32 kind have this bit and would pass a filter that knows the plain numbers.
const X32: u32 = 0x4000_0000;

/// Sockets a run may make; none but those of the internet ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sockets {
    /// None at all.
    None,
    /// Streams, whose ports Landlock watches.
    Streams,
    /// Any, since they reach only the run's own network.
    Internet,
}

/// Both filters. `attributes`: modes, owners and times of files may be changed, and folders watched, as far as the walls
/// let it reach files.
pub fn programs(sockets: Sockets, attributes: bool) -> Result<Vec<BpfProgram>, seccompiler::Error> {
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    let mut rules: BTreeMap<c_long, Vec<SeccompRule>> =
        REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let flags = SPACES.map(|flag| {
        let bit = u64::from(flag.cast_unsigned());
        when(&[(0, SeccompCmpOp::MaskedEq(bit), bit)])
    });
    rules.insert(
        libc::SYS_clone,
        flags.into_iter().collect::<Result<_, _>>()?,
    );
    for (call, argument) in MODES {
        let owners = OWNERS.map(|bit| when(&[(*argument, SeccompCmpOp::MaskedEq(bit), bit)]));
        rules.insert(*call, owners.into_iter().collect::<Result<_, _>>()?);
    }
    for (call, own) in OTHERS {
        let other = own
            .iter()
            .map(|(argument, itself)| when(&[(*argument, SeccompCmpOp::Ne, *itself)]));
        rules.insert(*call, other.collect::<Result<_, _>>()?);
    }
    if !attributes {
        rules.extend(ATTRIBUTES.iter().map(|call| (*call, Vec::new())));
    }
    let typing = TYPING.map(|request| when(&[(1, SeccompCmpOp::Eq, request)]));
    rules.insert(
        libc::SYS_ioctl,
        typing.into_iter().collect::<Result<_, _>>()?,
    );
    let internet = [libc::AF_INET, libc::AF_INET6].map(|family| u64::from(family.cast_unsigned()));
    let others = when(&internet.map(|family| (0, SeccompCmpOp::Ne, family)))?;
    let multipath = when(&[(2, SeccompCmpOp::Eq, MULTIPATH)])?;
    let packets = [libc::SOCK_DGRAM, libc::SOCK_RAW, libc::SOCK_SEQPACKET];
    let packets = packets.map(|kind| {
        let kind = u64::from(kind.cast_unsigned());
        when(&[(1, SeccompCmpOp::MaskedEq(KIND), kind)])
    });
    let socket = match sockets {
        Sockets::None => Vec::new(),
        Sockets::Internet => vec![others, multipath],
        Sockets::Streams => {
            let packets = packets.into_iter().collect::<Result<Vec<_>, _>>()?;
            [vec![others, multipath], packets].concat()
        }
    };
    rules.insert(libc::SYS_socket, socket);
    let refuse = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let refusing = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?;
    Ok(vec![refusing.try_into()?, hiding()])
}

/// A rule for 32-bit arguments that all compare.
fn when(tests: &[(u8, SeccompCmpOp, u64)]) -> Result<SeccompRule, seccompiler::BackendError> {
    let conditions = tests
        .iter()
        .map(|(index, operator, value)| {
            SeccompCondition::new(*index, SeccompCmpArgLen::Dword, operator.clone(), *value)
        })
        .collect::<Result<_, _>>()?;
    SeccompRule::new(conditions)
}

/// clone3 and openat2, whose arguments no filter can read, are as if the kernel did not know them: libraries then use
/// clone and openat.
fn hiding() -> BpfProgram {
    const LOAD_NUMBER: u16 = 0x20;
    const IF_EQUAL: u16 = 0x15;
    const IF_AT_LEAST: u16 = 0x35;
    const RETURN: u16 = 0x06;
    const ALLOW: u32 = 0x7fff_0000;
    const ERRNO: u32 = 0x0005_0000;
    let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    let number = |call: c_long| u32::try_from(call).unwrap_or(u32::MAX);
    vec![
        step(LOAD_NUMBER, 0, 0, 0),
        step(IF_AT_LEAST, 3, 0, X32),
        step(IF_EQUAL, 2, 0, number(libc::SYS_clone3)),
        step(IF_EQUAL, 1, 0, number(libc::SYS_openat2)),
        step(RETURN, 0, 0, ALLOW),
        step(RETURN, 0, 0, ERRNO | libc::ENOSYS.cast_unsigned()),
    ]
}
