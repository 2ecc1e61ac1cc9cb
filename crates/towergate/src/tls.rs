//! Certificates of a server that speaks TLS, found by the server name of a handshake and replaced while it serves.
//!
//! ```
//! use towergate::tls::{Certificate, Certificates};
//!
//! # fn own() -> Result<(), Box<dyn std::error::Error>> {
//! # let issue = |name: &str| {
//! #     let own = rcgen::generate_simple_self_signed([name.to_owned()])?;
//! #     Ok::<_, rcgen::Error>((own.cert.pem(), own.signing_key.serialize_pem()))
//! # };
//! # let (chain, key) = issue("api.example.com")?;
//! # let (next_chain, next_key) = issue("*.example.com")?;
//! let certificate = Certificate::from_pem(&chain, &key)?;
//! assert_eq!(certificate.server_names().collect::<Vec<_>>(), ["api.example.com"]);
//!
//! let certificates = Certificates::new([certificate])?;
//! certificates.replace([Certificate::from_pem(&next_chain, &next_key)?])?;
//! # Ok(())
//! # }
//! # own().unwrap();
//! ```

#[cfg(test)]
pub(crate) mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::Arc,
};

use arc_swap::ArcSwap;
use rustls::{
    Error, InconsistentKeys,
    crypto::ring,
    pki_types::{CertificateDer, DnsName, PrivateKeyDer, pem, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::{CertifiedKey, SigningKey},
};
use webpki::EndEntityCert;

/// A certificate with its chain and private key, and the server names it is presented for.
#[derive(Clone)]
pub struct Certificate {
    key: Arc<CertifiedKey>,
    /// In lower case, each once.
    server_names: BTreeSet<String>,
}

impl Certificate {
    /// Reads a certificate, those of its issuers behind it, and its private key, which is not encrypted: PKCS #8,
    /// PKCS #1 or SEC 1. Other sections of the texts are skipped, so both may be one.
    ///
    /// Its server names are the DNS names of its `subjectAltName`.
    ///
    /// # Errors
    ///
    /// Returns an error if either is missing or cannot be read, or if the key is that of another certificate. No error
    /// repeats any of the texts.
    pub fn from_pem(
        chain: impl AsRef<[u8]>,
        private_key: impl AsRef<[u8]>,
    ) -> Result<Self, CertificateError> {
        Self::new(read_chain(chain.as_ref())?, read_key(private_key.as_ref())?)
    }

    /// Puts a chain, which is not empty, and its key together.
    pub(crate) fn new(chain: Chain, private_key: PrivateKey) -> Result<Self, CertificateError> {
        let key = CertifiedKey::new(chain.certificates, private_key.0);
        match key.keys_match() {
            // Of some kinds of keys it cannot be known.
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(Self {
                key: Arc::new(key),
                server_names: chain.server_names,
            }),
            Err(_) => Err(CertificateError::KeyMismatch),
        }
    }

    /// Presents the certificate for these server names instead of its own: DNS names, or such names with `*` for their
    /// first label.
    ///
    /// # Errors
    ///
    /// Returns an error if a name is not one, or is there twice.
    pub fn with_server_names<N: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, CertificateError> {
        self.server_names = BTreeSet::new();
        for name in names {
            let name = server_name(&name.into())?;
            if self.server_names.contains(&name) {
                return Err(CertificateError::DuplicateServerName(name));
            }
            self.server_names.insert(name);
        }
        Ok(self)
    }

    /// Returns the names it is presented for, in lower case and in their order.
    pub fn server_names(&self) -> impl Iterator<Item = &str> {
        self.server_names.iter().map(String::as_str)
    }

    /// Returns whether both present the same chain for the same names. Their keys are the same then: the certificate
    /// holds the public one.
    #[cfg(feature = "config")]
    fn is_same(&self, other: &Self) -> bool {
        self.key.cert == other.key.cert && self.server_names == other.server_names
    }
}

impl fmt::Debug for Certificate {
    /// Shows the names alone, and nothing of the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("server_names", &self.server_names)
            .finish_non_exhaustive()
    }
}

/// A certificate with those of its issuers behind it, and its own names.
pub(crate) struct Chain {
    certificates: Vec<CertificateDer<'static>>,
    server_names: BTreeSet<String>,
}

pub(crate) struct PrivateKey(Arc<dyn SigningKey>);

pub(crate) fn read_chain(pem: &[u8]) -> Result<Chain, CertificateError> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|_| CertificateError::BadCertificate)?;
    let own = certificates
        .first()
        .ok_or(CertificateError::MissingCertificate)?;
    let parsed = EndEntityCert::try_from(own).map_err(|_| CertificateError::BadCertificate)?;
    let server_names = parsed.valid_dns_names().map(str::to_ascii_lowercase);
    Ok(Chain {
        server_names: server_names.collect(),
        certificates,
    })
}

pub(crate) fn read_key(pem: &[u8]) -> Result<PrivateKey, CertificateError> {
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        pem::Error::NoItemsFound => CertificateError::MissingKey,
        _ => CertificateError::BadKey,
    })?;
    let key = ring::default_provider().key_provider.load_private_key(key);
    key.map(PrivateKey).map_err(|_| CertificateError::BadKey)
}

/// Returns a server name in lower case.
pub(crate) fn server_name(text: &str) -> Result<String, CertificateError> {
    let host = text.strip_prefix("*.").unwrap_or(text);
    // A dot at the end is never sent (RFC 6066 section 3).
    if host.ends_with('.') || DnsName::try_from(host).is_err() {
        return Err(CertificateError::BadServerName(text.to_owned()));
    }
    Ok(text.to_ascii_lowercase())
}

/// The certificates of a server. Clones share them.
///
/// A handshake gets the certificate of the server name that the client asks for (SNI, RFC 6066 section 3): that of the
/// very name, else that of the name with `*` for its first label, else the first of all. So does a client that names
/// none.
#[derive(Clone)]
pub struct Certificates(Arc<ArcSwap<Table>>);

impl Certificates {
    /// Creates them from at least one certificate.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none, or if two are for one server name.
    pub fn new(
        certificates: impl IntoIterator<Item = Certificate>,
    ) -> Result<Self, CertificateError> {
        let table = Table::new(certificates.into_iter().collect())?;
        Ok(Self(Arc::new(ArcSwap::from_pointee(table))))
    }

    /// Puts others in their place, for every handshake from now on; connections stay as they are. An error changes
    /// nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none, or if two are for one server name.
    pub fn replace(
        &self,
        certificates: impl IntoIterator<Item = Certificate>,
    ) -> Result<(), CertificateError> {
        let table = Table::new(certificates.into_iter().collect())?;
        self.0.store(Arc::new(table));
        Ok(())
    }

    /// Puts those of `other` in their place, and returns whether they differ.
    #[cfg(feature = "config")]
    pub(crate) fn take_over(&self, other: &Self) -> bool {
        let (old, new) = (self.0.load_full(), other.0.load_full());
        let is_same = old.all.len() == new.all.len()
            && old
                .all
                .iter()
                .zip(&new.all)
                .all(|(old, new)| old.is_same(new));
        self.0.store(new);
        !is_same
    }

    /// Returns how to accept TLS 1.2 and 1.3 with these certificates, for HTTP/1.1.
    #[cfg(feature = "serve")]
    pub(crate) fn server_config(&self) -> rustls::ServerConfig {
        use rustls::version::{TLS12, TLS13};

        let provider = Arc::new(ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("ring has cipher suites of both versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self.clone()));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0.load().all).finish()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let table = self.0.load();
        let certificate = table.find(client_hello.server_name())?;
        Some(Arc::clone(&certificate.key))
    }
}

/// Certificates and where each is.
struct Table {
    /// Never empty.
    all: Vec<Certificate>,
    /// Places in `all`, by server name. In the names with `*`, that is left out: they begin with a dot.
    places: HashMap<String, usize>,
}

impl Table {
    fn new(all: Vec<Certificate>) -> Result<Self, CertificateError> {
        if all.is_empty() {
            return Err(CertificateError::NoCertificates);
        }
        if let Some((_, name)) = duplicates(&all).next() {
            return Err(CertificateError::DuplicateServerName(name.to_owned()));
        }
        let names = all.iter().enumerate();
        let places = names.flat_map(|(place, certificate)| {
            let names = certificate.server_names();
            names.map(move |name| (name.strip_prefix('*').unwrap_or(name).to_owned(), place))
        });
        Ok(Self {
            places: places.collect(),
            all,
        })
    }

    /// Returns the certificate for a server name, which is in lower case: rustls sees to that.
    fn find(&self, server_name: Option<&str>) -> Option<&Certificate> {
        let place = server_name.and_then(|name| {
            let wildcard = || self.places.get(name.get(name.find('.')?..)?);
            self.places.get(name).or_else(wildcard)
        });
        self.all.get(place.copied().unwrap_or_default())
    }
}

/// Returns the server names that a certificate before has too, each with the place of the later one.
pub(crate) fn duplicates(all: &[Certificate]) -> impl Iterator<Item = (usize, &str)> {
    let mut known = BTreeSet::new();
    let names = all.iter().enumerate();
    names
        .flat_map(|(place, certificate)| certificate.server_names().map(move |name| (place, name)))
        .filter(move |(_, name)| !known.insert(*name))
}

/// Why certificates are of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The certificate, or one behind it, cannot be read.
    #[error("the certificate cannot be read: it must be PEM of X.509 version 3")]
    BadCertificate,
    /// The private key cannot be read, or is of a kind that is not served.
    #[error("the private key cannot be read: it must be PEM of RSA, ECDSA or Ed25519")]
    BadKey,
    /// A server name is none.
    #[error("`{0}` is not a server name: write a DNS name, or `*.` and one")]
    BadServerName(String),
    /// Two certificates are for one server name, or one certificate for one name twice.
    #[error("the server name `{0}` is there twice: leave one out")]
    DuplicateServerName(String),
    /// The private key is that of another certificate.
    #[error("the private key does not fit the certificate: write the one it was issued for")]
    KeyMismatch,
    /// There is no certificate.
    #[error("there is no certificate: it begins with `-----BEGIN CERTIFICATE-----`")]
    MissingCertificate,
    /// There is no private key, or it is encrypted.
    #[error(
        "there is no private key that is not encrypted: it begins with `-----BEGIN PRIVATE KEY-----`"
    )]
    MissingKey,
    /// A server is given no certificate at all.
    #[error("a server has at least one certificate")]
    NoCertificates,
}
