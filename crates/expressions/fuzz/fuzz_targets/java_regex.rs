//! A Java regular expression, a line feed and a text: nothing panics, searches go forward and stop within their time,
//! and matching the whole text agrees with searching it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use towergate_expressions::{JavaPattern, SelectionPattern};

/// A search is given up, or the text is.
const MAX_SEARCHES: usize = 64;

fuzz_target!(|input: &str| {
    let (pattern, text) = input.split_once('\n').unwrap_or((input, ""));
    let selection = SelectionPattern::parse(pattern);
    let Ok(searched) = JavaPattern::parse(pattern) else {
        return;
    };
    let whole = searched.matches(text);
    if let Ok(selection) = &selection {
        assert_eq!(selection.as_str(), pattern);
        assert_eq!(selection.matches(text), whole.unwrap_or(false));
    }

    let mut start = 0;
    for round in 0..MAX_SEARCHES {
        let Ok(found) = searched.find(text, start) else {
            return;
        };
        if round == 0 && whole == Ok(true) {
            let first = found.as_ref().and_then(|groups| groups.first().copied());
            assert!(
                matches!(first, Some(Some((0, _)))),
                "a match of the whole begins at its start"
            );
        }
        let Some(groups) = found else { return };
        for (from, to) in groups.iter().copied().flatten() {
            assert!(
                text.get(from..to).is_some(),
                "{from} to {to} are characters of the text"
            );
        }
        let Some(Some((from, to))) = groups.first().copied() else {
            panic!("the first group is the match");
        };
        assert!(from >= start, "a search from {start} found {from}");
        let next = text.get(to..).and_then(|rest| rest.chars().next());
        start = match next {
            Some(c) if from == to => to + c.len_utf8(),
            _ if from == to => return,
            _ => to,
        };
    }
});
