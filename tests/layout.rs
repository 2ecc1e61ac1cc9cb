//! Every source file of the folders whose targets are listed by hand is listed, and what is listed exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Cargo builds nothing from these folders that their manifests do not name, and says nothing about it.
const FOLDERS: [&str; 3] = ["benches", "examples", "tests"];

#[test]
fn every_source_file_is_listed_and_every_listed_file_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for folder in FOLDERS.map(|name| root.join(name)) {
        let shown = folder.display();
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("a readable manifest");
        let listed = listed_files(&manifest);
        let missing: Vec<_> = source_files(&folder)
            .into_iter()
            .filter(|file| !listed.contains(file))
            .collect();
        assert!(
            missing.is_empty(),
            "{shown}/Cargo.toml does not list {missing:?}"
        );
        let absent: Vec<_> = listed
            .iter()
            .filter(|file| !folder.join(file).is_file())
            .collect();
        assert!(
            absent.is_empty(),
            "{shown}/Cargo.toml lists {absent:?}, which do not exist"
        );
    }
}

#[test]
fn only_paths_of_targets_are_read_from_a_manifest() {
    let manifest = r#"
        [lib]
        path = "support/lib.rs"

        [[test]]
        name = "routing"
        path="routing.rs" # with a comment

        [dev-dependencies]
        towergate-testing = { path = "../crates/testing" }
    "#;
    let expected = ["routing.rs", "support/lib.rs"].map(str::to_owned);
    assert_eq!(listed_files(manifest), BTreeSet::from(expected));
}

/// Returns the values of the `path` lines of a manifest.
fn listed_files(manifest: &str) -> BTreeSet<String> {
    let paths = manifest.lines().filter_map(|line| {
        let value = line
            .trim()
            .strip_prefix("path")?
            .trim_start()
            .strip_prefix('=')?;
        value.split('"').nth(1)
    });
    paths.map(str::to_owned).collect()
}

/// Returns the names of the source files directly in a folder.
fn source_files(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a readable folder");
    let names = entries.map(|entry| {
        entry
            .expect("a readable entry")
            .file_name()
            .to_string_lossy()
            .into_owned()
    });
    names.filter(|name| name.ends_with(".rs")).collect()
}
