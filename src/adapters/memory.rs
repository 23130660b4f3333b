//! Memory for a program that works for months: what is free goes back to the system.

/// Bytes from which a piece of memory is taken from the system by itself, and free ones at the end of a heap go back to it:
/// what the C library begins with.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const PIECE: libc::c_int = 128 * 1024;

/// Keeps the C library from raising these limits by itself. It does so, up to 32 MiB, with each large piece that is freed (mallopt(3)),
/// and a long reply or a large file would then leave its room in the heap of every thread that ever held one.
/// Called before there are other threads.
pub fn keep_limits() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: sets two numbers of the allocator and touches no memory of ours.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, PIECE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, PIECE);
    }
}

/// Gives back what is free between pieces in use, which the C library keeps for ever by itself. About a millisecond.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: touches nothing but memory that is free.
    unsafe {
        libc::malloc_trim(0);
    }
}
