//! An operator's own command with walls: bubblewrap once more, as somebody might call it in a script of theirs.

use std::fs;
use std::io::Write;
use std::path::Path;

/// What it does with the words `read=`, `write=` and `--`, and with the program behind them.
const SCRIPT: &str = "
binds=
while [ \"$1\" != -- ]; do
  case $1 in
    read=*) binds=\"$binds --ro-bind-try ${1#*=} ${1#*=}\";;
    write=*) binds=\"$binds --bind ${1#*=} ${1#*=}\";;
  esac
  shift
done
shift
exec bwrap --unshare-all --unshare-user --uid 1234 --die-with-parent --proc /proc --dev /dev --tmpfs /tmp $binds \\
  --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 -- \"$@\"
";

/// Writes the script into a folder; `sandbox.command` that calls it.
pub fn command(folder: &Path) -> Vec<String> {
    let script = folder.join("wrapper");
    fs::create_dir_all(folder).unwrap();
    // Somebody else may read it at this moment.
    let mut whole = tempfile::NamedTempFile::new_in(folder).unwrap();
    whole.write_all(SCRIPT.as_bytes()).unwrap();
    whole.persist(&script).unwrap();
    let script = script.display().to_string();
    ["/bin/sh", &script, "read={read}", "write={write}", "--"]
        .map(str::to_owned)
        .to_vec()
}
