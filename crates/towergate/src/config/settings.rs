//! What the file says, typed.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use towergate_client::Client;
use towergate_core::TrustedHops;
use towergate_definition::{Diagnostic, Place};
use towergate_openapi::document::Node;
use towergate_routing::Domain;
use towergate_throttling::{ApiKey, Rate, UsagePlan};

#[cfg(feature = "rustls")]
use super::tls::{TlsSettings, tls};
use super::{
    canary::canary,
    domain_names::domain_names,
    fields::{self, Fields, excerpt},
    functions::{FunctionSettings, functions},
    method_settings::method_settings,
    secrets::Secrets,
    store::{RedisSettings, SharedStore, store},
    usage_plans::{api_keys, throttle, usage_plans},
};
use crate::{DomainTarget, StageSettings};

/// Where to listen unless the file says so: for this machine alone.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// What an address to listen on is.
pub(super) const LISTEN: &str =
    "an address to listen on: write an IP address and a port, such as `127.0.0.1:8080`";

/// The longest id of an API: it is the first label of a host name.
const MAX_API_ID: usize = 63;

/// The longest region.
const MAX_REGION: usize = 32;

/// The longest time between not being ready and closing the listeners.
const MAX_SHUTDOWN_DELAY: Duration = Duration::from_secs(600);

/// The most proxies that may be believed.
const MAX_HOPS: u8 = 32;

pub(super) const FILE_KEYS: &[&str] = &[
    "accountId",
    "admin",
    "apiKeys",
    "apis",
    "domainNames",
    "functions",
    "listen",
    "region",
    "shutdownDelayMs",
    "store",
    "throttle",
    "tls",
    "trustedHops",
    "usagePlans",
];
pub(super) const ADMIN_KEYS: &[&str] = &["listen"];
pub(super) const API_KEYS: &[&str] = &["definition", "protocol", "stages", "strict"];
pub(super) const STAGE_KEYS: &[&str] = &["canarySettings", "methodSettings", "variables"];

/// The whole file.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    pub(super) listen: SocketAddr,
    pub(super) region: Option<&'a str>,
    pub(super) account_id: Option<&'a str>,
    pub(super) trusted_hops: TrustedHops,
    pub(super) shutdown_delay: Duration,
    pub(super) apis: Vec<ApiSettings<'a>>,
    pub(super) functions: Vec<FunctionSettings>,
    pub(super) throttle: Option<Rate>,
    pub(super) api_keys: Vec<ApiKey>,
    pub(super) usage_plans: Vec<UsagePlan>,
    pub(super) domain_names: Vec<Domain<DomainTarget>>,
    pub(super) store: Option<RedisSettings>,
    /// Where operators ask, if anywhere.
    pub(super) admin: Option<SocketAddr>,
    /// Where to listen for TLS, if anywhere.
    #[cfg(feature = "rustls")]
    pub(super) tls: Option<TlsSettings<'a>>,
    /// The client of every backend.
    pub(super) client: Client,
}

/// What goes on when the file is read again: clients and their connections.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) client: Client,
    pub(super) functions: Vec<FunctionSettings>,
    pub(super) store: Option<SharedStore>,
    /// The account whose limits it keeps.
    pub(super) account_id: Option<String>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let store = self.store.as_ref().map(|store| &store.settings);
        f.debug_struct("Kept")
            .field("functions", &self.functions)
            .field("store", &store)
            .finish_non_exhaustive()
    }
}

/// A REST API of the file.
#[derive(Debug)]
pub(super) struct ApiSettings<'a> {
    pub(super) id: &'a str,
    /// The path of the definition as it is written; none if that is an error already.
    pub(super) definition: Option<&'a str>,
    pub(super) strict: bool,
    pub(super) stages: Vec<StageOfFile<'a>>,
}

/// A stage of an API of the file.
#[derive(Debug)]
pub(super) struct StageOfFile<'a> {
    pub(super) settings: StageSettings,
    /// The path of the definition of its canary, if that has one of its own.
    pub(super) canary_definition: Option<&'a str>,
}

impl<'a> Settings<'a> {
    /// Reads the file. What is wrong with it is reported, and left out.
    pub(super) fn read(
        root: &'a Node,
        kept: &Kept,
        secrets: &mut Secrets,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let file = Fields::known(root, Place::root(), FILE_KEYS, diagnostics)?;
        let listen = file.parse("listen", LISTEN, diagnostics, |text| text.parse().ok());
        let region = file.parse(
            "region",
            "a region: use 1 to 32 lower-case letters, digits and `-`",
            diagnostics,
            |text| is_region(text).then_some(text),
        );
        let account_id = file.parse(
            "accountId",
            "an account id of 12 digits",
            diagnostics,
            |text| is_account_id(text).then_some(text),
        );
        let trusted_hops = file.parse(
            "trustedHops",
            "a number of proxies from 0 to 32",
            diagnostics,
            |text| text.parse().ok().filter(|hops| *hops <= MAX_HOPS),
        );
        let shutdown_delay = file.parse(
            "shutdownDelayMs",
            "a number of milliseconds from 0 to 600000",
            diagnostics,
            |text| {
                let delay = text.parse().map(Duration::from_millis).ok();
                delay.filter(|delay| *delay <= MAX_SHUTDOWN_DELAY)
            },
        );
        #[cfg(not(feature = "rustls"))]
        refuse_tls(&file, diagnostics);
        let client = kept.client.clone();
        Some(Self {
            listen: listen.unwrap_or(DEFAULT_LISTEN),
            region,
            account_id,
            trusted_hops: TrustedHops::new(trusted_hops.unwrap_or(0)),
            shutdown_delay: shutdown_delay.unwrap_or_default(),
            apis: apis(&file, secrets, diagnostics),
            functions: functions(&file, &client, &kept.functions, diagnostics),
            throttle: file
                .get("throttle")
                .and_then(|(node, place)| throttle(node, place, diagnostics)),
            api_keys: api_keys(&file, secrets, diagnostics),
            usage_plans: usage_plans(&file, diagnostics),
            domain_names: domain_names(&file, diagnostics),
            store: store(&file, secrets, diagnostics),
            admin: admin(&file, diagnostics),
            #[cfg(feature = "rustls")]
            tls: tls(&file, diagnostics),
            client,
        })
    }
}

/// Reads where operators ask.
fn admin(file: &Fields<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<SocketAddr> {
    let (node, place) = file.get("admin")?;
    let fields = Fields::known(node, place, ADMIN_KEYS, diagnostics)?;
    fields.required("listen", "the admin listener has an address", diagnostics)?;
    fields.parse("listen", LISTEN, diagnostics, |text| text.parse().ok())
}

#[cfg(not(feature = "rustls"))]
fn refuse_tls(file: &Fields<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if let Some((_, place)) = file.get("tls") {
        let message = "TLS is not served: switch on the feature `rustls`";
        diagnostics.push(Diagnostic::error(place, message));
    }
}

fn apis<'a>(
    file: &Fields<'a>,
    secrets: &mut Secrets,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<ApiSettings<'a>> {
    let empty = |diagnostics: &mut Vec<Diagnostic>| {
        let message = "there is no API to serve: name one beneath `apis`";
        diagnostics.push(Diagnostic::error(file.place("apis"), message));
    };
    let apis = file.named_members("apis", diagnostics, empty);
    apis.into_iter()
        .filter_map(|(id, node, place)| ApiSettings::read(id, node, &place, secrets, diagnostics))
        .collect()
}

impl<'a> ApiSettings<'a> {
    /// Reads an API, unless it is of a protocol whose keys are not known here.
    fn read(
        id: &'a str,
        node: &'a Node,
        place: &Place,
        secrets: &mut Secrets,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        if !is_api_id(id) {
            let message = format!(
                "`{}` is not an API id: use 1 to 63 letters, digits, `-` and `_`",
                excerpt(id)
            );
            diagnostics.push(Diagnostic::error(place.clone(), message));
        }
        let protocol = node.get("protocol").and_then(Node::as_text);
        if let Some(protocol) = protocol.filter(|protocol| *protocol != "REST") {
            let message = format!(
                "`{}` APIs are not served: only `REST` is",
                excerpt(protocol)
            );
            diagnostics.push(Diagnostic::error(place.key("protocol"), message));
            return None;
        }
        let api = Fields::known(node, place.clone(), API_KEYS, diagnostics)?;
        for key in ["protocol", "definition"] {
            if api.get(key).is_none() {
                let message = match key {
                    "protocol" => "an API has a protocol: write `protocol: REST`",
                    _ => "a REST API has a definition: write the path of an OpenAPI file",
                };
                diagnostics.push(Diagnostic::error(api.place(key), message));
            }
        }
        api.text("protocol", diagnostics);
        Some(Self {
            id,
            definition: api.parse("definition", "the path of a file", diagnostics, |path| {
                (!path.is_empty()).then_some(path)
            }),
            strict: api.flag("strict", diagnostics).unwrap_or(false),
            stages: stages(&api, secrets, diagnostics),
        })
    }
}

fn stages<'a>(
    api: &Fields<'a>,
    secrets: &mut Secrets,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<StageOfFile<'a>> {
    let empty = |diagnostics: &mut Vec<Diagnostic>| {
        let message = "the API has no stage, so no request reaches it";
        diagnostics.push(Diagnostic::warning(api.place("stages"), message));
    };
    let stages = api.named_members("stages", diagnostics, empty);
    stages
        .into_iter()
        .map(|(name, node, place)| stage(name, node, &place, secrets, diagnostics))
        .collect()
}

fn stage<'a>(
    name: &str,
    node: &'a Node,
    place: &Place,
    secrets: &mut Secrets,
    diagnostics: &mut Vec<Diagnostic>,
) -> StageOfFile<'a> {
    let mut stage = StageSettings::new(name);
    let mut canary_definition = None;
    if let Some(fields) = Fields::known(node, place.clone(), STAGE_KEYS, diagnostics) {
        for (name, node, place) in fields.named_members("variables", diagnostics, |_| {}) {
            if let Some(value) = fields::text(node, place, diagnostics) {
                stage = stage.variable(name, value);
            }
        }
        stage.method_settings = method_settings(&fields, diagnostics);
        (stage, canary_definition) = canary(&fields, stage, secrets, diagnostics);
    }
    stage.check(place, diagnostics);
    StageOfFile {
        settings: stage,
        canary_definition,
    }
}

fn is_api_id(text: &str) -> bool {
    (1..=MAX_API_ID).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

pub(super) fn is_region(text: &str) -> bool {
    (1..=MAX_REGION).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

pub(super) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
