//! Serves what a configuration says, as it changes.

use std::{cell::RefCell, future::pending, time::Duration};

use tokio::{sync::watch, task::spawn_blocking, time::sleep};
use towergate_core::{Clock as _, SystemClock};

use super::{
    files::Files,
    program::{print_error, print_findings},
};
use crate::{
    Changes,
    config::{ConfigError, Loaded, NoteFile},
};

/// How often files are looked at. A change is taken once it has lasted so long: whoever writes may need several writes.
const INTERVAL: Duration = Duration::from_millis(200);

/// How often files that change all the time are waited for, until they are read as they are.
const MAX_WAITS: u32 = 25;

/// Reads what may name files, and returns it with these files as they were before they were read, so that no later
/// change of them is missed. Those that stayed as they were `before` need not be read for that.
pub(super) fn noting<T>(before: &Files, read: impl FnOnce(NoteFile<'_>) -> T) -> (T, Files) {
    let files = RefCell::new(Files::default());
    let read = read(&|path| files.borrow_mut().note(path, SystemClock.now(), before));
    (read, files.into_inner())
}

/// Reads the configuration again whenever one of its files has changed since `files`, and says what came of it. Never
/// ends.
pub(super) async fn follow(
    mut loaded: Loaded,
    mut files: Files,
    shutdown_delay: &watch::Sender<Duration>,
) {
    let mut is_degraded = false;
    loop {
        sleep(INTERVAL).await;
        if loaded.is_degraded() != is_degraded {
            is_degraded = !is_degraded;
            print_error(match is_degraded {
                true => "the store of limits is out of reach: limits are held as `onOutage` says",
                false => "the store of limits is back",
            });
        }
        let seen = look_again(files.clone()).await;
        if seen == files {
            continue;
        }
        let settled = settle(seen, look_again).await;
        // A definition may take long to compile: requests are not to wait for it.
        let reloaded = spawn_blocking(move || {
            let (outcome, files) = noting(&settled, |note| loaded.reload_noting(note));
            (loaded, files, outcome)
        });
        let Ok(reloaded) = reloaded.await else {
            // A bug: what is served stays, and no change is taken any more.
            print_error("the configuration cannot be read again");
            return pending().await;
        };
        let outcome;
        (loaded, files, outcome) = reloaded;
        shutdown_delay.send_replace(loaded.shutdown_delay);
        report(&loaded, outcome);
    }
}

/// Looks at files until they stay as they are from one look to the next, but not for ever.
async fn settle(mut seen: Files, look: impl AsyncFn(Files) -> Files) -> Files {
    for _ in 0..MAX_WAITS {
        sleep(INTERVAL).await;
        let next = look(seen.clone()).await;
        if next == seen {
            break;
        }
        seen = next;
    }
    seen
}

async fn look_again(files: Files) -> Files {
    let known = files.clone();
    let look = spawn_blocking(move || files.look_again(SystemClock.now()));
    look.await.unwrap_or(known)
}

/// Says what came of a changed configuration.
fn report(loaded: &Loaded, outcome: Result<Changes, ConfigError>) {
    match outcome {
        Ok(changes) => {
            print_findings(&loaded.findings);
            if changes.is_empty() {
                print_error("reloaded: nothing has changed");
            }
            for change in changes.iter() {
                print_error(&format!("reloaded: {change}"));
            }
        }
        Err(refused) => {
            print_findings(refused.findings());
            print_error("not reloaded: what was served before is served on");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, fs, path::Path};

    use super::*;
    use crate::serve::files::tests::Folder;

    #[tokio::test(start_paused = true)]
    async fn files_are_waited_for_until_they_stay_but_not_for_ever() {
        // How often each look finds a change, and how many looks there are.
        let cases = [
            ("they stay", 0, 1),
            ("one more change", 1, 2),
            ("changes nearly to the end", MAX_WAITS - 1, MAX_WAITS),
            ("changes all the time", u32::MAX, MAX_WAITS),
        ];
        for (name, changes, expected) in cases {
            let folder = Folder::new();
            let path = folder.file("one");
            let looks = Cell::new(0);
            let look = async |files: Files| {
                if looks.get() < changes {
                    fs::write(&path, looks.get().to_string()).unwrap();
                }
                looks.set(looks.get() + 1);
                files.look_again(folder.now())
            };
            let seen = Files::look([path.clone()], folder.now());
            let settled = settle(seen, look).await;
            assert_eq!(looks.get(), expected, "{name}");
            assert_eq!(settled, settled.look_again(folder.now()), "{name}");
        }
    }

    #[test]
    fn a_change_after_a_file_was_noted_is_one() {
        let folder = Folder::new();
        let (path, other) = (folder.file("one"), folder.file("two"));
        let read = |note: NoteFile<'_>, change: &dyn Fn(&Path)| {
            note(&path);
            change(&path);
            fs::read_to_string(&path).unwrap();
            // Read a second time, it is still what was read first.
            note(&path);
            note(&other);
        };
        let nothing = Files::default();
        let ((), files) = noting(&nothing, |note| read(note, &|_| {}));
        assert_eq!(files, files.look_again(folder.now()), "nothing has changed");
        let write = |path: &Path| fs::write(path, "changed").unwrap();
        let ((), changed) = noting(&files, |note| read(note, &write));
        assert_eq!(changed, files, "as they were before they were read");
        assert_ne!(changed, changed.look_again(folder.now()), "a change");
    }
}
