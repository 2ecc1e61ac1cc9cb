use towergate_testing::FixedRandom;

use super::*;
use crate::OnBadLine;

fn import(
    plans: &UsagePlans,
    csv: &str,
    on_bad_line: OnBadLine,
) -> Result<Vec<String>, Vec<String>> {
    let imported = plans.import_csv(csv.as_bytes(), on_bad_line, &FixedRandom::new(7));
    let shown = |bad: Vec<crate::BadLine>| bad.iter().map(ToString::to_string).collect::<Vec<_>>();
    match imported {
        Ok(imported) if imported.skipped.is_empty() => Ok(imported.ids),
        Ok(imported) => Err(shown(imported.skipped)),
        Err(bad) => Err(shown(bad)),
    }
}

/// Plans `p1` and `same` have one stage, `p2` another.
fn three_plans() -> UsagePlans {
    let of = |id: &str, name: &str| UsagePlan::new(id, "").api_stage(ApiStage::new("pets", name));
    let plans = [of("p1", "prod"), of("same", "prod"), of("p2", "test")];
    UsagePlans::new().rebuilt([], plans).unwrap()
}

#[test]
fn keys_are_imported_from_columns_in_any_order() {
    let plans = three_plans();
    let csv = "\
enabled, KEY ,Ignored,usageplanIds,description,NAME\r
FALSE,key-number-one-of-file,x,\"p1, p2\",\"a, \"\"quoted\"\" text\",one\r
\r
,key-number-two-of-file,,'p1,p2',,two\r
true,key-number-three-of-it,,,,three";
    let ids = import(&plans, csv, OnBadLine::Refuse).unwrap();
    let keys: Vec<_> = ids.iter().map(|id| plans.key(id).unwrap()).collect();
    let told: Vec<_> = keys
        .iter()
        .map(|key| (&*key.name, &*key.value, &*key.description, key.enabled))
        .collect();
    let expected = [
        ("one", "key-number-one-of-file", "a, \"quoted\" text", false),
        ("two", "key-number-two-of-file", "", true),
        ("three", "key-number-three-of-it", "", true),
    ];
    assert_eq!(told, expected);
    for (plan, count) in [("p1", 2), ("p2", 2), ("same", 0)] {
        assert_eq!(plans.plan(plan).unwrap().keys.len(), count, "{plan}");
    }
    assert!(ids.iter().all(|id| id.len() == 10), "{ids:?}");
}

#[test]
fn a_known_key_is_updated_and_keeps_its_id_and_usage() {
    let plans = three_plans();
    plans.create_key(key("k1")).unwrap();
    plans.attach("p1", "k1").unwrap();
    let value = value("k1");
    let csv = format!("Name,Key,Enabled,UsagePlanIds\nnew name,{value},false,\"p1,p2\"\n");
    assert_eq!(import(&plans, &csv, OnBadLine::Refuse).unwrap(), ["k1"]);
    assert_eq!(plans.keys(), [key("k1").name("new name").enabled(false)]);
    for plan in ["p1", "p2"] {
        assert_eq!(plans.plan(plan).unwrap().keys, ["k1"], "{plan}");
    }
}

const GOOD: &str = "good,a-good-key-of-20-chars,true,p1";

#[test]
fn bad_lines_are_all_reported_and_good_ones_imported_only_if_asked() {
    let cases = [
        (
            "no name",
            ",another-key-of-20-chars,,",
            "column Name must not be empty",
        ),
        ("no key", "name,,,", "column Key must not be empty"),
        (
            "short key",
            "name,short,,",
            "API Key value should be at least 20 characters",
        ),
        ("short of fields", "name", "column Key must not be empty"),
        (
            "enabled",
            "name,another-key-of-20-chars,yes,",
            "column Enabled must be true, false or empty",
        ),
        (
            "unknown plan",
            "name,another-key-of-20-chars,,\"p1,p9\"",
            "usage plan 2 of column UsagePlanIds does not exist",
        ),
        (
            "the same key",
            "name,a-good-key-of-20-chars,,",
            "line 2 has the same key: remove one",
        ),
        (
            "commas",
            "name,another-key-of-20-chars,,p1,p2",
            "there are more fields than columns: put fields with a comma in quotation marks",
        ),
        (
            "stray quote",
            "na\"me,another-key-of-20-chars,,",
            "a quotation mark is inside of a field without: put the field in quotation marks, and double those inside",
        ),
        (
            "after a quote",
            "\"na\"me,another-key-of-20-chars,,",
            "text follows a closing quotation mark: double those inside of a quoted field",
        ),
        (
            "never closed",
            "\"name,another-key-of-20-chars,,",
            "a quotation mark is never closed",
        ),
    ];
    let header = "Name,Key,Enabled,UsagePlanIds";
    let expected = |line: usize, what: &str| format!("line {line}: {what}");
    for (name, line, what) in cases {
        let csv = format!("{header}\n{GOOD}\n{line}\n");
        for (mode, imported) in [(OnBadLine::Refuse, 0), (OnBadLine::Skip, 1)] {
            let plans = three_plans();
            let bad = import(&plans, &csv, mode).expect_err(name);
            assert_eq!(bad, [expected(3, what)], "{name}");
            assert_eq!(plans.keys().len(), imported, "{name}");
            assert!(
                !bad.concat().contains("of-20-chars"),
                "{name}: a key is shown"
            );
        }
    }
    let lines = cases.map(|(_, line, _)| line);
    let csv = format!("{header}\n{GOOD}\n{}\n", lines.join("\n"));
    let bad = import(&three_plans(), &csv, OnBadLine::Refuse).unwrap_err();
    assert_eq!(bad.len(), cases.len(), "{bad:#?}");
}

#[test]
fn two_plans_of_a_stage_are_refused() {
    let plans = three_plans();
    plans.create_key(key("k1")).unwrap();
    plans.attach("p1", "k1").unwrap();
    let value = value("k1");
    let cases = [
        ("one of them is new", format!("n,{value},same")),
        (
            "both are new",
            "n,another-key-of-20-chars,\"p1,same\"".to_owned(),
        ),
    ];
    for (name, line) in cases {
        let csv = format!("Name,Key,UsagePlanIds\n{line}");
        let bad = import(&plans, &csv, OnBadLine::Refuse).expect_err(name);
        let expected = "is in usage plan `p1`, which has stage `pets/prod` too";
        assert!(bad.concat().contains(expected), "{name}: {bad:?}");
    }
}

#[test]
fn a_file_without_a_header_is_refused_whatever_is_asked() {
    let cases: [(&str, &[u8], &str); 6] = [
        ("nothing", b"", "line 1: the header must name column Name"),
        (
            "no name",
            b"Key\nx",
            "line 1: the header must name column Name",
        ),
        (
            "no key",
            b"\nName\nx",
            "line 2: the header must name column Key",
        ),
        (
            "twice",
            b"Name,Key,key\nx",
            "line 1: the header names column Key twice: remove one",
        ),
        (
            "not UTF-8",
            b"Name,Key\n\xff",
            "line 1: the file must be UTF-8",
        ),
        (
            "quotes",
            b"Name,\"Key\nx",
            "line 1: a quotation mark is never closed",
        ),
    ];
    for (name, csv, expected) in cases {
        let bad = three_plans().import_csv(csv, OnBadLine::Skip, &FixedRandom::new(7));
        let bad: Vec<_> = bad
            .expect_err(name)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(bad, [expected], "{name}");
    }
}
