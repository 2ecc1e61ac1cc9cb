use towergate_core::{StageInfo, Timestamp};

use super::*;
use crate::{CanarySettings, LoggingLevel, Percent, StageVariables};

type Snapshot = StageSnapshot<()>;

fn version(id: &str) -> Arc<Deployment<()>> {
    Arc::new(Deployment::new(id, Timestamp::default(), ()))
}

/// Deployments `one` to `three` are kept.
fn find(id: &str) -> Option<Arc<Deployment<()>>> {
    ["one", "two", "three"].contains(&id).then(|| version(id))
}

fn plain() -> Snapshot {
    let mut info = StageInfo::new("pets", "prod");
    let variables = [("sv1", "val1"), ("sv0", "val0")];
    info.variables = variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    StageSnapshot::new(info, version("one"))
}

fn with_canary() -> Snapshot {
    let overrides = StageVariables::try_from_iter([("sv1", "val2"), ("sv2", "val3")]);
    let settings = CanarySettings::new(Percent::new(10.5).expect("a share"))
        .with_overrides(overrides.expect("variables"));
    plain().with_canary(version("two"), settings)
}

/// Pointer and variables of the stage, then those of its canary with its share.
fn shown(snapshot: &Snapshot) -> String {
    let release = |release: &crate::Release<()>| {
        let info = release.info();
        assert_eq!(info.deployment_id, release.deployment().id());
        let pairs = info.variables.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!("{} {}", info.deployment_id, pairs.join(","))
    };
    let base = release(snapshot.base());
    match snapshot.canary() {
        None => base,
        Some(canary) => {
            let settings = canary.settings();
            let cache = if settings.use_stage_cache {
                " cache"
            } else {
                ""
            };
            format!(
                "{base} | {}{cache} {}",
                settings.percent,
                release(canary.release())
            )
        }
    }
}

use PatchOperation as Op;

const PROMOTED: &str = "two sv0=val0,sv1=val2,sv2=val3 | 0.0 two sv0=val0,sv1=val2,sv2=val3";

#[test]
fn operations_change_what_they_name() {
    let promote = [
        Op::replace("/canarySettings/percentTraffic", "0.0"),
        Op::copy("/canarySettings/stageVariableOverrides", "/variables"),
        Op::copy("/canarySettings/deploymentId", "/deploymentId"),
    ];
    let cases: [(&str, Snapshot, &[Op], &str); 16] = [
        ("nothing", plain(), &[], "one sv0=val0,sv1=val1"),
        (
            "roll back",
            plain(),
            &[Op::replace("/deploymentId", "three")],
            "three sv0=val0,sv1=val1",
        ),
        (
            "variables",
            plain(),
            &[
                Op::add("/variables/a", "1"),
                Op::replace("/variables/sv1", "2"),
                Op::remove("/variables/sv0"),
                Op::remove("/variables/unknown"),
            ],
            "one a=1,sv1=2",
        ),
        (
            "the share makes a canary of the stage's deployment",
            plain(),
            &[Op::replace("/canarySettings/percentTraffic", "10.5")],
            "one sv0=val0,sv1=val1 | 10.5 one sv0=val0,sv1=val1",
        ),
        (
            "the pointer makes a canary without traffic",
            plain(),
            &[Op::replace("/canarySettings/deploymentId", "two")],
            "one sv0=val0,sv1=val1 | 0.0 two sv0=val0,sv1=val1",
        ),
        (
            "the cache makes a canary",
            plain(),
            &[Op::replace("/canarySettings/useStageCache", "true")],
            "one sv0=val0,sv1=val1 | 0.0 cache one sv0=val0,sv1=val1",
        ),
        (
            "an override makes a canary that inherits the other variables",
            plain(),
            &[Op::replace(
                "/canarySettings/stageVariableOverrides/sv1",
                "x",
            )],
            "one sv0=val0,sv1=val1 | 0.0 one sv0=val0,sv1=x",
        ),
        (
            "the canary's members one by one",
            with_canary(),
            &[
                Op::replace("/canarySettings/percentTraffic", "25"),
                Op::replace("/canarySettings/useStageCache", "true"),
                Op::replace("/canarySettings/deploymentId", "three"),
                Op::remove("/canarySettings/stageVariableOverrides/sv1"),
                Op::remove("/canarySettings/stageVariableOverrides/unknown"),
            ],
            "one sv0=val0,sv1=val1 | 25.0 cache three sv0=val0,sv1=val1,sv2=val3",
        ),
        (
            "a stage variable that the canary overrides",
            with_canary(),
            &[
                Op::replace("/variables/sv1", "new"),
                Op::replace("/variables/sv0", "0"),
            ],
            "one sv0=0,sv1=new | 10.5 two sv0=0,sv1=val2,sv2=val3",
        ),
        ("promote", with_canary(), &promote, PROMOTED),
        (
            "copy the pointer alone",
            with_canary(),
            &promote[2..],
            "two sv0=val0,sv1=val1 | 10.5 two sv0=val0,sv1=val2,sv2=val3",
        ),
        (
            "a replace before makes the canary that is promoted",
            plain(),
            &promote,
            "one sv0=val0,sv1=val1 | 0.0 one sv0=val0,sv1=val1",
        ),
        (
            "delete the canary",
            with_canary(),
            &[Op::remove("/canarySettings")],
            "one sv0=val0,sv1=val1",
        ),
        (
            "delete no canary",
            plain(),
            &[Op::remove("/canarySettings")],
            "one sv0=val0,sv1=val1",
        ),
        (
            "an override of no canary needs no canary to be removed",
            plain(),
            &[Op::remove("/canarySettings/stageVariableOverrides/a")],
            "one sv0=val0,sv1=val1",
        ),
        (
            "delete, then begin anew",
            with_canary(),
            &[
                Op::remove("/canarySettings"),
                Op::replace("/canarySettings/percentTraffic", "1"),
            ],
            "one sv0=val0,sv1=val1 | 1.0 one sv0=val0,sv1=val1",
        ),
    ];
    for (name, before, operations, expected) in cases {
        let after = before.apply(operations, find).expect(name);
        assert_eq!(shown(&after), expected, "{name}");
    }
    let promoted = with_canary().promote().expect("a canary");
    assert_eq!(shown(&promoted), PROMOTED, "in one call");
}

#[test]
fn what_is_refused_is_refused_in_the_words_of_api_gateway() {
    let copy = "Valid copy:path are [/deploymentId, /variables] and valid copy:from are \
                [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]";
    let no_setting = "because there is no method setting for this method ";
    let cases = [
        (
            "unknown deployment",
            plain(),
            Op::replace("/deploymentId", "x"),
            "Deployment id does not exist".to_owned(),
        ),
        (
            "unknown canary",
            plain(),
            Op::replace("/canarySettings/deploymentId", "x"),
            "Deployment id does not exist".to_owned(),
        ),
        (
            "add to a canary",
            with_canary(),
            Op::add("/canarySettings/deploymentId", "two"),
            "Invalid add operation with path: /canarySettings/deploymentId".to_owned(),
        ),
        (
            "remove all overrides",
            with_canary(),
            Op::remove("/canarySettings/stageVariableOverrides"),
            "Invalid remove operation with path: /canarySettings/stageVariableOverrides".to_owned(),
        ),
        (
            "promote no canary",
            plain(),
            Op::copy("/canarySettings/deploymentId", "/deploymentId"),
            "Promotion not available. Canary does not exist.".to_owned(),
        ),
        (
            "promote the variables of no canary",
            plain(),
            Op::copy("/canarySettings/stageVariableOverrides", "/variables"),
            "Promotion not available. Canary does not exist.".to_owned(),
        ),
        (
            "copy across",
            with_canary(),
            Op::copy("/canarySettings/deploymentId", "/variables"),
            format!(
                "Invalid copy operation with path: /variables and from /canarySettings/deploymentId. {copy}"
            ),
        ),
        (
            "remove no setting of all",
            plain(),
            Op::remove("/*/*"),
            format!("Cannot remove method setting */* {no_setting}"),
        ),
        (
            "remove no setting of a method",
            plain(),
            Op::remove("/~1pets~1{id}/GET"),
            format!("Cannot remove method setting pets/{{id}}/GET {no_setting}"),
        ),
        (
            "remove something else",
            plain(),
            Op::remove("/tracingEnabled"),
            format!("Cannot remove method setting tracingEnabled {no_setting}"),
        ),
        (
            "a share that is none",
            plain(),
            Op::replace("/canarySettings/percentTraffic", "101"),
            "`101` is no share of traffic: give a number from 0.0 to 100.0".to_owned(),
        ),
        (
            "a flag that is none",
            plain(),
            Op::replace("/canarySettings/useStageCache", "yes"),
            "`yes` is no value for `/canarySettings/useStageCache`: give `true` or `false`"
                .to_owned(),
        ),
        (
            "a variable with a bad name",
            plain(),
            Op::add("/variables/a~1b", "x"),
            "`a/b` is no name of a stage variable: use 1 to 64 letters, digits and `_`".to_owned(),
        ),
        (
            "a path that is none",
            plain(),
            Op::replace("/pets/GET/metrics/level", "x"),
            "Invalid replace operation with path: /pets/GET/metrics/level".to_owned(),
        ),
    ];
    for (name, before, operation, expected) in cases {
        // One that could be applied goes before it: neither is.
        let operations = [Op::replace("/variables/sv0", "changed"), operation];
        let error = before.apply(&operations, find).expect_err(name);
        assert_eq!(error.to_string(), expected, "{name}");
        assert!(shown(&before).contains("sv0=val0"), "{name}: all or none");
    }
}

#[test]
fn every_member_of_method_settings_has_a_path() {
    let cases: [(&str, &str, &str, Option<MethodSettingChange>); 17] = [
        (
            "metrics",
            "metrics/enabled",
            "true",
            Some(MethodSettingChange::MetricsEnabled(true)),
        ),
        (
            "level",
            "logging/loglevel",
            "INFO",
            Some(MethodSettingChange::LoggingLevel(LoggingLevel::Info)),
        ),
        ("no level", "logging/loglevel", "info", None),
        (
            "trace",
            "logging/dataTrace",
            "true",
            Some(MethodSettingChange::DataTraceEnabled(true)),
        ),
        (
            "burst",
            "throttling/burstLimit",
            "-1",
            Some(MethodSettingChange::ThrottlingBurstLimit(-1)),
        ),
        ("half a burst", "throttling/burstLimit", "1.5", None),
        (
            "rate",
            "throttling/rateLimit",
            "0.5",
            Some(MethodSettingChange::ThrottlingRateLimit(0.5)),
        ),
        ("endless rate", "throttling/rateLimit", "inf", None),
        (
            "caching",
            "caching/enabled",
            "true",
            Some(MethodSettingChange::CachingEnabled(true)),
        ),
        (
            "no time",
            "caching/ttlInSeconds",
            "0",
            Some(MethodSettingChange::CacheTtlInSeconds(0)),
        ),
        (
            "an hour",
            "caching/ttlInSeconds",
            "3600",
            Some(MethodSettingChange::CacheTtlInSeconds(3_600)),
        ),
        ("more", "caching/ttlInSeconds", "3601", None),
        (
            "encrypted",
            "caching/dataEncrypted",
            "true",
            Some(MethodSettingChange::CacheDataEncrypted(true)),
        ),
        (
            "authorization",
            "caching/requireAuthorizationForCacheControl",
            "false",
            Some(MethodSettingChange::RequireAuthorizationForCacheControl(
                false,
            )),
        ),
        (
            "strategy",
            "caching/unauthorizedCacheControlHeaderStrategy",
            "FAIL_WITH_403",
            Some(MethodSettingChange::UnauthorizedCacheControl(
                crate::UnauthorizedCacheControl::FailWith403,
            )),
        ),
        (
            "no strategy",
            "caching/unauthorizedCacheControlHeaderStrategy",
            "",
            None,
        ),
        ("no member", "caching/size", "1", None),
    ];
    for (name, path, value, expected) in cases {
        for (written, key) in [
            ("/*/*", MethodKey::ALL),
            ("/pets/GET", MethodKey::method("/pets", "GET")),
            ("/~1pets~1{id}/GET", MethodKey::method("/pets/{id}", "GET")),
            ("/~1/ANY", MethodKey::method("/", "ANY")),
        ] {
            let operation = Op::replace(format!("{written}/{path}"), value);
            let parsed = StagePatch::try_from(&operation).ok();
            let expected = expected.map(|change| StagePatch::method_setting(key, change));
            assert_eq!(parsed, expected, "{name}: {written}");
        }
    }
}

#[test]
fn a_later_change_of_all_methods_does_not_reach_one_that_has_settings() {
    let after = plain().apply(
        &[
            Op::replace("/*/*/throttling/burstLimit", "10"),
            Op::replace("/pets/GET/metrics/enabled", "true"),
            Op::replace("/*/*/throttling/burstLimit", "99"),
        ],
        find,
    );
    let after = after.expect("settings");
    let burst = |path| {
        let (settings, _) = after.method_settings().of(path, "GET").expect("settings");
        settings.throttling_burst_limit
    };
    assert_eq!((burst("/pets"), burst("/other")), (Some(10), Some(99)));
    let removed = after
        .apply(&[Op::remove("/pets/GET")], find)
        .expect("there are some");
    assert_eq!(removed.method_settings().iter().count(), 1);
}
