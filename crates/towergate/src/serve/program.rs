//! The program: reads a configuration, says what is to be said about it, and serves it.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use tokio::{net::TcpListener, sync::watch};
use towergate_definition::Place;

#[cfg(feature = "rustls")]
use super::serve_tls;
use super::{follow, serve, serve_admin, signals::StopSignals};
use crate::config::{self, Finding, Loaded};
#[cfg(feature = "rustls")]
use crate::tls::Certificates;

const USAGE: &str = "\
usage: serve [--check] FILE

Serves the gateway of a configuration, gateway.yaml. With --check it only says what is wrong with it.";

/// Runs the program `serve [--check] FILE`, given its arguments with its name in front.
///
/// Prints `listening on http://HOST:PORT` as its first line on standard output once connections are accepted, then
/// `listening on https://HOST:PORT` on standard error if it serves TLS, and the findings there, one a line: `FILE:LINE: KEY: severity: text`. SIGTERM and SIGINT let requests in flight
/// end; a second one does not wait for them. A change of the file, or of a definition, certificate or secret that it names, is taken
/// while it serves, whole or not at all, and reported on standard error. With `--check` it prints the findings and serves nothing. The status is 1
/// if there is an error among them.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     towergate::serve::main(std::env::args_os())
/// }
/// ```
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Some(command) = Command::parse(args) else {
        print_error(USAGE);
        return ExitCode::FAILURE;
    };
    let loaded = match config::load(&command.file) {
        Ok(loaded) => loaded,
        Err(refused) => {
            print_findings(refused.findings());
            return ExitCode::FAILURE;
        }
    };
    print_findings(&loaded.findings);
    loaded.gateway.on_canary_decision(|stage, decision| {
        let place = Place::from_iter(["apis", &stage.api_id, "stages", &stage.stage]);
        print_error(&format!("{place}: {decision}"));
    });
    if command.check {
        return ExitCode::SUCCESS;
    }
    match run(loaded) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            print_findings(&[failure]);
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Command {
    check: bool,
    file: PathBuf,
}

impl Command {
    fn parse(args: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let mut check = false;
        let mut file = None;
        for arg in args.into_iter().skip(1) {
            if arg == "--check" {
                check = true;
            } else if file.is_some() || arg.as_encoded_bytes().starts_with(b"-") {
                return None;
            } else {
                file = Some(PathBuf::from(arg));
            }
        }
        file.map(|file| Self { check, file })
    }
}

/// Listens and serves until a signal says to stop.
fn run(loaded: Loaded) -> Result<(), Finding> {
    let failed = |message: String| loaded.error(Place::root().key("listen"), message);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(format!("cannot start the runtime: {error}")))?;
    let served = runtime.block_on(listen(loaded));
    // A look-up of a name cannot be cancelled, and is not waited for.
    runtime.shutdown_background();
    served
}

async fn listen(mut loaded: Loaded) -> Result<(), Finding> {
    let (address, listener) = bind(&loaded, "listen", loaded.listen).await?;
    loaded.listen = address;
    let admin = match loaded.admin {
        Some(admin) => {
            let (address, listener) = bind(&loaded, "admin", admin).await?;
            loaded.admin = Some(address);
            Some(listener)
        }
        None => None,
    };
    #[cfg(feature = "rustls")]
    let tls = bind_tls(&mut loaded).await?;
    let failed = |message: String| loaded.error(Place::root().key("listen"), message);
    // Both listen before the address is known: who reads it may say stop at once.
    let signals = StopSignals::new().and_then(|first| Ok((first, StopSignals::new()?)));
    let (mut stop, mut stop_now) =
        signals.map_err(|error| failed(format!("cannot wait for signals: {error}")))?;
    // What changes from here on is noticed, so that whoever reads the address may change it.
    let files = follow::look(loaded.files().to_vec()).await;
    announce(address).map_err(|error| failed(format!("cannot print the address: {error}")))?;
    #[cfg(feature = "rustls")]
    if let Some(tls) = &loaded.tls {
        print_error(&format!("listening on https://{}", tls.listen));
    }
    if let Some(admin) = loaded.admin {
        print_error(&format!("answering operators on http://{admin}"));
    }

    let gateway = loaded.gateway.clone();
    let admin = async {
        match admin {
            Some(listener) => serve_admin(listener, gateway.admin()).await,
            None => std::future::pending().await,
        }
    };
    let (stopping, stopped) = watch::channel(());
    let stop = async {
        stop.next().await;
        // Probes are told before the listener closes.
        gateway.drain(Duration::ZERO).await;
        stopping.send_replace(());
    };
    let servers = serve(listener, gateway.clone(), has_changed(stopped.clone()));
    #[cfg(feature = "rustls")]
    let servers = async {
        let secure = async {
            if let Some((listener, certificates)) = tls {
                let stopped = has_changed(stopped.clone());
                serve_tls(listener, gateway.clone(), certificates, stopped).await;
            }
        };
        tokio::join!(servers, secure)
    };
    tokio::select! {
        _ = async { tokio::join!(servers, stop) } => {}
        () = async { stop_now.next().await; stop_now.next().await } => {}
        () = async { tokio::join!(admin, follow::follow(loaded, files)); } => {}
    }
    Ok(())
}

async fn has_changed(mut value: watch::Receiver<()>) {
    let _ = value.changed().await;
}

/// Binds the listener for TLS, and returns it with its certificates.
#[cfg(feature = "rustls")]
async fn bind_tls(loaded: &mut Loaded) -> Result<Option<(TcpListener, Certificates)>, Finding> {
    let Some(told) = loaded.tls.as_ref().map(|tls| tls.listen) else {
        return Ok(None);
    };
    let (address, listener) = bind(loaded, "tls", told).await?;
    Ok(loaded.tls.as_mut().map(|tls| {
        tls.listen = address;
        (listener, tls.certificates.clone())
    }))
}

/// Binds a listener, and says where it is.
async fn bind(
    loaded: &Loaded,
    key: &str,
    address: SocketAddr,
) -> Result<(SocketAddr, TcpListener), Finding> {
    let listener = TcpListener::bind(address).await;
    let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
    bound.map_err(|error| {
        let message = format!("cannot listen on `{address}`: {error}");
        loaded.error(Place::root().key(key), message)
    })
}

fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    out.flush()
}

pub(super) fn print_findings(findings: &[Finding]) {
    for finding in findings {
        print_error(&finding.to_string());
    }
}

/// Prints a line on standard error, if anybody reads it.
pub(super) fn print_error(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        let serve = |check, file: &str| {
            Some(Command {
                check,
                file: file.into(),
            })
        };
        let cases: [(&[&str], _); 8] = [
            (&["g.yaml"], serve(false, "g.yaml")),
            (&["--check", "g.yaml"], serve(true, "g.yaml")),
            (&["g.yaml", "--check"], serve(true, "g.yaml")),
            (&["./-g.yaml"], serve(false, "./-g.yaml")),
            (&[], None),
            (&["--check"], None),
            (&["--chek", "g.yaml"], None),
            (&["g.yaml", "h.yaml"], None),
        ];
        for (args, expected) in cases {
            let args = ["serve"].iter().chain(args).map(OsString::from);
            assert_eq!(Command::parse(args.clone()), expected, "{args:?}");
        }
    }
}
