//! A path, a line feed and a document: nothing panics, the work is what the budget says, and plain paths find what a
//! walk by hand finds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use towergate_expressions::{Budget, DefiniteStep, FindError, JsonPath};

const STEPS: u64 = 100_000;

fuzz_target!(|input: &str| {
    let (path, document) = input.split_once('\n').unwrap_or((input, "{}"));
    let Ok(path) = JsonPath::parse(path) else {
        return;
    };
    assert_eq!(JsonPath::parse(path.as_str()).as_ref(), Ok(&path));
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let mut budget = Budget::new(STEPS);
    let Ok(found) = path.find_within(&document, &mut budget) else {
        return;
    };

    let spent = STEPS - budget.remaining();
    let calls = path.as_str().contains('(');
    let is_list = found.as_deref().is_some_and(Value::is_array);
    assert!(path.is_definite() || calls || is_list);
    if let (false, Some(Value::Array(items))) = (path.is_definite() || calls, found.as_deref()) {
        assert!(u64::try_from(items.len()).is_ok_and(|count| count <= spent));
    }
    assert_eq!(
        path.find_within(&document, &mut Budget::new(spent))
            .as_ref(),
        Ok(&found)
    );
    if let Some(less) = spent.checked_sub(1) {
        let short = path.find_within(&document, &mut Budget::new(less));
        assert_eq!(short, Err(FindError::ExhaustBudget));
    }
    if let Some(mut steps) = path.definite_steps() {
        assert_eq!(found.as_deref(), steps.try_fold(&document, by_hand));
    }
});

fn by_hand<'d>(value: &'d Value, step: DefiniteStep<'_>) -> Option<&'d Value> {
    match step {
        DefiniteStep::Name(name) => value.as_object()?.get(name),
        DefiniteStep::Index(index) => {
            let items = value.as_array()?;
            let len = i64::try_from(items.len()).ok()?;
            let index = if index < 0 {
                index.checked_add(len)?
            } else {
                index
            };
            items.get(usize::try_from(index).ok()?)
        }
    }
}
