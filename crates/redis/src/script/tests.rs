//! The scripts at times that a test chooses: their text with another clock, on a real server.

use redis::{Commands, Connection};

use super::*;

#[path = "../../tests/support/server.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod server;

mod buckets;

const DAY: i64 = 86_400;
const KEY: &str = "quota";

/// A script at a time in seconds: the line that asks for the time is replaced, so that none of this is in production.
fn at(script: &Script, seconds: i64) -> redis::Script {
    let clock = script
        .text
        .replace("redis.call('TIME')", &format!("{{ '{seconds}', '0' }}"));
    assert_ne!(clock, script.text);
    redis::Script::new(&clock)
}

/// Asks for one request of a quota.
fn ask(connection: &mut Connection, seconds: i64, limit: i64, offset: i64, kind: i64) -> Vec<i64> {
    let script = at(&DECIDE, seconds);
    let mut call = script.key(KEY);
    for argument in [1, limit, offset, kind, 1, 2] {
        call.arg(argument);
    }
    call.invoke(connection).expect("the script runs")
}

/// Days of a calendar that was not made by the code under test.
const FIRST_OF_2024: i64 = 19_723; // a Monday
const LEAP_DAY: i64 = 19_782; // 2024-02-29, a Thursday
const FIRST_OF_MARCH_2100: i64 = 47_541; // after a February of 28 days

#[test]
fn periods_begin_and_end_at_midnight_of_their_first_day() {
    let server = server::RedisServer::start();
    let mut connection = server.connection();
    let cases = [
        ("a day", 0, LEAP_DAY, LEAP_DAY, 1),
        (
            "a week from Sunday, on a Thursday",
            1,
            LEAP_DAY,
            LEAP_DAY - 4,
            7,
        ),
        (
            "a week from Thursday, on a Thursday",
            5,
            LEAP_DAY,
            LEAP_DAY,
            7,
        ),
        (
            "a week from Friday, on a Thursday",
            6,
            LEAP_DAY,
            LEAP_DAY - 6,
            7,
        ),
        (
            "a week from Monday over a new year",
            2,
            FIRST_OF_2024 - 1,
            FIRST_OF_2024 - 7,
            7,
        ),
        (
            "a week from Monday, on a Monday",
            2,
            FIRST_OF_2024,
            FIRST_OF_2024,
            7,
        ),
        ("a leap February", 8, LEAP_DAY, LEAP_DAY - 28, 29),
        ("the first of January", 8, FIRST_OF_2024, FIRST_OF_2024, 31),
        (
            "the last of December",
            8,
            FIRST_OF_2024 - 1,
            FIRST_OF_2024 - 31,
            31,
        ),
        (
            "a February of 28 days in 2100",
            8,
            FIRST_OF_MARCH_2100 - 1,
            FIRST_OF_MARCH_2100 - 28,
            28,
        ),
        (
            "the first of March",
            8,
            FIRST_OF_MARCH_2100,
            FIRST_OF_MARCH_2100,
            31,
        ),
        ("April, of 30 days", 8, LEAP_DAY + 40, LEAP_DAY + 32, 30),
    ];
    for (name, kind, day, first, days) in cases {
        for (moment, seconds) in [
            ("midnight", day * DAY),
            ("the last second", day * DAY + DAY - 1),
        ] {
            let _: () = connection.del(KEY).unwrap();
            let answer = ask(&mut connection, seconds, 5, 0, kind);
            let rest = ((first + days) * DAY - seconds) * 1_000_000;
            assert_eq!(
                answer,
                [0, seconds * 1_000_000, 1, rest, first, day],
                "{name}, {moment}"
            );
        }
    }
}

#[test]
fn every_month_of_110_years_follows_the_one_before() {
    let server = server::RedisServer::start();
    let mut connection = server.connection();
    let (mut first, mut months) = (10_957, 0); // 2000-01-01
    while months < 110 * 12 {
        let _: () = connection.del(KEY).unwrap();
        let answer = ask(&mut connection, (first + 27) * DAY, 5, 0, 8);
        assert_eq!(answer[4], first, "month {months}");
        first = (first + 27) + answer[3] / (DAY * 1_000_000);
        months += 1;
    }
    assert_eq!(
        first, 51_134,
        "2110-01-01: with a leap day in 2000, without one in 2100"
    );
}

#[test]
fn a_new_period_has_the_whole_limit_and_no_offset() {
    let server = server::RedisServer::start();
    let mut connection = server.connection();
    let mut granted = |seconds: i64| {
        let answers = (0..9).map(|_| ask(&mut connection, seconds, 5, 2, 0));
        answers.filter(|answer| answer[0] == 0).count()
    };
    let midnight = LEAP_DAY * DAY;
    let cases = [
        ("the first day, less the offset", midnight, 3),
        ("its last second", midnight + DAY - 1, 0),
        ("the next day", midnight + DAY, 5),
        (
            "the clock went back over midnight: the later day goes on",
            midnight + DAY - 1,
            0,
        ),
        ("91 days later", midnight + 92 * DAY, 5),
    ];
    for (name, seconds, expected) in cases {
        assert_eq!(granted(seconds), expected, "{name}");
    }
}

#[test]
fn a_changed_period_begins_none_a_second_time() {
    let server = server::RedisServer::start();
    let mut connection = server.connection();
    let cases = [
        ("a day becomes a month: its count goes on", 0, 8, [0, 1]),
        (
            "a month becomes a day, later than its first: anew",
            8,
            0,
            [0, 0],
        ),
        (
            "a week becomes another, which began earlier: its count goes on",
            5,
            4,
            [0, 1],
        ),
    ];
    for (name, before, after, refused) in cases {
        let _: () = connection.del(KEY).unwrap();
        let seconds = LEAP_DAY * DAY;
        let answers = [before, after].map(|kind| ask(&mut connection, seconds, 1, 0, kind)[0]);
        assert_eq!(answers, refused, "{name}");
    }
}

#[test]
fn a_refusal_tells_how_long_the_period_lasts() {
    let server = server::RedisServer::start();
    let mut connection = server.connection();
    let noon = LEAP_DAY * DAY + DAY / 2;
    assert_eq!(ask(&mut connection, noon, 1, 0, 0)[0], 0);
    let answer = ask(&mut connection, noon, 1, 0, 0);
    assert_eq!(answer, [1, noon * 1_000_000, DAY / 2 * 1_000_000]);
}

#[test]
fn days_are_kept_for_92_days_and_bounded() {
    let server = server::RedisServer::start();
    let mut connection = server.connection();
    for day in 0..200 {
        let answer = ask(&mut connection, (LEAP_DAY + day) * DAY, 1_000, 0, 8);
        assert_eq!(answer[0], 0, "day {day}");
    }
    let mut fields: Vec<String> = connection.hkeys(KEY).unwrap();
    fields.retain(|field| field.starts_with('d'));
    fields.sort();
    assert_eq!(fields.len(), 92);
    assert_eq!(fields[0], format!("d{}", LEAP_DAY + 200 - 92));
    let ttl: i64 = connection.ttl(KEY).unwrap();
    assert!(ttl > 91 * DAY && ttl <= 92 * DAY, "{ttl}");
}

#[test]
fn a_lease_is_a_part_of_what_remains() {
    let server = server::RedisServer::start();
    let mut connection = server.connection();
    let script = at(&DECIDE, LEAP_DAY * DAY);
    let mut granted = Vec::new();
    loop {
        let mut call = script.key(KEY);
        for argument in [1, 100, 0, 0, 30, 4] {
            call.arg(argument);
        }
        let answer: Vec<i64> = call.invoke(&mut connection).expect("the script runs");
        if answer[0] != 0 {
            break;
        }
        granted.push(answer[2]);
    }
    assert_eq!(granted[..4], [25, 18, 14, 10]);
    assert_eq!(granted.iter().sum::<i64>(), 100);
    assert_eq!(granted.last(), Some(&1), "one by one at the end");
}

#[test]
fn what_was_granted_elsewhere_is_settled_in_its_period() {
    let server = server::RedisServer::start();
    let mut connection = server.connection();
    let settle = |connection: &mut Connection, now: i64, day: i64, kind: i64, count: i64| {
        let script = at(&SETTLE, now * DAY);
        let mut call = script.key(KEY);
        for argument in [100, 0, kind, day, count] {
            call.arg(argument);
        }
        let _: Vec<i64> = call.invoke(connection).expect("the script runs");
    };
    let cases = [
        ("the same day", 0, LEAP_DAY, "11", Some("11 89")),
        (
            "yesterday: its own day, and not today",
            0,
            LEAP_DAY - 1,
            "1",
            Some("10 90"),
        ),
        (
            "yesterday, in the same month",
            8,
            LEAP_DAY - 1,
            "11",
            Some("10 89"),
        ),
        ("a clock ahead: today", 0, LEAP_DAY + 1, "11", Some("11 89")),
        ("too long ago", 0, LEAP_DAY - 92, "1", None),
    ];
    for (name, kind, day, used, of_day) in cases {
        let _: () = connection.del(KEY).unwrap();
        assert_eq!(
            ask(&mut connection, LEAP_DAY * DAY, 100, 0, kind)[0],
            0,
            "{name}"
        );
        settle(&mut connection, LEAP_DAY, day, kind, 10);
        let n: String = connection.hget(KEY, "n").unwrap();
        assert_eq!(n, used, "{name}");
        let field = format!("d{}", day.min(LEAP_DAY));
        let value: Option<String> = connection.hget(KEY, field).unwrap();
        assert_eq!(value.as_deref(), of_day, "{name}");
    }
}

#[test]
fn a_period_that_nobody_used_is_settled_too() {
    let server = server::RedisServer::start();
    let mut connection = server.connection();
    let script = at(&SETTLE, LEAP_DAY * DAY);
    let mut call = script.key(KEY);
    for argument in [100, 20, 0, LEAP_DAY, 10] {
        call.arg(argument);
    }
    let _: Vec<i64> = call.invoke(&mut connection).expect("the script runs");
    let n: String = connection.hget(KEY, "n").unwrap();
    assert_eq!(n, "30", "the offset counts in the first period");
}

#[test]
fn a_key_of_somebody_else_keeps_no_other_from_being_settled() {
    let server = server::RedisServer::start();
    let mut connection = server.connection();
    let _: () = connection.set("text", "of somebody else").unwrap();
    let script = at(&SETTLE, LEAP_DAY * DAY);
    let mut call = script.key("text");
    call.key(KEY);
    for _ in 0..2 {
        for argument in [100, 0, 0, LEAP_DAY, 10] {
            call.arg(argument);
        }
    }
    let _: Vec<i64> = call.invoke(&mut connection).expect("the script runs");
    let n: String = connection.hget(KEY, "n").unwrap();
    assert_eq!(n, "10");
}

#[test]
fn requests_are_given_back_to_the_period_that_lent_them() {
    let server = server::RedisServer::start();
    let mut connection = server.connection();
    let cases = [
        ("the same period", LEAP_DAY, 0, Some("0")),
        ("a period that has ended", LEAP_DAY - 1, 0, Some("1")),
        ("another kind of period", LEAP_DAY, 8, Some("1")),
    ];
    for (name, first, kind, used) in cases {
        let _: () = connection.del(KEY).unwrap();
        assert_eq!(
            ask(&mut connection, LEAP_DAY * DAY, 100, 0, 0)[0],
            0,
            "{name}"
        );
        let script = at(&GIVE_BACK_QUOTA, LEAP_DAY * DAY);
        let mut call = script.key(KEY);
        for argument in [kind, first, LEAP_DAY, 1] {
            call.arg(argument);
        }
        let _: Vec<i64> = call.invoke(&mut connection).expect("the script runs");
        let n: Option<String> = connection.hget(KEY, "n").unwrap();
        assert_eq!(n.as_deref(), used, "{name}");
    }
}

#[test]
fn no_script_uses_what_newer_lua_removed() {
    for script in [
        &DECIDE,
        &DECIDE_BUCKETS,
        &GIVE_BACK_TOKENS,
        &GIVE_BACK_QUOTA,
        &SETTLE,
        &SET_REMAINING,
    ] {
        for gone in [
            "setfenv",
            "getfenv",
            "table.getn",
            "loadstring",
            "math.pow",
            "//",
            "goto",
        ] {
            assert!(!script.text.contains(gone), "{gone}");
        }
    }
}
