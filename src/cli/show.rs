//! `config`: each value in force with where it came from; needs no home.

use super::args::Cli;
use super::out::{self, Done};
use super::{home, wire};
use serde_json::json;

/// Prints the settings in force.
pub fn run(cli: &Cli) -> Done {
    let home = match &cli.home {
        Some(dir) => Some(home::resolve(Some(dir))?),
        None => home::resolve(None).ok(),
    };
    let probed = wire::probe_machine()?;
    let loaded = wire::settings(cli, home.as_deref(), probed)?;
    if cli.json {
        let rows: Vec<_> = loaded
            .sources
            .iter()
            .map(|row| json!({ "key": row.key, "value": row.value, "source": row.source.to_string() }))
            .collect();
        out::say(json!(rows))?;
        return Ok(0);
    }
    let rows: Vec<Vec<String>> = loaded
        .sources
        .into_iter()
        .map(|row| {
            vec![
                row.key,
                format!("= {}", row.value),
                format!("# {}", row.source),
            ]
        })
        .collect();
    out::put(&out::table(&rows))?;
    Ok(0)
}
