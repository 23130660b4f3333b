//! A line of the journal, numbered and with its checksum, from one that has neither.

/// `bare` begins behind the opening brace and the number, and ends before the closing brace.
pub fn numbered(seq: u64, bare: &str) -> String {
    let open = format!("{{\"seq\":{seq},{bare}");
    let crc = crc32fast::hash(format!("{open}}}").as_bytes());
    format!("{open},\"crc\":\"{crc:08x}\"}}\n")
}
