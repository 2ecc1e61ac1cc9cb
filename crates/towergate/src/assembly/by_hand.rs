//! Keys and plans that were changed by hand, in a gateway that is told anew.

use std::collections::{HashMap, HashSet};

use towergate_throttling::{ApiKey, UsagePlan, UsagePlans};

use crate::{GatewayBuilder, control::Control};

/// Keys and plans, each with its number among those that were told, if it was.
pub(super) struct Merged {
    pub(super) keys: Vec<(Option<usize>, ApiKey)>,
    pub(super) plans: Vec<(Option<usize>, UsagePlan)>,
}

impl Merged {
    /// Takes all as it is told.
    pub(super) fn of(told: &GatewayBuilder) -> Self {
        let (keys, plans) = (told.api_keys.iter(), told.usage_plans.iter());
        Self {
            keys: numbered(keys.cloned()),
            plans: numbered(plans.cloned()),
        }
    }
}

fn numbered<T>(all: impl Iterator<Item = T>) -> Vec<(Option<usize>, T)> {
    let numbered = all.enumerate();
    numbered.map(|(number, one)| (Some(number), one)).collect()
}

/// Returns the keys and plans that are to be: of those that are told as before what they are now, by hand, and else what
/// is told. A key that was disabled or deleted by hand does not come back because something else is told anew.
pub(super) fn merge(previous: &Control, now: &UsagePlans, told: &GatewayBuilder) -> Merged {
    let (keys, deleted) = merge_keys(previous, now, told);
    let ids: HashSet<_> = keys.iter().map(|(_, key)| key.id.as_str()).collect();
    let plans = merge_plans(previous, now, told, &ids, &deleted);
    Merged { keys, plans }
}

/// Returns the keys that are to be, and the ids of those that were deleted by hand.
fn merge_keys<'a>(
    previous: &Control,
    now: &UsagePlans,
    told: &'a GatewayBuilder,
) -> (Vec<(Option<usize>, ApiKey)>, HashSet<&'a str>) {
    let before = by_id(&previous.api_keys, |key| &key.id);
    let after = by_id(&told.api_keys, |key| &key.id);
    let (mut keys, mut deleted) = (Vec::new(), HashSet::new());
    for (number, key) in told.api_keys.iter().enumerate() {
        let is_as_before = before.get(&*key.id) == Some(&key);
        match is_as_before.then(|| now.key(&key.id)) {
            None => keys.push((Some(number), key.clone())),
            Some(Some(key)) => keys.push((Some(number), key)),
            Some(None) => _ = deleted.insert(key.id.as_str()),
        }
    }
    let is_told = |id: &str| before.contains_key(id) || after.contains_key(id);
    let by_hand = now.keys().into_iter().filter(|key| !is_told(&key.id));
    keys.extend(by_hand.map(|key| (None, key)));
    (keys, deleted)
}

/// Returns the plans that are to be, of the keys with these ids.
fn merge_plans(
    previous: &Control,
    now: &UsagePlans,
    told: &GatewayBuilder,
    ids: &HashSet<&str>,
    deleted: &HashSet<&str>,
) -> Vec<(Option<usize>, UsagePlan)> {
    let before = by_id(&previous.usage_plans, |plan| &plan.id);
    let after = by_id(&told.usage_plans, |plan| &plan.id);
    let mut plans = Vec::new();
    for (number, plan) in told.usage_plans.iter().enumerate() {
        let is_as_before = before.get(&*plan.id) == Some(&plan);
        let mut plan = match is_as_before.then(|| now.plan(&plan.id)) {
            None => plan.clone(),
            Some(Some(plan)) => keep_keys(plan, ids),
            Some(None) => continue,
        };
        plan.keys.retain(|key| !deleted.contains(&**key));
        plans.push((Some(number), plan));
    }
    let is_told = |id: &str| before.contains_key(id) || after.contains_key(id);
    let by_hand = now.plans().into_iter().filter(|plan| !is_told(&plan.id));
    plans.extend(by_hand.map(|plan| (None, keep_keys(plan, ids))));
    plans
}

/// Leaves out the keys that are no more.
fn keep_keys(mut plan: UsagePlan, ids: &HashSet<&str>) -> UsagePlan {
    plan.keys.retain(|key| ids.contains(&**key));
    plan
}

fn by_id<T>(all: &[T], id: fn(&T) -> &String) -> HashMap<&str, &T> {
    all.iter().map(|one| (id(one).as_str(), one)).collect()
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use towergate_throttling::Rate;

    use crate::Gateway;

    use super::*;

    const OTHER: &str = "another-value-of-twenty-and-more";

    fn key(id: &str) -> ApiKey {
        ApiKey::new(id, format!("the-value-of-the-key-{id}"))
    }

    fn plan(id: &str, keys: &[&str]) -> UsagePlan {
        let plan = UsagePlan::new(id, id);
        keys.iter().fold(plan, |plan, key| plan.key(*key))
    }

    fn told(builder: GatewayBuilder, keys: &[ApiKey], plans: &[UsagePlan]) -> GatewayBuilder {
        let builder = keys.iter().cloned().fold(builder, GatewayBuilder::api_key);
        let plans = plans.iter().cloned();
        plans.fold(builder, GatewayBuilder::usage_plan)
    }

    #[test]
    fn what_is_told_as_before_stays_as_it_was_changed_by_hand() {
        let keys = ["a", "b", "c", "d"].map(key);
        let plans = [
            plan("p", &["a", "b", "c"]),
            plan("q", &["d"]),
            plan("r", &[]),
        ];
        let gateway = told(Gateway::builder(), &keys, &plans).build().unwrap();
        let now = gateway.usage_plans();
        now.set_key_enabled("a", false).unwrap();
        now.delete_key("b").unwrap();
        now.create_key(key("by-hand")).unwrap();
        now.detach("p", "c").unwrap();
        now.attach("p", "by-hand").unwrap();
        now.delete_plan("r").unwrap();
        now.create_plan(plan("s", &["by-hand", "d"])).unwrap();

        // `d` goes, `e` comes, `q` has another rate, and the other key.
        let keys = ["a", "b", "c", "e"].map(key);
        let q = plan("q", &["e", "b"]).throttle(Rate::per_second(1.0));
        let plans = [plan("p", &["a", "b", "c"]), q.clone(), plan("r", &[])];
        let next = told(gateway.successor(), &keys, &plans);
        let changes = gateway.reload(next).unwrap();
        assert_eq!(
            changes.to_string(),
            "removed apiKeys.d\nadded apiKeys.e\nchanged usagePlans.q"
        );

        let now = gateway.usage_plans();
        let all = now.keys().into_iter().map(|key| (key.id, key.enabled));
        let expected = [("a", false), ("by-hand", true), ("c", true), ("e", true)];
        assert_eq!(
            all.collect::<Vec<_>>(),
            expected.map(|(id, on)| (id.to_owned(), on))
        );
        let all = now.plans().into_iter().map(|plan| (plan.id, plan.keys));
        let expected = [
            ("p", vec!["a", "by-hand"]),
            ("q", vec!["e"]),
            ("s", vec!["by-hand"]),
        ];
        let expected = expected.map(|(id, keys)| {
            (
                id.to_owned(),
                keys.into_iter().map(str::to_owned).collect::<Vec<_>>(),
            )
        });
        assert_eq!(all.collect::<Vec<_>>(), expected);
        assert_eq!(now.plan("q").unwrap().throttle, q.throttle);
    }

    #[test]
    fn what_is_told_anew_is_as_it_is_told() {
        let gateway = told(Gateway::builder(), &[key("a")], &[plan("p", &["a"])]);
        let gateway = gateway.build().unwrap();
        let now = gateway.usage_plans();
        now.set_key_enabled("a", false).unwrap();
        now.detach("p", "a").unwrap();

        let renewed = ApiKey::new("a", OTHER);
        let p = plan("p", &["a"]).throttle(Rate::per_second(1.0));
        let next = told(gateway.successor(), from_ref(&renewed), from_ref(&p));
        gateway.reload(next).unwrap();
        let now = gateway.usage_plans();
        assert_eq!((now.keys(), now.plans()), (vec![renewed], vec![p]));
    }

    #[test]
    fn a_key_that_is_wrong_is_reported_where_it_was_told() {
        let gateway = told(Gateway::builder(), &[key("a"), key("b")], &[]).build();
        let gateway = gateway.unwrap();
        gateway.usage_plans().delete_key("a").unwrap();
        let keys = [key("a"), key("b"), ApiKey::new("c", "short")];
        let error = gateway
            .reload(told(gateway.successor(), &keys, &[]))
            .unwrap_err();
        assert!(error.to_string().starts_with("apiKeys.2: "), "{error}");
        assert_eq!(gateway.usage_plans().keys(), [key("b")]);
    }
}
