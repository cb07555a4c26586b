use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// A directory of its own for one test, removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new(files: &[(&str, &[u8])]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("binder-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        for (name, bytes) in files {
            fs::write(path.join(name), bytes).unwrap();
        }
        Self(path)
    }

    fn sources(&self) -> Sources {
        Sources { directory: self.0.clone(), ..Sources::default() }
    }

    /// The error, with the directory as `DIR`.
    fn error(&self, sources: &Sources) -> String {
        let text = load(sources).unwrap_err().to_string();
        text.replace(self.0.to_str().unwrap(), "DIR")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn variable(name: &str, value: &str) -> (std::ffi::OsString, std::ffi::OsString) {
    (name.into(), value.into())
}

/// Every value with its origin, one a line.
fn origins(config: &Config) -> Vec<String> {
    let given = config.origins().into_iter();
    given
        .map(|given| {
            let origin = given.origin.to_string();
            let origin = origin.rsplit('/').next().unwrap_or_default();
            format!("{} = {}  # {origin}", given.key, given.value)
        })
        .collect()
}

#[test]
fn later_layers_win_and_every_value_keeps_its_origin() {
    let directory = Directory::new(&[
        (
            "binder.toml",
            b"[bindings.o]\ngroup = 'file'\nstart = 'earliest'\norder = 'key'\ndeadline = '1m'\n",
        ),
        ("binder.prod.toml", b"[bindings.o]\nstart = 'latest'\norder = 'none'\ndeadline = '2m'\n"),
    ]);
    let mut sources = directory.sources();
    let defaults = "grace = '1s'\n[bindings.o]\ngroup = 'defaults'\nconcurrency = 2\n";
    sources.defaults = Some(("app.toml".into(), defaults.into()));
    sources.env = vec![
        variable("BINDER_PROFILE", "prod"),
        variable("BINDER__BINDINGS__O__ORDER", "partition"),
        variable("BINDER__BINDINGS__O__DEADLINE", "3m"),
    ];
    sources.set = vec!["bindings.o.deadline=off".into()];
    let config = load(&sources).unwrap();
    assert_eq!(
        origins(&config),
        [
            "bindings.o.concurrency = 2  # app.toml:4:1 (compiled in)",
            "bindings.o.deadline = \"off\"  # --set bindings.o.deadline",
            "bindings.o.group = \"file\"  # binder.toml:2:1",
            "bindings.o.order = \"partition\"  # environment variable BINDER__BINDINGS__O__ORDER",
            "bindings.o.start = \"latest\"  # binder.prod.toml:2:1",
            "grace = \"1s\"  # app.toml:1:1 (compiled in)",
        ]
    );
    assert_eq!(config.files().len(), 2);
}

#[test]
fn toml_and_yaml_say_the_same() {
    let toml = Config::parse(
        "b.toml",
        "default_binder = 'kafka'\n[binders.kafka]\nservers = ['a:1', 'b:2']\npassword = '1'\n\
         native = { 'client.id' = 'x', socket.keepalive.enable = true, retries = 3 }\n\
         [bindings.o]\nretry.backoff = { factor = 2, jitter = false }\ndead_letter = true\n",
    );
    let yaml = Config::parse(
        "b.yml",
        "default_binder: kafka\nbinders:\n  kafka:\n    servers: [a:1, \"b:2\"]\n    password: 1\n\
        \x20   native:\n      client.id: x\n      socket: {keepalive.enable: true}\n      retries: 3\n\
         bindings:\n  o:\n    retry: {backoff: {factor: 2, jitter: false}}\n    dead_letter: true\n",
    );
    let values = |config: Config| -> Vec<_> {
        config
            .origins()
            .into_iter()
            .map(|given| format!("{} = {}", given.key, given.value))
            .collect()
    };
    let (toml, yaml) = (values(toml.unwrap()), values(yaml.unwrap()));
    assert_eq!(toml, yaml);
    assert_eq!(
        toml,
        [
            "binders.kafka.native.client.id = \"x\"",
            "binders.kafka.native.retries = \"3\"",
            "binders.kafka.native.socket.keepalive.enable = \"true\"",
            "binders.kafka.password = ***",
            "binders.kafka.servers = [\"a:1\", \"b:2\"]",
            "bindings.o.dead_letter = true",
            "bindings.o.retry.backoff.factor = 2",
            "bindings.o.retry.backoff.jitter = false",
            "default_binder = \"kafka\"",
        ]
    );
}

#[test]
fn nothing_at_all_is_a_configuration() {
    let directory = Directory::new(&[]);
    assert_eq!(load(&directory.sources()).unwrap().origins(), []);
}

#[test]
fn what_can_not_be_read_is_named() {
    let directory = Directory::new(&[
        ("latin.toml", b"[app]\nname = '\xe4'\n"),
        ("binder.json", b"{}"),
        ("empty.yaml", b""),
    ]);
    let file = |name: &str| Sources { file: Some(name.into()), ..directory.sources() };
    for (name, error) in [
        ("none.toml", "DIR/none.toml: no such file (--config names it)"),
        ("../none/x.toml", "DIR/../none/x.toml: no such file (--config names it)"),
        (".", "DIR/.: is a directory, not a file"),
        ("latin.toml", "DIR/latin.toml:2: not UTF-8"),
        (
            "binder.json",
            "DIR/binder.json: neither TOML nor YAML by its name: call it .toml, .yaml or .yml",
        ),
    ] {
        assert_eq!(directory.error(&file(name)), error);
    }
    assert!(load(&file("empty.yaml")).is_ok());
    let mut sources = directory.sources();
    sources.env = vec![variable("BINDER_CONFIG", "none.toml")];
    assert_eq!(
        directory.error(&sources),
        "DIR/none.toml: no such file (environment variable BINDER_CONFIG names it)"
    );
}

#[test]
fn a_profile_may_have_no_twin_but_something_to_be_the_profile_of() {
    let directory = Directory::new(&[("other.toml", b"")]);
    let mut sources = Sources { profile: Some("prod".into()), ..directory.sources() };
    assert_eq!(
        directory.error(&sources),
        "profile `prod`: there is neither DIR/binder.toml nor DIR/binder.prod.toml"
    );
    sources.file = Some("other.toml".into());
    assert_eq!(load(&sources).unwrap().files().len(), 1);
    fs::write(directory.0.join("binder.toml"), [0xff]).unwrap();
    sources.file = None;
    assert_eq!(directory.error(&sources), "DIR/binder.toml:1: not UTF-8");
    fs::remove_file(directory.0.join("binder.toml")).unwrap();
    fs::write(directory.0.join("binder.prod.toml"), "grace = '1s'").unwrap();
    sources.file = None;
    assert_eq!(load(&sources).unwrap().files().len(), 1);
}

#[test]
fn all_that_is_wrong_in_any_layer_is_told_at_once() {
    let directory = Directory::new(&[
        ("binder.toml", b"garce = '1s'\n[bindings.o]\nzzz = 1\norder = 'Key'\n"),
        ("binder.prod.toml", b"[app\nname = 'x'\n"),
    ]);
    let mut sources = Sources { profile: Some("prod".into()), ..directory.sources() };
    sources.env = vec![variable("BINDER__GRACE", "soon")];
    sources.set = vec!["bindings.o.order=key".into(), "bindings.o.concurency=2".into()];
    let text = directory.error(&sources);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("the configuration has 6 problems:"));
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines[0], "  DIR/binder.toml:1:1: garce: unknown key; the nearest is `grace`");
    assert!(lines[1].starts_with("  DIR/binder.toml:3:1: bindings.o.zzz: unknown key; here stand"));
    assert_eq!(
        lines[2],
        "  DIR/binder.toml:4:1: bindings.o.order: expected \"partition\" or \"key\" or \"none\", \
         found \"Key\""
    );
    assert!(lines[3].starts_with("  DIR/binder.prod.toml:1:5: not TOML: "), "{}", lines[3]);
    assert_eq!(
        lines[4],
        "  environment variable BINDER__GRACE: grace: expected a duration such as \"10s\" or \
         \"1m 30s\", found `soon`"
    );
    assert_eq!(
        lines[5],
        "  --set bindings.o.concurency: unknown key; the nearest is `concurrency`"
    );
}

#[test]
fn sources_do_not_print_their_values() {
    let mut sources = Sources::of_process([variable("BINDER__BINDERS__AMQP__PASSWORD", "hunter2")]);
    sources.set = vec!["binders.amqp.password=hunter2".into()];
    sources.defaults = Some(("app.toml".into(), "binders.amqp.password = 'hunter2'".into()));
    assert!(!format!("{sources:?}").contains("hunter2"));
    let config = load(&Sources { directory: "/nonexistent".into(), ..sources }).unwrap();
    assert!(!format!("{config:?}{:?}", config.origins()).contains("hunter2"));
}
