//! The program under test; another build of it, where BENCH_PROGRAM names one: benches may measure what users run.

pub fn program() -> std::ffi::OsString {
    std::env::var_os("BENCH_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_dev-factory").into())
}
