//! The suite's own binary as a guest behind the walls, for system calls that Node cannot make.
//! It says "tried" when it is through; what came of it is looked at from outside.

use std::ffi::CString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Longest that handles and namespaces are held, to be seen.
const HOLD: Duration = Duration::from_secs(10);
/// Whom runs belong to that root starts.
pub const NOBODY: u32 = 65534;
/// The class of those whom the disk serves last, as ioprio_set(2) takes it.
pub const IDLE: libc::c_long = 3 << 13;
/// The file that says that something is held; whoever has looked removes it.
pub const HELD: &str = "held";

/// `guest MARKER FOLDER KIND ...`
pub fn main(words: &[String]) {
    let words: Vec<&str> = words.iter().skip(2).map(String::as_str).collect();
    match words[..] {
        ["device", path] => device(path),
        ["namespaces"] => namespaces(),
        ["rare", victim, segment] => rare(victim.parse().unwrap(), segment.parse().unwrap()),
        ["limits", victim] => limits(victim.parse().unwrap()),
        ["group", victim] => group(victim.parse().unwrap()),
        ["abstract", name] => abstracted(name),
        ["sockets", kind, door] => sockets(kind, door),
        ["terminal", secret, ref paths @ ..] => terminal(secret, paths),
        _ => panic!("no such guest: {words:?}"),
    }
    println!("tried");
}

fn text(text: &str) -> CString {
    CString::new(text).unwrap()
}

fn word(number: usize) -> String {
    std::env::args().nth(number).unwrap()
}

/// Stays as it is until somebody outside has looked.
fn hold() {
    let held = PathBuf::from(word(3)).join(HELD);
    let end = Instant::now() + HOLD;
    let _ = fs::write(&held, "");
    while held.exists() && Instant::now() < end {
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

fn device(path: &str) {
    let null = libc::makedev(1, 3);
    // SAFETY: a path that ends in zero.
    unsafe { libc::mknod(text(path).as_ptr(), libc::S_IFCHR | 0o666, null) };
}

/// In a user namespace of its own a process may mount; whoever can do that can reach code few have looked at.
fn namespaces() {
    let marker = word(2);
    let (source, place, kind) = (text(&marker), text("/proc"), text("tmpfs"));
    let mount = || {
        // SAFETY: all texts end in zero and live long enough; changes stay in this process's namespaces.
        unsafe {
            libc::mount(
                std::ptr::null(),
                text("/").as_ptr(),
                std::ptr::null(),
                libc::MS_REC | libc::MS_PRIVATE,
                std::ptr::null(),
            );
            libc::mount(
                source.as_ptr(),
                place.as_ptr(),
                kind.as_ptr(),
                0,
                std::ptr::null(),
            );
        }
    };
    for flags in [
        libc::CLONE_NEWUSER | libc::CLONE_NEWNS,
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWNS,
    ] {
        // SAFETY: the child only makes system calls and leaves.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                if libc::unshare(flags) == 0 && flags & libc::CLONE_NEWNS != 0 {
                    mount();
                }
                hold();
                libc::_exit(0);
            }
            if child > 0 {
                libc::waitpid(child, std::ptr::null_mut(), 0);
            }
            // The same by the way a new process is made.
            let cloned = libc::syscall(libc::SYS_clone, flags | libc::SIGCHLD, 0, 0, 0, 0);
            if cloned == 0 {
                hold();
                libc::_exit(0);
            }
            if cloned > 0 {
                libc::waitpid(i32::try_from(cloned).unwrap(), std::ptr::null_mut(), 0);
            }
        }
    }
}

fn rare(victim: i32, segment: i32) {
    // SAFETY: each call gets what it wants or zeros; handles stay open on purpose.
    unsafe {
        let mut parameters = [0_u8; 256];
        libc::syscall(libc::SYS_io_uring_setup, 4, parameters.as_mut_ptr());
        libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC | 1);
        let mut event = [0_u8; 128];
        event[0] = 1; // a software event
        event[4] = 128; // its own size
        libc::syscall(libc::SYS_perf_event_open, event.as_mut_ptr(), 0, -1, -1, 0);
        // An array of one value of four bytes.
        let map: [u32; 18] = [2, 4, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        libc::syscall(libc::SYS_bpf, 0, map.as_ptr(), size_of_val(&map));
        libc::open(
            text("/proc/sys/kernel/core_pattern").as_ptr(),
            libc::O_WRONLY,
        );
        libc::ptrace(libc::PTRACE_SEIZE, victim, 0, 0);
        let shared = libc::shmat(segment, std::ptr::null(), 0);
        if shared.addr() != usize::MAX {
            shared.cast::<u8>().write(1);
        }
    }
    in_memory();
    hold();
}

/// Numbers a victim does not have by itself, which do it no harm: as well it could have been ended. Root, which may lack the
/// right to set them, becomes the victim's user, as its runs do.
fn limits(victim: i32) {
    let time = libc::rlimit {
        rlim_cur: 7_777,
        rlim_max: 7_777,
    };
    let schedule = libc::sched_param { sched_priority: 0 };
    // SAFETY: numbers only, and structures that live through the calls.
    unsafe {
        if crate::attack::root() {
            libc::setgid(NOBODY);
            libc::setuid(NOBODY);
        }
        libc::prlimit(
            victim,
            libc::RLIMIT_CPU,
            &raw const time,
            std::ptr::null_mut(),
        );
        libc::syscall(libc::SYS_setpriority, libc::PRIO_PROCESS, victim, 7);
        libc::sched_setscheduler(victim, libc::SCHED_BATCH, &raw const schedule);
        libc::syscall(libc::SYS_ioprio_set, 1, victim, IDLE);
    }
}

/// Runs a program that lies in no folder.
fn in_memory() {
    // SAFETY: a text that ends in zero, and bytes of the length given.
    let file = unsafe {
        let file = libc::memfd_create(text("planted").as_ptr(), 0);
        let program = fs::read("/bin/sleep").unwrap_or_default();
        libc::write(file, program.as_ptr().cast(), program.len());
        file
    };
    let mut command = Command::new(format!("/proc/self/fd/{file}"));
    let child = command.arg0(word(2)).arg("20").spawn();
    hold();
    if let Ok(mut child) = child {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The signal does nothing by itself, and this process has no handler for it.
fn group(victim: i32) {
    // SAFETY: numbers only.
    unsafe {
        libc::kill(0, libc::SIGURG);
        libc::kill(-victim, libc::SIGURG);
    }
}

fn abstracted(name: &str) {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream};
    if let Ok(address) = SocketAddr::from_abstract_name(name) {
        let _ = UnixStream::connect_addr(&address);
    }
}

/// Opens a socket of every kind a test of a tool has no use for.
fn sockets(kind: &str, door: &str) {
    let door: std::net::SocketAddrV4 = door.parse().unwrap();
    let rare = [
        (libc::AF_VSOCK, libc::SOCK_STREAM, 0),
        (libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE),
        (
            libc::AF_NETLINK,
            libc::SOCK_RAW,
            libc::NETLINK_KOBJECT_UEVENT,
        ),
        (libc::AF_ALG, libc::SOCK_SEQPACKET, 0),
        (libc::AF_UNIX, libc::SOCK_STREAM, 0),
        (libc::AF_BLUETOOTH, libc::SOCK_RAW, 1),
    ];
    let raw = [
        (libc::AF_PACKET, libc::SOCK_RAW, 0x300),
        (libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP),
        (libc::AF_INET6, libc::SOCK_RAW, libc::IPPROTO_ICMPV6),
    ];
    let wanted: &[_] = if kind == "raw" { &raw } else { &rare };
    // SAFETY: numbers only, and an address of the size given.
    unsafe {
        for (family, sort, protocol) in wanted {
            libc::socket(*family, *sort, *protocol);
        }
        hold();
        let socket = libc::socket(libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_MPTCP);
        let address = libc::sockaddr_in {
            sin_family: u16::try_from(libc::AF_INET).unwrap(),
            sin_port: door.port().to_be(),
            sin_addr: libc::in_addr {
                s_addr: u32::from(*door.ip()).to_be(),
            },
            sin_zero: [0; 8],
        };
        let size = u32::try_from(size_of_val(&address)).unwrap();
        libc::connect(socket, (&raw const address).cast(), size);
    }
}

/// Writes to a terminal and types on its keyboard.
fn terminal(secret: &str, paths: &[&str]) {
    let written = format!("written-{secret}\r\n");
    let typed = format!("typed-{secret}\n");
    let open = |path: &&str| {
        // SAFETY: a path that ends in zero.
        unsafe { libc::open(text(path).as_ptr(), libc::O_RDWR | libc::O_NOCTTY) }
    };
    let files = paths.iter().map(open).chain(0..3);
    for file in files.filter(|file| *file >= 0) {
        // SAFETY: a handle that is open or makes the call fail; the byte lives long enough.
        unsafe {
            if libc::isatty(file) == 1 {
                libc::write(file, written.as_ptr().cast(), written.len());
            }
            for byte in typed.bytes() {
                libc::ioctl(file, libc::TIOCSTI, &raw const byte);
            }
        }
    }
}
