//! Settings: layers and where values come from, and every mistake with its place and a way out.

#[path = "config/page.rs"]
mod page;

use dev_factory::agents::acting::Style;
use dev_factory::config::keys::KeyPlace;
use dev_factory::config::{Inputs, Loaded, Probed, load, schema};
use dev_factory::factory::ports::notifier::Way;
use dev_factory::factory::ports::settings::HostKind;
use dev_factory::text::secret::Secret;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

struct Scratch {
    dir: tempfile::TempDir,
    inputs: Inputs,
}

fn scratch() -> Scratch {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("dev-factory")).unwrap();
    let inputs = Inputs {
        home: Some(dir.path().to_path_buf()),
        user_file: Some(dir.path().join("user.toml")),
        ..Inputs::default()
    };
    Scratch { dir, inputs }
}

impl Scratch {
    fn home(&self, text: &str) {
        fs::write(self.dir.path().join("dev-factory/factory.toml"), text).unwrap();
    }
    fn user(&self, text: &str) {
        fs::write(self.dir.path().join("user.toml"), text).unwrap();
    }
    fn env(&mut self, name: &str, value: &str) {
        self.inputs.env.insert(name.to_owned(), value.to_owned());
    }
    fn load(&self) -> Loaded {
        load(&self.inputs, &no_key).unwrap_or_else(|problems| panic!("{problems:#?}"))
    }
    fn problems(&self) -> Vec<String> {
        match load(&self.inputs, &no_key) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
        }
    }
    fn shown(&self, key: &str) -> (String, String) {
        let loaded = self.load();
        let row = loaded.sources.iter().find(|row| row.key == key);
        let row = row.unwrap_or_else(|| panic!("{key} is not shown"));
        (row.value.clone(), row.source.to_string())
    }
}

fn no_key(place: &KeyPlace) -> Result<Secret, String> {
    Err(format!("not to be asked: {place:?}"))
}

#[test]
fn nothing_set_is_this_machines_ollama_and_a_person_as_reviewer() {
    let s = scratch();
    let settings = s.load().settings;
    let host = &settings.hosts["ollama"];
    assert_eq!(host.kind, HostKind::Ollama);
    assert_eq!(host.url, "http://127.0.0.1:11434");
    assert_eq!(
        settings.developer.model.unwrap().to_string(),
        "ollama/qwen3:14b"
    );
    assert_eq!(settings.qa.model.unwrap().to_string(), "ollama/qwen3:14b");
    assert!(settings.supervisor.model.is_none());
    assert_eq!(settings.limits.day_usd, 5.0);
}

#[test]
fn later_layers_win_and_say_so() {
    let mut s = scratch();
    let key = "limits.day_usd";
    assert_eq!(s.shown(key), ("5.0".into(), "built-in".into()));
    s.home("# first\n[limits]\nday_usd = 4\n");
    assert_eq!(
        s.shown(key),
        ("4.0".into(), "dev-factory/factory.toml:3:11".into())
    );
    s.user("[limits]\nday_usd = 3.5\n");
    assert!(s.shown(key).1.ends_with("user.toml:2:11"));
    s.env("DEV_FACTORY_LIMITS_DAY_USD", "2.5");
    assert_eq!(
        s.shown(key),
        ("2.5".into(), "variable DEV_FACTORY_LIMITS_DAY_USD".into())
    );
    s.inputs.flags.push((key.into(), "1".into()));
    assert_eq!(
        s.shown(key),
        ("1.0".into(), "flag --set limits.day_usd".into())
    );
    assert_eq!(s.load().settings.limits.day_usd, 1.0);
}

#[test]
fn a_demo_takes_no_work_from_the_users_own_settings() {
    let mut s = scratch();
    s.home("[hosts.script]\nkind = \"scripted\"\n[roles.developer]\nmodel = \"script/demo\"\n");
    s.inputs.demo = true;
    let mut before = s.load().settings;
    s.user(concat!(
        "[hosts.api]\nkind = \"anthropic\"\n",
        "[roles.developer]\nmodel = \"api/big\"\nschedule = \"* 3 * * *\"\nfallback = \"api/big\"\n",
        "[roles.qa]\nrunner = \"external\"\n",
        "[roles.supervisor]\nmodel = \"api/big\"\n",
        "[harness]\nfile_lines = 100\n",
        "[limits]\ntool_minutes = 1\n",
        "[notify.me]\ncommand = \"true\"\n",
        "[sandbox]\ncommand = \"walls\"\n",
        "[screens]\nbell = \"bell\"\n",
    ));
    s.env("DEV_FACTORY_LIMITS_DAY_USD", "0");
    let loaded = s.load();
    assert_eq!(loaded.settings.wrapper, ["walls"]);
    assert_eq!(s.shown("screens.bell").0, "\"bell\"");
    before.wrapper = vec!["walls".to_owned()];
    assert_eq!(loaded.settings, before);
    // A mistake in what does not count is in nobody's way; one in what counts is.
    s.env("DEV_FACTORY_LIMITS_DAY_USD", "much");
    s.env("DEV_FACTORY_LIMTS_DAY_USD", "1");
    s.user(concat!(
        "pace = 3\n[limits]\nday_usdd = 1\n[roles]\nqa = 1\n[hosts.api]\nurl = \"nowhere\"\n",
        "[prices]\n\"a/b\" = \"free\"\n[sandbox]\ncommand = \"walls\"\n",
    ));
    assert_eq!(s.load().settings, before);
    s.env("DEV_FACTORY_SCREENS_BEL", "bell");
    s.user("[limits]\nday_usdd = 1\n[screens]\nbell = \"gong\"\n");
    let problems = s.problems();
    assert_eq!(problems.len(), 2, "{problems:#?}");
    assert!(problems[0].contains("user.toml:4:"), "{problems:#?}");
    assert!(problems[1].contains("SCREENS_BEL"), "{problems:#?}");
    s.inputs.env.clear();
    s.user("");
    // What was typed for this call alone counts everywhere.
    let flag = ("limits.tool_minutes".to_owned(), "7".to_owned());
    s.inputs.flags.push(flag);
    assert_eq!(s.shown("limits.tool_minutes").0, "7");
}

#[test]
fn every_problem_is_reported_at_once_with_its_place() {
    let mut s = scratch();
    s.home(concat!(
        "[limits]\n",
        "day_usdd = 3\n",
        "tool_tokens = \"many\"\n",
        "\n",
        "[roles.developer]\n",
        "schedule = \"61 * * * *\"\n",
        "model = \"qwen3\"\n",
        "[roles.qa]\n",
        "model = \"gpu2/qwen3:14b\"\n",
        "schedule = \"0 * 22-23 * * *\"\n",
        "[hosts.gpu1]\n",
        "kind = \"olama\"\n",
    ));
    s.env("DEV_FACTORY_LIMIT_DAY_USD", "1");
    let problems = s.problems();
    let expected = [
        "dev-factory/factory.toml:2:1: limits.day_usdd is not a setting; did you mean limits.day_usd?",
        "dev-factory/factory.toml:3:15: limits.tool_tokens is \"many\", and takes a whole number from 1 to",
        "dev-factory/factory.toml:6:12: roles.developer.schedule is \"61 * * * *\", which is no cron expression: ",
        "dev-factory/factory.toml:7:9: roles.developer.model is \"qwen3\", and takes \"host/model\"",
        "dev-factory/factory.toml:10:12: roles.qa.schedule is \"0 * 22-23 * * *\", which is no cron expression: ",
        "dev-factory/factory.toml:12:8: hosts.gpu1.kind is \"olama\", and takes one of ollama, lmstudio, llamacpp, vllm, openai, anthropic, scripted; did you mean \"ollama\"?",
        "variable DEV_FACTORY_LIMIT_DAY_USD: DEV_FACTORY_LIMIT_DAY_USD is not a setting; did you mean DEV_FACTORY_LIMITS_DAY_USD?",
        "dev-factory/factory.toml:9:9: roles.qa.model is \"gpu2/qwen3:14b\", but no host is named gpu2",
    ];
    for words in expected {
        assert!(
            problems.iter().any(|p| p.starts_with(words)),
            "{words}\nnot in {problems:#?}"
        );
    }
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
}

#[test]
fn how_the_developer_edits_is_a_word_of_its_role_alone() {
    let s = scratch();
    assert_eq!(s.load().settings.developer.edits, None);
    assert_eq!(
        s.shown("roles.developer.edits"),
        ("\"files\"".into(), "built-in".into())
    );
    for (word, edits) in [
        ("files", None),
        ("tools", Some(Style::Tools)),
        ("actions", Some(Style::Actions)),
    ] {
        s.home(&format!("[roles.developer]\nedits = \"{word}\"\n"));
        assert_eq!(s.load().settings.developer.edits, edits);
    }
    s.home("[roles.developer]\nedits = \"tool\"\n[roles.qa]\nedits = \"tools\"\n");
    let problems = s.problems();
    assert!(
        problems[0].contains("takes one of files, tools, actions; did you mean \"tools\"?"),
        "{problems:#?}"
    );
    assert!(
        problems[1].contains("roles.qa.edits is not a setting"),
        "{problems:#?}"
    );
}

#[test]
fn a_file_that_is_no_toml_names_every_broken_line() {
    let s = scratch();
    s.home("[limits\nday_usd = 1\n[harness]\nfile_lines = = 3\n");
    let problems = s.problems();
    assert!(
        problems[0].starts_with("dev-factory/factory.toml:1:"),
        "{problems:#?}"
    );
    assert!(problems[0].contains("not valid TOML"), "{problems:#?}");
    assert!(
        problems
            .iter()
            .any(|p| p.starts_with("dev-factory/factory.toml:4:")),
        "{problems:#?}"
    );
    s.home("[limits]\nday_usd = 1\nday_usd = 2\n");
    assert!(
        s.problems()[0].contains("factory.toml:3:"),
        "{:#?}",
        s.problems()
    );
    fs::write(
        s.dir.path().join("dev-factory/factory.toml"),
        b"push = \"\xff\"",
    )
    .unwrap();
    assert!(s.problems()[0].contains("not UTF-8"), "{:#?}", s.problems());
}

#[test]
fn unknown_keys_anywhere_get_a_suggestion() {
    let s = scratch();
    for (text, hint) in [
        ("[limit]\nday_usd = 1\n", "did you mean limits?"),
        ("day_usd = 1\n", "did you mean limits.day_usd?"),
        (
            "[roles.develper]\nmodel = \"a/b\"\n",
            "did you mean roles.developer?",
        ),
        (
            "[hosts.gpu1]\nkind = \"ollama\"\nadress = \"x\"\n",
            "hosts.gpu1.adress is not a setting",
        ),
        (
            "[hosts.gpu1]\nkind = \"ollama\"\nnum_cxt = 1\n",
            "did you mean hosts.gpu1.num_ctx?",
        ),
        (
            "[keep]\nzzz = 1\n",
            "keep.zzz is not a setting; remove it, or name one of transcripts_mib, evidence_mib, logs_mib, branch_days",
        ),
        (
            "[harness]\nspec_examples_most = 4\n",
            "2:22: harness.spec_examples_least is 8 and harness.spec_examples_most is 4: no spec has both",
        ),
        ("hosts = 3\n", "hosts is a table: write [hosts]"),
        (
            "limits.day_usd = [1]\n",
            "limits.day_usd is an array, and takes one value",
        ),
    ] {
        s.home(text);
        let problems = s.problems();
        assert!(
            problems.len() == 1 && problems[0].contains(hint),
            "{hint}: {problems:#?}"
        );
    }
}

#[test]
fn keys_sandbox_and_notify_are_refused_in_a_home() {
    let s = scratch();
    s.home("[keys.x]\nenv = \"A\"\n[sandbox]\ncommand = \"none\"\n[notify]\ncommand = \"x\"\n");
    let problems = s.problems();
    assert_eq!(problems.len(), 3, "{problems:#?}");
    for (problem, line) in problems.iter().zip([1, 3, 5]) {
        assert!(
            problem.starts_with(&format!("dev-factory/factory.toml:{line}:")),
            "{problem}"
        );
        assert!(problem.contains("user.toml"), "{problem}");
    }
}

#[test]
fn that_a_host_costs_nothing_is_no_home_s_to_say() {
    let s = scratch();
    let host = "[hosts.gpu1]\nkind = \"openai\"\nurl = \"https://api.openai.com/v1\"\n";
    s.home(&format!("{host}local = true\n"));
    let problems = s.problems();
    let [problem] = &problems[..] else {
        panic!("{problems:#?}");
    };
    assert!(
        problem.starts_with("dev-factory/factory.toml:4:") && problem.contains("user.toml"),
        "{problem}"
    );
    s.home(host);
    s.user("[hosts.gpu1]\nlocal = true\n");
    assert_eq!(s.load().settings.hosts["gpu1"].local, Some(true));
    s.home(&format!("{host}local = false\n"));
    s.user("");
    assert_eq!(s.load().settings.hosts["gpu1"].local, Some(false));
}

#[test]
fn servers_are_looked_for_on_this_machine_and_where_the_environment_says() {
    use dev_factory::config::variables::candidates;
    let usual =
        ["11434", "1234", "8080", "8000", "9931"].map(|port| format!("http://127.0.0.1:{port}"));
    assert_eq!(candidates(&BTreeMap::new()), usual);
    let env = [
        ("OLLAMA_HOST", "gpu1:9000"),
        ("LM_STUDIO_API_BASE", "http://gpu2:1234/v1"),
        ("LLAMA_ARG_PORT", "8085"),
        ("OPENAI_BASE_URL", "http://elsewhere:1"),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let found = candidates(&BTreeMap::from(env));
    let own = [
        "http://gpu1:9000",
        "http://gpu2:1234/v1",
        "http://127.0.0.1:8080",
        "http://127.0.0.1:8000",
        "http://127.0.0.1:1234",
        "http://127.0.0.1:9931",
        "http://127.0.0.1:8085",
    ];
    assert_eq!(found, own);
}

#[test]
fn packages_are_allowed_by_the_users_own_settings_only() {
    let s = scratch();
    assert_eq!(s.load().settings.packages, []);
    s.user("[npm]\nallow = [\"dayjs@1.11.13\", \"@scope/x@0.1.0\"]\n");
    let loaded = s.load();
    let names: Vec<String> = loaded
        .settings
        .packages
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["dayjs@1.11.13", "@scope/x@0.1.0"]);
    let shown = loaded
        .sources
        .iter()
        .find(|shown| shown.key == "npm.allow")
        .unwrap();
    assert_eq!(shown.value, "[\"dayjs@1.11.13\", \"@scope/x@0.1.0\"]");
    s.home("\n[npm]\nallow = [\"evil@1.0.0\"]\n");
    let problems = s.problems();
    assert!(
        problems.len() == 1
            && problems[0].starts_with("dev-factory/factory.toml:2:")
            && problems[0].contains("npm is never read from a home")
            && problems[0].contains("user.toml"),
        "{problems:#?}"
    );
    for (value, part) in [
        ("\"dayjs@1.11.13\"", "takes a list such as"),
        ("[\"dayjs\"]", "one exact version"),
        ("[\"dayjs@^1.0.0\"]", "one exact version"),
        ("[\"../x@1.0.0\"]", "one exact version"),
        ("[1]", "takes texts in it"),
        ("{}", "takes one value"),
    ] {
        let s = scratch();
        s.user(&format!("[npm]\nallow = {value}\n"));
        let problems = s.problems();
        assert!(
            problems.len() == 1 && problems[0].contains(part),
            "{value}: {problems:#?}"
        );
        assert!(problems[0].contains(":2:"), "{problems:#?}");
    }
    let mut s = scratch();
    s.inputs.flags = vec![("npm.allow".to_owned(), "ms@2.1.3, dayjs@1.11.13".to_owned())];
    assert_eq!(s.load().settings.packages.len(), 2);
    // A variable may be set by whatever the shell reads in a folder.
    for name in ["DEV_FACTORY_NPM_ALLOW", "DEV_FACTORY_KEYS_X_COMMAND"] {
        let mut s = scratch();
        s.inputs
            .env
            .insert(name.to_owned(), "evil@1.0.0".to_owned());
        let problems = s.problems();
        assert!(
            problems.len() == 1 && problems[0].contains(&format!("unset {name}")),
            "{problems:#?}"
        );
    }
}

#[test]
fn a_key_travels_unencrypted_only_to_near_servers_or_where_that_is_allowed() {
    let s = scratch();
    let load = |url: &str, more: &str| {
        s.home(&format!(
            "[hosts.lab]\nkind = \"openai\"\nurl = \"{url}\"\n"
        ));
        s.user(&format!(
            "[keys.lab]\norigin = \"{url}\"\nenv = \"A\"\n{more}"
        ));
        load(&s.inputs, &|_| Ok(Secret::new("canary-key".to_owned())))
    };
    for near in [
        "http://127.0.0.1:8000",
        "http://192.168.7.20:8000",
        "https://api.example.com",
    ] {
        assert!(
            load(near, "").unwrap().settings.hosts["lab"].key.is_some(),
            "{near}"
        );
    }
    let refused = load("http://api.example.com", "").unwrap_err();
    assert!(
        refused[0]
            .sentence
            .contains("for everyone on the way to read: use https there"),
        "{refused:#?}"
    );
    let allowed = load("http://api.example.com", "plain_http = true\n").unwrap();
    assert!(allowed.settings.hosts["lab"].key.is_some());
}

#[test]
fn a_key_goes_to_its_origin_only_and_is_never_shown() {
    let s = scratch();
    s.home("[hosts.mine]\nkind = \"openai\"\nurl = \"https://api.example.com/v1\"\n[hosts.other]\nkind = \"openai\"\nurl = \"https://evil.example.com\"\n");
    s.user("[keys.mine]\norigin = \"https://API.example.com:443\"\nenv = \"MY_KEY\"\n");
    let loaded = load(&s.inputs, &|place| {
        assert_eq!(place, &KeyPlace::Variable("MY_KEY".into()));
        Ok(Secret::new("canary-key".to_owned()))
    })
    .unwrap();
    let key = loaded.settings.hosts["mine"].key.as_ref().unwrap();
    assert_eq!(key.reveal(), "canary-key");
    assert!(loaded.settings.hosts["other"].key.is_none());
    assert!(!format!("{loaded:?}").contains("canary-key"));
    // An address that the client would read as another server's.
    s.home("[hosts.mine]\nkind = \"openai\"\nurl = \"https://evil.example.com\\\\@api.example.com:443/v1\"\n");
    let problems = s.problems();
    assert!(
        problems.iter().any(|p| p.contains("carries a user name")),
        "{problems:#?}"
    );
    s.home("");
    s.user("[keys.mine]\norigin = \"https://api.example.com\"\nenv = \"A\"\nfile = \"b\"\n[keys.two]\nenv = \"A\"\n");
    let problems = s.problems();
    assert!(
        problems
            .iter()
            .any(|p| p.contains("needs exactly one of env, file and command")),
        "{problems:#?}"
    );
    assert!(
        problems
            .iter()
            .any(|p| p.contains("keys.two has no origin")),
        "{problems:#?}"
    );
}

#[test]
fn ollama_host_is_the_address_of_an_ollama_named_without_one() {
    let mut s = scratch();
    s.env("OLLAMA_HOST", "gpu9:1234");
    s.home("[hosts.gpu]\nkind = \"ollama\"\n[hosts.other]\nkind = \"ollama\"\nurl = \"http://192.168.1.20:11434\"\n");
    let hosts = s.load().settings.hosts;
    assert_eq!(hosts["gpu"].url, "http://gpu9:1234");
    assert_eq!(hosts["other"].url, "http://192.168.1.20:11434");
    assert_eq!(s.shown("hosts.gpu.url").1, "variable OLLAMA_HOST");
}

#[test]
fn how_long_a_model_stays_is_checked() {
    for (written, kept) in [("\"1.5h\"", "1.5h"), ("600", "600"), ("\"-1\"", "-1")] {
        let s = scratch();
        s.home(&format!(
            "[hosts.gpu]\nkind = \"ollama\"\nkeep_alive = {written}\n"
        ));
        assert_eq!(s.load().settings.hosts["gpu"].keep_alive, kept);
    }
    let s = scratch();
    s.home("[hosts.gpu]\nkind = \"ollama\"\nkeep_alive = \"half an hour\"\n");
    let problems = s.problems();
    assert!(
        problems
            .iter()
            .any(|p| p
                .contains("hosts.gpu.keep_alive is \"half an hour\", and takes a time such as")),
        "{problems:#?}"
    );
}

#[test]
fn ollama_host_only_fills_in_when_no_file_names_a_host() {
    let mut s = scratch();
    s.env("OLLAMA_HOST", "gpu9");
    assert_eq!(s.load().settings.hosts["ollama"].url, "http://gpu9:11434");
    assert_eq!(s.shown("hosts.ollama.url").1, "variable OLLAMA_HOST");
    s.home("[hosts.gpu1]\nurl = \"http://192.168.1.20:11434\"\n");
    let settings = s.load().settings;
    assert_eq!(settings.hosts.keys().collect::<Vec<_>>(), ["gpu1"]);
    assert_eq!(settings.hosts["gpu1"].kind, HostKind::Ollama);
    assert_eq!(
        settings.developer.model.unwrap().to_string(),
        "gpu1/qwen3:14b"
    );
}

#[test]
fn the_kind_is_told_by_the_port_or_asked_for() {
    let s = scratch();
    for (port, kind) in [
        (11434, HostKind::Ollama),
        (1234, HostKind::LmStudio),
        (9931, HostKind::LlamaCpp),
        (8000, HostKind::Vllm),
    ] {
        s.home(&format!("[hosts.a]\nurl = \"http://127.0.0.1:{port}\"\n"));
        assert_eq!(s.load().settings.hosts["a"].kind, kind, "{port}");
    }
    s.home("[hosts.a]\nurl = \"http://127.0.0.1:4567\"\n");
    assert!(
        s.problems()[0].contains("hosts.a has no kind"),
        "{:#?}",
        s.problems()
    );
    for (kind, url) in [
        ("openai", "https://api.openai.com/v1"),
        ("anthropic", "https://api.anthropic.com"),
        ("llamacpp", "http://127.0.0.1:8080"),
    ] {
        s.home(&format!("[hosts.a]\nkind = \"{kind}\"\n"));
        assert_eq!(s.load().settings.hosts["a"].url, url);
    }
}

#[test]
fn a_named_host_without_a_kind_is_what_was_found_to_answer_there() {
    let mut s = scratch();
    s.home("[hosts.gpu1]\nurl = \"http://192.168.1.20:4567/\"\n[hosts.b]\nurl = \"http://127.0.0.1:1234\"\n[hosts.c]\nkind = \"vllm\"\nurl = \"http://127.0.0.1:4000\"\n");
    let wanted = [("gpu1".to_owned(), "http://192.168.1.20:4567".to_owned())];
    assert_eq!(dev_factory::config::kindless(&s.inputs), wanted);
    let problem = &s.problems()[0];
    assert!(
        problem.contains("nothing known answers at http://192.168.1.20:4567"),
        "{problem}"
    );
    s.inputs.probed = vec![Probed {
        name: "gpu1".into(),
        kind: HostKind::Ollama,
        url: "http://192.168.1.20:4567".into(),
        models: Vec::new(),
    }];
    assert_eq!(s.load().settings.hosts["gpu1"].kind, HostKind::Ollama);
    assert_eq!(s.shown("hosts.gpu1.kind").1, "found on this machine");
}

#[test]
fn fallbacks_are_a_list_of_models_on_known_hosts() {
    let mut s = scratch();
    let text = "[hosts.gpu1]\nkind = \"ollama\"\n[roles.qa]\nmodel = \"gpu1/a\"\nfallback = [\"gpu1/b:7b\", \"gpu1/org/c\"]\n";
    s.home(text);
    let named = |settings: &dev_factory::factory::ports::settings::Settings| -> Vec<String> {
        settings
            .qa
            .fallback
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert_eq!(named(&s.load().settings), ["gpu1/b:7b", "gpu1/org/c"]);
    assert_eq!(
        s.shown("roles.qa.fallback").0,
        "[\"gpu1/b:7b\", \"gpu1/org/c\"]"
    );
    s.env("DEV_FACTORY_ROLES_QA_FALLBACK", "gpu1/x, gpu1/y");
    assert_eq!(named(&s.load().settings), ["gpu1/x", "gpu1/y"]);
    s.env("DEV_FACTORY_ROLES_QA_FALLBACK", "");
    assert!(named(&s.load().settings).is_empty());
    for (list, words) in [
        ("[\"gpu9/b\"]", "no host is named gpu9"),
        ("[\"b\"]", "takes \"host/model\""),
        ("[7]", "takes texts in it"),
        ("true", "or a list of them"),
    ] {
        let s = scratch();
        s.home(&text.replace("[\"gpu1/b:7b\", \"gpu1/org/c\"]", list));
        let problem = s.problems().concat();
        assert!(problem.contains(words), "{problem}");
    }
}

#[test]
fn the_usual_variables_fill_in_vendors_and_their_keys_go_nowhere_else() {
    let key = |s: &Scratch, host: &str| -> Option<String> {
        let named = |place: &KeyPlace| Ok(Secret::new(format!("{place:?}")));
        let loaded = load(&s.inputs, &named).unwrap();
        let host = loaded.settings.hosts[host].clone();
        host.key.map(|key| key.reveal().to_owned())
    };
    let of = |name: &str| Some(format!("Variable({name:?})"));
    let mut s = scratch();
    for name in ["ANTHROPIC_API_KEY", "OLLAMA_API_KEY", "LM_API_TOKEN"] {
        s.inputs.key_variables.insert(name.to_owned());
    }
    s.home("[hosts.gpu1]\nkind = \"ollama\"\nurl = \"http://192.168.1.20:11434\"\n[roles.supervisor]\nmodel = \"anthropic/claude-opus-5-5\"\n");
    let settings = s.load().settings;
    assert_eq!(settings.hosts["anthropic"].kind, HostKind::Anthropic);
    assert_eq!(settings.hosts["anthropic"].url, "https://api.anthropic.com");
    assert_eq!(key(&s, "anthropic"), of("ANTHROPIC_API_KEY"));
    // That host is not where the environment says Ollama is.
    assert_eq!(key(&s, "gpu1"), None);
    s.env("OLLAMA_HOST", "192.168.1.20");
    assert_eq!(key(&s, "gpu1"), of("OLLAMA_API_KEY"));

    s.home("[hosts.gpu1]\nkind = \"ollama\"\n");
    let hosts = s.load().settings.hosts;
    assert!(
        !hosts.contains_key("anthropic"),
        "nobody asked for what costs money"
    );
    let evil = "[hosts.anthropic]\nkind = \"anthropic\"\nurl = \"https://evil.example.com\"\n";
    s.home(evil);
    assert_eq!(key(&s, "anthropic"), None, "the key left its server");
    s.env("ANTHROPIC_BASE_URL", "https://evil.example.com");
    assert_eq!(
        key(&s, "anthropic"),
        None,
        "a variable of a folder moved the key"
    );
    s.env("ANTHROPIC_BASE_URL", "http://127.0.0.1:4000");
    s.home(&evil.replace("https://evil.example.com", "http://127.0.0.1:4000"));
    assert_eq!(key(&s, "anthropic"), of("ANTHROPIC_API_KEY"));

    s.home("[hosts.a]\nkind = \"lmstudio\"\n[hosts.b]\nkind = \"lmstudio\"\nurl = \"http://127.0.0.1:4321\"\n");
    assert_eq!(key(&s, "a"), of("LM_API_TOKEN"));
    assert_eq!(key(&s, "b"), None);
}

/// A token is sent as a bearer, a key as a key; where both are there, the key goes.
#[test]
fn a_token_stands_in_for_the_key_of_anthropic() {
    let asked = |s: &Scratch| {
        let named = |place: &KeyPlace| Ok(Secret::new(format!("{place:?}")));
        let loaded = load(&s.inputs, &named).unwrap();
        let host = loaded.settings.hosts["anthropic"].clone();
        let key = host.key.map(|key| key.reveal().to_owned());
        (key.unwrap_or_default(), host.bearer)
    };
    let of = |name: &str| format!("Variable({name:?})");
    let mut s = scratch();
    let token = "ANTHROPIC_AUTH_TOKEN";
    s.inputs.key_variables.insert(token.to_owned());
    s.home("[roles.supervisor]\nmodel = \"anthropic/claude-opus-5-5\"\n");
    assert_eq!(asked(&s), (of(token), true), "it alone brings the host in");
    let own = "[keys.a]\norigin = \"https://api.anthropic.com\"\n";
    s.user(&format!("{own}env = \"{token}\"\n"));
    assert_eq!(asked(&s), (of(token), true));
    s.user(&format!("{own}file = \"token\"\nbearer = true\n"));
    assert_eq!(asked(&s), ("File(\"token\")".to_owned(), true));
    s.user(&format!("{own}env = \"{token}\"\nbearer = false\n"));
    assert_eq!(asked(&s), (of(token), false));
    s.user("");
    s.inputs
        .key_variables
        .insert("ANTHROPIC_API_KEY".to_owned());
    assert_eq!(asked(&s), (of("ANTHROPIC_API_KEY"), false));
}

#[test]
fn prices_are_built_in_and_only_the_users_own_file_changes_them() {
    let day = |text: &str| text.parse().unwrap();
    let s = scratch();
    let prices = s.load().settings.prices;
    let rate = |model: &str, on: &str, prompt| prices.rate(model, day(on), prompt);
    let opus = rate("claude-opus-5-5", "2026-11-01", 1000).unwrap();
    assert_eq!((opus.input, opus.read, opus.output), (4.0, 0.20, 20.0));
    assert!(rate("claude-opus-4-6-20260205", "2026-11-01", 0).is_some());
    assert!(rate("claude-opus-6", "2026-11-01", 0).is_none());
    assert!(
        rate("claude-opus-5-5", "2026-09-21", 0).is_none(),
        "not sold yet"
    );
    let plain = s.load();
    assert!(
        !plain
            .sources
            .iter()
            .any(|row| row.key.starts_with("prices."))
    );

    let own = "[prices.mine]\nmodels = \"a b\"\ninput = 2\noutput = 8.0\n[prices.opus-5-5]\ninput = 3.5\n";
    s.home(own);
    assert!(
        s.problems()[0].contains("never read from a home"),
        "{:#?}",
        s.problems()
    );
    s.home("");
    s.user(own);
    let prices = s.load().settings.prices;
    let mine = prices.rate("b", day("2020-01-01"), 0).unwrap();
    assert_eq!((mine.write_5m, mine.write_1h, mine.read), (2.5, 4.0, 0.2));
    let opus = prices
        .rate("claude-opus-5-5", day("2026-11-01"), 0)
        .unwrap();
    assert_eq!((opus.input, opus.output), (3.5, 20.0));
    assert_eq!(s.shown("prices.opus-5-5.input").0, "3.5");
    s.user("[prices.mine]\nmodels = \"a\"\ninput = 2\n");
    assert!(
        s.problems()[0].contains("prices.mine has no output"),
        "{:#?}",
        s.problems()
    );
    s.user("[prices.mine]\neffective_from = \"soon\"\n");
    assert!(
        s.problems()[0].contains("takes a day"),
        "{:#?}",
        s.problems()
    );
}

#[test]
fn a_model_is_split_at_the_first_slash() {
    let s = scratch();
    s.home("[hosts.lab]\nkind = \"vllm\"\n[roles.developer]\nmodel = \"lab/Qwen/Qwen3-14B:q4\"\n");
    let model = s.load().settings.developer.model.unwrap();
    assert_eq!(
        (model.host.as_str(), model.model.as_str()),
        ("lab", "Qwen/Qwen3-14B:q4")
    );
}

#[test]
fn a_souls_model_counts_only_where_settings_name_none() {
    let mut s = scratch();
    s.inputs.souls[0] = Some("ollama/devstral:24b".into());
    s.inputs.souls[1] = Some("qwen3:8b".into());
    s.inputs.souls[2] = Some("anthropic/claude-opus-5-5".into());
    let settings = s.load().settings;
    assert_eq!(
        settings.developer.model.unwrap().to_string(),
        "ollama/devstral:24b"
    );
    assert_eq!(settings.qa.model.unwrap().to_string(), "ollama/qwen3:8b");
    assert!(settings.supervisor.model.is_none());
    assert_eq!(s.shown("roles.developer.model").1, "souls/developer.md");
    s.home("[hosts.ollama]\nkind = \"ollama\"\n[roles.developer]\nmodel = \"ollama/a\"\n");
    assert_eq!(
        s.load().settings.developer.model.unwrap().to_string(),
        "ollama/a"
    );
}

#[test]
fn what_a_probe_found_is_used_when_nothing_is_named() {
    let mut s = scratch();
    s.inputs.probed = vec![Probed {
        name: "lmstudio".into(),
        kind: HostKind::LmStudio,
        url: "http://127.0.0.1:1234".into(),
        models: vec!["text-embed".into(), "qwen/qwen3-14b".into()],
    }];
    let settings = s.load().settings;
    assert_eq!(
        settings.developer.model.unwrap().to_string(),
        "lmstudio/qwen/qwen3-14b"
    );
    assert_eq!(s.shown("roles.qa.model").1, "found on this machine");
    assert!(settings.hosts.contains_key("ollama"));
}

#[test]
fn the_starter_file_names_every_key_with_its_default() {
    let text = include_str!("../dev-factory/factory.toml");
    let s = scratch();
    s.home(text);
    let plain = s.load();
    let uncommented: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') => rest,
            Some(rest) if rest.contains(" = ") && !rest.starts_with(' ') => rest,
            _ => "",
        })
        .fold(String::new(), |all, line| all + line + "\n");
    s.home(&uncommented);
    let loaded = s.load();
    assert_eq!(loaded.settings.limits, plain.settings.limits);
    assert_eq!(loaded.settings.harness, plain.settings.harness);
    assert_eq!(
        loaded.settings.hosts["gpu1"].num_ctx,
        plain.settings.hosts["ollama"].num_ctx
    );
    for (key, _) in schema::KEYS
        .iter()
        .filter(|(key, _)| !schema::USER_ONLY.contains(&key.split('.').next().unwrap()))
    {
        // One name of many stands for all.
        let key = &key.replace("screens.keys.*", "screens.keys.escalate");
        let leaf = key.rsplit('.').next().unwrap();
        assert!(
            uncommented.contains(&format!("{leaf} = ")),
            "{key} is missing from the starter file"
        );
    }
}

#[test]
fn a_wrapper_is_words_of_the_users_own_file_and_no_variable() {
    let mut s = scratch();
    s.user("[sandbox]\ncommand = \"podman run '--volume={read}:{read}:ro' image\"\n");
    let words = ["podman", "run", "--volume={read}:{read}:ro", "image"];
    assert_eq!(s.load().settings.wrapper, words);
    s.user("[sandbox]\ncommand = \"podman 'run\"\n");
    assert!(s.problems()[0].contains("a quote that is never closed"));
    s.user("");
    let name = "DEV_FACTORY_SANDBOX_COMMAND".to_owned();
    s.inputs.env.insert(name, "cat".to_owned());
    assert!(s.problems()[0].contains("read from your own settings file"));
}

#[test]
fn a_folder_in_place_of_the_file_is_a_problem_not_a_crash() {
    let mut s = scratch();
    s.inputs.user_file = Some(PathBuf::from(s.dir.path()));
    assert!(
        s.problems()[0].contains("is not a file"),
        "{:#?}",
        s.problems()
    );
}

mod any_text {
    use super::{load, no_key, scratch};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn never_panics(text in "[\\[\\]a-z_.= \"\\n#0-9é]{0,120}") {
            let s = scratch();
            s.home(&text);
            let _ = load(&s.inputs, &no_key);
        }
    }
}

const TOLD: &str = "\
[keys.phone]
origin = \"https://ntfy.example\"
env = \"PHONE_TOKEN\"
[notify]
quiet = \"22:00-07:00\"
quiet_except = [\"incident\"]
repeat_minutes = 30
[notify.phone]
ntfy = \"https://ntfy.example/a-topic-nobody-guesses\"
key = \"phone\"
on = \"needs-you, incident\"
[notify.mail]
command = \"mail -s factory me\"
";

#[test]
fn an_address_of_somebody_to_tell_is_not_repeated_when_it_is_wrong() {
    for way in ["webhook", "ntfy"] {
        let s = scratch();
        s.user(&format!(
            "[notify.chat]\n{way} = \"hooks.example/T/canary\"\n"
        ));
        let problems = s.problems();
        assert!(
            problems[0].contains(&format!(
                "notify.chat.{way} is no address: it takes an address"
            )),
            "{problems:#?}"
        );
        assert!(!format!("{problems:?}").contains("canary"), "{problems:#?}");
    }
}

#[test]
fn who_is_told_stands_in_the_users_own_file_and_addresses_are_not_shown() {
    let s = scratch();
    s.user(TOLD);
    let loaded = load(&s.inputs, &|_| Ok(Secret::new("tk_secret".to_owned()))).unwrap();
    let notify = &loaded.settings.notify;
    assert_eq!(notify.targets.len(), 2);
    let phone = &notify.targets["phone"];
    assert_eq!(phone.way.word(), "ntfy");
    assert_eq!(phone.key.as_ref().unwrap().reveal(), "tk_secret");
    assert_eq!(notify.rules.targets["phone"].len(), 2);
    assert_eq!(
        notify.rules.targets["mail"].len(),
        4,
        "all, where none is named"
    );
    assert_eq!((notify.rules.repeat, notify.rules.per_hour), (30, 12));
    let shown = format!("{:?} {:?}", loaded.sources, loaded.settings);
    assert!(!shown.contains("nobody-guesses"), "{shown}");
    assert!(shown.contains("https://ntfy.example:443/..."), "{shown}");

    let mut s = scratch();
    s.home("[notify.evil]\ncommand = \"curl evil.example\"\n");
    assert!(
        s.problems()[0].contains("never read from a home"),
        "{:?}",
        s.problems()
    );
    s.home("");
    s.env("DEV_FACTORY_NOTIFY_EVIL_COMMAND", "curl evil.example");
    assert!(
        s.problems()[0].contains("unset DEV_FACTORY_NOTIFY_EVIL_COMMAND"),
        "{:?}",
        s.problems()
    );
}

#[test]
fn mistakes_about_targets_are_one_sentence_each() {
    let key = "[keys.phone]\norigin = \"https://other.example\"\nenv = \"X\"\n";
    for (text, words) in [
        (
            "[notify.a]\non = \"incident\"\n",
            "notify.a needs exactly one of command, ntfy and webhook",
        ),
        (
            "[notify.a]\ncommand = \"x\"\nwebhook = \"http://127.0.0.1:1/\"\n",
            "needs exactly one of",
        ),
        ("[notify.a]\nntfy = \"https://ntfy.sh\"\n", "names no topic"),
        (
            "[notify.a]\nwebhook = \"http://hooks.example/x\"\n",
            "notify.a would send over plain http through networks of others: use https",
        ),
        ("[notify.a]\nwebhook = \"ftp://x/\"\n", "takes an address"),
        (
            "[notify.a]\ncommand = \"x\"\nkey = \"phone\"\n",
            "is a command and takes no key",
        ),
        (
            "[notify.a]\nwebhook = \"https://x.example/\"\nkey = \"none\"\n",
            "there is no [keys.none]",
        ),
        (
            "[notify.a]\nwebhook = \"https://x.example/\"\nkey = \"phone\"\n",
            "belongs to https://other.example:443 and does not go to https://x.example:443",
        ),
        (
            "[notify.a]\ncommand = \"x\"\non = [\"shiped\"]\n",
            "did you mean \"shipped\"?",
        ),
        (
            "[notify]\nquiet = \"at night\"\n",
            "takes hours of the day such as \"22:00-07:00\"",
        ),
        ("[notify]\nper_hour = 0\n", "takes 1 to 1000"),
        (
            "[notify.a]\ncomand = \"x\"\n",
            "did you mean notify.a.command?",
        ),
    ] {
        let s = scratch();
        s.user(&format!("{key}{text}"));
        let problems = s.problems();
        assert!(
            problems.len() == 1 && problems[0].contains(words),
            "{text}: {problems:#?}"
        );
    }
}

#[test]
fn an_address_of_somebody_to_tell_stays_as_it_was_written() {
    let s = scratch();
    s.user("[notify.a]\nwebhook = \"http://127.0.0.1:9/hook/\"\n[notify.b]\nntfy = \"http://192.168.1.9/topic\"\n");
    let loaded = load(&s.inputs, &|_| Err("no key".to_owned())).unwrap();
    let way = |name: &str| loaded.settings.notify.targets[name].way.clone();
    assert!(way("a") == Way::Webhook("http://127.0.0.1:9/hook/".to_owned()));
    assert!(way("b") == Way::Ntfy("http://192.168.1.9/topic".to_owned()));
}

#[test]
fn screens_are_set_by_words_keys_by_names_and_all_is_shown() {
    use dev_factory::tui::action::Action;
    use dev_factory::tui::settings::{Bell, Colours};
    let mut s = scratch();
    s.home(
        "[screens]\ntheme = \"dark\"\n[screens.keys]\nescalate = \"F2\"\nhelp = [\"?\", \"h\"]\n",
    );
    s.user("[screens]\nbell = \"osc9\"\n[screens.keys]\nescalate = \"F3\"\n");
    s.env("DEV_FACTORY_SCREENS_KEYS_PAGE_UP", "B");
    s.env("DEV_FACTORY_SCREENS_COLOURS", "16");
    let screens = s.load().screens;
    assert_eq!(screens.theme.as_deref(), Some("dark"));
    assert_eq!(
        (screens.bell, screens.colours),
        (Bell::Osc9, Colours::Sixteen)
    );
    let key = |action| screens.keys.first(action).map(|key| key.to_string());
    assert_eq!(key(Action::Escalate).as_deref(), Some("F3"), "later wins");
    assert_eq!(key(Action::PageUp).as_deref(), Some("B"));
    assert_eq!(key(Action::Help).as_deref(), Some("?"));
    let (value, source) = s.shown("screens.keys.escalate");
    assert_eq!(value, "\"F3\"");
    assert!(source.ends_with("user.toml:4:12"), "{source}");
    assert_eq!(s.shown("screens.mouse").0, "false");
    let (alone, theme) = dev_factory::config::screens(&s.inputs).unwrap();
    assert_eq!(alone, screens);
    assert!(
        theme
            .unwrap()
            .to_string()
            .starts_with("dev-factory/factory.toml:2:")
    );
}

#[test]
fn every_mistake_about_keys_is_reported_at_once_with_its_line() {
    let s = scratch();
    s.home("[screens]\nbell = \"gong\"\nkeys.escalate = \"e\"\nkeys.edit-all = \"E\"\n");
    s.user("[screens.keys]\npark = \"Ctrl-b\"\nhint = \"p\"\nabort = 7\n");
    let problems = s.problems();
    let expected = [
        "factory.toml:2:8: screens.bell is \"gong\"",
        "factory.toml:3:17: screens.keys.escalate: e is the key of edit already, on Factory",
        "factory.toml:4:17: screens.keys.edit-all is no action",
        "user.toml:2:8: screens.keys.park: Ctrl-b belongs to tmux",
        "user.toml:3:8: screens.keys.hint: p is the key of pause already, on Factory",
        "user.toml:4:9: screens.keys.abort is 7, and takes a key",
    ];
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    for words in expected {
        assert!(
            problems.iter().any(|p| p.contains(words)),
            "{words}: {problems:#?}"
        );
    }
    let screens = dev_factory::config::screens(&s.inputs).unwrap_err();
    let alone: Vec<String> = screens.iter().map(ToString::to_string).collect();
    assert_eq!(alone, problems);
    // Mistakes in other tables are the engine's to report: screens open all the same.
    s.home("[limits]\nday_usd = \"much\"\n");
    s.user("");
    assert!(dev_factory::config::screens(&s.inputs).is_ok());
}

fn advised(model: &str, more: &str) -> Vec<String> {
    let scratch = scratch();
    scratch.user(&format!(
        "[hosts.lab]\nkind = \"ollama\"\nurl = \"http://127.0.0.1:1\"\n[roles.developer]\nmodel = \"lab/{model}\"\n{more}\n"
    ));
    let found = dev_factory::factory::advice::advice(&scratch.load().settings);
    found.into_iter().map(|finding| finding.what).collect()
}

#[test]
fn models_that_err_alike_and_calls_that_are_printed_are_warned_of() {
    let all = [""; 0];
    assert_eq!(advised("qwen3:14b", ""), all);
    assert_eq!(advised("qwen3:14b", "others = \"lab/devstral:24b\""), all);
    let alike = advised("qwen3:14b", "others = \"lab/qwen3:8b\"");
    assert!(alike[0].contains("family of its own model (qwen3)"));
    let printed = advised("qwen2.5-coder:14b", "edits = \"tools\"");
    assert!(printed[0].contains("prints its calls"), "{printed:?}");
    assert_eq!(advised("devstral:24b", "edits = \"tools\""), all);
}
