//! The three questions `init` asks on a terminal: hosts, where the key is, a daily limit.

use super::out::Fail;
use super::plan::{self, Plan};
use crate::config::Probed;
use crate::config::keys::KeyPlace;
use crate::text::plural::plural;
use std::io::{BufRead, Write};

/// Asks for what the flags left open.
pub fn ask(
    plan: &mut Plan,
    found: &[Probed],
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<(), Fail> {
    if plan.hosts.is_empty() {
        hosts(plan, found, input, output)?;
    }
    let elsewhere = plan
        .hosts
        .iter()
        .any(|host| !found.iter().any(|own| own.url == host.url));
    if plan.key.is_none() && (elsewhere || !plan.vendors().is_empty()) {
        key(plan, input, output)?;
    }
    if plan.day_limit.is_none() {
        limit(plan, input, output)?;
    }
    Ok(())
}

/// Puts a question; None when the input has ended.
fn question(
    text: &str,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<Option<String>, Fail> {
    write!(output, "{text} ")?;
    output.flush()?;
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(line.trim().to_owned()))
}

fn hosts(
    plan: &mut Plan,
    found: &[Probed],
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<(), Fail> {
    for server in found {
        writeln!(
            output,
            "Found {} at {} with {}.",
            server.name,
            server.url,
            plural(server.models.len(), "model")
        )?;
    }
    let text = if found.is_empty() {
        writeln!(output, "No model server answers on this machine.")?;
        "Address of one, such as gpu1=ollama:http://192.168.1.20:11434 (empty: later):"
    } else {
        "Use that (empty), or another, such as gpu1=ollama:http://192.168.1.20:11434:"
    };
    while let Some(line) = question(text, input, output)? {
        if line.is_empty() {
            break;
        }
        match plan::host(&line) {
            Ok(host) => {
                plan.hosts.push(host);
                let Some(model) = question("Model there for Developer and QA:", input, output)?
                else {
                    return Ok(());
                };
                let name = plan
                    .hosts
                    .last()
                    .map_or(String::new(), |host| host.name.clone());
                if !model.is_empty() {
                    for role in ["developer", "qa"] {
                        plan.models.push((role, format!("{name}/{model}")));
                    }
                }
                return Ok(());
            }
            Err(Fail::Said(_, sentence)) => writeln!(output, "{sentence}")?,
            Err(other) => return Err(other),
        }
    }
    plan.take(found);
    Ok(())
}

fn key(plan: &mut Plan, input: &mut impl BufRead, output: &mut impl Write) -> Result<(), Fail> {
    let text = "Where is its key? file PATH, env NAME or command COMMAND (empty: no key):";
    while let Some(line) = question(text, input, output)? {
        if line.is_empty() {
            return Ok(());
        }
        plan.key = match line.split_once(' ') {
            Some(("file", rest)) => Some(KeyPlace::File(rest.trim().to_owned())),
            Some(("env", rest)) => match plan::variable(rest.trim()) {
                Ok(place) => Some(place),
                Err(Fail::Said(_, sentence)) => {
                    writeln!(output, "{sentence}")?;
                    continue;
                }
                Err(other) => return Err(other),
            },
            Some(("command", rest)) => Some(KeyPlace::Command(rest.trim().to_owned())),
            _ => None,
        };
        if plan.key.is_some() {
            return Ok(());
        }
        writeln!(
            output,
            "Write the word file, env or command first. A key itself is never asked for."
        )?;
    }
    Ok(())
}

fn limit(plan: &mut Plan, input: &mut impl BufRead, output: &mut impl Write) -> Result<(), Fail> {
    while let Some(line) = question(
        "Most that may be spent in 24 hours, USD [5.00]:",
        input,
        output,
    )? {
        if line.is_empty() {
            return Ok(());
        }
        match line.trim_start_matches('$').parse::<f64>() {
            Ok(amount) if amount.is_finite() && amount >= 0.0 => {
                plan.day_limit = Some(amount);
                return Ok(());
            }
            _ => writeln!(output, "Write an amount, such as 5.")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(text: &str, found: &[Probed]) -> (Plan, String) {
        let mut plan = Plan::default();
        let mut output = Vec::new();
        ask(&mut plan, found, &mut text.as_bytes(), &mut output).unwrap();
        (plan, String::from_utf8(output).unwrap())
    }

    #[test]
    fn mistakes_are_asked_again() {
        let text = "nonsense\nlab=openai:https://api.example.com\nqwen3\nsk-canary\nenv sk-canary\nenv LAB_KEY\nmuch\n3.5\n";
        let (plan, output) = answers(text, &[]);
        assert_eq!(plan.hosts[0].name, "lab");
        assert_eq!(plan.models[1], ("qa", "lab/qwen3".to_owned()));
        assert_eq!(plan.key, Some(KeyPlace::Variable("LAB_KEY".into())));
        assert_eq!(plan.day_limit, Some(3.5));
        assert!(
            output.contains("names no server") && output.contains("Write an amount"),
            "{output}"
        );
        assert!(output.contains("no variable's name"), "{output}");
        assert!(
            !output.contains("canary"),
            "a key typed by mistake is repeated"
        );
    }

    #[test]
    fn empty_answers_take_what_was_found_and_ask_for_no_key() {
        let found = [Probed {
            name: "ollama".into(),
            kind: crate::factory::ports::settings::HostKind::Ollama,
            url: "http://127.0.0.1:11434".into(),
            models: vec!["qwen3:14b".into()],
        }];
        let (plan, output) = answers("\n\n", &found);
        assert_eq!(plan.hosts.len(), 1);
        assert_eq!(plan.key, None);
        assert!(!output.contains("key"), "{output}");
    }

    #[test]
    fn a_vendor_that_was_named_is_asked_for_its_key() {
        let mut plan = Plan {
            models: vec![("supervisor", "anthropic/big".to_owned())],
            ..Plan::default()
        };
        let text = "\nfile /key\n\n";
        ask(&mut plan, &[], &mut text.as_bytes(), &mut Vec::new()).unwrap();
        assert_eq!(plan.key, Some(KeyPlace::File("/key".into())));
    }

    #[test]
    fn an_input_that_ends_leaves_the_rest_open() {
        let (plan, _) = answers("", &[]);
        assert_eq!(plan, Plan::default());
    }
}
