//! Buckets at times that a test chooses.

use super::*;

#[test]
fn a_bucket_is_never_emptier_than_empty_wherever_the_time_leaps() {
    let server = server::RedisServer::start();
    let mut connection = server.connection();
    let (interval, capacity) = (1_000_000_000_i64, 5_000_000_000_i64);
    let mut ask = |seconds: i64| -> Vec<i64> {
        let script = at(&DECIDE, seconds);
        let mut call = script.key("bucket");
        for argument in [0, interval, capacity, 5] {
            call.arg(argument);
        }
        let answer = call.invoke(&mut connection).expect("the script runs");
        // The server's own clock does not follow.
        let _: () = redis::cmd("PERSIST")
            .arg("bucket")
            .query(&mut connection)
            .expect("the server answers");
        answer
    };
    let cases = [
        ("all of it", 1_000_000, vec![0, 1_000_000_000_000, 5]),
        (
            "half a token later",
            1_000_000,
            vec![1, 1_000_000_000_000, 1_000_000],
        ),
        ("two tokens later", 1_000_002, vec![0, 1_000_002_000_000, 2]),
        ("an hour back", 996_402, vec![1, 996_402_000_000, 1_000_000]),
        (
            "two tokens after that",
            996_404,
            vec![0, 996_404_000_000, 2],
        ),
        ("a year on", 32_000_000, vec![0, 32_000_000_000_000, 5]),
    ];
    for (name, seconds, expected) in cases {
        assert_eq!(ask(seconds), expected, "{name}");
    }
}

#[test]
fn a_bucket_that_is_made_smaller_is_empty_and_fills() {
    let server = server::RedisServer::start();
    let mut connection = server.connection();
    let mut ask = |seconds: i64, tokens: i64, wanted: i64| -> Vec<i64> {
        let script = at(&DECIDE_BUCKETS, seconds);
        let mut call = script.key("bucket");
        for argument in [0, 1_000_000_000, tokens * 1_000_000_000, wanted] {
            call.arg(argument);
        }
        call.invoke(&mut connection).expect("the script runs")
    };
    assert_eq!(ask(1_000, 500, 500), [0, 1_000_000_000, 500]);
    assert_eq!(ask(1_000, 3, 1), [1, 1_000_000_000, 1_000_000]);
    assert_eq!(ask(1_002, 3, 5), [0, 1_002_000_000, 2]);
}

#[test]
fn tokens_come_back_to_a_bucket_and_never_overfill_it() {
    let server = server::RedisServer::start();
    let mut connection = server.connection();
    let cases = [
        ("some", 2, Some("1000001000000000")),
        ("all", 3, None),
        ("too many", 9, None),
    ];
    for (name, unspent, full_at) in cases {
        let ask = at(&DECIDE, 1_000_000);
        let mut call = ask.key("bucket");
        for argument in [0, 1_000_000_000, 5_000_000_000_i64, 3] {
            call.arg(argument);
        }
        let answer: Vec<i64> = call.invoke(&mut connection).expect("the script runs");
        assert_eq!(answer[2], 3, "{name}");
        let back = at(&GIVE_BACK_TOKENS, 1_000_000);
        let mut call = back.key("bucket");
        for argument in [1_000_000_000, 5_000_000_000_i64, unspent] {
            call.arg(argument);
        }
        let _: Vec<i64> = call.invoke(&mut connection).expect("the script runs");
        let value: Option<String> = connection.get("bucket").unwrap();
        assert_eq!(value.as_deref(), full_at, "{name}");
        let _: () = connection.del("bucket").unwrap();
    }
}

#[test]
fn nanoseconds_are_kept_whatever_the_rate_and_the_burst() {
    let server = server::RedisServer::start();
    let mut connection = server.connection();
    let second = 1_000_000_000_i64;
    let cases = [
        ("a nanosecond a token", 1, 1_000, "1785000000000000005"),
        (
            "a third of a microsecond",
            334,
            10_000,
            "1785000000000001670",
        ),
        (
            "a third of a second",
            333_333_334,
            10,
            "1785000001666666670",
        ),
        ("a day", 86_400 * second, 10, "1785432000000000000"),
        (
            "a month of many tokens",
            2_592_000 * second,
            1 << 40,
            "1797960000000000000",
        ),
        (
            "36 years a token, rounded as doubles are",
            i64::MAX / 8,
            8,
            "7549607523034234880",
        ),
    ];
    for (name, interval, burst, full_at) in cases {
        let script = at(&DECIDE_BUCKETS, 1_785_000_000);
        let mut call = script.key("bucket");
        for argument in [0, interval, interval.saturating_mul(burst), 5] {
            call.arg(argument);
        }
        let answer: Vec<i64> = call.invoke(&mut connection).expect(name);
        assert_eq!(answer[2], 5, "{name}");
        let value: String = connection.get("bucket").unwrap();
        assert_eq!(value, full_at, "{name}");
        let ttl: i64 = connection.pttl("bucket").unwrap();
        assert!((0..=1_000_000_000_000).contains(&ttl), "{name}: {ttl}");
        let _: () = connection.del("bucket").unwrap();
    }
}
