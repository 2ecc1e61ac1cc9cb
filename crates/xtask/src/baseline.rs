//! The instruction counts that the benches are held to: `benches/baseline.json`, a map from benchmark to instructions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::{Result, cargo};

/// Instructions by benchmark.
pub(crate) type Counts = BTreeMap<String, u64>;

const PATH: &str = "benches/baseline.json";

/// How far, in percent, a count may be from the baseline.
const GATE_PERCENT: u64 = 3;

pub(crate) fn read() -> Result<Counts> {
    let text = fs::read_to_string(cargo::root().join(PATH))
        .map_err(|error| format!("{PATH}: {error}; `cargo xtask bench --save` writes it"))?;
    parse(&text).map_err(|error| format!("{PATH}: {error}"))
}

fn parse(text: &str) -> Result<Counts> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let entries = value.as_object().ok_or("not an object")?;
    entries
        .iter()
        .map(|(name, count)| {
            let count = count
                .as_u64()
                .ok_or_else(|| format!("`{name}` is not a whole number: {count}"))?;
            Ok((name.clone(), count))
        })
        .collect()
}

pub(crate) fn write(counts: &Counts) -> Result {
    for (name, count) in counts {
        println!("{name}: {count}");
    }
    let text = serde_json::to_string_pretty(counts).map_err(|error| error.to_string())?;
    fs::write(cargo::root().join(PATH), text + "\n").map_err(|error| format!("{PATH}: {error}"))?;
    println!("wrote {PATH}");
    Ok(())
}

/// Prints every count beside its baseline, and fails with all that are outside the gate or have no counterpart.
pub(crate) fn compare(baseline: &Counts, counts: &Counts) -> Result {
    let names: BTreeSet<&String> = baseline.keys().chain(counts.keys()).collect();
    let mut failures = Vec::new();
    let mut better = false;
    for name in names {
        let (change, text) = describe(baseline.get(name).copied(), counts.get(name).copied());
        println!("{name}: {text}");
        better |= change == Change::Better;
        if matches!(change, Change::Unmatched | Change::Worse) {
            failures.push(format!("{name}: {text}"));
        }
    }
    if better {
        println!(
            "some counts are better by more than {GATE_PERCENT} %: `cargo xtask bench --save` keeps it so"
        );
    }
    if failures.is_empty() {
        return Ok(());
    }
    Err(format!(
        "instruction counts differ from {PATH}; `cargo xtask bench --save` accepts them\n{}",
        failures.join("\n")
    ))
}

/// What became of a count since the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// Lower by more than the gate.
    Better,
    /// Within the gate.
    Same,
    /// Only in the baseline, or only counted now.
    Unmatched,
    /// Higher by more than the gate.
    Worse,
}

impl Change {
    fn between(old: u64, new: u64) -> Self {
        let (new, old) = (u128::from(new) * 100, u128::from(old));
        if new > old * u128::from(100 + GATE_PERCENT) {
            Self::Worse
        } else if new < old * u128::from(100 - GATE_PERCENT) {
            Self::Better
        } else {
            Self::Same
        }
    }
}

fn describe(old: Option<u64>, new: Option<u64>) -> (Change, String) {
    match (old, new) {
        (Some(old), Some(new)) => {
            let percent = (new as f64 - old as f64) / old.max(1) as f64 * 100.0;
            (
                Change::between(old, new),
                format!("{old} -> {new} ({percent:+.1} %)"),
            )
        }
        (Some(old), None) => (Change::Unmatched, format!("{old} -> not counted")),
        (None, new) => {
            let new = new.unwrap_or_default();
            (Change::Unmatched, format!("not in the baseline -> {new}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_is_three_percent_either_way() {
        let cases = [
            (1000, 1000, Change::Same, "1000 -> 1000 (+0.0 %)"),
            (1000, 1030, Change::Same, "1000 -> 1030 (+3.0 %)"),
            (1000, 1031, Change::Worse, "1000 -> 1031 (+3.1 %)"),
            (1000, 970, Change::Same, "1000 -> 970 (-3.0 %)"),
            (1000, 969, Change::Better, "1000 -> 969 (-3.1 %)"),
            (0, 0, Change::Same, "0 -> 0 (+0.0 %)"),
            (0, 1, Change::Worse, "0 -> 1 (+100.0 %)"),
        ];
        for (old, new, change, text) in cases {
            let described = describe(Some(old), Some(new));
            assert_eq!(described, (change, text.to_owned()), "{old} -> {new}");
        }
        assert_eq!(Change::between(u64::MAX, u64::MAX), Change::Same);
    }

    #[test]
    fn a_comparison_names_every_failure() {
        let counts = |list: &[(&str, u64)]| {
            list.iter()
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect()
        };
        let baseline: Counts = counts(&[
            ("better", 100),
            ("gone", 100),
            ("same", 100),
            ("worse", 100),
        ]);
        assert_eq!(compare(&baseline, &baseline), Ok(()));

        let error = compare(
            &baseline,
            &counts(&[("better", 50), ("new", 1), ("same", 101), ("worse", 200)]),
        );
        let error = error.expect_err("three of them are failures");
        let named: Vec<&str> = error
            .lines()
            .skip(1)
            .filter_map(|line| Some(line.split_once(':')?.0))
            .collect();
        assert_eq!(named, ["gone", "new", "worse"]);
    }

    #[test]
    fn a_baseline_is_a_map_to_whole_numbers() {
        let counts = Counts::from([("a".to_owned(), 1), ("b::c".to_owned(), 2)]);
        let text = serde_json::to_string_pretty(&counts).expect("a map of numbers");
        assert_eq!(parse(&text), Ok(counts));
        for (text, expected) in [
            ("[]", "not an object"),
            (r#"{"a": 1.5}"#, "`a` is not a whole number: 1.5"),
        ] {
            assert_eq!(parse(text), Err(expected.to_owned()), "{text}");
        }
    }
}
