//! Decides by limits that nodes share in Redis: exact, beside a bare call of a script with one bucket through the same
//! client; and by leases.
//!
//! `cargo bench -p towergate-benches --bench redis_admit` starts a `redis-server` of its own and prints medians of rounds in
//! which the rivals take turns. Without that program it says "skipped".

#![allow(missing_docs, reason = "a bench is a program")]

use std::{
    hint::black_box,
    process::{Command, Stdio},
    time::Duration,
};

use tokio::runtime::Runtime;
use towergate_benches::timing::{median, seconds};
use towergate_core::{Clock, SystemClock};
use towergate_redis::{Mode, RedisLimits};
use towergate_throttling::{
    Charge, ChargedQuota, ChargedThrottle, LimitName, Period, Quota, QuotaCounter, Rate,
    SharedLimits, Slot, TokenBucket,
};

#[path = "../crates/redis/tests/support/server.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod server;

use server::RedisServer;

const ROUNDS: usize = 41;

/// The least that holds one bucket: what is left flows back with the time of the server.
const BARE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now))
if full + ARGV[1] > now + ARGV[2] then return 0 end
redis.call('SET', KEYS[1], string.format('%.0f', full + ARGV[1]), 'PX', 1000)
return 1";

fn main() {
    let version = Command::new("redis-server")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if version.is_err() {
        println!("redis_admit: skipped, `redis-server` is not installed");
        return;
    }
    let server = RedisServer::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let test = std::env::args().any(|argument| argument == "--test");
    let (rounds, per_round) = if test { (1, 1) } else { (ROUNDS, 200) };

    let bench = Bench::new(&server, runtime);
    bench.check_allocations();
    let rounds: Vec<_> = (0..rounds).map(|_| bench.round(per_round)).collect();
    println!(
        "redis_admit: microseconds of one decision, medians of {} interleaved rounds:",
        rounds.len()
    );
    for (index, name) in [
        "bare script, one bucket",
        "exact, one bucket",
        "exact, three buckets and a quota",
        "leased, one bucket",
        "leased, three buckets and a quota",
    ]
    .into_iter()
    .enumerate()
    {
        let micros = median(rounds.iter().map(|round| round[index]));
        let ratio = median(rounds.iter().map(|round| round[index] / round[0]));
        println!("  {name:<36}{micros:>10.3}   against bare {ratio:>7.3}");
    }
}

struct Bench {
    runtime: Runtime,
    exact: RedisLimits,
    leased: RedisLimits,
    bare: redis::aio::MultiplexedConnection,
    hash: String,
    /// For exact decisions and for leased ones.
    limits: [Limits; 2],
}

impl Bench {
    fn new(server: &RedisServer, runtime: Runtime) -> Self {
        let store = |account: &str, mode| {
            let builder = RedisLimits::builder(server.url())
                .account(account)
                .mode(mode);
            let store = runtime.block_on(builder.deadline(Duration::from_secs(10)).connect());
            store.expect("the settings are well formed")
        };
        let (exact, leased) = (store("exact", Mode::Exact), store("leased", Mode::Leased));
        let client = redis::Client::open(server.url()).expect("the URL is well formed");
        let bare = runtime.block_on(client.get_multiplexed_async_connection());
        let load = redis::cmd("SCRIPT")
            .arg("LOAD")
            .arg(BARE)
            .query(&mut server.connection());
        Self {
            exact,
            leased,
            bare: bare.expect("the server takes connections"),
            hash: load.expect("the script is well formed"),
            limits: [(); 2].map(|()| Limits::default()),
            runtime,
        }
    }

    /// A decision by leases that last asks nobody for memory either.
    fn check_allocations(&self) {
        let charge = self.limits[1].whole();
        // The second is taken from what the first, at the latest, has borrowed.
        self.decide(&self.leased, &charge, 2);
        let mut decision = None;
        let count = allocation_counter::measure(|| {
            decision = self.leased.decide_now(&charge, SystemClock.now());
        });
        println!(
            "  leased: {} allocations of one decision",
            count.count_total
        );
        assert_eq!((decision, count.count_total), (Some(Ok(())), 0));
    }

    /// Returns the microseconds of one decision of each rival.
    fn round(&self, decisions: usize) -> [f64; 5] {
        let [exact, leased] = &self.limits;
        let micros = |count: usize, total: f64| total * 1e6 / count as f64;
        [
            micros(decisions, seconds(|| self.ask_bare(decisions))),
            micros(
                decisions,
                seconds(|| self.decide(&self.exact, &exact.bucket(), decisions)),
            ),
            micros(
                decisions,
                seconds(|| self.decide(&self.exact, &exact.whole(), decisions)),
            ),
            micros(
                decisions * 100,
                seconds(|| self.decide(&self.leased, &leased.bucket(), decisions * 100)),
            ),
            micros(
                decisions * 100,
                seconds(|| self.decide(&self.leased, &leased.whole(), decisions * 100)),
            ),
        ]
    }

    fn ask_bare(&self, decisions: usize) {
        self.runtime.block_on(async {
            for _ in 0..decisions {
                let mut command = redis::cmd("EVALSHA");
                command
                    .arg(&self.hash)
                    .arg(1)
                    .arg("towergate:{bare}:bucket:plan/p1/k1")
                    .arg(1)
                    .arg(1_000_000);
                let granted: i64 = command
                    .query_async(&mut self.bare.clone())
                    .await
                    .expect("the server answers");
                assert_eq!(black_box(granted), 1);
            }
        });
    }

    fn decide(&self, store: &RedisLimits, charge: &Charge<'_>, decisions: usize) {
        self.runtime.block_on(async {
            for number in 0..decisions {
                // Others have their turn, as between the requests of a gateway: what is borrowed ahead arrives.
                if number % 100 == 99 {
                    tokio::task::yield_now().await;
                }
                let now = SystemClock.now();
                let decision = match store.decide_now(charge, now) {
                    Some(decision) => decision,
                    None => store.decide(charge, now).await,
                };
                assert_eq!(black_box(decision), Ok(()));
            }
        });
    }
}

/// Limits that no round reaches.
struct Limits {
    buckets: [(TokenBucket, Slot); 3],
    quota: Quota,
    counter: QuotaCounter,
    slot: Slot,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            buckets: Default::default(),
            quota: Quota::new(1_000_000_000_000, Period::Month),
            counter: QuotaCounter::default(),
            slot: Slot::default(),
        }
    }
}

impl Limits {
    fn bucket(&self) -> Charge<'_> {
        Charge {
            quota: None,
            throttles: [self.throttle(0), None, None],
            outage: None,
        }
    }

    fn whole(&self) -> Charge<'_> {
        Charge {
            throttles: [self.throttle(0), self.throttle(1), self.throttle(2)],
            quota: Some(ChargedQuota {
                name: LimitName::Plan {
                    plan: "p1",
                    key: "k1",
                },
                quota: &self.quota,
                counter: &self.counter,
                slot: Some(&self.slot),
            }),
            outage: None,
        }
    }

    fn throttle(&self, place: usize) -> Option<ChargedThrottle<'_>> {
        let (bucket, slot) = &self.buckets[place];
        let names = [
            LimitName::Plan {
                plan: "p1",
                key: "k1",
            },
            LimitName::Stage {
                api: "pets",
                stage: "prod",
                method: "pets/{id}/GET",
            },
            LimitName::Account("123456789012"),
        ];
        Some(ChargedThrottle {
            name: names[place],
            // Faster than a loop asks; leases are those of a burst of 10 000: 1 000 tokens.
            rate: Rate::per_second(100_000_000.0).burst(10_000),
            bucket,
            slot: Some(slot),
        })
    }
}
