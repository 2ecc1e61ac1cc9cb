//! Reads a configuration again while it is served.

use std::net::SocketAddr;

use towergate_definition::{Diagnostic, Place};

use super::{ConfigError, Loaded, NoteFile, load_with};
use crate::{ChangeKind, Changes};

impl Loaded {
    /// Reads the configuration again, and makes the gateway serve what it says now: whole, or not at all. What it says
    /// as before goes on as it is, with its connections, counts and caches.
    ///
    /// The listeners stay as they are: one that is new, gone or elsewhere in the file is a warning, which says what is
    /// served until the program starts again. Certificates are replaced, also those of clones; where the file has no
    /// `tls` any more, they stay.
    ///
    /// # Errors
    ///
    /// Returns everything there is to say about the files if anything in them is an error. The gateway serves what it
    /// served before then.
    pub fn reload(&mut self) -> Result<Changes, ConfigError> {
        self.reload_noting(&|_| {})
    }

    /// Reads the configuration again, as [`reload`](Self::reload) does.
    pub(crate) fn reload_noting(&mut self, note: NoteFile<'_>) -> Result<Changes, ConfigError> {
        let mut changes = Changes::default();
        let (file, known) = (&self.source.file, Some(&self.gateway));
        let reloaded = load_with(file, note, &self.kept, known, |next| {
            changes = self.gateway.reload(next)?;
            Ok(self.gateway.clone())
        });
        let mut new = reloaded.inspect_err(|refused| {
            // What is new in it may be what mends it.
            self.files.clone_from(&refused.files);
        })?;
        let listeners = [
            ("listen", Some(self.listen), Some(new.listen)),
            ("admin", self.admin, new.admin),
            #[cfg(feature = "rustls")]
            (
                "tls",
                self.tls.as_ref().map(|tls| tls.listen),
                new.tls.as_ref().map(|tls| tls.listen),
            ),
        ];
        for (key, stays, told) in listeners {
            if let Some(message) = not_applied(stays, told) {
                let warning = Diagnostic::warning(Place::root().key(key), message);
                new.findings.push(new.source.locate(warning));
            }
        }
        (new.listen, new.admin) = (self.listen, self.admin);
        #[cfg(feature = "rustls")]
        {
            let told = std::mem::replace(&mut new.tls, self.tls.take());
            if let (Some(stays), Some(told)) = (&new.tls, told)
                && stays.certificates.take_over(&told.certificates)
            {
                let place = Place::from_iter(["tls", "certificates"]);
                changes.note(ChangeKind::Changed, place);
            }
        }
        if self.shutdown_delay != new.shutdown_delay {
            let place = Place::root().key("shutdownDelayMs");
            changes.note(ChangeKind::Changed, place);
        }
        *self = new;
        Ok(changes.sorted())
    }
}

/// Says what is not as the file has it, of a listener that was bound and what is told of it now.
fn not_applied(stays: Option<SocketAddr>, told: Option<SocketAddr>) -> Option<String> {
    match (stays, told) {
        (Some(stays), Some(told)) if is_bound(stays, told) => None,
        (Some(stays), Some(told)) => Some(format!(
            "not applied: it stays on `{stays}`, and is on `{told}` once the program starts again"
        )),
        (Some(stays), None) => Some(format!(
            "not applied: it stays on `{stays}` until the program starts again"
        )),
        (None, Some(told)) => Some(format!(
            "not applied: it is on `{told}` once the program starts again"
        )),
        (None, None) => None,
    }
}

/// Returns whether a listener at `bound` is what `told` asks for; port 0 is any.
fn is_bound(bound: SocketAddr, told: SocketAddr) -> bool {
    bound.ip() == told.ip() && (bound.port() == told.port() || told.port() == 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tests::{Folder, PETS, serving};

    /// What is told of listeners, and the lines that it leads to.
    type Case = (&'static str, &'static str, &'static [&'static str]);

    #[test]
    fn listeners_that_are_not_as_the_file_has_them_are_named_until_the_program_starts_again() {
        let bound: [Case; 5] = [
            (
                "as it is",
                "listen: 127.0.0.1:0\nadmin: {listen: '127.0.0.1:2'}",
                &[],
            ),
            (
                "no admin, and the default address",
                "",
                &[
                    "gateway.yaml:1: listen: warning: not applied: it stays on `127.0.0.1:1`, and is on `127.0.0.1:8080` once the program starts again",
                    "gateway.yaml:1: admin: warning: not applied: it stays on `127.0.0.1:2` until the program starts again",
                ],
            ),
            (
                "both elsewhere",
                "listen: '[::1]:0'\nadmin: {listen: '127.0.0.1:3'}",
                &[
                    "gateway.yaml:2: listen: warning: not applied: it stays on `127.0.0.1:1`, and is on `[::1]:0` once the program starts again",
                    "gateway.yaml:3: admin: warning: not applied: it stays on `127.0.0.1:2`, and is on `127.0.0.1:3` once the program starts again",
                ],
            ),
            (
                "still elsewhere",
                "listen: 127.0.0.1:0\nadmin: {listen: '127.0.0.1:3'}",
                &[
                    "gateway.yaml:3: admin: warning: not applied: it stays on `127.0.0.1:2`, and is on `127.0.0.1:3` once the program starts again",
                ],
            ),
            (
                "as it was",
                "listen: 127.0.0.1:1\nadmin: {listen: '127.0.0.1:0'}",
                &[],
            ),
        ];
        let none: [Case; 2] = [
            (
                "an admin",
                "listen: 127.0.0.1:0\nadmin: {listen: '127.0.0.1:2'}",
                &[
                    "gateway.yaml:3: admin: warning: not applied: it is on `127.0.0.1:2` once the program starts again",
                ],
            ),
            ("none again", "listen: 127.0.0.1:0", &[]),
        ];
        for (admin, cases) in [(Some("127.0.0.1:2"), &bound[..]), (None, &none[..])] {
            let folder = Folder::new(&[("gateway.yaml", &serving("")), ("pets.json", PETS)]);
            let mut loaded = folder.load().unwrap();
            loaded.listen = "127.0.0.1:1".parse().unwrap();
            loaded.admin = admin.map(|admin| admin.parse().unwrap());
            for (name, text, expected) in cases {
                fs::write(folder.0.join("gateway.yaml"), serving(text)).unwrap();
                assert!(loaded.reload().unwrap().is_empty(), "{name}");
                assert_eq!(folder.lines(&loaded.findings), *expected, "{name}");
            }
        }
    }
}
