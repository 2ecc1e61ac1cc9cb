//! Values that stand elsewhere: `${env:NAME}` and `${file:PATH}`.

use std::{
    borrow::Cow,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use super::NoteFile;

/// The longest secret that a file may hold, in bytes.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Where secrets are found, and which files they came from.
pub(super) struct Secrets<'a> {
    /// The folder that paths are relative to.
    folder: PathBuf,
    note: NoteFile<'a>,
    files: Vec<PathBuf>,
}

impl<'n> Secrets<'n> {
    pub(super) fn new(folder: &Path, note: NoteFile<'n>) -> Self {
        Self {
            folder: folder.to_owned(),
            note,
            files: Vec::new(),
        }
    }

    /// Returns the files that were asked for.
    pub(super) fn into_files(self) -> Vec<PathBuf> {
        self.files
    }

    /// Puts the values in the place of their names. No message repeats a value.
    pub(super) fn resolve<'a>(&mut self, text: &'a str) -> Result<Cow<'a, str>, String> {
        let mut resolved = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after
                .split_once('}')
                .ok_or("the `${` has no `}`: write `${env:NAME}` or `${file:PATH}`")?;
            resolved.push_str(before);
            resolved.push_str(&self.value(name)?);
            rest = after;
        }
        if resolved.is_empty() && rest.len() == text.len() {
            return Ok(Cow::Borrowed(text));
        }
        resolved.push_str(rest);
        Ok(Cow::Owned(resolved))
    }

    fn value(&mut self, name: &str) -> Result<String, String> {
        if let Some(name) = name.strip_prefix("env:") {
            return std::env::var(name)
                .map_err(|_| format!("the environment has no variable `{name}` that is text"));
        }
        let Some(path) = name.strip_prefix("file:") else {
            return Err("secrets are written `${env:NAME}` or `${file:PATH}`".to_owned());
        };
        let path = self.folder.join(path);
        (self.note)(&path);
        let read =
            read(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()));
        self.files.push(path);
        read
    }
}

/// Reads a secret; line breaks at its end, which editors leave there, are no part of it.
fn read(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_SECRET_BYTES + 1).read_to_string(&mut text))
        .map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_SECRET_BYTES {
        return Err(format!("a secret has at most {MAX_SECRET_BYTES} bytes"));
    }
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_from_the_environment_and_from_files() {
        let folder = std::env::temp_dir().join(format!("towergate-secrets-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("key"), "s3cret\r\n\n").unwrap();
        std::fs::write(folder.join("large"), "x".repeat(64 * 1024 + 1)).unwrap();
        let cargo = std::env::var("CARGO_PKG_NAME").unwrap();
        let cases = [
            ("plain", Ok("plain".to_owned())),
            ("", Ok(String::new())),
            ("${file:key}", Ok("s3cret".to_owned())),
            (
                "redis://:${file:key}@host/0",
                Ok("redis://:s3cret@host/0".to_owned()),
            ),
            (
                "${env:CARGO_PKG_NAME}${file:key}",
                Ok(format!("{cargo}s3cret")),
            ),
            ("$5", Ok("$5".to_owned())),
            (
                "${env:TOWERGATE_NO_SUCH_VARIABLE}",
                Err("the environment has no variable `TOWERGATE_NO_SUCH_VARIABLE` that is text"),
            ),
            (
                "${other:x}",
                Err("secrets are written `${env:NAME}` or `${file:PATH}`"),
            ),
            (
                "${env:A",
                Err("the `${` has no `}`: write `${env:NAME}` or `${file:PATH}`"),
            ),
        ];
        let mut secrets = Secrets::new(&folder, &|_| {});
        for (text, expected) in cases {
            let resolved = secrets.resolve(text).map(Cow::into_owned);
            assert_eq!(resolved, expected.map_err(str::to_owned), "{text}");
        }
        for (text, message) in [
            ("${file:none}", "cannot read"),
            ("${file:large}", "at most 65536 bytes"),
        ] {
            let error = secrets.resolve(text).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
        assert_eq!(secrets.into_files().len(), 5);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
