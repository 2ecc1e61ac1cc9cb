//! Serves what a configuration says, as it changes.

use std::{path::PathBuf, time::Duration};

use tokio::{task::spawn_blocking, time::sleep};
use towergate_core::{Clock as _, SystemClock};

use super::{
    files::Files,
    program::{print_error, print_findings},
};
use crate::config::Loaded;

/// How often files are looked at. A change is taken once it has lasted so long: whoever writes may need several writes.
const INTERVAL: Duration = Duration::from_millis(200);

/// Looks at the files of a configuration.
pub(super) async fn look(paths: Vec<PathBuf>) -> Files {
    let look = spawn_blocking(move || Files::look(paths, SystemClock.now()));
    look.await.unwrap_or_default()
}

/// Reads the configuration again whenever one of its files has changed since `files`, and says what came of it.
pub(super) async fn follow(mut loaded: Loaded, mut files: Files) {
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
        let mut seen = look_again(files.clone()).await;
        if seen == files {
            continue;
        }
        loop {
            sleep(INTERVAL).await;
            let settled = look_again(seen.clone()).await;
            if settled == seen {
                break;
            }
            seen = settled;
        }
        // A definition may take long to compile: requests are not to wait for it.
        let reloaded = spawn_blocking(move || {
            report(&mut loaded);
            loaded
        });
        let Ok(reloaded) = reloaded.await else {
            // A bug: what is served stays, and no change is taken any more.
            print_error("the configuration cannot be read again");
            return;
        };
        loaded = reloaded;
        // What was read is at least as new as what was seen; files that it names since then are looked at now.
        files = seen.with(look(loaded.files().to_vec()).await);
    }
}

async fn look_again(files: Files) -> Files {
    let known = files.clone();
    let look = spawn_blocking(move || files.look_again(SystemClock.now()));
    look.await.unwrap_or(known)
}

/// Takes a changed configuration, or says why not.
fn report(loaded: &mut Loaded) {
    match loaded.reload() {
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
