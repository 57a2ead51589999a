//! Resolves names to permitted addresses only: the client connects to no other.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use moka::future::Cache;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::network::{Addresses, PrivateAddress};

/// The most names that are cached.
const NAMES: u64 = 1_024;
/// The most addresses of a name that are used.
const ADDRESSES: usize = 32;
/// The longest time that an answer is cached, whatever the settings say; the cache cannot count further than some centuries.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Caches the addresses of names, and checks them at each use.
#[derive(Clone)]
pub(super) struct Resolver {
    addresses: Addresses,
    answers: Cache<String, Arc<[IpAddr]>>,
}

impl Resolver {
    /// A resolver that caches answers for the given time.
    pub(super) fn new(addresses: Addresses, believed: Duration) -> Self {
        let answers = Cache::builder().max_capacity(NAMES).time_to_live(believed.min(LONGEST)).build();
        Self { addresses, answers }
    }

    /// The permitted addresses of a name; at least one.
    async fn reached(self, name: String) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
        let Self { addresses, answers } = self;
        let network = Arc::clone(&addresses.network);
        let asked = name.clone();
        // Concurrent requests for a name wait for the same answer. Failures are not cached.
        let answer = answers.try_get_with_by_ref(&name, async move {
            tokio::task::spawn_blocking(move || {
                let mut found = network.addresses(&asked)?;
                found.truncate(ADDRESSES);
                if found.is_empty() { Err(io::Error::other("the name has no address")) } else { Ok(found.into()) }
            })
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
        });
        let answer = answer.await.map_err(|error: Arc<io::Error>| io::Error::new(error.kind(), error))?;
        let reached: Vec<_> = answer
            .iter()
            .filter(|address| addresses.permit(**address))
            .map(|address| SocketAddr::new(*address, 0))
            .collect();
        if reached.is_empty() { Err(PrivateAddress.into()) } else { Ok(reached) }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reached = self.clone().reached(name.as_str().to_owned());
        Box::pin(async move { Ok(Box::new(reached.await?.into_iter()) as Addrs) })
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Resolver").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use super::*;
    use crate::network::{Network, Reach, SystemNetwork};

    /// Gives one answer after another, the last one for ever.
    #[derive(Debug)]
    struct Script(Mutex<VecDeque<&'static [&'static str]>>);

    impl Script {
        fn new(answers: &[&'static [&'static str]]) -> Arc<Self> {
            Arc::new(Self(Mutex::new(answers.iter().copied().collect())))
        }
    }

    impl Network for Script {
        fn addresses(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
            let mut answers = self.0.lock().unwrap();
            let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().copied() };
            Ok(answer.unwrap().iter().map(|address| address.parse().unwrap()).collect())
        }
    }

    fn resolver(network: Arc<Script>, reach: Reach, believed: Duration) -> Resolver {
        Resolver::new(Addresses { reach, network }, believed)
    }

    fn resolve(resolver: &Resolver) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(resolver.resolve("records.example.com".parse().unwrap()))?;
        Ok(found.map(|address| address.ip().to_string()).collect())
    }

    #[test]
    fn private_addresses_are_left_out_and_refused_if_nothing_else_is_there() {
        let day = Duration::from_secs(86_400);
        let script = Script::new(&[&["127.0.0.1", "93.184.216.34", "::1", "2606:4700::1111", "10.0.0.1"]]);
        let found = resolve(&resolver(script.clone(), Reach::PublicOnly, day)).unwrap();
        assert_eq!(found, ["93.184.216.34", "2606:4700::1111"]);
        assert_eq!(resolve(&resolver(script, Reach::Anywhere, day)).unwrap().len(), 5);
        let script = Script::new(&[&["127.0.0.1", "::1"]]);
        let error = resolve(&resolver(script, Reach::PublicOnly, day)).unwrap_err();
        assert!(error.is::<PrivateAddress>(), "{error}");
    }

    #[test]
    fn a_name_that_changes_to_a_private_address_is_refused_at_once() {
        let script = Script::new(&[&["93.184.216.34"], &["169.254.169.254"]]);
        let resolver = resolver(script, Reach::PublicOnly, Duration::ZERO);
        assert_eq!(resolve(&resolver).unwrap(), ["93.184.216.34"]);
        assert!(resolve(&resolver).unwrap_err().is::<PrivateAddress>());
    }

    #[test]
    fn an_answer_is_believed_for_the_time_that_the_settings_say() {
        let script = Script::new(&[&["93.184.216.34"], &["93.184.216.35"]]);
        let resolver = resolver(script, Reach::PublicOnly, Duration::MAX);
        for _ in 0..3 {
            assert_eq!(resolve(&resolver).unwrap(), ["93.184.216.34"]);
        }
    }

    #[test]
    fn no_answer_is_asked_for_again() {
        let script = Script::new(&[&[], &["93.184.216.35"]]);
        let resolver = resolver(script, Reach::PublicOnly, Duration::MAX);
        let error = resolve(&resolver).unwrap_err();
        assert!(error.to_string().contains("no address"), "{error}");
        assert_eq!(resolve(&resolver).unwrap(), ["93.184.216.35"]);
    }

    #[test]
    fn the_system_knows_this_machine() {
        let found = SystemNetwork.addresses("localhost").unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
    }
}
