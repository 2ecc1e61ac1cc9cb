use std::fs;

use super::super::tests::{Folder, PETS, serving};
use crate::tls::tests::issue;

/// A `gateway.yaml` with this after `tls:`.
fn with_tls(tls: &str) -> String {
    serving(&format!("tls: {tls}\n"))
}

#[test]
fn what_is_wrong_with_tls_is_said_all_at_once() {
    let (api, api_key) = issue(&["api.example.com"]);
    let (other, other_key) = issue(&["*.example.com", "API.example.com"]);
    let (nameless, nameless_key) = issue(&["127.0.0.1"]);
    let large = "#".repeat(256 * 1024 + 1);
    let one = "{certificate: api.pem, privateKey: api.key}";
    let listen =
        |certificates: &str| format!("{{listen: 127.0.0.1:0, certificates: {certificates}}}");
    let missing_certificates = "tls.certificates: error: TLS has a certificate: write `certificates: [{certificate: …, privateKey: …}]`";
    let cases: [(&str, String, &[&str]); 12] = [
        (
            "another kind",
            "true".to_owned(),
            &["tls: error: this is true or false, and must be an object"],
        ),
        (
            "nothing",
            String::new(),
            &[
                missing_certificates,
                "tls.listen: error: the listener for TLS has an address: write `listen`",
            ],
        ),
        (
            "no address",
            format!("{{listen: localhost, certificate: [], certificates: [{one}]}}"),
            &[
                "tls.certificate: error: unknown key (did you mean `certificates`?): known here are `certificates` and `listen`",
                "tls.listen: error: `localhost` is not an address to listen on: write an IP address and a port, such as `127.0.0.1:8080`",
            ],
        ),
        ("no certificates", listen("[]"), &[missing_certificates]),
        (
            "certificates of another kind",
            listen("api.pem"),
            &["tls.certificates: error: this is text, and must be a list"],
        ),
        (
            "no files",
            listen("[{}]"),
            &[
                "tls.certificates.0.certificate: error: a certificate is in a file: write `certificate`",
                "tls.certificates.0.privateKey: error: its key is in a file: write `privateKey`",
            ],
        ),
        (
            "files that are not there, or too large",
            listen("[{certificate: none.pem, privateKey: large.pem}]"),
            &[
                "tls.certificates.0.certificate: error: cannot read `none.pem`: No such file or directory (os error 2)",
                "tls.certificates.0.privateKey: error: cannot read `large.pem`: it has more than 262144 bytes",
            ],
        ),
        (
            "files of other things",
            listen(&format!(
                "[{one}, {{certificate: pets.json, privateKey: pets.json}}]"
            )),
            &[
                "tls.certificates.1.certificate: error: `pets.json`: there is no certificate: it begins with `-----BEGIN CERTIFICATE-----`",
                "tls.certificates.1.privateKey: error: `pets.json`: there is no private key that is not encrypted: it begins with `-----BEGIN PRIVATE KEY-----`",
            ],
        ),
        (
            "the key of another",
            listen("[{certificate: api.pem, privateKey: other.key}]"),
            &[
                "tls.certificates.0.privateKey: error: the private key does not fit the certificate: write the one it was issued for",
            ],
        ),
        (
            "a name twice",
            listen(&format!(
                "[{one}, {{certificate: other.pem, privateKey: other.key}}]"
            )),
            &[
                "tls.certificates.1: error: the server name `api.example.com` is there twice: leave one out, or say with `serverNames` what each is for",
            ],
        ),
        (
            "names that are none",
            listen(
                "[{certificate: api.pem, privateKey: api.key, serverNames: [a b, '*', [], a.example, A.example]}]",
            ),
            &[
                "tls.certificates.0.serverNames: error: the server name `a.example` is there twice: leave one out",
                "tls.certificates.0.serverNames.0: error: `a b` is not a server name: write a DNS name, or `*.` and one",
                "tls.certificates.0.serverNames.1: error: `*` is not a server name: write a DNS name, or `*.` and one",
                "tls.certificates.0.serverNames.2: error: this is a list, and must be text",
            ],
        ),
        (
            "one that nobody gets",
            format!(
                "{{certificates: [{one}, {{certificate: nameless.pem, privateKey: nameless.key}}]}}"
            ),
            &[
                "tls.certificates.1: warning: the certificate has no server name and is not the first, so none gets it: write `serverNames`",
                "tls.listen: error: the listener for TLS has an address: write `listen`",
            ],
        ),
    ];
    for (name, tls, expected) in cases {
        let folder = Folder::new(&[
            ("gateway.yaml", &with_tls(&tls)),
            ("pets.json", PETS),
            ("api.pem", &api),
            ("api.key", &api_key),
            ("other.pem", &other),
            ("other.key", &other_key),
            ("nameless.pem", &nameless),
            ("nameless.key", &nameless_key),
            ("large.pem", &large),
        ]);
        let refused = folder.load().map(|_| ()).expect_err(name);
        let expected = expected
            .iter()
            .map(|line| format!("gateway.yaml:2: {line}"));
        let expected: Vec<_> = expected.collect();
        assert_eq!(folder.lines(refused.findings()), expected, "{name}");
    }
}

#[test]
fn another_certificate_is_taken_while_a_broken_one_changes_nothing() {
    let (chain, key) = issue(&["api.example.com"]);
    let (new_chain, new_key) = issue(&["new.example.com"]);
    let text =
        with_tls("{listen: 127.0.0.1:0, certificates: [{certificate: a.pem, privateKey: a.key}]}");
    let folder = Folder::new(&[
        ("gateway.yaml", &text),
        ("pets.json", PETS),
        ("a.pem", &chain),
        ("a.key", &key),
    ]);
    let write = |name: &str, text: &str| fs::write(folder.0.join(name), text).unwrap();
    let mut loaded = folder.load().unwrap();
    let names = loaded.files().iter().filter_map(|file| file.file_name());
    let names: Vec<_> = names.collect();
    assert_eq!(names, ["gateway.yaml", "a.pem", "a.key", "pets.json"]);
    // The listener was bound.
    let listening = loaded.tls.as_mut().unwrap();
    listening.listen = "127.0.0.1:1".parse().unwrap();
    let served = listening.certificates.clone();
    let is_served = |name: &str, case: &str| {
        assert!(format!("{served:?}").contains(name), "{case}: {served:?}");
    };
    assert!(loaded.reload().unwrap().is_empty());

    write("a.pem", &new_chain);
    let refused = loaded.reload().unwrap_err();
    let expected = "gateway.yaml:2: tls.certificates.0.privateKey: error: the private key does not fit the certificate: write the one it was issued for";
    assert_eq!(folder.lines(refused.findings()), [expected]);
    is_served("api.example.com", "half of a change");

    write("a.key", &new_key);
    assert_eq!(
        loaded.reload().unwrap().to_string(),
        "changed tls.certificates"
    );
    is_served("new.example.com", "the whole change");
    assert!(loaded.findings.is_empty());

    write("pets.json", "{");
    write("a.pem", &chain);
    write("a.key", &key);
    assert!(loaded.reload().is_err());
    is_served("new.example.com", "a definition is broken");

    write("pets.json", PETS);
    write("gateway.yaml", &serving(""));
    assert!(loaded.reload().unwrap().is_empty());
    let expected = "gateway.yaml:1: tls: warning: not applied: it stays on `127.0.0.1:1` until the program starts again";
    assert_eq!(folder.lines(&loaded.findings), [expected]);
    is_served("new.example.com", "TLS is gone from the file");

    write("gateway.yaml", &text);
    assert_eq!(
        loaded.reload().unwrap().to_string(),
        "changed tls.certificates"
    );
    is_served("api.example.com", "TLS is back");
    assert!(loaded.findings.is_empty());
}

#[test]
fn the_guide_is_loaded_without_a_finding() {
    let guide = include_str!("../../../../../docs/guides/serving.md");
    let (_, text) = guide.split_once("```yaml\n").unwrap();
    let (text, _) = text.split_once("```").unwrap();
    let (chain, key) = issue(&["api.example.com"]);
    let folder = Folder::new(&[
        ("gateway.yaml", text),
        ("pets.json", PETS),
        ("own.pem", &chain),
        ("own.key", &key),
    ]);
    let loaded = folder.load().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(folder.lines(&loaded.findings), [""; 0]);
    assert_eq!(loaded.shutdown_delay.as_secs(), 5);
}
