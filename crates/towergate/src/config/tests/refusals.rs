//! What is refused, and what is said of it: all at once, each at its place.

use super::*;

fn refused(name: &str, files: &[(&str, &str)], expected: &[&str]) {
    let folder = Folder::new(files);
    let error = folder.load().map(|_| ()).expect_err(name);
    assert_eq!(folder.lines(error.findings()), expected, "{name}");
}

#[test]
fn a_file_is_refused_with_every_error() {
    let cases: [(&str, &str, &[&str]); 18] = [
        (
            "an empty file",
            "",
            &["gateway.yaml:1: apis: error: there is no API to serve: name one beneath `apis`"],
        ),
        (
            "a list",
            "- 1",
            &["gateway.yaml:1: .: error: this is a list, and must be an object"],
        ),
        (
            "no YAML",
            "a: [",
            &["gateway.yaml:1: .: error: unclosed bracket '['"],
        ),
        (
            "a key twice",
            "region: a\napis: {}\nregion: b",
            &[
                "gateway.yaml:3: region: error: the key `region` stands on line 1 and again on line 3",
            ],
        ),
        (
            "no APIs",
            "region: eu-west-1\napis:\n",
            &["gateway.yaml:2: apis: error: there is no API to serve: name one beneath `apis`"],
        ),
        (
            "APIs of another kind",
            "apis: [pets]",
            &["gateway.yaml:1: apis: error: this is a list, and must be an object"],
        ),
        (
            "an API of another kind",
            "apis: {pets: p.json}",
            &["gateway.yaml:1: apis.pets: error: this is text, and must be an object"],
        ),
        (
            "an API of nothing",
            "apis:\n  pets:",
            &[
                "gateway.yaml:2: apis.pets.definition: error: a REST API has a definition: write the path of an OpenAPI file",
                "gateway.yaml:2: apis.pets.protocol: error: an API has a protocol: write `protocol: REST`",
                "gateway.yaml:2: apis.pets.stages: warning: the API has no stage, so no request reaches it",
            ],
        ),
        (
            "unknown keys",
            "speling: 1\napis:\n  pets: {protocol: REST, definition: pets.json, routes: {}, stages: {prod: {variabels: {}}}}",
            &[
                "gateway.yaml:1: speling: error: unknown key: known here are `accountId`, `admin`, `apiKeys`, `apis`, `domainNames`, `functions`, `listen`, `region`, `shutdownDelayMs`, `store`, `throttle`, `tls`, `trustedHops` and `usagePlans`",
                "gateway.yaml:3: apis.pets.routes: error: unknown key: known here are `definition`, `protocol`, `stages` and `strict`",
                "gateway.yaml:3: apis.pets.stages.prod.variabels: error: unknown key (did you mean `variables`?): known here are `canarySettings`, `methodSettings` and `variables`",
            ],
        ),
        (
            "bad values",
            "listen: localhost:8080\nregion: Ireland\naccountId: 12345\ntrustedHops: 33\nshutdownDelayMs: 600001\n\
             apis:\n  pets: {protocol: REST, definition: pets.json, strict: 1, stages: {prod: }}",
            &[
                "gateway.yaml:1: listen: error: `localhost:8080` is not an address to listen on: write an IP address and a port, such as `127.0.0.1:8080`",
                "gateway.yaml:2: region: error: `Ireland` is not a region: use 1 to 32 lower-case letters, digits and `-`",
                "gateway.yaml:3: accountId: error: `12345` is not an account id of 12 digits",
                "gateway.yaml:4: trustedHops: error: `33` is not a number of proxies from 0 to 32",
                "gateway.yaml:5: shutdownDelayMs: error: `600001` is not a number of milliseconds from 0 to 600000",
                "gateway.yaml:7: apis.pets.strict: error: this is a number, and must be true or false",
            ],
        ),
        (
            "values of another kind",
            "listen: {port: 1}\nregion:\naccountId: [1]\ntrustedHops: -1\nshutdownDelayMs: 1s\n\
             apis:\n  pets: {protocol: REST, definition: [], stages: [prod]}",
            &[
                "gateway.yaml:1: listen: error: this is an object, and must be text",
                "gateway.yaml:2: region: error: this is null, and must be text",
                "gateway.yaml:3: accountId: error: this is a list, and must be text",
                "gateway.yaml:4: trustedHops: error: `-1` is not a number of proxies from 0 to 32",
                "gateway.yaml:5: shutdownDelayMs: error: `1s` is not a number of milliseconds from 0 to 600000",
                "gateway.yaml:7: apis.pets.definition: error: this is a list, and must be text",
                "gateway.yaml:7: apis.pets.stages: error: this is a list, and must be an object",
            ],
        ),
        (
            "protocols that are not served",
            "apis:\n  chat: {protocol: WEBSOCKET, routes: {}}\n  web: {protocol: HTTP}\n  old: {protocol: rest}\n  odd: {protocol: [REST]}",
            &[
                "gateway.yaml:2: apis.chat.protocol: error: `WEBSOCKET` APIs are not served: only `REST` is",
                "gateway.yaml:3: apis.web.protocol: error: `HTTP` APIs are not served: only `REST` is",
                "gateway.yaml:4: apis.old.protocol: error: `rest` APIs are not served: only `REST` is",
                "gateway.yaml:5: apis.odd.definition: error: a REST API has a definition: write the path of an OpenAPI file",
                "gateway.yaml:5: apis.odd.protocol: error: this is a list, and must be text",
                "gateway.yaml:5: apis.odd.stages: warning: the API has no stage, so no request reaches it",
            ],
        ),
        (
            "names of APIs, stages and variables",
            "apis:\n  p.ts:\n    protocol: REST\n    definition: pets.json\n    stages:\n      pr.od:\n        variables:\n          back-end: a\n          host: b c\n          none:\n",
            &[
                "gateway.yaml:2: apis.p.ts: error: `p.ts` is not an API id: use 1 to 63 letters, digits, `-` and `_`",
                "gateway.yaml:6: apis.p.ts.stages.pr.od: error: `pr.od` is not a stage name: use 1 to 128 letters, digits, `_` and `-`",
                "gateway.yaml:8: apis.p.ts.stages.pr.od.variables.back-end: error: variable names have 1 to 64 letters, digits and `_`",
                "gateway.yaml:9: apis.p.ts.stages.pr.od.variables.host: error: variable values have 1 to 512 letters, digits and `-._~:/?#&=,`",
                "gateway.yaml:10: apis.p.ts.stages.pr.od.variables.none: error: this is null, and must be text",
            ],
        ),
        (
            "a definition that is refused",
            "apis: {pets: {protocol: REST, definition: refused.yaml, stages: {prod: {}}}}",
            &["refused.yaml:4: paths.pets: error: a path begins with `/`: write `/pets`"],
        ),
        (
            "files that are no definitions, and the other errors all the same",
            "speling: 1\napis:\n  a: {protocol: REST, definition: future.json}\n  b: {protocol: REST, definition: gateway.yaml}\n  c: {protocol: REST, definition: broken.json}",
            &[
                "gateway.yaml:1: .: error: this is no API definition: it has neither `openapi: 3.0.1` nor `swagger: \"2.0\"` at its root",
                "gateway.yaml:1: speling: error: unknown key: known here are `accountId`, `admin`, `apiKeys`, `apis`, `domainNames`, `functions`, `listen`, `region`, `shutdownDelayMs`, `store`, `throttle`, `tls`, `trustedHops` and `usagePlans`",
                "gateway.yaml:3: apis.a.stages: warning: the API has no stage, so no request reaches it",
                "gateway.yaml:4: apis.b.stages: warning: the API has no stage, so no request reaches it",
                "gateway.yaml:5: apis.c.stages: warning: the API has no stage, so no request reaches it",
                "broken.json:2: .: error: EOF while parsing a value",
                "future.json:2: openapi: error: `openapi: 3.1.0` is not supported: a REST API is imported from OpenAPI 3.0 or Swagger 2.0",
            ],
        ),
        (
            "strict refuses what is not served",
            "apis: {pets: {protocol: REST, definition: guarded.json, strict: true, stages: {prod: {}}}}",
            &[
                "guarded.json:5: paths./pets.get.x-amazon-apigateway-auth: error: authorization by `AWS_IAM` is not served, so this method answers 500",
            ],
        ),
        (
            "an ARN with two functions",
            "apis: {a: {protocol: REST, definition: pets.json, stages: {b: {}}}}\nfunctions:\n\
             - {arn: 'arn:aws:lambda:us-east-1:123456789012:function:f', invokeUrl: 'http://127.0.0.1:9001'}\n\
             - {arn: 'arn:aws:lambda:us-east-1:123456789012:function:f', invokeUrl: 'http://127.0.0.1:9002'}",
            &[
                "gateway.yaml:4: functions.1.arn: error: another function stands for `arn:aws:lambda:us-east-1:123456789012:function:f` already",
            ],
        ),
        (
            "only the strict API of two with one definition is refused",
            "apis:\n  a: {protocol: REST, definition: guarded.json, strict: true, stages: {prod: {}}}\n  b: {protocol: REST, definition: guarded.json, stages: {prod: {}}}",
            &[
                "guarded.json:5: paths./pets.get.x-amazon-apigateway-auth: unsupported: authorization by `AWS_IAM` is not served, so this method answers 500",
                "guarded.json:5: paths./pets.get.x-amazon-apigateway-auth: error: authorization by `AWS_IAM` is not served, so this method answers 500",
            ],
        ),
    ];
    for (name, gateway, expected) in cases {
        let files = [
            ("gateway.yaml", gateway),
            ("pets.json", PETS),
            ("guarded.json", GUARDED),
            (
                "refused.yaml",
                "openapi: 3.0.1\ninfo: {title: t}\npaths:\n  pets: {}",
            ),
            ("future.json", "{\n\"openapi\": \"3.1.0\"}"),
            ("broken.json", "{\n\"openapi\": \"3.0.1\","),
        ];
        refused(name, &files, expected);
    }
}

#[test]
fn a_file_that_is_not_there_or_too_long_is_refused() {
    // The error of the system for a file that does not exist, in its own words.
    let absent = std::io::Error::from_raw_os_error(2);
    refused(
        "no configuration",
        &[],
        &[&format!(
            "gateway.yaml:1: .: error: cannot read the file: {absent}"
        )],
    );
    refused(
        "no definitions",
        &[(
            "gateway.yaml",
            "apis:\n  a: {protocol: REST, definition: nowhere.json, stages: {prod: {}}}\n  b: {protocol: REST, definition: '', stages: {prod: {}}}",
        )],
        &[
            &format!(
                "gateway.yaml:2: apis.a.definition: error: cannot read `nowhere.json`: {absent}"
            ),
            "gateway.yaml:3: apis.b.definition: error: `` is not the path of a file",
        ],
    );
    let comment = "#".repeat(MAX_BYTES);
    refused(
        "a long file",
        &[("gateway.yaml", &format!("{comment}\n"))],
        &[
            "gateway.yaml:1: .: error: the text has 6291457 bytes, more than the 6291456 that are read",
        ],
    );
}

#[test]
fn what_is_wrong_with_limits_and_domains_is_said_all_at_once() {
    let key = "apiKeys: [{id: k1, value: a-key-of-twenty-chars-1}]\n";
    let cases: [(&str, String, &[&str]); 12] = [
        (
            "a throttle",
            "throttle: {rateLimit: fast, burstLimit: -1, rate: 1}".to_owned(),
            &[
                "gateway.yaml:2: throttle.burstLimit: error: `-1` is not a whole number of requests, 0 or more",
                "gateway.yaml:2: throttle.rate: error: unknown key: known here are `burstLimit` and `rateLimit`",
                "gateway.yaml:2: throttle.rateLimit: error: `fast` is not a number of requests per second, 0 or more",
            ],
        ),
        (
            "keys",
            "apiKeys:\n- {id: k1, value: short}\n- {value: '${env:TOWERGATE_NO_SUCH_VARIABLE}'}\n- {id: k3, value: a-key-of-twenty-chars-1}\n- {id: k4, value: a-key-of-twenty-chars-1}".to_owned(),
            &[
                "gateway.yaml:3: apiKeys.0: error: apiKeys[0] (k1): API Key value should be at least 20 characters",
                "gateway.yaml:4: apiKeys.1.id: error: an API key has an id: write `id`",
                "gateway.yaml:4: apiKeys.1.value: error: the environment has no variable `TOWERGATE_NO_SUCH_VARIABLE` that is text",
                "gateway.yaml:6: apiKeys.3: error: apiKeys[3] (k4): API Key already exists",
            ],
        ),
        (
            "a key whose value is refused is not missing in plans",
            "apiKeys: [{id: k1, value: '${file:nowhere}'}]\nusagePlans: [{id: p, keys: [k1]}]".to_owned(),
            &["gateway.yaml:2: apiKeys.0.value: error: cannot read `nowhere`: No such file or directory (os error 2)"],
        ),
        (
            "plans of what there is not",
            format!("{key}usagePlans:\n- id: p\n  apiStages: [{{apiId: x, stage: b}}, {{apiId: a, stage: ghost}}]\n  keys: [k2]"),
            &[
                "gateway.yaml:4: usagePlans.0: error: usagePlans[0] (p): there is no API key `k2`",
                "gateway.yaml:5: usagePlans.0.apiStages.0: error: there is no API `x`",
                "gateway.yaml:5: usagePlans.0.apiStages.1: error: the API `a` has no stage `ghost`",
            ],
        ),
        (
            "a key in two plans of a stage",
            format!("{key}usagePlans:\n- {{id: p, apiStages: [{{apiId: a, stage: b}}], keys: [k1]}}\n- {{id: q, apiStages: [{{apiId: a, stage: b}}], keys: [k1]}}"),
            &["gateway.yaml:5: usagePlans.1: error: usagePlans[1] (q): API key `k1` is in usage plan `p`, which has stage `a/b` too: a key may be in one plan of a stage"],
        ),
        (
            "a plan's members",
            "usagePlans:\n- {id: p, onOutage: maybe, quota: {limit: 1.5, period: YEAR, weekStart: Monday}, apiStages: [{apiId: a, stage: b, throttle: {/pets: {rateLimit: 1}, /toys/GET: {rateLimit: 1}}}]}".to_owned(),
            &[
                "gateway.yaml:3: usagePlans.0.apiStages.0.throttle./pets: error: `/pets` names no method: write `*/*`, or a path and a verb in capitals, such as `pets/{id}/GET`",
                "gateway.yaml:3: usagePlans.0.apiStages.0.throttle./toys/GET: error: the API `a` has no method `toys/GET`",
                "gateway.yaml:3: usagePlans.0.onOutage: error: `maybe` is not what to do while the store is out of reach: `local`, `open` or `closed`",
                "gateway.yaml:3: usagePlans.0.quota.limit: error: `1.5` is not a whole number of requests, 0 or more",
                "gateway.yaml:3: usagePlans.0.quota.period: error: `YEAR` is not a period: `DAY`, `WEEK` or `MONTH`",
                "gateway.yaml:3: usagePlans.0.quota.weekStart: error: `Monday` is not a day of the week, such as `MONDAY`",
            ],
        ),
        (
            "a store of another kind",
            "store: disk".to_owned(),
            &["gateway.yaml:2: store: error: a store is `memory` or `{redis: {url: …}}`"],
        ),
        (
            "a Redis",
            "store: {redis: {mode: fast, deadlineMs: 0, nodes: 0}}".to_owned(),
            &[
                "gateway.yaml:2: store.redis.deadlineMs: error: `0` is not a number of milliseconds from 1 to 60000",
                "gateway.yaml:2: store.redis.mode: error: `fast` is not a mode: `leased` or `exact`",
                "gateway.yaml:2: store.redis.nodes: error: `0` is not a number of nodes, at least 1",
                "gateway.yaml:2: store.redis.url: error: Redis has a URL: write `url`",
            ],
        ),
        (
            "an admin listener",
            "admin: {listen: here}".to_owned(),
            &["gateway.yaml:2: admin.listen: error: `here` is not an address to listen on: write an IP address and a port, such as `127.0.0.1:8080`"],
        ),
        (
            "domains",
            "domainNames:\n- {domainName: 'a b'}\n- domainName: x.example.com\n  basePathMappings: [{basePath: v1, restApiId: a, stage: b}, {basePath: v1, restApiId: a, stage: b}]\n- domainName: X.example.com\n  apiMappings: [{apiMappingKey: v2, apiId: a, stage: ghost}]".to_owned(),
            &[
                "gateway.yaml:3: domainNames.0.domainName: error: domain `a b`: ` ` is none of the letters, digits, hyphens and dots of a host name; write names in other scripts as `xn--` labels",
                "gateway.yaml:5: domainNames.1.basePathMappings.1: error: domain `x.example.com`: base path `v1` is mapped twice",
                "gateway.yaml:6: domainNames.2.domainName: error: domain `X.example.com`: there are two domains of this name",
                "gateway.yaml:7: domainNames.2.apiMappings.0: error: the API `a` has no stage `ghost`",
            ],
        ),
        (
            "routing rules",
            "domainNames:\n- domainName: x.example.com\n  routingMode: BOTH\n  routingRules: [{priority: 1, actions: []}, {priority: none, actions: [{invokeApi: {apiId: a}}]}]".to_owned(),
            &[
                "gateway.yaml:4: domainNames.0.routingMode: error: `BOTH` is not a routing mode: `API_MAPPING_ONLY`, `ROUTING_RULE_ONLY` or `ROUTING_RULE_THEN_API_MAPPING`",
                "gateway.yaml:5: domainNames.0.routingRules.0.actions: error: a routing rule has one action: write `actions: [{invokeApi: {apiId: …, stage: …}}]`",
                "gateway.yaml:5: domainNames.0.routingRules.1.actions.0.invokeApi.stage: error: a stage is named: write `stage`",
                "gateway.yaml:5: domainNames.0.routingRules.1.priority: error: `none` is not a whole number from 1 to 1000000",
            ],
        ),
        (
            "a definition that is not there takes nothing else with it",
            "apis: {c: {protocol: REST, definition: nowhere.json, stages: {d: {}}}}\nusagePlans: [{id: p, apiStages: [{apiId: c, stage: d}]}]\ndomainNames: [{domainName: x.org, apiMappings: [{apiId: c, stage: d}]}]".to_owned(),
            &["gateway.yaml:1: apis.c.definition: error: cannot read `nowhere.json`: No such file or directory (os error 2)"],
        ),
    ];
    for (name, more, expected) in cases {
        let gateway = match more.starts_with("apis:") {
            true => more,
            false => serving(&more),
        };
        refused(
            name,
            &[("gateway.yaml", &gateway), ("pets.json", PETS)],
            expected,
        );
    }
}

#[test]
fn what_is_wrong_with_a_stage_is_said_all_at_once() {
    let stage = "methodSettings: {'*/*': {throttlingRateLimit: .inf, cacheTtlInSeconds: 3601, loggingLevel: DEBUG}, /toys/GET: {}, pets: {}, /pets/GET: {}, ~1pets/GET: {}}, canarySettings: {percentTraffic: 100.5, definition: ghost.json, stageVariableOverrides: {a-b: c}}";
    let gateway = format!(
        "apis: {{a: {{protocol: REST, definition: pets.json, stages: {{b: {{{stage}}}}}}}}}"
    );
    let expected = [
        "gateway.yaml:1: apis.a.stages.b.canarySettings.definition: error: cannot read `ghost.json`: No such file or directory (os error 2)",
        "gateway.yaml:1: apis.a.stages.b.canarySettings.percentTraffic: error: `100.5` is not a percentage from 0 to 100",
        "gateway.yaml:1: apis.a.stages.b.canarySettings.stageVariableOverrides.a-b: error: `a-b` is no name of a stage variable: use 1 to 64 letters, digits and `_`",
        "gateway.yaml:1: apis.a.stages.b.methodSettings.*/*.cacheTtlInSeconds: error: `3601` is not a number of seconds from 0 to 3600",
        "gateway.yaml:1: apis.a.stages.b.methodSettings.*/*.loggingLevel: error: `DEBUG` is not one of `ERROR`, `INFO` and `OFF`",
        "gateway.yaml:1: apis.a.stages.b.methodSettings.*/*.throttlingRateLimit: error: `.inf` is not a number of requests per second",
        "gateway.yaml:1: apis.a.stages.b.methodSettings.pets: error: `pets` names no method: write `*/*`, or a path and a verb in capitals, such as `pets/{id}/GET`",
        "gateway.yaml:1: apis.a.stages.b.methodSettings.toys/GET: error: the API has no method `toys/GET`",
        "gateway.yaml:1: apis.a.stages.b.methodSettings.~1pets/GET: error: `pets/GET` has settings already, in another spelling",
    ];
    refused(
        "a stage",
        &[("gateway.yaml", &gateway), ("pets.json", PETS)],
        &expected,
    );
}

#[cfg(not(feature = "rustls"))]
#[test]
fn tls_is_refused_without_its_feature() {
    refused(
        "TLS",
        &[
            ("gateway.yaml", &serving("tls: {listen: 127.0.0.1:0}")),
            ("pets.json", PETS),
        ],
        &["gateway.yaml:2: tls: error: TLS is not served: switch on the feature `rustls`"],
    );
}
