//! The program `serve` as a process of its own: its listeners, its certificates, its files and its end.
#![cfg(all(feature = "serve", feature = "rustls", unix))]

use std::{
    ffi::OsString,
    fs,
    io::{BufRead as _, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

/// Far longer than the program takes for anything: what is waited for longer does not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Names the configuration to a process that is to be the program.
const CONFIGURATION: &str = "TOWERGATE_TEST_CONFIGURATION";

const PETS: &str = r#"{
  "openapi": "3.0.1",
  "info": {"title": "pets", "version": "1"},
  "paths": {"/pets": {"get": {
    "responses": {"200": {"description": "ok"}},
    "x-amazon-apigateway-integration": {
      "type": "mock",
      "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
      "responses": {"default": {"statusCode": "200"}}
    }
  }}}
}"#;

/// A configuration that serves `/prod/pets`, and more.
fn configuration(more: &str) -> String {
    format!(
        "listen: 127.0.0.1:0\n\
         admin: {{listen: '127.0.0.1:0'}}\n\
         tls: {{listen: '127.0.0.1:0', certificates: [{{certificate: own.pem, privateKey: own.key}}]}}\n\
         apis: {{pets: {{protocol: REST, definition: pets.json, stages: {{prod: {{}}}}}}}}\n\
         {more}\n"
    )
}

/// A certificate and its key, in PEM.
struct Issued {
    chain: String,
    key: String,
}

impl Issued {
    fn new() -> Self {
        let own = rcgen::generate_simple_self_signed(["a.example".to_owned()]);
        let own = own.expect("a certificate");
        Self {
            chain: own.cert.pem(),
            key: own.signing_key.serialize_pem(),
        }
    }

    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.chain.as_bytes()).expect("a certificate")
    }
}

/// Is the program, in a process that another test started for it.
#[test]
#[ignore = "the other tests start it"]
fn the_program() {
    let Some(file) = std::env::var_os(CONFIGURATION) else {
        return;
    };
    let status = towergate::serve::main([OsString::from("serve"), file]);
    assert_eq!(status, std::process::ExitCode::SUCCESS);
}

/// The program while it runs, and the folder of its files; both end with the test.
struct Program {
    child: Child,
    folder: PathBuf,
    lines: Receiver<String>,
    plain: SocketAddr,
    tls: SocketAddr,
    admin: SocketAddr,
}

impl Program {
    fn start(configuration: &str, issued: &Issued) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("towergate-program-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        for (name, text) in [
            ("gateway.yaml", configuration),
            ("pets.json", PETS),
            ("own.pem", &issued.chain),
            ("own.key", &issued.key),
        ] {
            fs::write(folder.join(name), text).expect("written");
        }
        let itself = std::env::current_exe().expect("this program");
        let mut child = Command::new(itself)
            .args(["the_program", "--exact", "--ignored", "--nocapture"])
            .env(CONFIGURATION, folder.join("gateway.yaml"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a process");
        let (sender, lines) = channel();
        forward(child.stderr.take().expect("piped"), sender.clone());
        forward(child.stdout.take().expect("piped"), sender);
        let unknown = SocketAddr::from(([0; 4], 0));
        let mut program = Self {
            child,
            folder,
            lines,
            plain: unknown,
            tls: unknown,
            admin: unknown,
        };
        // The order of two streams is not known.
        for _ in 0..3 {
            let line = program.line("on http");
            let (what, address) = line.rsplit_once("://").expect("an address");
            let address = address.parse().expect("an address");
            match what {
                "listening on https" => program.tls = address,
                "answering operators on http" => program.admin = address,
                _ => program.plain = address,
            }
        }
        program
    }

    /// Waits for a line with this text.
    fn line(&self, text: &str) -> String {
        let mut before = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => before.push(line),
                Err(error) => panic!("no `{text}`: {error}, after {before:#?}"),
            }
        }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).expect("written");
    }

    fn terminate(&self) {
        let sent = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(sent.expect("`kill` runs").success());
    }

    /// Waits until it has ended by itself.
    fn ended(&mut self) -> ExitStatus {
        // Both streams end with it.
        while self.lines.recv_timeout(PATIENCE).is_ok() {}
        self.child.wait().expect("it was started")
    }

    /// Connects over TLS, trusting these alone.
    fn connect(&self, trusted: &[&Issued]) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        for issued in trusted {
            roots.add(issued.der()).expect("a good certificate");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of ring")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("a.example").expect("a name");
        let client = ClientConnection::new(Arc::new(config), name).expect("a client");
        StreamOwned::new(client, dial(self.tls))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn forward(stream: impl Read + Send + 'static, lines: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            // Whoever no longer listens has ended.
            let _ = lines.send(line);
        }
    });
}

fn dial(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).expect("a connection");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    socket
}

/// Asks for a path on a connection that is kept, and returns the status.
fn status(socket: &mut (impl Read + Write), path: &str) -> u16 {
    let request = format!("GET {path} HTTP/1.1\r\nhost: a.example\r\n\r\n");
    socket.write_all(request.as_bytes()).expect("sent");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).expect("a whole head");
        head.extend(byte);
    }
    let head = String::from_utf8(head).expect("text").to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.expect("a length").parse().expect("a number");
    let mut body = vec![0; length];
    socket.read_exact(&mut body).expect("a whole body");
    let status = head.split(' ').nth(1).expect("a status");
    status.parse().expect("a number")
}

/// The certificate that a connection was made with, once it has been used.
fn presented(client: &StreamOwned<ClientConnection, TcpStream>) -> &CertificateDer<'static> {
    let certificates = client.conn.peer_certificates();
    certificates
        .and_then(|all| all.first())
        .expect("a certificate")
}

#[test]
fn a_new_certificate_is_for_the_next_connection_while_the_one_before_goes_on() {
    let (old, new) = (Issued::new(), Issued::new());
    let mut program = Program::start(&configuration(""), &old);
    let mut before = program.connect(&[&old]);
    assert_eq!(status(&mut before, "/prod/pets"), 200);
    assert_eq!(*presented(&before), old.der());
    assert_eq!(status(&mut dial(program.plain), "/prod/pets"), 200);

    program.write("own.pem", &new.chain);
    program.line("tls.certificates.0.privateKey: error: the private key does not fit");
    program.line("not reloaded: what was served before is served on");
    let mut meanwhile = program.connect(&[&old]);
    assert_eq!(status(&mut meanwhile, "/prod/pets"), 200);

    program.write("own.key", &new.key);
    program.line("reloaded: changed tls.certificates");
    let mut after = program.connect(&[&old, &new]);
    assert_eq!(status(&mut after, "/prod/pets"), 200);
    assert_eq!(*presented(&after), new.der());
    assert_eq!(status(&mut before, "/prod/pets"), 200);
    assert_eq!(*presented(&before), old.der());

    program.terminate();
    assert!(program.ended().success());
}

#[test]
fn it_is_not_ready_while_it_serves_on_and_a_second_signal_ends_the_pause() {
    let own = Issued::new();
    let mut program = Program::start(&configuration("shutdownDelayMs: 600000"), &own);
    let mut operator = dial(program.admin);
    assert_eq!(status(&mut operator, "/ready"), 200);

    program.terminate();
    // The signal takes a moment to arrive.
    let mut asked = std::iter::repeat_with(|| status(&mut operator, "/ready"));
    assert_eq!(asked.find(|status| *status != 200), Some(503));
    assert_eq!(status(&mut dial(program.plain), "/prod/pets"), 200);
    assert_eq!(status(&mut program.connect(&[&own]), "/prod/pets"), 200);

    program.terminate();
    assert!(program.ended().success());
    for address in [program.plain, program.tls, program.admin] {
        assert!(TcpStream::connect(address).is_err(), "{address}");
    }
}

#[test]
fn the_pause_is_the_one_that_the_file_says_last() {
    let own = Issued::new();
    let mut program = Program::start(&configuration("shutdownDelayMs: 600000"), &own);
    program.write("gateway.yaml", &configuration("shutdownDelayMs: 0"));
    program.line("reloaded: changed shutdownDelayMs");
    program.terminate();
    assert!(program.ended().success());
}

#[test]
fn a_listener_that_is_taken_out_of_the_file_is_named_and_goes_on() {
    let own = Issued::new();
    let mut program = Program::start(&configuration(""), &own);
    let all = configuration("");
    let fewer = all
        .lines()
        .filter(|line| !line.starts_with("tls") && !line.starts_with("admin"));
    program.write("gateway.yaml", &fewer.collect::<Vec<_>>().join("\n"));
    for (key, address) in [("admin", program.admin), ("tls", program.tls)] {
        let line = program.line(&format!(": {key}: warning: "));
        let expected =
            format!("not applied: it stays on `{address}` until the program starts again");
        assert!(line.ends_with(&expected), "{line}");
    }
    assert_eq!(status(&mut program.connect(&[&own]), "/prod/pets"), 200);
    assert_eq!(status(&mut dial(program.admin), "/ready"), 200);
    program.terminate();
    assert!(program.ended().success());
}
