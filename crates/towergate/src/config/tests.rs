mod canaries;
mod refusals;
#[cfg(feature = "redis")]
mod stores;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use towergate_openapi::document::{Document, Node};

use super::{
    canary::{CANARY_KEYS, GUARD_KEYS},
    domain_names::{DOMAIN_NAME_KEYS, ROUTING_RULE_KEYS},
    functions::FUNCTION_KEYS,
    method_settings::METHOD_SETTING_KEYS,
    settings::{ADMIN_KEYS, API_KEYS, FILE_KEYS, STAGE_KEYS},
    store::REDIS_KEYS,
    usage_plans::{API_KEY_KEYS, QUOTA_KEYS, THROTTLE_KEYS, USAGE_PLAN_KEYS},
    *,
};

/// A folder of its own for a test, removed at its end.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("towergate-config-{}-{number}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&folder.0).unwrap();
        for (name, text) in files {
            fs::write(folder.0.join(name), text).unwrap();
        }
        folder
    }

    pub(super) fn load(&self) -> Result<Loaded, ConfigError> {
        load(self.0.join("gateway.yaml"))
    }

    /// Returns findings as they are printed, without the name of the folder.
    pub(super) fn lines(&self, findings: &[Finding]) -> Vec<String> {
        let folder = format!("{}{}", self.0.display(), std::path::MAIN_SEPARATOR);
        let lines = findings.iter().map(ToString::to_string);
        lines.map(|line| line.replace(&folder, "")).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A definition without a fault.
pub(super) const PETS: &str = r#"{
  "openapi": "3.0.1",
  "info": {"title": "pets", "version": "1"},
  "paths": {"/pets": {"get": {"x-amazon-apigateway-integration":
    {"type": "http_proxy", "httpMethod": "GET", "uri": "http://${stageVariables.backend}/pets"}}}}
}"#;

/// A definition of which a method is closed, as its authorizer is of no known type.
const GUARDED: &str = r#"{
  "openapi": "3.0.1",
  "info": {"title": "pets", "version": "1"},
  "paths": {"/pets": {"get": {
    "x-amazon-apigateway-auth": {"type": "AWS_IAM"},
    "x-amazon-apigateway-integration":
      {"type": "http_proxy", "httpMethod": "GET", "uri": "http://pets.internal/"}
  }}}
}"#;

#[test]
fn a_file_is_loaded_with_what_is_worth_knowing() {
    let cases: [(&str, &str, &str, &[&str]); 6] = [
        (
            "the smallest file",
            "apis: {pets: {protocol: REST, definition: pets.json, stages: {prod: {variables: {backend: h}}}}}",
            "127.0.0.1:8080",
            &[],
        ),
        (
            "every key",
            "listen: '[::1]:0'\nregion: eu-west-1\naccountId: 012345678901\ntrustedHops: 32\nshutdownDelayMs: 600000\n\
             apis: {pets: {protocol: REST, definition: pets.json, strict: true, stages: {prod: {variables: {backend: h, port: 80, on: true}}}}}",
            "[::1]:0",
            &[],
        ),
        (
            "JSON",
            r#"{"listen": "0.0.0.0:1", "accountId": "123456789012", "apis": {"pets": {"protocol": "REST", "definition": "pets.json", "stages": {"prod": null}}}}"#,
            "0.0.0.0:1",
            &[],
        ),
        (
            "what is not served, once for two APIs",
            "apis:\n  a: {protocol: REST, definition: guarded.json}\n  b: {protocol: REST, definition: guarded.json, stages: {prod: {}}}",
            "127.0.0.1:8080",
            &[
                "gateway.yaml:2: apis.a.stages: warning: the API has no stage, so no request reaches it",
                "guarded.json:5: paths./pets.get.x-amazon-apigateway-auth: unsupported: authorization by `AWS_IAM` is not served, so this method answers 500",
            ],
        ),
        (
            "functions",
            "apis: {a: {protocol: REST, definition: pets.json, stages: {b: {}}}}\nfunctions:\n\
             - {arn: 'arn:aws:lambda:us-east-1:123456789012:function:f', invokeUrl: 'http://127.0.0.1:9001'}",
            "127.0.0.1:8080",
            &[],
        ),
        (
            "an API and a stage of one name",
            "apis:\n  a: {protocol: REST, definition: pets.json, stages: {b: {}}}\n  b: {protocol: REST, definition: pets.json, stages: {c: {}}}",
            "127.0.0.1:8080",
            &[
                "gateway.yaml:2: apis.a.stages.b: warning: stage `b` of API `a` and API `b` share a name: `/b/c/…` is the API's, all else beneath `/b` the stage's; reach it as `/a/b/…`",
            ],
        ),
    ];
    for (name, gateway, listen, expected) in cases {
        let folder = Folder::new(&[
            ("gateway.yaml", gateway),
            ("pets.json", PETS),
            ("guarded.json", GUARDED),
        ]);
        let loaded = folder
            .load()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(loaded.listen.to_string(), listen, "{name}");
        assert_eq!(folder.lines(&loaded.findings), expected, "{name}");
    }
}

#[test]
fn a_later_error_has_the_line_of_its_key() {
    let folder = Folder::new(&[
        (
            "gateway.yaml",
            "region: a\nlisten: 127.0.0.1:1\napis: {a: {protocol: REST, definition: pets.json}}",
        ),
        ("pets.json", PETS),
    ]);
    let loaded = folder.load().unwrap();
    let error = loaded.error(Place::root().key("listen"), "the address is in use");
    let expected = "gateway.yaml:2: listen: error: the address is in use";
    assert_eq!(folder.lines(&[error]), [expected]);
}

#[test]
fn the_schema_has_the_keys_that_are_read() {
    let text = include_str!("../../../../docs/gateway.schema.json");
    let document = Document::parse(text).unwrap();
    let keys = |path: &[&str]| {
        let object = path
            .iter()
            .try_fold(document.root(), |node, key| node.get(key))
            .unwrap_or_else(|| panic!("{path:?}"));
        let closed = object.get("additionalProperties").and_then(Node::as_bool);
        assert_eq!(closed, Some(false), "{path:?}");
        let members = object.get("properties").and_then(Node::as_map);
        let keys = members.unwrap_or_else(|| panic!("{path:?}")).iter();
        let mut keys: Vec<_> = keys.map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        keys
    };
    assert_eq!(keys(&[]), FILE_KEYS);
    assert_eq!(keys(&["$defs", "api"]), API_KEYS);
    assert_eq!(keys(&["$defs", "stage"]), STAGE_KEYS);
    assert_eq!(keys(&["$defs", "function"]), FUNCTION_KEYS);
    assert_eq!(keys(&["properties", "admin"]), ADMIN_KEYS);
    assert_eq!(keys(&["$defs", "apiKey"]), API_KEY_KEYS);
    assert_eq!(keys(&["$defs", "canary"]), CANARY_KEYS);
    assert_eq!(keys(&["$defs", "guard"]), GUARD_KEYS);
    assert_eq!(keys(&["$defs", "domainName"]), DOMAIN_NAME_KEYS);
    assert_eq!(keys(&["$defs", "methodSetting"]), METHOD_SETTING_KEYS);
    assert_eq!(keys(&["$defs", "quota"]), QUOTA_KEYS);
    assert_eq!(keys(&["$defs", "redis"]), REDIS_KEYS);
    assert_eq!(keys(&["$defs", "routingRule"]), ROUTING_RULE_KEYS);
    assert_eq!(keys(&["$defs", "throttle"]), THROTTLE_KEYS);
    assert_eq!(keys(&["$defs", "usagePlan"]), USAGE_PLAN_KEYS);
    #[cfg(feature = "rustls")]
    {
        use super::tls::{CERTIFICATE_KEYS, TLS_KEYS};

        assert_eq!(keys(&["properties", "tls"]), TLS_KEYS);
        assert_eq!(keys(&["$defs", "certificate"]), CERTIFICATE_KEYS);
    }
}

#[test]
fn the_example_is_loaded_without_a_finding() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let loaded = load(examples.join("gateway.yaml")).unwrap();
    assert_eq!(loaded.findings, []);
}

/// A configuration that serves `pets.json` on `a/b`, and more.
pub(super) fn serving(more: &str) -> String {
    format!("apis: {{a: {{protocol: REST, definition: pets.json, stages: {{b: {{}}}}}}}}\n{more}")
}

#[test]
fn a_configuration_is_read_again_whole_or_not_at_all() {
    let folder = Folder::new(&[("gateway.yaml", &serving("")), ("pets.json", PETS)]);
    let mut loaded = folder.load().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.0.join(name), text).unwrap();
    let moved = PETS.replace("\"/pets\": {\"get\"", "\"/toys\": {\"get\"");

    assert!(loaded.reload().unwrap().is_empty());
    write("pets.json", &moved);
    let changes = loaded.reload().unwrap();
    assert_eq!(
        changes.to_string(),
        "removed apis.a.paths./pets.get\nadded apis.a.paths./toys.get"
    );

    write("pets.json", "{");
    assert!(loaded.reload().is_err());
    let routes: Vec<_> = loaded
        .gateway
        .routes()
        .into_iter()
        .map(|route| route.path)
        .collect();
    assert_eq!(routes, ["/toys"]);

    write("pets.json", &moved);
    write(
        "gateway.yaml",
        &format!(
            "listen: 127.0.0.1:1\n{}",
            serving("throttle: {rateLimit: 1, burstLimit: 1}")
        ),
    );
    assert_eq!(loaded.reload().unwrap().to_string(), "changed throttle");
    let expected = "gateway.yaml:1: listen: warning: not applied: it stays on `127.0.0.1:8080`, and is on `127.0.0.1:1` once the program starts again";
    assert_eq!(folder.lines(&loaded.findings), [expected]);
    let files: Vec<_> = loaded
        .files()
        .iter()
        .filter_map(|file| file.file_name())
        .collect();
    assert_eq!(files, ["gateway.yaml", "pets.json"]);
}

#[test]
fn a_reload_names_each_part_that_changed_and_no_other() {
    const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let function =
        |port: u16| format!("functions: [{{arn: '{ARN}', invokeUrl: 'http://127.0.0.1:{port}'}}]");
    let strict = |strict: bool| {
        format!(
            "apis: {{a: {{protocol: REST, definition: pets.json, strict: {strict}, stages: {{b: {{}}}}}}}}"
        )
    };
    let added = format!("added functions.{ARN}");
    let changed = format!("changed functions.{ARN}");
    let removed = format!("removed functions.{ARN}");
    let cases = [
        ("a function", serving(&function(1)), added.as_str()),
        ("the same again", serving(&function(1)), ""),
        ("the function elsewhere", serving(&function(2)), &changed),
        ("no function", serving(""), &removed),
        (
            "proxies",
            serving("trustedHops: 1\nregion: eu-west-1"),
            "changed region\nchanged trustedHops",
        ),
        (
            "a pause before the end",
            serving("trustedHops: 1\nregion: eu-west-1\nshutdownDelayMs: 5"),
            "changed shutdownDelayMs",
        ),
        (
            "no pause, which is the default",
            serving("trustedHops: 1\nregion: eu-west-1\nshutdownDelayMs: 0"),
            "changed shutdownDelayMs",
        ),
        (
            "strict",
            strict(true),
            "changed apis.a.strict\nchanged region\nchanged trustedHops",
        ),
        (
            "not strict, which is the default",
            serving(""),
            "changed apis.a.strict",
        ),
        ("not strict, as it was", strict(false), ""),
        #[cfg(feature = "redis")]
        (
            "a store",
            serving("store: {redis: {url: 'redis://127.0.0.1:1'}}"),
            "changed store",
        ),
        #[cfg(feature = "redis")]
        (
            "the store again",
            serving("store: {redis: {url: 'redis://127.0.0.1:1'}}"),
            "",
        ),
        #[cfg(feature = "redis")]
        (
            "the store asked otherwise",
            serving("store: {redis: {url: 'redis://127.0.0.1:1', mode: exact}}"),
            "changed store",
        ),
        #[cfg(feature = "redis")]
        (
            "the store for another account",
            serving(
                "store: {redis: {url: 'redis://127.0.0.1:1', mode: exact}}\naccountId: '123456789012'",
            ),
            "changed accountId\nchanged store",
        ),
        #[cfg(feature = "redis")]
        (
            "the store of this node",
            serving("store: memory\naccountId: '123456789012'"),
            "changed store",
        ),
    ];
    let folder = Folder::new(&[("gateway.yaml", &serving("")), ("pets.json", PETS)]);
    let mut loaded = folder.load().unwrap();
    for (name, text, expected) in cases {
        fs::write(folder.0.join("gateway.yaml"), text).unwrap();
        let changes = loaded
            .reload()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(changes.to_string(), expected, "{name}");
    }
}

#[test]
fn each_file_is_noted_before_it_is_read() {
    let text = "\
apis:
  a:
    protocol: REST
    definition: pets.json
    stages: {b: {canarySettings: {definition: canary.json, percentTraffic: 1}}}
apiKeys: [{id: k, name: n, value: '${file:secret}'}]
";
    let files = [
        ("gateway.yaml", text),
        ("pets.json", PETS),
        ("canary.json", PETS),
        ("secret", "a-key-of-twenty-chars-or-more"),
    ];
    let folder = Folder::new(&[]);
    // What is not there until it is noted cannot have been read before.
    let write = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap();
        let (_, text) = files.iter().find(|(known, _)| *known == name).expect(name);
        fs::write(path, text).unwrap();
    };
    let clear = || {
        for (name, _) in files {
            fs::remove_file(folder.0.join(name)).unwrap();
        }
    };
    let mut loaded = load_noting(&folder.0.join("gateway.yaml"), &write)
        .unwrap_or_else(|error| panic!("{error}"));
    clear();
    let changes = loaded
        .reload_noting(&write)
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(changes.is_empty(), "{changes}");
    clear();
}

#[test]
fn the_list_of_routes_follows_what_is_said_of_a_definition_that_means_the_same() {
    let folder = Folder::new(&[("gateway.yaml", &serving("")), ("pets.json", PETS)]);
    let mut loaded = folder.load().unwrap();
    let said = |loaded: &Loaded| {
        let routes = loaded.gateway.routes();
        let said = routes.iter().flat_map(|route| &route.findings);
        said.map(|found| found.place.to_string())
            .collect::<Vec<_>>()
    };
    let odd = PETS.replace(r#""get": {"#, r#""get": {"x-amazon-apigateway-odd": 1, "#);
    let odd_place = "paths./pets.get.x-amazon-apigateway-odd".to_owned();
    for (text, expected) in [(&*odd, vec![odd_place]), (PETS, vec![])] {
        fs::write(folder.0.join("pets.json"), text).unwrap();
        let changes = loaded.reload().unwrap();
        assert_eq!(
            loaded.findings.len(),
            expected.len(),
            "{:?}",
            loaded.findings
        );
        assert_eq!(said(&loaded), expected);
        assert_eq!(changes.to_string(), "");
    }
}
