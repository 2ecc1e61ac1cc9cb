use super::*;

/// A certificate of its own issuer with these names, and its private key, as PEM.
pub(crate) fn issue(names: &[&str]) -> (String, String) {
    let names: Vec<_> = names.iter().copied().map(str::to_owned).collect();
    let own = rcgen::generate_simple_self_signed(names).unwrap();
    (own.cert.pem(), own.signing_key.serialize_pem())
}

pub(crate) fn certificate(names: &[&str]) -> Certificate {
    let (chain, key) = issue(names);
    Certificate::from_pem(chain, key).unwrap()
}

#[test]
fn a_certificate_and_its_key_are_read_from_pem() {
    use CertificateError::{BadCertificate, BadKey, KeyMismatch, MissingCertificate, MissingKey};

    let (chain, key) = issue(&["api.example.com", "*.Example.com", "127.0.0.1"]);
    let (_, other_key) = issue(&["api.example.com"]);
    let (both, issuer) = (format!("{key}{chain}"), issue(&["ca"]).0);
    let cut = |pem: &str| pem.get(..pem.len() / 2).unwrap().to_owned();
    let no_certificate = chain.replace(
        |letter: char| letter.is_ascii_lowercase() || letter == '+',
        "A",
    );
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let no_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned();
    let behind = format!("{chain}{issuer}");
    let cases: [(&str, &str, &str, Result<(), CertificateError>); 13] = [
        ("as it is", &chain, &key, Ok(())),
        ("in one file", &both, &both, Ok(())),
        ("with its issuer", &behind, &key, Ok(())),
        ("no certificate", "", &key, Err(MissingCertificate)),
        ("a key for one", &key, &key, Err(MissingCertificate)),
        ("half of one", &cut(&chain), &key, Err(BadCertificate)),
        ("another thing", &no_certificate, &key, Err(BadCertificate)),
        ("no key", &chain, "", Err(MissingKey)),
        ("a certificate for one", &chain, &chain, Err(MissingKey)),
        ("an encrypted key", &chain, &encrypted, Err(MissingKey)),
        ("half a key", &chain, &cut(&key), Err(BadKey)),
        ("another thing as key", &chain, &no_key, Err(BadKey)),
        ("the key of another", &chain, &other_key, Err(KeyMismatch)),
    ];
    for (name, chain, key, expected) in cases {
        let read = Certificate::from_pem(chain, key);
        if let Ok(read) = &read {
            let names: Vec<_> = read.server_names().collect();
            assert_eq!(names, ["*.example.com", "api.example.com"], "{name}");
        }
        assert_eq!(read.map(|_| ()), expected, "{name}");
    }
}

#[test]
fn server_names_may_be_told() {
    let bad = |name: &str| Err(CertificateError::BadServerName(name.to_owned()));
    let twice = |name: &str| Err(CertificateError::DuplicateServerName(name.to_owned()));
    let cases: [(&[&str], Result<&[&str], _>); 10] = [
        (&[], Ok(&[])),
        (
            &["b.example", "*.A.example"],
            Ok(&["*.a.example", "b.example"]),
        ),
        (&["localhost"], Ok(&["localhost"])),
        (&["a.example", "A.example"], twice("a.example")),
        (&[""], bad("")),
        (&["*"], bad("*")),
        (&["a.example."], bad("a.example.")),
        (&["*.*.example"], bad("*.*.example")),
        (&["127.0.0.1"], bad("127.0.0.1")),
        (&["https://a.example"], bad("https://a.example")),
    ];
    let certificate = certificate(&["own.example"]);
    for (names, expected) in cases {
        let named = certificate.clone().with_server_names(names.iter().copied());
        let found = named.as_ref().map(|named| named.server_names().collect());
        let expected = expected.as_ref().map(|names| names.to_vec());
        assert_eq!(found, expected, "{names:?}");
    }
}

#[test]
fn the_very_name_goes_before_one_label_of_any_name_and_the_first_is_for_all_others() {
    let table = Table::new(vec![
        certificate(&["first.example"]),
        certificate(&["*.example.com", "x.y.example.com"]),
        certificate(&["api.example.com", "*.api.example.com"]),
    ])
    .unwrap();
    let cases = [
        (Some("api.example.com"), 2),
        (Some("other.example.com"), 1),
        (Some("v1.api.example.com"), 2),
        (Some("x.y.example.com"), 1),
        (Some("y.example.com"), 1),
        (Some("z.y.example.com"), 0),
        (Some("example.com"), 0),
        (Some("com"), 0),
        (Some(""), 0),
        (None, 0),
    ];
    for (name, expected) in cases {
        let found = table.find(name).unwrap();
        let expected = &table.all[expected];
        assert!(
            Arc::ptr_eq(&found.key, &expected.key),
            "{name:?}: {found:?}"
        );
    }
}

#[test]
fn what_is_refused_changes_nothing() {
    use CertificateError::{DuplicateServerName, NoCertificates};

    let (a, b) = (
        certificate(&["a.example"]),
        certificate(&["b.example", "a.example"]),
    );
    let certificates = Certificates::new([a.clone()]).unwrap();
    let twice = DuplicateServerName("a.example".to_owned());
    assert_eq!(certificates.replace([a, b.clone()]), Err(twice));
    assert_eq!(certificates.replace([]), Err(NoCertificates));
    let shown = r#"[Certificate { server_names: {"a.example"}, .. }]"#;
    assert_eq!(format!("{certificates:?}"), shown, "and no key");

    let shared = certificates.clone();
    certificates.replace([b]).unwrap();
    let shown = r#"[Certificate { server_names: {"a.example", "b.example"}, .. }]"#;
    assert_eq!(format!("{shared:?}"), shown);
}
