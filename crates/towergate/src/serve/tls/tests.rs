use std::{convert::Infallible, net::SocketAddr, pin::pin, time::Duration};

use http::{Request, Response};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use towergate_core::{Body, Context};
use towergate_integrations::InProcess;

use super::*;
use crate::{
    RestApi, StageSettings,
    serve::Limits,
    tls::{Certificate, tests::issue},
};

/// Far more than a test takes: what ends before it was not cut by it.
const LONG: Duration = Duration::from_secs(3_600);

/// A certificate as the server reads it, and as a client sees it.
struct Issued {
    served: Certificate,
    seen: CertificateDer<'static>,
}

fn issued(names: &[&str]) -> Issued {
    let (chain, key) = issue(names);
    Issued {
        served: Certificate::from_pem(&chain, key).unwrap(),
        seen: CertificateDer::from_pem_slice(chain.as_bytes()).unwrap(),
    }
}

/// A gateway whose `/prod/who` says who asks, and how.
fn gateway() -> Gateway {
    let who = tower::service_fn(async |request: Request<Body>| {
        let context = Context::get(request.extensions()).unwrap();
        let (scheme, client) = (context.scheme().as_str(), context.source_ip().unwrap());
        let body = format!("{scheme} {} {client}", context.port());
        Ok::<_, Infallible>(Response::new(Body::from(body)))
    });
    let api = RestApi::builder("clients").get("/who", InProcess::new(who));
    Gateway::builder()
        .api("clients", api.build().unwrap())
        .stage("clients", StageSettings::new("prod"))
        .build()
        .unwrap()
}

struct Server {
    address: SocketAddr,
    certificates: Certificates,
    /// What clients trust.
    roots: RootCertStore,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Server {
    async fn start(limits: Limits, all: &[&Issued]) -> Self {
        let served = all.iter().map(|issued| issued.served.clone());
        let certificates = Certificates::new(served).unwrap();
        let mut roots = RootCertStore::empty();
        for issued in all {
            roots.add(issued.seen.clone()).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async { drop(stopped.await) };
        let transport = Tls::new(&certificates);
        let served = serve_within(limits, listener, transport, gateway(), shutdown);
        Self {
            address,
            certificates,
            roots,
            stop,
            ended: tokio::spawn(served),
        }
    }

    async fn connect(&self, name: &str) -> io::Result<TlsStream<TcpStream>> {
        self.connect_with(name, &TLS13, &[]).await
    }

    /// Connects with this version of TLS, and offers these protocols.
    async fn connect_with(
        &self,
        name: &str,
        version: &'static SupportedProtocolVersion,
        protocols: &[&str],
    ) -> io::Result<TlsStream<TcpStream>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| (*name).into()).collect();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let socket = TcpStream::connect(self.address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, socket).await
    }
}

fn presented(client: &TlsStream<TcpStream>) -> &CertificateDer<'static> {
    &client.get_ref().1.peer_certificates().unwrap()[0]
}

/// Asks who asks, and returns the answer.
async fn who(client: &mut TlsStream<TcpStream>) -> String {
    let request = b"GET /prod/who HTTP/1.1\r\nhost: localhost\r\nx-forwarded-proto: http\r\n\r\n";
    client.write_all(request).await.unwrap();
    let mut answer = String::new();
    while !answer.ends_with("127.0.0.1") {
        answer.push(client.read_u8().await.unwrap().into());
    }
    answer.rsplit('\n').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_client_gets_the_certificate_of_the_name_it_asks_for_and_is_known_to_use_https() {
    // A client that asks for an address names no server.
    let first = issued(&["127.0.0.1"]);
    let any = issued(&["*.example.com"]);
    let api = issued(&["api.example.com"]);
    let server = Server::start(LIMITS, &[&first, &any, &api]).await;
    let cases = [
        ("api.example.com", &api),
        ("API.example.com", &api),
        ("other.example.com", &any),
        ("127.0.0.1", &first),
    ];
    for version in [&TLS12, &TLS13] {
        for (name, expected) in cases {
            let client = server.connect_with(name, version, &[]).await;
            let mut client = client.unwrap_or_else(|error| panic!("{name} {version:?}: {error}"));
            assert!(*presented(&client) == expected.seen, "{name} {version:?}");
            let who = who(&mut client).await;
            assert_eq!(who, "https 443 127.0.0.1", "{name} {version:?}");
        }
        let refused = server.connect_with("example.com", version, &[]).await;
        let error = refused.unwrap_err().to_string();
        assert!(
            error.contains("only valid for IpAddress(127.0.0.1)"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_connection_outlives_its_certificate() {
    let (old, new) = (issued(&["a.example"]), issued(&["a.example", "b.example"]));
    let mut server = Server::start(LIMITS, &[&old]).await;
    server.roots.add(new.seen.clone()).unwrap();
    let mut before = server.connect("a.example").await.unwrap();
    assert_eq!(who(&mut before).await, "https 443 127.0.0.1");

    server.certificates.replace([new.served]).unwrap();
    server.certificates.replace([]).unwrap_err();
    let mut after = server.connect("a.example").await.unwrap();
    assert!(*presented(&after) == new.seen);
    assert_eq!(who(&mut after).await, "https 443 127.0.0.1");
    assert!(*presented(&before) == old.seen);
    assert_eq!(who(&mut before).await, "https 443 127.0.0.1");
}

#[tokio::test]
async fn what_is_no_handshake_ends_its_own_connection_alone() {
    let own = issued(&["localhost"]);
    let server = Server::start(LIMITS, &[&own]).await;
    let mut good = server.connect("localhost").await.unwrap();
    let cases: [(&str, &[u8]); 4] = [
        ("nothing", b""),
        ("plain HTTP", b"GET /prod/who HTTP/1.1\r\nhost: a\r\n\r\n"),
        ("a record that is cut", b"\x16\x03\x01\x02\x00\x01"),
        (
            "a record of other things",
            b"\x16\x03\x01\x00\x04\xff\xff\xff\xff",
        ),
    ];
    for (name, sent) in cases {
        let mut bad = TcpStream::connect(server.address).await.unwrap();
        bad.write_all(sent).await.unwrap();
        bad.shutdown().await.unwrap();
        let mut rest = Vec::new();
        // Whether the end is orderly or a reset is up to the system.
        let _ = bad.read_to_end(&mut rest).await;
        // An alert at most (RFC 8446 section 6).
        assert!(
            rest.is_empty() || rest.starts_with(&[21, 3]),
            "{name}: {rest:?}"
        );
        assert_eq!(who(&mut good).await, "https 443 127.0.0.1", "{name}");
    }
    let mut next = server.connect("localhost").await.unwrap();
    assert_eq!(who(&mut next).await, "https 443 127.0.0.1");
}

#[tokio::test]
async fn a_client_that_offers_protocols_offers_http_1_1() {
    let own = issued(&["localhost"]);
    let server = Server::start(LIMITS, &[&own]).await;
    let cases: [(&[&str], Option<&str>); 3] = [
        (&[], None),
        (&["http/1.1"], Some("http/1.1")),
        (&["h2", "http/1.1"], Some("http/1.1")),
    ];
    for (offered, expected) in cases {
        let client = server.connect_with("localhost", &TLS13, offered).await;
        let mut client = client.unwrap();
        let chosen = client.get_ref().1.alpn_protocol();
        assert_eq!(chosen, expected.map(str::as_bytes), "{offered:?}");
        assert_eq!(who(&mut client).await, "https 443 127.0.0.1", "{offered:?}");
    }
    let refused = server.connect_with("localhost", &TLS13, &["h2"]).await;
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("NoApplicationProtocol"), "{error}");
}

#[tokio::test]
async fn a_handshake_counts_as_a_connection() {
    let own = issued(&["localhost"]);
    let limits = Limits {
        connections: 2,
        handshake: LONG,
        ..LIMITS
    };
    let server = Server::start(limits, &[&own]).await;
    let silent = TcpStream::connect(server.address).await.unwrap();
    let mut good = server.connect("localhost").await.unwrap();
    let mut next = pin!(server.connect("localhost"));
    let others_answered = async {
        for _ in 0..3 {
            assert_eq!(who(&mut good).await, "https 443 127.0.0.1");
        }
    };
    tokio::select! {
        biased;
        _ = &mut next => panic!("there are two connections already"),
        () = others_answered => {}
    }
    drop(silent);
    assert_eq!(who(&mut next.await.unwrap()).await, "https 443 127.0.0.1");
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_cut() {
    let own = issued(&["localhost"]);
    let limits = Limits {
        handshake: Duration::from_millis(10),
        ..LIMITS
    };
    let server = Server::start(limits, &[&own]).await;
    for (name, sent) in [
        ("nothing", &b""[..]),
        ("half a record", b"\x16\x03\x01\x02"),
    ] {
        let mut slow = TcpStream::connect(server.address).await.unwrap();
        slow.write_all(sent).await.unwrap();
        let mut rest = Vec::new();
        let _ = slow.read_to_end(&mut rest).await;
        assert!(rest.is_empty(), "{name}: {rest:?}");
    }
}

#[tokio::test]
async fn the_end_waits_for_no_handshake_and_closes_connections_in_peace() {
    let own = issued(&["localhost"]);
    let limits = Limits {
        handshake: LONG,
        drain: LONG,
        ..LIMITS
    };
    let server = Server::start(limits, &[&own]).await;
    // Accepted before the one behind it is.
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut idle = server.connect("localhost").await.unwrap();
    assert_eq!(who(&mut idle).await, "https 443 127.0.0.1");

    server.stop.send(()).unwrap();
    let mut rest = Vec::new();
    // Without a closing alert this is an error.
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
    drop(idle);
    server.ended.await.unwrap();
    let _ = silent.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}
