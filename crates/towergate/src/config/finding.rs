//! What is said about a configuration, with its file and line.

use std::{
    fmt::{self, Write as _},
    path::{Path, PathBuf},
};

use towergate_definition::{Diagnostic, Place, Severity};
use towergate_openapi::document::Document;

use super::NoteFile;

/// A diagnostic, and the line of the file it is about.
///
/// Printed it is one line, whatever the file holds: `FILE:LINE: KEY: severity: text`. The key of a whole file is `.`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The file: the configuration as it was named, or a definition as it is found from there.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// What was found, and the place in the file.
    pub diagnostic: Diagnostic,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic {
            severity,
            place,
            message,
            ..
        } = &self.diagnostic;
        let mut line = OneLine(f);
        write!(line, "{}:{}: ", self.file.display(), self.line)?;
        if *place == Place::root() {
            line.write_char('.')?;
        }
        write!(line, "{place}: {severity}: {message}")
    }
}

/// Escapes line breaks and other control characters, which keys, names of files and parsers' messages may hold.
struct OneLine<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(char::is_control) {
            match part.char_indices().next_back() {
                Some((at, last)) if last.is_control() => {
                    self.0.write_str(part.get(..at).unwrap_or_default())?;
                    write!(self.0, "{}", last.escape_debug())?;
                }
                _ => self.0.write_str(part)?,
            }
        }
        Ok(())
    }
}

/// Collects what is found in the configuration and in the definitions it names.
pub(super) struct Findings<'a> {
    source: Source,
    found: Vec<Finding>,
    note: NoteFile<'a>,
    /// The files that were looked at beside the configuration.
    files: Vec<PathBuf>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(source: Source, note: NoteFile<'a>) -> Self {
        Self {
            source,
            found: Vec::new(),
            note,
            files: Vec::new(),
        }
    }

    /// Notes that a file is part of the configuration, whether it is there or not, and is to be read now.
    pub(super) fn note_file(&mut self, file: &Path) {
        (self.note)(file);
        self.files.push(file.to_owned());
    }

    /// Returns the files of the configuration, the configuration itself first.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let own = std::iter::once(&self.source.file);
        own.chain(&self.files).cloned().collect()
    }

    /// Adds what was found in the configuration itself.
    pub(super) fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        let found = diagnostics
            .into_iter()
            .map(|diagnostic| self.source.locate(diagnostic));
        self.found.extend(found);
    }

    /// Adds what was found in a definition.
    pub(super) fn extend_from(
        &mut self,
        definition: &Source,
        diagnostics: impl IntoIterator<Item = Diagnostic>,
    ) {
        let found = diagnostics
            .into_iter()
            .map(|diagnostic| definition.locate(diagnostic));
        self.found.extend(found);
    }

    pub(super) fn push(&mut self, finding: Finding) {
        self.found.push(finding);
    }

    /// Returns a path of the configuration as it is found from here: it is relative to the configuration.
    pub(super) fn beside(&self, path: &str) -> PathBuf {
        match self.source.file.parent() {
            Some(folder) => folder.join(path),
            None => path.into(),
        }
    }

    /// Tells whether anything found refuses the configuration.
    pub(super) fn has_errors(&self) -> bool {
        self.found
            .iter()
            .any(|finding| finding.diagnostic.severity == Severity::Error)
    }

    /// Returns every finding once: the configuration first, then the definitions, each from top to bottom.
    pub(super) fn finish(self) -> (Source, Vec<Finding>) {
        let Self {
            source, mut found, ..
        } = self;
        // An order over all there is in a finding, so that what two APIs find in one definition ends up side by side.
        fn key<'a>(source: &Source, finding: &'a Finding) -> impl Ord + use<'a> {
            let Finding {
                file,
                line,
                diagnostic,
            } = finding;
            (
                *file != source.file,
                file,
                *line,
                &diagnostic.place,
                diagnostic.severity,
                &diagnostic.message,
            )
        }
        found.sort_by(|a, b| key(&source, a).cmp(&key(&source, b)));
        found.dedup();
        (source, found)
    }
}

/// A file and what it holds.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: PathBuf,
    pub(super) document: Document,
}

impl Source {
    /// Finds the line of a diagnostic.
    pub(super) fn locate(&self, diagnostic: Diagnostic) -> Finding {
        Finding {
            file: self.file.clone(),
            line: self.document.line(&diagnostic.place).unwrap_or(1),
            diagnostic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line() {
        let cases = [
            (
                "plain",
                Place::from_iter(["apis", "pets"]),
                "no stage",
                "dir/g.yaml:3: apis.pets: warning: no stage",
            ),
            (
                "the whole file",
                Place::root(),
                "empty",
                "dir/g.yaml:3: .: warning: empty",
            ),
            (
                "control characters",
                Place::from_iter(["a\nb", "c"]),
                "two\r\nlines\u{1b}[0m\t",
                "dir/g.yaml:3: a\\nb.c: warning: two\\r\\nlines\\u{1b}[0m\\t",
            ),
            (
                "other letters stay",
                Place::root().key("größe"),
                "`\"’` \\",
                "dir/g.yaml:3: größe: warning: `\"’` \\",
            ),
        ];
        for (name, place, message, expected) in cases {
            let finding = Finding {
                file: "dir/g.yaml".into(),
                line: 3,
                diagnostic: Diagnostic::warning(place, message),
            };
            assert_eq!(finding.to_string(), expected, "{name}");
        }
    }
}
