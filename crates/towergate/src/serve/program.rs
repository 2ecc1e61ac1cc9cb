//! The program: reads a configuration, says what is to be said about it, and serves it.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use tokio::sync::watch;
use towergate_definition::Place;

use super::{files::Files, follow, listeners::Listeners, signals::StopSignals};
use crate::config::{self, Finding, Loaded, NoteFile};

const USAGE: &str = "\
usage: serve [--check] FILE

Serves the gateway of a configuration, gateway.yaml. With --check it only says what is wrong with it.";

/// Runs the program `serve [--check] FILE`, given its arguments with its name in front.
///
/// Prints `listening on http://HOST:PORT` as its first line on standard output once connections are accepted, then
/// `listening on https://HOST:PORT` on standard error if it serves TLS, and the findings there, one a line: `FILE:LINE:
/// KEY: severity: text`. With `--check` it prints the findings and serves nothing. The status is 1 if there is an error
/// among them.
///
/// A change of the file, or of a definition, certificate or secret that it names, is taken while it serves, whole or
/// not at all, and reported on standard error.
///
/// SIGTERM and SIGINT end it: the admin listener says at once that it is not ready, no connection is accepted any more
/// after `shutdownDelayMs`, and the requests in flight have 30 seconds to end. A second signal waits for nothing.
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
    let load = |note: NoteFile<'_>| config::load_noting(&command.file, note);
    let (loaded, files) = follow::noting(&Files::default(), load);
    let loaded = match loaded {
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
    match run(loaded, files) {
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
fn run(loaded: Loaded, files: Files) -> Result<(), Finding> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(&loaded, format!("cannot start the runtime: {error}")))?;
    let served = runtime.block_on(listen(loaded, files));
    // A look-up of a name cannot be cancelled, and is not waited for.
    runtime.shutdown_background();
    served
}

async fn listen(mut loaded: Loaded, files: Files) -> Result<(), Finding> {
    let listeners = Listeners::bind(&mut loaded).await?;
    // Heard before the address is known: who reads it may say stop at once.
    let signals = StopSignals::new()
        .map_err(|error| failed(&loaded, format!("cannot wait for signals: {error}")))?;
    announce(&loaded)
        .map_err(|error| failed(&loaded, format!("cannot print the address: {error}")))?;
    serve_all(listeners, loaded, files, signals).await;
    Ok(())
}

fn failed(loaded: &Loaded, message: String) -> Finding {
    loaded.error(Place::root().key("listen"), message)
}

/// Serves on all listeners as the configuration says, until it was told to stop and the requests in flight have ended.
async fn serve_all(listeners: Listeners, loaded: Loaded, files: Files, mut signals: StopSignals) {
    let gateway = loaded.gateway.clone();
    let delay = watch::Sender::new(loaded.shutdown_delay);
    let stopping = watch::Sender::new(false);
    let servers = listeners.serve(&gateway, || is_true(stopping.subscribe()));
    let told_to_stop = async {
        signals.next().await;
        let delay = *delay.borrow();
        tokio::select! {
            () = gateway.withdraw(delay) => {}
            () = signals.next() => return,
        }
        stopping.send_replace(true);
        signals.next().await;
    };
    tokio::select! {
        () = servers => {}
        () = told_to_stop => {}
        () = follow::follow(loaded, files, &delay) => {}
    }
}

/// Waits until a value is true, which it may be already.
async fn is_true(mut value: watch::Receiver<bool>) {
    let _ = value.wait_for(|value| *value).await;
}

/// Says where it listens: on standard output the address that is always there, and first.
fn announce(loaded: &Loaded) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on http://{}", loaded.listen)?;
    out.flush()?;
    #[cfg(feature = "rustls")]
    if let Some(tls) = &loaded.tls {
        print_error(&format!("listening on https://{}", tls.listen));
    }
    if let Some(admin) = loaded.admin {
        print_error(&format!("answering operators on http://{admin}"));
    }
    Ok(())
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
