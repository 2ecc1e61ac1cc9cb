use std::{sync::Arc, thread};

use super::*;

const NOW: Timestamp = Timestamp::from_unix_millis(1_785_000_000_000);
const TERMS: Terms = Terms(1_000, 50_000);

fn later(millis: u64) -> Timestamp {
    NOW.saturating_add(Duration::from_millis(millis))
}

fn lease_of(tokens: u64) -> Arc<Lease> {
    let lease = Arc::new(Lease::default());
    lease.add(tokens, TERMS, later(1_000), NOW);
    lease
}

#[test]
fn tokens_are_spent_until_none_is_left_or_the_lease_ends() {
    let cases = [
        ("at once", 0, 3),
        ("in the last millisecond", 999, 3),
        ("at its end", 1_000, 0),
        ("long after", 1_000_000, 0),
    ];
    for (name, millis, spent) in cases {
        let lease = lease_of(3);
        let taken = (0..5).filter(|_| lease.take(later(millis)).is_some());
        assert_eq!(taken.count(), spent, "{name}");
    }
    let back = Timestamp::from_unix_millis(1_785_000_000_000 - 1);
    assert_eq!(
        lease_of(3).take(back),
        None,
        "a clock that went back ends it"
    );
    assert_eq!(Lease::default().take(NOW), None, "nothing was lent");
}

#[test]
fn a_token_goes_back_to_the_lease_it_is_of() {
    let lease = lease_of(2);
    let token = lease.take(NOW).expect("a token");
    lease.put_back(token);
    assert_eq!(lease.tokens(NOW), 2);

    let token = lease.take(NOW).expect("a token");
    lease.add(5, TERMS, later(1_500), later(500));
    lease.put_back(token);
    assert_eq!(
        lease.tokens(later(500)),
        6,
        "it was renewed: the token is lost"
    );
}

#[test]
fn tokens_of_other_terms_or_of_an_ended_lease_are_dropped() {
    let lease = lease_of(7);
    lease.add(2, TERMS, later(1_500), later(500));
    assert_eq!(lease.tokens(later(500)), 9, "the same terms");
    lease.add(2, Terms(9, 9), later(1_500), later(500));
    assert_eq!(lease.tokens(later(500)), 2, "another rate or period");
    lease.add(3, Terms(9, 9), later(3_000), later(2_500));
    assert_eq!(lease.tokens(later(2_500)), 3, "it had ended");
    assert_eq!(lease.take_all(), (3, Terms(9, 9)));
    assert_eq!(lease.take_all().0, 0);
}

#[test]
fn a_lease_holds_no_more_than_its_word() {
    let lease = lease_of(MAX_TOKENS);
    lease.add(MAX_TOKENS, TERMS, later(1_000), NOW);
    assert_eq!(lease.tokens(NOW), MAX_TOKENS);
    let lease = lease_of(u64::MAX);
    assert_eq!(lease.tokens(NOW), MAX_TOKENS);
}

#[test]
fn more_is_borrowed_ahead_when_a_quarter_is_left_and_by_one() {
    let lease = lease_of(8);
    let low: Vec<_> = (0..8)
        .map(|_| lease.runs_low(lease.take(NOW).expect("a token")))
        .collect();
    assert_eq!(low, [false, false, false, false, false, true, true, true]);

    let lease = lease_of(1);
    let token = lease.take(NOW).expect("a token");
    let borrowing = lease.borrow().expect("nobody borrows");
    assert!(lease.borrow().is_none() && !lease.runs_low(token));
    drop(borrowing);
    assert!(lease.borrow().is_some() && lease.runs_low(token));

    let watch = lease.watch().expect("nobody watches");
    assert!(lease.watch().is_none());
    drop(watch);
    assert!(lease.watch().is_some());
}

#[test]
fn a_refusal_is_believed_until_its_time_and_a_second_at_most() {
    let of = |millis| Some(Duration::from_millis(millis));
    let cases = [
        ("at once", of(300), 0, Some(of(300))),
        ("before its time", of(300), 299, Some(of(1))),
        ("at its time", of(300), 300, None),
        (
            "of a day, within a second",
            of(86_400_000),
            999,
            Some(of(86_399_001)),
        ),
        ("of a day, after a second", of(86_400_000), 1_000, None),
        ("of nobody knows how long", None, 999, Some(None)),
        (
            "of nobody knows how long, after a second",
            None,
            1_000,
            None,
        ),
        (
            "of less than a millisecond",
            Some(Duration::from_nanos(1)),
            0,
            Some(of(1)),
        ),
    ];
    for (name, retry_after, millis, known) in cases {
        let lease = Lease::default();
        assert_eq!(lease.refusal(NOW), None, "{name}");
        lease.refuse(NOW, retry_after);
        assert_eq!(lease.refusal(later(millis)), known, "{name}");
    }
}

#[test]
fn tokens_outweigh_a_refusal() {
    let lease = lease_of(1);
    lease.refuse(NOW, None);
    assert_eq!(lease.refusal(NOW), None);
    assert!(lease.take(NOW).is_some());
    assert_eq!(lease.refusal(NOW), Some(None));
    lease.forget();
    assert_eq!(lease.refusal(NOW), None);
    lease.refuse(NOW, None);
    lease.add(1, TERMS, later(1_000), NOW);
    assert!(lease.take(NOW).is_some());
    assert_eq!(lease.refusal(NOW), None, "news of tokens ends it");
}

#[test]
fn threads_spend_each_token_once() {
    let lease = lease_of(10_000);
    let spent = || {
        let taken = (0..5_000).filter_map(|number| {
            let token = lease.take(NOW)?;
            // Every third is put back, and spent by somebody else.
            let back = number % 3 == 0;
            if back {
                lease.put_back(token);
            }
            (!back).then_some(())
        });
        taken.count() as u64
    };
    let spent: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(spent)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .sum()
    });
    assert_eq!(spent + lease.tokens(NOW), 10_000);
}
