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

/// In prose a name of a test is a promise that nothing else keeps.
#[test]
fn every_test_that_the_document_on_security_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sources = String::new();
    for folder in ["crates", "tests"] {
        read_sources(&root.join(folder), &mut sources);
    }
    let document = fs::read_to_string(root.join("docs/security.md")).expect("a document");
    let is_name = |text: &&str| {
        let is_letter = |letter| matches!(letter, 'a'..='z' | '0'..='9' | '_');
        text.contains('_') && text.chars().all(is_letter)
    };
    let quoted = document.split('`').skip(1).step_by(2);
    let named: BTreeSet<_> = quoted.filter(is_name).collect();
    assert!(named.len() > 40, "{named:?}");
    let absent = |name: &&&str| !sources.contains(&format!("fn {name}("));
    let absent: Vec<_> = named.iter().filter(absent).collect();
    assert!(absent.is_empty(), "there are no tests {absent:?}");
}

/// Reads the source files of a folder and the folders in it, but for what a build leaves there.
fn read_sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() && !path.ends_with("target") {
            read_sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&fs::read_to_string(&path).expect("a readable source file"));
        }
    }
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
