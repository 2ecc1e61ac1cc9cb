//! A file of API keys: importing never panics, a refused file changes nothing, and what is imported is found.

#![no_main]

use libfuzzer_sys::fuzz_target;
use towergate_core::SystemRandom;
use towergate_throttling::{ApiStage, MethodLimits, OnBadLine, UsagePlan, UsagePlans};

fuzz_target!(|file: &[u8]| {
    let stage = |name: &str| ApiStage::new("pets", name);
    let plans = ["p1", "p2"].map(|id| UsagePlan::new(id, id).api_stage(stage(id)));
    let registry = || {
        UsagePlans::new()
            .rebuilt([], plans.clone())
            .expect("they are good")
    };

    let (strict, lenient) = (registry(), registry());
    let all = strict.import_csv(file, OnBadLine::Refuse, &SystemRandom);
    let good = lenient.import_csv(file, OnBadLine::Skip, &SystemRandom);
    match (&all, &good) {
        (Ok(all), Ok(good)) => {
            assert!(all.skipped.is_empty() && good.skipped.is_empty());
            assert_eq!(all.ids.len(), good.ids.len());
        }
        (Err(bad), Ok(good)) => assert_eq!(bad.len(), good.skipped.len()),
        (Err(all), Err(good)) => assert_eq!(all.len(), good.len()),
        (Ok(_), Err(bad)) => panic!("what is refused leniently is good: {bad:?}"),
    }
    if let Err(bad) = &all {
        assert!(strict.keys().is_empty());
        assert!(bad.is_sorted_by_key(|bad| bad.line) && bad.iter().all(|bad| bad.line > 0));
    }

    let Ok(good) = good else { return };
    let keys = lenient.keys();
    assert_eq!(keys.len(), good.ids.len());
    for key in &keys {
        for plan in lenient.plans() {
            let limits = MethodLimits::new("pets", plan.id.as_str(), "/GET");
            let found = lenient.find(Some(key.value.as_bytes()), &limits);
            assert_eq!(found.is_ok(), key.enabled && plan.keys.contains(&key.id));
        }
    }
    // The same file once more changes the same keys.
    let again = lenient.import_csv(file, OnBadLine::Skip, &SystemRandom);
    assert_eq!(again.expect("as before").ids, good.ids);
    assert_eq!(lenient.keys(), keys);
});
