//! A listener for TLS, and its certificates.

#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{self, Read as _},
    net::SocketAddr,
    path::Path,
};

use towergate_definition::{Diagnostic, Place};
use towergate_openapi::document::Node;

use super::{
    fields::{Fields, text},
    finding::Findings,
    settings::LISTEN,
};
use crate::tls::{
    Certificate, CertificateError, Certificates, duplicates, read_chain, read_key, server_name,
};

/// The longest file that certificates or keys are read from, in bytes. A handshake carries at most 64 KiB of them.
const MAX_PEM_BYTES: u64 = 256 * 1024;

pub(super) const TLS_KEYS: &[&str] = &["certificates", "listen"];
pub(super) const CERTIFICATE_KEYS: &[&str] = &["certificate", "privateKey", "serverNames"];

/// A listener for TLS.
#[derive(Debug)]
#[non_exhaustive]
pub struct TlsListener {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The certificates. A [reload](super::Loaded::reload) replaces them, also those of clones.
    pub certificates: Certificates,
}

/// What the file says about TLS.
#[derive(Debug)]
pub(super) struct TlsSettings<'a> {
    listen: Option<SocketAddr>,
    certificates: Vec<CertificateFiles<'a>>,
}

/// The files of a certificate. What is missing is an error already.
#[derive(Debug)]
struct CertificateFiles<'a> {
    certificate: Option<&'a str>,
    private_key: Option<&'a str>,
    server_names: Option<Vec<&'a str>>,
    place: Place,
}

/// Reads where to listen for TLS, if anywhere, and which files are its certificates.
pub(super) fn tls<'a>(
    file: &Fields<'a>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<TlsSettings<'a>> {
    let (node, place) = file.get("tls")?;
    let fields = Fields::known(node, place, TLS_KEYS, diagnostics)?;
    let missing = "the listener for TLS has an address";
    let listen = fields.required("listen", missing, diagnostics);
    let listen =
        listen.and_then(|_| fields.parse("listen", LISTEN, diagnostics, |text| text.parse().ok()));
    let items = fields.items("certificates", diagnostics);
    let is_list = |(node, _): (&Node, _)| node.as_list().is_some() || node.is_null();
    if items.is_empty() && fields.get("certificates").is_none_or(is_list) {
        let message =
            "TLS has a certificate: write `certificates: [{certificate: …, privateKey: …}]`";
        diagnostics.push(Diagnostic::error(fields.place("certificates"), message));
    }
    let items = items.into_iter();
    Some(TlsSettings {
        listen,
        certificates: items
            .filter_map(|(node, place)| CertificateFiles::read(node, place, diagnostics))
            .collect(),
    })
}

impl<'a> CertificateFiles<'a> {
    fn read(node: &'a Node, place: Place, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let fields = Fields::known(node, place.clone(), CERTIFICATE_KEYS, diagnostics)?;
        let missing = "a certificate is in a file";
        let certificate = fields.required("certificate", missing, diagnostics);
        let private_key = fields.required("privateKey", "its key is in a file", diagnostics);
        let server_names = fields.get("serverNames").map(|_| {
            let names = fields.items("serverNames", diagnostics).into_iter();
            names
                .filter_map(|(node, place)| server_name_at(node, place, diagnostics))
                .collect()
        });
        Some(Self {
            certificate,
            private_key,
            server_names,
            place,
        })
    }
}

fn server_name_at<'a>(
    node: &'a Node,
    place: Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<&'a str> {
    let name = text(node, place.clone(), diagnostics)?;
    if let Err(error) = server_name(name) {
        diagnostics.push(Diagnostic::error(place, error.to_string()));
        return None;
    }
    Some(name)
}

impl TlsSettings<'_> {
    /// Reads the certificates and their keys. What is wrong with them is among the findings, and the files are noted.
    pub(super) fn load(&self, findings: &mut Findings) -> Option<TlsListener> {
        let mut loaded = Vec::new();
        let mut places = Vec::new();
        for files in &self.certificates {
            if let Some(certificate) = files.load(findings) {
                loaded.push(certificate);
                places.push(&files.place);
            }
        }
        let twice = duplicates(&loaded).filter_map(|(index, name)| {
            let error = CertificateError::DuplicateServerName(name.to_owned());
            let message = format!("{error}, or say with `serverNames` what each is for");
            Some(Diagnostic::error((*places.get(index)?).clone(), message))
        });
        findings.extend(twice.collect::<Vec<_>>());
        let nameless = loaded.iter().zip(&places).skip(1).filter_map(|(certificate, place)| {
            let message = "the certificate has no server name and is not the first, so none gets it: write `serverNames`";
            let is_nameless = certificate.server_names().next().is_none();
            is_nameless.then(|| Diagnostic::warning((*place).clone(), message))
        });
        findings.extend(nameless.collect::<Vec<_>>());
        Some(TlsListener {
            listen: self.listen?,
            // What refuses them was found above.
            certificates: Certificates::new(loaded).ok()?,
        })
    }
}

impl CertificateFiles<'_> {
    fn load(&self, findings: &mut Findings) -> Option<Certificate> {
        let chain = self.parse_file("certificate", self.certificate, read_chain, findings);
        let key = self.parse_file("privateKey", self.private_key, read_key, findings);
        let (place, certificate) = (self.place.key("privateKey"), Certificate::new(chain?, key?));
        let (place, named) = match (&self.server_names, certificate) {
            (Some(names), Ok(certificate)) => (
                self.place.key("serverNames"),
                certificate.with_server_names(names.iter().copied()),
            ),
            (_, certificate) => (place, certificate),
        };
        let refused = |error: CertificateError| {
            findings.extend([Diagnostic::error(place, error.to_string())]);
        };
        named.map_err(refused).ok()
    }

    /// Reads a file that the member `key` names.
    fn parse_file<T>(
        &self,
        key: &str,
        path: Option<&str>,
        parse: impl FnOnce(&[u8]) -> Result<T, CertificateError>,
        findings: &mut Findings,
    ) -> Option<T> {
        let file = findings.beside(path?);
        findings.note_file(&file);
        let parsed = match read(&file) {
            Ok(bytes) => parse(&bytes).map_err(|error| format!("`{}`: {error}", file.display())),
            Err(error) => Err(format!("cannot read `{}`: {error}", file.display())),
        };
        let refused = |message| findings.extend([Diagnostic::error(self.place.key(key), message)]);
        parsed.map_err(refused).ok()
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_PEM_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_PEM_BYTES {
        let message = format!("it has more than {MAX_PEM_BYTES} bytes");
        return Err(io::Error::other(message));
    }
    Ok(bytes)
}
