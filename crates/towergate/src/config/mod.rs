//! A gateway from one file, `gateway.yaml`: where to listen, the APIs, their definitions and stages.
//!
//! ```yaml
//! listen: 127.0.0.1:8080              # the default; port 0 is any free port
//! region: us-east-1                   # the default
//! accountId: "123456789012"           # 000000000000 by default
//! trustedHops: 0                      # the default; how many proxies in front are believed, at most 32
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

mod definitions;
mod fields;
mod finding;
mod functions;
mod settings;

#[cfg(test)]
mod tests;

use std::{fmt, fs::File, io::Read as _, net::SocketAddr, path::Path};

use towergate_definition::{Diagnostic, Place};
use towergate_openapi::document::{Document, DocumentError, MAX_BYTES};

use self::{
    finding::{Findings, Source},
    settings::Settings,
};
use crate::Gateway;

pub use finding::Finding;

/// A configuration that was read and compiled.
#[derive(Debug)]
pub struct Loaded {
    /// The gateway. Its own [`diagnostics`](Gateway::diagnostics) are among the findings, those of its APIs only there.
    pub gateway: Gateway,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// What was found and refuses nothing: warnings, and parts of definitions that are not served.
    pub findings: Vec<Finding>,
    source: Source,
}

impl Loaded {
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
    let source = read(path.as_ref()).map_err(|finding| ConfigError {
        findings: vec![finding],
    })?;
    let document = source.document.clone();
    let mut findings = Findings::new(source);
    let mut diagnostics = Vec::new();
    let settings = Settings::read(document.root(), &mut diagnostics);
    findings.extend(diagnostics);

    let gateway = settings
        .as_ref()
        .and_then(|settings| definitions::compile(settings, &mut findings));
    let (source, findings) = findings.finish();
    match (settings, gateway) {
        (Some(settings), Some(gateway)) => Ok(Loaded {
            gateway,
            listen: settings.listen,
            findings,
            source,
        }),
        _ => Err(ConfigError { findings }),
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
