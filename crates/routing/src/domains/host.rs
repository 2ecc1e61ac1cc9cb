//! Host names: how a domain is named, and how a request names one.

use std::cmp::Ordering;

use super::error::DomainFault;

/// RFC 1035 section 2.3.4: 255 octets on the wire are 253 characters.
pub(crate) const MAX_HOST_BYTES: usize = 253;

/// RFC 1035 section 2.3.4.
pub(crate) const MAX_LABEL_BYTES: usize = 63;

const WILDCARD: &str = "*.";

/// Checks the name of a domain, and returns it in lower case and without the dot of the root.
pub(crate) fn parse(name: &str) -> Result<String, DomainFault> {
    let name = without_root(name);
    if without_port(name).is_none_or(|host| host.len() < name.len()) {
        return Err(DomainFault::HostPort);
    }
    if name.len() > MAX_HOST_BYTES {
        return Err(DomainFault::HostTooLong);
    }
    let labels = covered(name);
    if labels.contains('*') {
        return Err(DomainFault::MisplacedHostWildcard);
    }
    let is_in_a_host =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '.');
    if let Some(character) = labels.chars().find(|character| !is_in_a_host(*character)) {
        return Err(DomainFault::BadHostCharacter { character });
    }
    let is_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    match labels.split('.').find(|label| !is_label(label)) {
        None => Ok(name.to_ascii_lowercase()),
        Some(label) => Err(DomainFault::BadHostLabel {
            label: label.to_owned(),
        }),
    }
}

/// Returns whether `name` is one of a wildcard domain.
pub(crate) fn is_wildcard(name: &str) -> bool {
    name.starts_with(WILDCARD)
}

/// Returns the name without the `*.` of a wildcard.
pub(crate) fn covered(name: &str) -> &str {
    name.strip_prefix(WILDCARD).unwrap_or(name)
}

/// Returns the host in a `Host` header or an authority: without its port and the dot of the root.
///
/// What is no host name for its length or its port is `None`.
pub(crate) fn of_request(host: &str) -> Option<&str> {
    let host = without_root(without_port(host)?);
    (1..=MAX_HOST_BYTES).contains(&host.len()).then_some(host)
}

/// Returns what is behind the first label, which must be one that a wildcard covers.
///
/// Underscores are in no domain's name, but hosts beneath a wildcard have them.
pub(crate) fn parent(host: &str) -> Option<&str> {
    let (label, parent) = host.split_once('.')?;
    let is_label = (1..=MAX_LABEL_BYTES).contains(&label.len())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    is_label.then_some(parent)
}

/// Compares `name`, which is in lower case, with `host`, which has no case.
pub(crate) fn compare(name: &str, host: &str) -> Ordering {
    name.bytes()
        .cmp(host.bytes().map(|byte| byte.to_ascii_lowercase()))
}

fn without_root(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// RFC 3986 section 3.2.3: a port is digits, maybe none.
fn without_port(host: &str) -> Option<&str> {
    match host.split_once(':') {
        None => Some(host),
        Some((host, port)) => port
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_of_a_request_loses_port_and_root() {
        let long = "a".repeat(MAX_HOST_BYTES);
        let longer = "a".repeat(MAX_HOST_BYTES + 1);
        let cases = [
            ("plain", "api.example.com", Some("api.example.com")),
            ("port", "api.example.com:8443", Some("api.example.com")),
            (
                "port without digits",
                "api.example.com:",
                Some("api.example.com"),
            ),
            ("root", "api.example.com.", Some("api.example.com")),
            (
                "root and port",
                "api.example.com.:443",
                Some("api.example.com"),
            ),
            (
                "two dots are more than the root",
                "example.com..",
                Some("example.com."),
            ),
            ("port in letters", "api.example.com:https", None),
            ("two ports", "api.example.com:80:80", None),
            ("IPv6", "[::1]:80", None),
            ("empty", "", None),
            ("port alone", ":80", None),
            ("root alone", ".", None),
            ("as long as can be", &long, Some(&*long)),
            ("longer", &longer, None),
        ];
        for (name, host, expected) in cases {
            assert_eq!(of_request(host), expected, "{name}");
        }
    }

    #[test]
    fn a_wildcard_covers_one_label() {
        let longest = format!("{}.example.com", "a".repeat(MAX_LABEL_BYTES));
        let longer = format!("a{longest}");
        let cases = [
            ("shop.example.com", Some("example.com")),
            ("shop_1.example.com", Some("example.com")),
            ("a.b.example.com", Some("b.example.com")),
            (".example.com", None),
            ("*.example.com", None),
            ("a@b.example.com", None),
            ("localhost", None),
            (&longest, Some("example.com")),
            (&longer, None),
        ];
        for (host, expected) in cases {
            assert_eq!(parent(host), expected, "{host}");
        }
    }
}
