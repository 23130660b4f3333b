//! Wires the real parts together: store, model hosts, sandbox, Jest, git, clock, settings and souls.

use super::args::Cli;
use super::out::{self, Fail, code};
use super::{home, secrets, starter, threads, walls};
use crate::adapters;
use crate::adapters::clock::SystemClock;
use crate::adapters::files::HomeFiles;
use crate::adapters::git::GitRepo;
use crate::adapters::jest::JestTests;
use crate::adapters::lock;
use crate::adapters::models::{ModelHosts, Queues};
use crate::adapters::node;
use crate::adapters::notifier::Messenger;
use crate::adapters::npm::{self, Installer, Npm};
use crate::adapters::registry::Registry;
use crate::adapters::rolling::Rolling;
use crate::adapters::sandbox::Walls;
use crate::adapters::service::Manager;
use crate::adapters::store::{FileStore, files};
use crate::adapters::watch;
use crate::agents::soul;
use crate::config::{self, Inputs, Loaded, Probed};
use crate::domain::phase::Role;
use crate::factory::engine::{Parts, Reread, SoulTexts, Tools};
use crate::factory::ports::clock::Clock;
use crate::factory::ports::feed::Publisher;
use crate::factory::ports::notifier::Way;
use crate::factory::ports::sandbox::Sandbox;
use crate::factory::ports::settings::Settings;
use crate::factory::ports::store::StoreError;
use crate::text::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use tokio::runtime::Handle;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Takes the lock of a home.
pub fn store(home: &Path) -> Result<Arc<FileStore>, StoreError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    FileStore::open(home, &clock).map(Arc::new)
}

/// What a home says that cannot be taken, with its exit code.
#[must_use]
pub fn refused(error: StoreError) -> Fail {
    match error {
        StoreError::Held(who) => {
            Fail::Said(code::HELD, format!("another engine holds this home: {who}"))
        }
        StoreError::Newer(sentence) => Fail::usage(sentence),
        other => Fail::failed(other.to_string()),
    }
}

/// Everything an engine works with.
pub fn parts(
    cli: &Cli,
    home: &Path,
    store: Arc<FileStore>,
    loaded: Loaded,
    probed: Vec<Probed>,
    walls: Walls,
    agents: Handle,
) -> Result<Parts, Fail> {
    let settings = loaded.settings;
    let walls = Arc::new(walls);
    let mut tests = JestTests::new(home, walls.clone(), settings.harness.test_wall)
        .map_err(|error| Fail::failed(error.to_string()))?;
    if let Some(program) = node::here().npm.clone() {
        tests = tests.installing(installer(program, walls));
    }
    let queues = Queues::default();
    let again = Again {
        queues: queues.clone(),
        inputs: inputs(cli, Some(home), probed)?,
        home: home.to_path_buf(),
        watched: store.outside(),
    };
    again.watch(&loaded.key_files);
    let tools = Tools {
        store,
        models: Arc::new(models_at(&queues, &settings)),
        tests: Arc::new(tests),
        repo: Arc::new(GitRepo::at(home).map_err(|error| Fail::failed(error.to_string()))?),
        files: Arc::new(HomeFiles::new(home)),
        clock: Arc::new(SystemClock),
        publisher: Publisher::new(secrets::known().clone()),
        redactor: secrets::known().clone(),
        home: home.to_path_buf(),
    };
    Ok(Parts {
        tools,
        settings,
        souls: souls(home).map_err(Fail::failed)?,
        engine: lock::this_process(),
        agents,
        reload: Arc::new(move || again.read()),
        service: Arc::new(Manager::of_this_process()),
        notifier: Arc::new(Messenger::default()),
    })
}

/// What reads settings and souls again after a change.
struct Again {
    queues: Queues,
    inputs: Inputs,
    home: PathBuf,
    watched: watch::Outside,
}

impl Again {
    fn read(&self) -> Result<Reread, String> {
        let souls = souls(&self.home)?;
        let mut inputs = self.inputs.clone();
        inputs.souls = soul_models(&souls);
        // One that does not answer now is reported with the other problems.
        let _ = look_at_kindless(&mut inputs);
        let loaded = load(&inputs).map_err(|problems| listed(&problems))?;
        self.watch(&loaded.key_files);
        Ok(Reread {
            models: Arc::new(models_at(&self.queues, &loaded.settings)),
            settings: loaded.settings,
            souls,
        })
    }

    /// Has the user's own file and those keys are in watched.
    fn watch(&self, key_files: &[String]) {
        let keys = key_files.iter().map(|file| secrets::expanded(file));
        let files = self.inputs.user_file.iter().cloned().chain(keys).collect();
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = files;
    }
}

/// npm for the packages tools may require, behind the walls of every other run.
fn installer(program: PathBuf, walls: Arc<Walls>) -> Installer {
    let npm = Npm {
        program: program.clone(),
        cache: walls::state().join("npm"),
    };
    Installer::new(npm, move || {
        let registry = Arc::new(Registry::new(&npm::route(&program))?);
        let walls: Arc<dyn Sandbox> = Arc::new(walls.reaching(registry.clone()));
        Ok((walls, registry))
    })
}

/// The hosts of some settings, with the compiled-in replies for scripted ones.
#[must_use]
pub fn models(settings: &Settings) -> ModelHosts {
    models_at(&Queues::default(), settings)
}

/// The same, waiting in lines that outlive the settings.
fn models_at(queues: &Queues, settings: &Settings) -> ModelHosts {
    ModelHosts::sharing(
        queues,
        &settings.hosts,
        settings.prices.clone(),
        Arc::new(SystemClock),
        Box::new(super::demo::reply),
    )
}

/// Soul texts of a home; a missing file is the compiled-in one.
pub fn souls(home: &Path) -> Result<SoulTexts, String> {
    let read = |name: &str| -> Result<_, String> {
        let file = format!("souls/{name}");
        let path = home.join(&file);
        let path = path.canonicalize().unwrap_or(path);
        match files::read(&path, files::CAP) {
            Ok(None) => Ok((file.clone(), starter_text(&file).to_owned())),
            Ok(Some(bytes)) => match String::from_utf8(bytes) {
                Ok(text) => Ok((file, text)),
                Err(_) => Err(format!("{file} is not UTF-8 text; save it as UTF-8")),
            },
            Err(error) => Err(error.to_string()),
        }
    };
    let [developer, qa, supervisor] = starter::SOULS;
    Ok([read(developer)?, read(qa)?, read(supervisor)?])
}

fn starter_text(file: &str) -> &'static str {
    starter::FILES
        .iter()
        .find(|(name, _)| *name == file)
        .map_or("", |(_, text)| *text)
}

/// The models souls name; souls that cannot be read or parsed name none and are reported by the engine.
fn soul_models(souls: &SoulTexts) -> [Option<String>; 3] {
    souls.each_ref().map(|(file, text)| {
        soul::parse(text, file)
            .ok()
            .and_then(|(soul, _)| soul.model)
    })
}

/// What settings are read from.
pub fn inputs(cli: &Cli, home: Option<&Path>, probed: Vec<Probed>) -> Result<Inputs, Fail> {
    let flags = cli
        .set
        .iter()
        .map(|text| match text.split_once('=') {
            Some((key, value)) => Ok((key.trim().to_owned(), value.trim().to_owned())),
            None => Err(Fail::usage(format!("--set {text}: write --set KEY=VALUE"))),
        })
        .collect::<Result<_, _>>()?;
    Ok(Inputs {
        home: home.map(Path::to_path_buf),
        demo: home.is_some_and(|home| home::read(home).is_ok_and(|doc| doc.demo)),
        user_file: user_file(),
        env: environment(),
        key_variables: config::variables::key_names()
            .filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
            .map(str::to_owned)
            .collect(),
        flags,
        probed,
        souls: home
            .and_then(|home| souls(home).ok())
            .map_or([None, None, None], |texts| soul_models(&texts)),
        instead: None,
    })
}

/// The variables settings are read from. Keys are fetched by name, one by one, when a setting asks for them.
pub fn environment() -> BTreeMap<String, String> {
    let wanted = |name: &str| {
        name.starts_with("DEV_FACTORY_")
            || config::variables::address_names().any(|known| known == name)
    };
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| wanted(name))
        .collect()
}

/// The user's own settings file.
#[must_use]
pub fn user_file() -> Option<PathBuf> {
    let folder = walls::folder("XDG_CONFIG_HOME", ".config")?;
    Some(folder.join("dev-factory").join("config.toml"))
}

/// Variables of this shell that keys in use are in.
pub fn key_variables(cli: &Cli, home: &Path, loaded: &Loaded) -> Result<Vec<String>, Fail> {
    let inputs = inputs(cli, Some(home), Vec::new())?;
    let named = loaded.sources.iter().filter_map(|shown| {
        let env = shown.key.starts_with("keys.") && shown.key.ends_with(".env");
        env.then(|| shown.value.trim_matches('"').to_owned())
    });
    let usual = loaded.settings.hosts.values().filter_map(|host| {
        let name = config::variables::key(host.kind, &host.url, &inputs)?;
        let value = std::env::var(name).ok()?;
        let used = host.key.as_ref()?.reveal() == value.trim();
        used.then(|| name.to_owned())
    });
    let all: BTreeSet<String> = named.chain(usual).collect();
    Ok(all.into_iter().collect())
}

/// Settings in force for a home, or every problem with them.
pub fn settings(cli: &Cli, home: Option<&Path>, probed: Vec<Probed>) -> Result<Loaded, Fail> {
    let mut inputs = inputs(cli, home, probed)?;
    look_at_kindless(&mut inputs)?;
    let loaded = load(&inputs).map_err(|problems| Fail::usage(listed(&problems)))?;
    loaded.notes.iter().for_each(out::note);
    Ok(loaded)
}

fn load(inputs: &Inputs) -> Result<Loaded, Vec<config::Problem>> {
    let mut loaded = config::load(inputs, &secrets::fetch)?;
    for key in loaded.settings.hosts.values_mut() {
        key.key_facts.iter_mut().for_each(secrets::look_at_mode);
    }
    for address in addresses(&loaded.settings) {
        secrets::known().learn(&address);
    }
    for key in keys(&loaded.settings) {
        secrets::known().learn(key);
    }
    Ok(loaded)
}

/// Keys of the hosts. One that is the same as a name in the settings, as servers without keys are given, protects
/// nothing, and taking it out would make the name unreadable everywhere.
fn keys(settings: &Settings) -> impl Iterator<Item = &Secret> {
    let names: Vec<String> = Role::ALL
        .into_iter()
        .filter_map(|role| settings.role(role).model.as_ref())
        .map(ToString::to_string)
        .chain(
            settings
                .hosts
                .iter()
                .map(|(name, host)| format!("{name} {}", host.url)),
        )
        .collect();
    let hosts = settings.hosts.values().map(|host| &host.key);
    let targets = settings.notify.targets.values().map(|target| &target.key);
    let keys = hosts.chain(targets).flatten();
    keys.filter(move |key| !names.iter().any(|name| name.contains(key.reveal())))
}

/// Addresses of those who are told what waits, with and without their scheme: whoever knows one can write there.
fn addresses(settings: &Settings) -> Vec<Secret> {
    let ways = settings.notify.targets.values().map(|target| &target.way);
    let whole = ways.filter_map(|way| match way {
        Way::Command(_) => None,
        Way::Ntfy(address) | Way::Webhook(address) => Some(address.as_str()),
    });
    whole
        .flat_map(|all| std::iter::once(all).chain(all.split_once("://").map(|(_, rest)| rest)))
        .map(|text| Secret::new(text.to_owned()))
        .collect()
}

/// Problems, one a line.
pub fn listed(problems: &[config::Problem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Servers that answer on this machine, or where variables such as OLLAMA_HOST say; never scans a network.
pub fn probe_machine() -> Result<Vec<Probed>, Fail> {
    let places = config::variables::candidates(&environment());
    let mut found: Vec<Probed> = Vec::new();
    for server in recognise(places.into_iter().map(|url| (None, url)).collect())? {
        if !found.iter().any(|other| other.name == server.name) {
            found.push(server);
        }
    }
    Ok(found)
}

/// Looks at hosts that a person named without saying what they are.
fn look_at_kindless(inputs: &mut Inputs) -> Result<(), Fail> {
    let places: Vec<_> = config::kindless(inputs)
        .into_iter()
        .map(|(name, url)| (Some(name), url))
        .collect();
    if !places.is_empty() {
        inputs.probed.extend(recognise(places)?);
    }
    Ok(())
}

/// What speaks at some addresses, in their order; on a thread of its own, since settings are also read by a running engine.
fn recognise(places: Vec<(Option<String>, String)>) -> Result<Vec<Probed>, Fail> {
    let looking = std::thread::spawn(move || {
        let looks = places.into_iter().map(|(name, url)| async move {
            let host = config::bare_host(&url);
            let (kind, models) = adapters::models::recognise(&host).await?;
            Some(Probed {
                name: name.unwrap_or_else(|| kind.word().to_owned()),
                kind,
                url,
                models,
            })
        });
        let found = threads::runtime()?.block_on(futures_util::future::join_all(looks));
        Ok(found.into_iter().flatten().collect())
    });
    let stopped = |_| Err(Fail::failed("the look for model servers failed"));
    looking.join().unwrap_or_else(stopped)
}

/// Sends the program's own log to the home, in so many bytes; a log that cannot be written stops nothing.
pub fn log_to(home: &Path, whole: u64) {
    let folder = home.join("dev-factory").join("logs");
    let made = files::make_dir(&folder).is_ok();
    let file = Rolling::open(&folder.join("engine.log"), whole);
    let (true, Ok(file)) = (made, file) else {
        return;
    };
    let asked = std::env::var("DEV_FACTORY_LOG").ok();
    let filter = asked
        .and_then(|asked| asked.parse::<Targets>().ok())
        .unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        // Nor is a standard error that is closed as well a reason to end.
        .log_internal_errors(false)
        .with_writer(std::sync::Mutex::new(out::Shown(file)));
    let _ = tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .try_init();
}
