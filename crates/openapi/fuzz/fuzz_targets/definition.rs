//! Whatever the text: it is read, or refused with a message. Seeds are the definitions of the corpus.
#![no_main]

use libfuzzer_sys::fuzz_target;
use towergate_openapi::{BasePath, ReadOptions};

fuzz_target!(|text: &str| {
    match ReadOptions::new().base_path(BasePath::Split).parse(text) {
        Ok(imported) => {
            for finding in &imported.diagnostics {
                assert!(imported.document.line(&finding.place).is_some());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
