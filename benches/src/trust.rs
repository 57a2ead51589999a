//! What trust costs: metadata, the bytes of a release, a switch to another one, and a start.

mod host;
mod publisher;
mod releases;

use anyhow::Context as _;
use jiff::Timestamp;
use jurat::{Compiler, Digest, PinnedBy, Reload, Service};
use jurat_author::vectors::{VectorLimits, check_release};
use jurat_sandbox::Policy;
use jurat_trust::{Anchor, Client, Demands, Fetch, Freshness, Listing, MemoryStore, Refresh};

use crate::Effort;
use crate::measure::{Measured, each};
use crate::report::Report;
use crate::source::SCHEMA_URL;
use host::Host;
use publisher::{Publisher, target};
use releases::Sample;

/// How many components a large release has.
const COMPONENTS: usize = 50;
/// What takes less than a millisecond is taken so many times in each round.
const OFTEN: usize = 20;
/// What takes seconds is taken in one round of so many.
const SELDOM: usize = 8;

/// Adds the figures of everything that has to do with signed releases.
pub(crate) fn measure(Effort { rounds, .. }: Effort, report: &mut Report) -> anyhow::Result<()> {
    let sample = Sample::build()?;
    metadata(rounds * OFTEN, &sample, report)?;
    vectors(rounds, &sample, report)?;
    cold_switches(rounds, &sample, report)?;
    cached_switches(rounds, &sample, report)?;
    starts(rounds, &sample, report)
}

/// The client alone. What it reads and what it remembers is in memory.
fn metadata(rounds: usize, sample: &Sample, report: &mut Report) -> anyhow::Result<()> {
    let mut publisher = Publisher::new()?;
    publisher.publish(&sample.variant(1)?)?;
    let (root, now, before) = (publisher.root()?, publisher.now(), publisher.files().clone());
    publisher.publish(&sample.variant(2)?)?;
    let after = publisher.files();

    let mut client = open(&root, MemoryStore::default())?;
    let listing = cycle(&mut client, &before, now, Refresh::Changed)?;
    let state = client.store().clone();

    let open_again = || open(&root, state.clone());
    let opened = each(rounds, || Ok(state.clone()), |state| open(&root, state))?;
    report.add("trust_open_us", "what a host remembers, verified from the pinned root", opened.scaled(1e6));
    let unchanged = each(rounds, open_again, |mut client| cycle(&mut client, &before, now, Refresh::Unchanged))?;
    report.add("trust_refresh_us", "a whole cycle from memory, nothing new", unchanged.scaled(1e6));
    let changed = each(rounds, open_again, |mut client| cycle(&mut client, after, now, Refresh::Changed))?;
    report.add("trust_refresh_new_us", "the same, a new release is listed", changed.scaled(1e6));
    let verified = each(rounds, || Ok(()), |()| Ok(listing.manifest(&before)?.release(&before)?))?;
    report.add("trust_release_us", "manifest and files of the sample release hashed", verified.scaled(1e6));
    Ok(())
}

fn open(root: &[u8], state: MemoryStore) -> anyhow::Result<Client<MemoryStore>> {
    Ok(Client::open(Anchor::parse(root, None)?, Demands::default(), state)?)
}

fn cycle(
    client: &mut Client<MemoryStore>,
    source: &impl Fetch,
    now: Timestamp,
    expected: Refresh,
) -> anyhow::Result<Listing> {
    let found = client.refresh(source, now)?;
    anyhow::ensure!(found == expected, "the refresh found {found:?}");
    Ok(client.find(source, &target()?, Freshness::Demanded(now))?)
}

/// A part of every switch and start.
fn vectors(rounds: usize, sample: &Sample, report: &mut Report) -> anyhow::Result<()> {
    let verified = sample.verified();
    let release = jurat_author::load(&verified, sample.sandbox(), &Policy::default())?;
    let run = each(rounds, || Ok(()), |()| Ok(check_release(&verified, &release, &VectorLimits::DEFAULT)?))?;
    report.add(
        "vectors_ms",
        "the test vectors of the sample release, which every switch and start tries",
        run.scaled(1e3),
    );
    Ok(())
}

/// From a directory where the next release has just been published, to that release serving. No two have a component in common.
fn cold_switches(rounds: usize, sample: &Sample, report: &mut Report) -> anyhow::Result<()> {
    let mut publisher = Publisher::new()?;
    publisher.publish(&sample.variant(0)?)?;
    let host = Host::new(&publisher, 0)?;
    let service = host.open(Compiler::InProcess)?;
    let mut number = 0;
    let publish = || {
        number += 1;
        publisher.publish(&sample.variant(number)?)
    };
    let cold = each(rounds, publish, |manifest| follow(&service, &manifest))?;
    report.add("switch_cold_ms", "published to serving: read, verified, compiled, tried, swapped", cold.scaled(1e3));
    service.close();
    Ok(())
}

/// The same where the machine code is in the cache, and where the release is still ready.
fn cached_switches(rounds: usize, sample: &Sample, report: &mut Report) -> anyhow::Result<()> {
    let mut publisher = Publisher::new()?;
    let releases = [sample.variant(1)?, sample.variant(2)?];
    let (forgetful, mindful) = (Host::new(&publisher, 0)?, Host::new(&publisher, 2)?);
    for host in [&forgetful, &mindful] {
        publisher.publish(&releases[0])?;
        let service = host.open(Compiler::InProcess)?;
        let manifest = publisher.publish(&releases[1])?;
        follow(&service, &manifest)?;
        service.close();
    }

    // It goes on from the second release, keeps none before the one that serves, and has no compiler.
    let service = forgetful.open(forgetful.no_compiler())?;
    let mut turns = releases.iter().cycle();
    let publish = || publisher.publish(turns.next().context("there is always another turn")?);
    let cached = each(rounds, publish, |manifest| follow(&service, &manifest))?;
    report.add("switch_cached_ms", "the same with machine code from the cache", cached.scaled(1e3));
    service.close();

    publisher.publish(&releases[0])?;
    let service = mindful.open(mindful.no_compiler())?;
    let manifest = publisher.publish(&releases[1])?;
    follow(&service, &manifest)?;
    let known = each(
        rounds,
        || Ok(service.unpin()?),
        |_| {
            let reload = service.rollback(PinnedBy::Library, None)?;
            anyhow::ensure!(reload == Reload::Switched, "the rollback found {reload:?}");
            Ok(())
        },
    )?;
    report.add("switch_known_ms", "rolled back to a release that is still ready", known.scaled(1e3));
    service.close();
    Ok(())
}

/// Has a service look, and switch to what it finds.
fn follow(service: &Service, manifest: &Digest) -> anyhow::Result<()> {
    let reload = service.reload_logic()?;
    anyhow::ensure!(reload == Reload::Switched, "the look found {reload:?}");
    anyhow::ensure!(service.identity()?.digest == *manifest, "it has switched to another release");
    Ok(())
}

/// A host that has one release with many components, all different, and nothing else.
fn starts(rounds: usize, sample: &Sample, report: &mut Report) -> anyhow::Result<()> {
    let mut publisher = Publisher::new()?;
    let large = sample.multiplied(COMPONENTS)?;
    publisher.publish(&large)?;
    let host = Host::new(&publisher, 2)?;
    anyhow::ensure!(host.open(host.no_compiler()).is_err(), "it has started without a compiler and without a cache");

    let start = |host: Host, compiler| {
        let service = host.open(compiler)?;
        // Nothing that ends is part of a start.
        Ok((service, host))
    };
    let cold = each(rounds.div_ceil(SELDOM), || Host::new(&publisher, 2), |host| start(host, Compiler::InProcess))?;
    report.add("start_cold_50_ms", "start-up with 50 components, nothing in the cache", cold.scaled(1e3));

    let service = host.open(Compiler::InProcess)?;
    let rules = service.discover_rules("loan", SCHEMA_URL, "thorough")?.len();
    let of_components = large.manifest().components().iter().map(|component| component.rules.len()).sum::<usize>();
    anyhow::ensure!(rules == 1 + of_components, "{rules} rules are there, and {of_components} in components");
    service.close();
    let warm = each(rounds, || Ok(()), |()| host.open(host.no_compiler()))?;
    report.add("start_warm_50_ms", "the same with all of them in the cache", warm.scaled(1e3));
    // A host without a compiler has started every time.
    let none = Measured::once(0.0);
    report.add("start_warm_50_compiled", "components that were compiled in it: there is no compiler", none);
    Ok(())
}
