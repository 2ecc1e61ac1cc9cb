//! A path, a line feed and a document: nothing panics, and what is not definite yields a list.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use towergate_expressions::{Budget, JsonPath};

fuzz_target!(|input: &str| {
    let (path, document) = input.split_once('\n').unwrap_or((input, "{}"));
    let Ok(path) = JsonPath::parse(path) else {
        return;
    };
    assert_eq!(JsonPath::parse(path.as_str()).as_ref(), Ok(&path));
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    if let Ok(found) = path.find_within(&document, &mut Budget::new(100_000)) {
        let calls = path.as_str().contains('(');
        assert!(path.is_definite() || calls || found.is_some_and(|found| found.is_array()));
    }
});
