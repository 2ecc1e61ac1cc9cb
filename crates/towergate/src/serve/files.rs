//! Tells when one of some files has changed.

use std::{
    collections::BTreeMap,
    fs::{self, File, Metadata},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::Read as _,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use towergate_core::Timestamp;
use towergate_openapi::document::MAX_BYTES;

/// A file may be written twice within what the file system can tell apart: so long after its last change its contents
/// are compared too.
const FRESH: Duration = Duration::from_secs(2);

/// Files, as they were looked at last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Files(BTreeMap<PathBuf, Stamp>);

impl Files {
    /// Looks at one more file, unless it was noted already. If it is as it was `before`, its contents need not be read.
    pub(super) fn note(&mut self, path: &Path, now: Timestamp, before: &Self) {
        if !self.0.contains_key(path) {
            let stamp = Stamp::of(path, now, before.0.get(path));
            self.0.insert(path.to_owned(), stamp);
        }
    }

    /// Looks at the same files again.
    pub(super) fn look_again(&self, now: Timestamp) -> Self {
        let stamped = self.0.iter().map(|(path, before)| {
            let stamp = Stamp::of(path, now, Some(before));
            (path.clone(), stamp)
        });
        Self(stamped.collect())
    }
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Stamp {
    modified: Option<Timestamp>,
    bytes: u64,
    contents: u64,
}

impl Stamp {
    /// Looks at a file. Its contents are only read where the rest does not tell enough.
    fn of(path: &Path, now: Timestamp, before: Option<&Self>) -> Self {
        let Ok(metadata) = fs::metadata(path) else {
            return Self::default();
        };
        let (modified, bytes) = (modified(&metadata), metadata.len());
        let known = before.filter(|before| {
            let is_old = |modified: Timestamp| modified.saturating_add(FRESH) < now;
            before.modified == modified && before.bytes == bytes && modified.is_some_and(is_old)
        });
        Self {
            modified,
            bytes,
            contents: known.map_or_else(|| hash(path), |before| before.contents),
        }
    }
}

fn modified(metadata: &Metadata) -> Option<Timestamp> {
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::default().saturating_add(since))
}

/// Hashes as much of a file as a configuration may have: no longer one is read.
fn hash(path: &Path) -> u64 {
    let mut contents = Vec::new();
    // What cannot be read tells nothing here, and is an error where it is.
    let _ = File::open(path)
        .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut contents));
    let mut hasher = DefaultHasher::new();
    contents.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    impl Files {
        /// Looks at some files.
        pub(crate) fn look(paths: impl IntoIterator<Item = PathBuf>, now: Timestamp) -> Self {
            let mut files = Self::default();
            for path in paths {
                files.note(&path, now, &Self::default());
            }
            files
        }
    }

    /// A folder of its own for a test, removed at its end.
    pub(crate) struct Folder(PathBuf);

    impl Folder {
        pub(crate) fn new() -> Self {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("towergate-files-{}-{number}", std::process::id());
            let folder = Self(std::env::temp_dir().join(name));
            fs::create_dir_all(&folder.0).unwrap();
            folder
        }

        /// Writes a file whose contents are its name.
        pub(crate) fn file(&self, name: &str) -> PathBuf {
            let path = self.0.join(name);
            fs::write(&path, name).unwrap();
            path
        }

        /// The time of the last file that came or went, so that files are always fresh.
        pub(crate) fn now(&self) -> Timestamp {
            modified(&fs::metadata(&self.0).unwrap()).unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_change_is_seen_in_contents_length_and_existence() {
        let folder = Folder::new();
        let path = folder.0.join("file");
        let mut files = Files::look([path.clone()], folder.now());
        for (text, changes) in [
            (Some("one"), true),
            (Some("one"), false),
            (Some("two"), true),
            (Some("three"), true),
            (None, true),
            (None, false),
        ] {
            match text {
                Some(text) => fs::write(&path, text).unwrap(),
                None => drop(fs::remove_file(&path)),
            }
            let seen = files.look_again(folder.now());
            let same = seen.0[&path].contents == files.0[&path].contents;
            assert_eq!(!same, changes, "{text:?}");
            files = seen;
        }
    }
}
