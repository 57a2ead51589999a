//! How much clients may do: token buckets of tenants, of principals and of addresses.
//!
//! A request takes a token out of one bucket of each tier, or out of none of them. Requests that judge many records also draw these from
//! buckets of their own, as they come: then they slow down, and do not break off.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jurat::identity::{Principal, RateClass, Rates};
use jurat::limits::{Ask, BucketStatus, Decision, Rate, RateLimited, RateLimiter};
use serde::Serialize;

use crate::error::{ErrorKind, RequestError};

/// How long a wait for tokens lasts until it is looked whether anybody still wants the records.
const PATIENCE: Duration = Duration::from_millis(100);

/// The most buckets in a report.
const MAX_REPORTED: usize = 1_000;

/// The buckets of all clients of a server.
#[derive(Debug)]
pub(crate) struct Quotas {
    limiter: Arc<RateLimiter>,
    tenants: BTreeMap<String, Rates>,
    key: Rates,
    address: Rates,
}

/// Whose request it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requester<'a> {
    /// Who makes it.
    pub(crate) principal: &'a Principal,
    /// Whose rules it is about; none = those of all tenants.
    pub(crate) tenant: Option<&'a str>,
    /// Where it comes from.
    pub(crate) address: &'a str,
}

/// Whose bucket it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Tier {
    Tenant,
    Key,
    Address,
}

/// What is left in the buckets of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quota(Vec<(Tier, Rate, Decision)>);

/// What clients have left, for operators.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The buckets that are not full: those with the smallest share left, at most 1,000.
    buckets: Vec<BucketReport>,
    /// How many are not full.
    not_full: usize,
    /// How often something was allowed, and refused, since the start.
    allowed: u64,
    refused: u64,
    /// Buckets that had to make way for others although they were not full.
    dropped: u64,
}

#[derive(Debug, Serialize)]
struct BucketReport {
    bucket: String,
    per_minute: u64,
    remaining: u64,
    full_after_ms: u64,
}

/// The buckets from which the records of a request are drawn. By default there are none.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordQuota(Option<Arc<Drawn>>);

#[derive(Debug)]
struct Drawn {
    limiter: Arc<RateLimiter>,
    buckets: Vec<(String, Rate)>,
}

impl Quotas {
    /// Buckets with these rates: of each tenant, of principals without rates of their own, and of addresses.
    pub(crate) fn new(tenants: BTreeMap<String, Rates>, key: Rates, address: Rates) -> Self {
        Self { limiter: Arc::default(), tenants, key, address }
    }

    /// Takes what a request costs, out of all of its buckets or out of none.
    ///
    /// # Errors
    /// When one of them has not enough. Also gives what that one has.
    pub(crate) fn take(
        &self,
        requester: Requester<'_>,
        class: RateClass,
        now: Instant,
    ) -> Result<Quota, (RequestError, Quota)> {
        let buckets = self.buckets(requester, class);
        let asks: Vec<_> = buckets.iter().map(|(_, key, rate)| Ask { key, rate: *rate, cost: 1 }).collect();
        match self.limiter.check_all(&asks, now) {
            Ok(decisions) => {
                let quotas = buckets.iter().zip(decisions).map(|((tier, _, rate), left)| (*tier, *rate, left));
                Ok(Quota(quotas.collect()))
            }
            Err(RateLimited { key, rate, decision, .. }) => {
                let tier = buckets.iter().find(|(_, name, _)| *name == key).map_or(Tier::Key, |(tier, ..)| *tier);
                let error = refusal(tier, class, rate, decision);
                Err((error, Quota(vec![(tier, rate, decision)])))
            }
        }
    }

    /// The buckets from which the records of a request are drawn.
    ///
    /// # Errors
    /// When one of them is empty now.
    pub(crate) fn records(&self, requester: Requester<'_>, now: Instant) -> Result<RecordQuota, RequestError> {
        let buckets = self.buckets(requester, RateClass::Records);
        for (tier, key, rate) in &buckets {
            if self.limiter.remaining(key, *rate, now) == 0 {
                let decision = self.limiter.check(key, *rate, 1, now);
                if !decision.allowed {
                    return Err(refusal(*tier, RateClass::Records, *rate, decision));
                }
            }
        }
        let buckets = buckets.into_iter().map(|(_, key, rate)| (key, rate)).collect();
        Ok(RecordQuota(Some(Arc::new(Drawn { limiter: Arc::clone(&self.limiter), buckets }))))
    }

    /// What clients have left.
    pub(crate) fn report(&self, now: Instant) -> Report {
        let (stats, mut found) = (self.limiter.stats(), self.limiter.buckets(now));
        let share = |remaining: u64, rate: Rate| {
            u128::from(remaining) * u128::from(u64::MAX) / u128::from(rate.capacity().get())
        };
        found.sort_by_cached_key(|bucket| (share(bucket.remaining, bucket.rate), bucket.key.clone()));
        let not_full = found.len();
        let report = |bucket: BucketStatus| BucketReport {
            per_minute: bucket.rate.capacity().get(),
            remaining: bucket.remaining,
            full_after_ms: u64::try_from(bucket.full_after.as_millis()).unwrap_or(u64::MAX),
            bucket: bucket.key,
        };
        let buckets = found.into_iter().take(MAX_REPORTED).map(report).collect();
        Report { buckets, not_full, allowed: stats.allowed, refused: stats.refused, dropped: stats.dropped }
    }

    /// Fills a bucket, or all of them. How many there were.
    pub(crate) fn reset(&self, bucket: Option<&str>) -> usize {
        match bucket {
            Some(key) => usize::from(self.limiter.reset(key)),
            None => self.limiter.reset_all(),
        }
    }

    fn buckets(&self, requester: Requester<'_>, class: RateClass) -> Vec<(Tier, String, Rate)> {
        let Requester { principal, tenant, address } = requester;
        let of_tenant = tenant.and_then(|name| Some((name, self.tenants.get(name)?.get(class)?)));
        let of_key = principal.rates().get(class).or_else(|| self.key.get(class));
        let of_key = principal.name().zip(of_key);
        let of_address = self.address.get(class).map(|rate| (address, rate));
        let bucket =
            |tier: Tier, (name, rate)| (tier, format!("{tier}/{name}/{}", class.name()), Rate::per_minute(rate));
        let tiers = [(Tier::Tenant, of_tenant), (Tier::Key, of_key), (Tier::Address, of_address)];
        tiers.into_iter().filter_map(|(tier, found)| Some(bucket(tier, found?))).collect()
    }
}

impl RecordQuota {
    /// Draws records, and waits until there are as many, or nobody wants them any more. It blocks.
    pub(crate) fn draw(&self, records: u64, is_wanted: impl Fn() -> bool) {
        let Some(drawn) = &self.0 else { return };
        let asks: Vec<_> = drawn.buckets.iter().map(|(key, rate)| Ask { key, rate: *rate, cost: records }).collect();
        while records > 0 && is_wanted() {
            match drawn.limiter.check_all(&asks, Instant::now()) {
                Ok(_) => break,
                Err(limited) => thread::sleep(limited.decision.retry_after.min(PATIENCE)),
            }
        }
    }
}

impl Quota {
    /// The policies, as the header `RateLimit-Policy` has them (draft-ietf-httpapi-ratelimit-headers-11); none if there are none.
    pub(crate) fn policies(&self) -> Option<String> {
        joined(
            self.0
                .iter()
                .map(|(tier, rate, _)| format!("\"{tier}\";q={};w={}", rate.capacity(), rate.window().as_secs())),
        )
    }

    /// What is left, as the header `RateLimit` has it.
    pub(crate) fn left(&self) -> Option<String> {
        let seconds = |left: &Decision| left.full_after.as_secs() + u64::from(left.full_after.subsec_nanos() > 0);
        joined(self.0.iter().map(|(tier, _, left)| format!("\"{tier}\";r={};t={}", left.remaining, seconds(left))))
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Tenant => "tenant",
            Self::Key => "key",
            Self::Address => "address",
        })
    }
}

fn joined(items: impl Iterator<Item = String>) -> Option<String> {
    items.reduce(|text, item| format!("{text}, {item}"))
}

fn refusal(tier: Tier, class: RateClass, rate: Rate, decision: Decision) -> RequestError {
    let what = match class {
        RateClass::Records => "records",
        RateClass::Validate | RateClass::Batch | RateClass::Discover | RateClass::Admin => "requests",
    };
    let (class, capacity) = (class.name(), rate.capacity());
    let message = format!(
        "this {tier} may have {capacity} {what} of the kind `{class}` a minute, and has had them; try again later"
    );
    RequestError { retry_after: Some(decision.retry_after), ..RequestError::new(ErrorKind::RateLimited, message) }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    fn rates(validate: u64) -> Rates {
        let rate = |number| NonZeroU64::new(number).unwrap();
        Rates::default().with(RateClass::Validate, rate(validate)).with(RateClass::Records, rate(60))
    }

    fn quotas(tenant: u64, key: u64, address: u64) -> Quotas {
        let tenants = BTreeMap::from([("a".to_owned(), rates(tenant)), ("b".to_owned(), Rates::default())]);
        Quotas::new(tenants, rates(key), rates(address))
    }

    fn requester<'a>(principal: &'a Principal, tenant: &'a str) -> Requester<'a> {
        Requester { principal, tenant: Some(tenant), address: "192.0.2.7" }
    }

    /// How many requests of a principal are allowed at once.
    fn allowed(quotas: &Quotas, principal: &Principal, tenant: &str) -> usize {
        let now = Instant::now();
        (0..100).take_while(|_| quotas.take(requester(principal, tenant), RateClass::Validate, now).is_ok()).count()
    }

    #[test]
    fn the_smallest_tier_decides_and_charges_no_other() {
        let (one, other) = (Principal::new("one", []), Principal::new("other", []));
        let quotas = quotas(5, 3, 50);
        assert_eq!((allowed(&quotas, &one, "a"), allowed(&quotas, &other, "a")), (3, 2));
        // What was refused for the tenant has cost the other principal nothing.
        assert_eq!(allowed(&quotas, &other, "b"), 1);
        assert_eq!(allowed(&quotas, &Principal::new("third", []), "b"), 3);
        // The tenants `b` and those that there are not have no rates of their own.
        assert_eq!(quotas.buckets(requester(&one, "b"), RateClass::Validate).len(), 2);
        assert_eq!(quotas.buckets(requester(&one, "a"), RateClass::Admin).len(), 0);
    }

    #[test]
    fn a_key_with_rates_of_its_own_has_these() {
        let special = Principal::new("special", []).with_rates(rates(9));
        assert_eq!(allowed(&quotas(50, 3, 50), &special, "a"), 9);
        let few = Principal::new("few", []).with_rates(rates(1));
        assert_eq!(allowed(&quotas(50, 3, 50), &few, "a"), 1);
    }

    #[test]
    fn a_refusal_says_whose_bucket_is_empty_and_when_to_come_back() {
        let (principal, now) = (Principal::new("p", []), Instant::now());
        let quotas = quotas(2, 50, 50);
        let take = |at| quotas.take(requester(&principal, "a"), RateClass::Validate, at);
        let quota = take(now).unwrap();
        let policies = r#""tenant";q=2;w=60, "key";q=50;w=60, "address";q=50;w=60"#;
        assert_eq!(quota.policies().as_deref(), Some(policies));
        assert_eq!(quota.left().as_deref(), Some(r#""tenant";r=1;t=30, "key";r=49;t=2, "address";r=49;t=2"#));
        take(now).unwrap();
        let (failure, quota) = take(now).unwrap_err();
        assert_eq!((failure.kind.code(), failure.retry_after), ("rate_limited", Some(Duration::from_secs(30))));
        assert!(failure.message.starts_with("this tenant may have 2 requests of the kind `validate`"), "{failure:?}");
        assert_eq!(quota.left().as_deref(), Some(r#""tenant";r=0;t=60"#));
        assert!(take(now + Duration::from_secs(30)).is_ok());
        assert_eq!(Quota::default().policies(), None);
    }

    #[test]
    fn operators_see_who_has_the_least_left_and_can_give_it_back() {
        let (principal, now) = (Principal::new("p", []), Instant::now());
        let quotas = quotas(10, 2, 100);
        assert_eq!(quotas.report(now).not_full, 0);
        let take = || quotas.take(requester(&principal, "a"), RateClass::Validate, now).is_ok();
        assert!(take() && take() && !take());
        let report = quotas.report(now);
        let names: Vec<_> = report.buckets.iter().map(|bucket| (&*bucket.bucket, bucket.remaining)).collect();
        assert_eq!(names, [("key/p/validate", 0), ("tenant/a/validate", 8), ("address/192.0.2.7/validate", 98)]);
        assert_eq!((report.allowed, report.refused, report.buckets[0].full_after_ms), (2, 1, 60_000));
        assert_eq!((quotas.reset(Some("key/p/validate")), quotas.reset(Some("key/p/validate"))), (1, 0));
        assert!(take());
        assert_eq!(quotas.reset(None), 3);
        assert_eq!(quotas.report(now).not_full, 0);
    }

    #[test]
    fn records_are_drawn_as_they_come_and_the_next_request_waits_for_them() {
        let (principal, now) = (Principal::new("p", []), Instant::now());
        let quotas = quotas(50, 50, 50);
        let records = quotas.records(requester(&principal, "a"), now).unwrap();
        // More than the capacity takes all of it.
        records.draw(1_000_000, || true);
        let failure = quotas.records(requester(&principal, "a"), now).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::RateLimited);
        assert!(failure.message.contains("60 records"), "{failure:?}");
        // Nobody wants them.
        records.draw(1_000_000, || false);
        let began = Instant::now();
        records.draw(1, || true);
        assert!(began.elapsed() >= Duration::from_millis(500), "one record comes back in a second");
        RecordQuota::default().draw(u64::MAX, || true);
    }
}
