//! Tells when one of some files has changed.

use std::{
    collections::BTreeMap,
    fs::{self, Metadata},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use towergate_core::Timestamp;

/// A file may be written twice within what the file system can tell apart: so long after its last change its contents
/// are compared too.
const FRESH: Duration = Duration::from_secs(2);

/// Files, as they were looked at last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Files(BTreeMap<PathBuf, Stamp>);

impl Files {
    /// Looks at some files.
    pub(super) fn look(paths: impl IntoIterator<Item = PathBuf>, now: Timestamp) -> Self {
        let stamped = paths.into_iter().map(|path| {
            let stamp = Stamp::of(&path, now, None);
            (path, stamp)
        });
        Self(stamped.collect())
    }

    /// Returns the files of `now`, those that were seen before as they were then: what changed since is a change.
    pub(super) fn with(mut self, now: Self) -> Self {
        let known = now.0.into_iter().map(|(path, stamp)| {
            let seen = self.0.remove(&path).unwrap_or(stamp);
            (path, seen)
        });
        Self(known.collect())
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

fn hash(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    fs::read(path).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_in_contents_length_and_existence() {
        let folder = std::env::temp_dir().join(format!("towergate-watch-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("file");
        let now = || {
            Timestamp::default().saturating_add(
                fs::metadata(&folder)
                    .unwrap()
                    .modified()
                    .unwrap()
                    .duration_since(UNIX_EPOCH)
                    .unwrap(),
            )
        };
        let mut files = Files::look([path.clone()], now());
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
            let seen = files.look_again(now());
            let same = seen.0[&path].contents == files.0[&path].contents;
            assert_eq!(!same, changes, "{text:?}");
            files = seen;
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
