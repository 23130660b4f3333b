//! What a plan takes from flags, and which server a key is for.

use super::*;
use crate::factory::ports::settings::HostKind;

#[test]
fn hosts_are_read_with_and_without_kind() {
    let spec = |name: &str, kind: Option<&str>, url: &str| HostSpec {
        name: name.into(),
        kind: kind.map(str::to_owned),
        url: url.into(),
    };
    let cases = [
        (
            "gpu1=ollama:http://h:11434",
            spec("gpu1", Some("ollama"), "http://h:11434"),
        ),
        ("gpu1=http://h:11434", spec("gpu1", None, "http://h:11434")),
        (
            "openai:https://api.example.com/v1",
            spec("openai", Some("openai"), "https://api.example.com/v1"),
        ),
        ("http://h:1234", spec("models", None, "http://h:1234")),
    ];
    for (text, expected) in cases {
        assert_eq!(host(text).unwrap(), expected, "{text}");
    }
    for bad in ["", "gpu1", "a b=http://h", "=http://h", "gpu1=ollama:"] {
        assert!(host(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_was_found_is_taken_only_where_nothing_was_named() {
    let found = [Probed {
        name: "ollama".into(),
        kind: HostKind::Ollama,
        url: "http://127.0.0.1:11434".into(),
        models: vec!["nomic-embed-text".into(), "qwen3:8b".into()],
    }];
    let mut plan = Plan::default();
    plan.take(&found);
    assert!(
        plan.toml().contains("model = \"ollama/qwen3:8b\""),
        "{}",
        plan.toml()
    );
    let mut named = Plan {
        hosts: vec![host("gpu1=ollama:http://h:1").unwrap()],
        ..Plan::default()
    };
    named.take(&found);
    assert!(!named.toml().contains("qwen3"), "{}", named.toml());
}

#[test]
fn a_key_goes_to_the_vendor_a_role_names_and_never_to_the_server_beside_it() {
    let key = || Some(KeyPlace::File("K".into()));
    let mut plan = Plan {
        hosts: vec![host("gpu1=ollama:http://192.168.1.20:11434").unwrap()],
        models: vec![("supervisor", "anthropic/big".to_owned())],
        key: key(),
        ..Plan::default()
    };
    let refused = format!("{:?}", plan.key_table().unwrap_err());
    assert!(
        refused.contains("add --host anthropic=KIND:URL"),
        "{refused}"
    );
    plan.bring_vendors(&BTreeMap::new());
    let (name, text) = plan.key_table().unwrap().unwrap();
    let origin = "[keys.anthropic]\norigin = \"https://api.anthropic.com:443\"\n";
    assert!(name == "anthropic" && text.starts_with(origin), "{text}");
    // The Ollama there is without any host stays, and a Developer's vendor gets the key, too.
    let mut plan = Plan {
        models: vec![("developer", "openai/big".to_owned())],
        key: key(),
        ..Plan::default()
    };
    let env = BTreeMap::from([("OLLAMA_HOST".to_owned(), "gpu7".to_owned())]);
    plan.bring_vendors(&env);
    let urls: Vec<&str> = plan.hosts.iter().map(|host| host.url.as_str()).collect();
    assert_eq!(urls, ["http://gpu7:11434", "https://api.openai.com/v1"]);
    assert_eq!(plan.key_table().unwrap().unwrap().0, "openai");
}

#[test]
fn a_key_beside_a_supervisor_elsewhere_goes_to_the_only_vendor_or_nowhere() {
    let owner = |hosts: &[&str], models: &[(&'static str, &str)]| {
        let mut plan = Plan {
            hosts: hosts.iter().map(|text| host(text).unwrap()).collect(),
            models: models.iter().map(|(r, m)| (*r, (*m).to_owned())).collect(),
            key: Some(KeyPlace::File("K".into())),
            day_limit: None,
        };
        plan.bring_vendors(&BTreeMap::new());
        plan.key_table().map(|table| table.unwrap().0)
    };
    let near = "gpu1=ollama:http://192.168.1.20:11434";
    let far = "router=openai:https://router.example/v1";
    let slash = "mine=anthropic:https://api.anthropic.com/";
    let big = ("developer", "anthropic/big");
    let local = ("supervisor", "gpu1/x");
    assert_eq!(owner(&[near], &[big, local]).unwrap(), "anthropic");
    assert_eq!(owner(&[near, slash], &[local]).unwrap(), "mine");
    assert_eq!(owner(&[near, slash], &[]).unwrap(), "mine");
    assert_eq!(owner(&[near], &[local]).unwrap(), "gpu1");
    let two = [big, ("qa", "openai/big")];
    let reviewed = [&two[..], &[("supervisor", "openai/big")]].concat();
    assert_eq!(owner(&[near], &reviewed).unwrap(), "openai");
    // Two names of one server are one.
    assert_eq!(owner(&[slash], &[big]).unwrap(), "mine");
    assert_eq!(owner(&[near, far], &[local]).unwrap(), "router");
    assert_eq!(owner(&[far, near], &[]).unwrap(), "router");
    let other = "lab=openai:https://lab.example/v1";
    assert_eq!(
        owner(&[far, other], &[("supervisor", "lab/x")]).unwrap(),
        "lab"
    );
    // Whose it is cannot be told: of two vendors, or of a vendor and another far server.
    let rows: [(&[&str], Vec<_>); 5] = [
        (&[near], [&two[..], &[local]].concat()),
        (&[far], vec![big, ("supervisor", "router/x")]),
        (&[slash, far], vec![]),
        (&[near, slash, far], vec![local]),
        (&[far, other], vec![]),
    ];
    for (hosts, models) in rows {
        let refused = format!("{:?}", owner(hosts, &models).unwrap_err());
        assert!(refused.contains("which server, "), "{refused}");
    }
}

#[test]
fn the_key_needs_a_server() {
    let mut plan = Plan {
        key: Some(KeyPlace::Variable("K".into())),
        ..Plan::default()
    };
    assert!(plan.key_table().is_err());
    plan.hosts = vec![host("a=openai:https://api.example.com/v1").unwrap()];
    let (name, text) = plan.key_table().unwrap().unwrap();
    assert_eq!(name, "a");
    assert_eq!(
        text,
        "[keys.a]\norigin = \"https://api.example.com:443\"\nenv = \"K\"\n"
    );
}
