//! A gateway from one file, `gateway.yaml`: where to listen, the APIs, their definitions and stages.
//!
//! ```yaml
//! listen: 127.0.0.1:8080              # the default; port 0 is any free port
//! region: us-east-1                   # the default
//! accountId: "123456789012"           # 000000000000 by default
//! trustedHops: 0                      # the default; how many proxies in front are believed, at most 32
//! shutdownDelayMs: 0                  # the default; how long it still accepts once it is not ready, at most 600000
//! apis:
//!   pets:                             # the API id
//!     protocol: REST
//!     definition: pets.openapi.yaml   # relative to this file, JSON or YAML
//!     strict: false                   # true: parts that cannot be served refuse the configuration
//!     stages:
//!       prod:
//!         variables: {backend: "127.0.0.1:9000"}
//! functions:                          # where the functions are that definitions name, each alias by itself
//!   - arn: arn:aws:lambda:us-east-1:123456789012:function:hello
//!     invokeUrl: http://127.0.0.1:9001        # a Lambda Invoke API; https with the feature `rustls`
//! tls:                                # a second listener, with the feature `rustls`
//!   listen: 127.0.0.1:8443
//!   certificates:                     # PEM files, found by the names in them; the first is for all other clients
//!     - {certificate: api.pem, privateKey: api.key}
//!     - {certificate: any.pem, privateKey: any.key, serverNames: ["*.example.com"]}   # instead of the names in it
//! ```
//!
//! The file is YAML or JSON of at most 6 MiB. Everything that is wrong with it, and with the definitions it names, is
//! said at once, each [`Finding`] with its file and line.
//!
//! ```
//! # let folder = std::env::temp_dir().join(format!("towergate-config-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # let path = folder.join("gateway.yaml");
//! std::fs::write(&path, "listen: 127.0.0.1:0\napis:\n  pets: {protocol: REST, defintion: pets.json}\n")?;
//!
//! let refused = towergate::config::load(&path).unwrap_err();
//! let lines: Vec<_> = refused.findings().iter().map(ToString::to_string).collect();
//! assert!(lines[0].contains("gateway.yaml:3: apis.pets.definition: error: a REST API has a definition"));
//! assert!(lines[1].contains("gateway.yaml:3: apis.pets.defintion: error: unknown key (did you mean `definition`?)"));
//! assert!(lines[2].contains("gateway.yaml:3: apis.pets.stages: warning: the API has no stage"));
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod canary;
mod definitions;
mod domain_names;
mod fields;
mod finding;
mod functions;
mod method_settings;
mod reload;
mod secrets;
mod settings;
mod store;
#[cfg(feature = "rustls")]
mod tls;
mod usage_plans;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    fs::File,
    io::Read as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
    time::Duration,
};

use towergate_definition::{Diagnostic, Place};
use towergate_openapi::document::{Document, DocumentError, MAX_BYTES};

use self::{
    definitions::Prepared,
    finding::{Findings, Source},
    secrets::Secrets,
    settings::{Kept, Settings},
};
use crate::{BuildError, Gateway, GatewayBuilder};

pub use finding::Finding;
#[cfg(feature = "rustls")]
pub use tls::TlsListener;

/// A configuration that was read and compiled.
#[derive(Debug)]
pub struct Loaded {
    /// The gateway. Its own [`diagnostics`](Gateway::diagnostics) are among the findings, those of its APIs only there.
    pub gateway: Gateway,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The address of the listener for operators, which [`Gateway::admin`] answers.
    pub admin: Option<SocketAddr>,
    /// The listener for TLS beside it, which `serve_tls` of the feature `serve` serves.
    #[cfg(feature = "rustls")]
    pub tls: Option<TlsListener>,
    /// How long a server goes on accepting connections once it is told to stop, at most 10 minutes; none by default.
    /// It is what [`Gateway::withdraw`] waits for.
    pub shutdown_delay: Duration,
    /// What was found and refuses nothing: warnings, and parts of definitions that are not served.
    pub findings: Vec<Finding>,
    files: Vec<PathBuf>,
    source: Source,
    kept: Kept,
}

impl Loaded {
    /// Returns whether the store that nodes share is out of reach, so that each holds limits as `onOutage` says.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        let store = self.kept.store.as_ref();
        store.is_some_and(|store| store.degraded.load(Ordering::Relaxed))
    }

    /// Returns every file that the configuration is made of, those that are not there included: the file itself,
    /// definitions, certificates, secrets.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Returns an error about a place in the configuration that shows only later: nobody may `listen` there, say.
    #[must_use]
    pub fn error(&self, place: Place, message: impl Into<String>) -> Finding {
        self.source.locate(Diagnostic::error(place, message))
    }
}

/// Everything that was found in a configuration that is refused, at least one error among it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    findings: Vec<Finding>,
    files: Vec<PathBuf>,
}

impl ConfigError {
    /// Returns the findings: the configuration first, then the definitions, each from top to bottom.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

impl fmt::Display for ConfigError {
    /// Writes one finding a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, finding) in self.findings.iter().enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}{finding}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Reads a configuration and the definitions it names, and compiles the gateway.
///
/// Parts of definitions that cannot be served close their methods, which answer 500; with `strict` they are errors.
///
/// # Errors
///
/// Returns everything there is to say about the files if anything in them is an error: a file that cannot be read, an
/// unknown key, a bad value, a definition that is refused.
pub fn load(path: impl AsRef<Path>) -> Result<Loaded, ConfigError> {
    load_noting(path.as_ref(), &|_| {})
}

/// Is told of each file of a configuration before it is read, so that a change since then can be noticed.
pub(crate) type NoteFile<'a> = &'a dyn Fn(&Path);

/// Reads a configuration, as [`load`] does.
pub(crate) fn load_noting(path: &Path, note: NoteFile<'_>) -> Result<Loaded, ConfigError> {
    load_with(path, note, &Kept::default(), None, GatewayBuilder::build)
}

/// Reads a configuration and makes `build` a gateway of it.
fn load_with(
    path: &Path,
    note: NoteFile<'_>,
    kept: &Kept,
    known: Option<&Gateway>,
    build: impl FnOnce(GatewayBuilder) -> Result<Gateway, BuildError>,
) -> Result<Loaded, ConfigError> {
    note(path);
    let source = read(path).map_err(|finding| ConfigError {
        findings: vec![finding],
        files: vec![path.to_owned()],
    })?;
    let document = source.document.clone();
    let mut secrets = Secrets::new(path.parent().unwrap_or(Path::new("")), note);
    let mut findings = Findings::new(source, note);
    let mut diagnostics = Vec::new();
    let settings = Settings::read(document.root(), kept, &mut secrets, &mut diagnostics);
    findings.extend(diagnostics);

    #[cfg(feature = "rustls")]
    let tls = settings
        .as_ref()
        .and_then(|settings| settings.tls.as_ref()?.load(&mut findings));
    let gateway = settings.as_ref().and_then(|settings| {
        let Prepared { gateway, kept } = definitions::prepare(settings, kept, known, &mut findings);
        // What is wrong so far may not be all.
        let built = match findings.has_errors() {
            true => Err(BuildError::new(gateway.problems())),
            false => build(gateway),
        };
        match built {
            Ok(gateway) => {
                findings.extend(gateway.told_diagnostics().iter().cloned());
                Some((gateway, kept))
            }
            Err(error) => {
                findings.extend(error.diagnostics().iter().cloned());
                None
            }
        }
    });
    let mut files = findings.files();
    files.extend(secrets.into_files());
    let (source, findings) = findings.finish();
    match (settings, gateway) {
        (Some(settings), Some((gateway, kept))) => Ok(Loaded {
            gateway,
            listen: settings.listen,
            admin: settings.admin,
            shutdown_delay: settings.shutdown_delay,
            #[cfg(feature = "rustls")]
            tls,
            findings,
            files,
            source,
            kept,
        }),
        _ => Err(ConfigError { findings, files }),
    }
}

fn read(path: &Path) -> Result<Source, Finding> {
    let refused = |line: Option<usize>, place: Place, message: String| Finding {
        file: path.to_owned(),
        line: line.unwrap_or(1),
        diagnostic: Diagnostic::error(place, message),
    };
    let mut text = String::new();
    File::open(path)
        // One byte over the limit is enough to tell that it is exceeded.
        .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_string(&mut text))
        .map_err(|error| {
            refused(
                None,
                Place::root(),
                format!("cannot read the file: {error}"),
            )
        })?;
    let document = Document::parse(&text)
        .map_err(|error| refused(error.line(), place_of(&error), error.to_string()))?;
    Ok(Source {
        file: path.to_owned(),
        document,
    })
}

/// Returns what a text that is no document is wrong about, as far as it is a key.
fn place_of(error: &DocumentError) -> Place {
    match error {
        DocumentError::DuplicateKey { key, .. } => Place::root().key(key),
        _ => Place::root(),
    }
}
