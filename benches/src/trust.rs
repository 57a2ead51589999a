//! The cost of trust: metadata, the files of a release, a switch to another release, and a start.

mod host;
mod publisher;
mod releases;

use anyhow::Context as _;
use jiff::Timestamp;
use jurat::{Compiler, Digest, EntityType, PinnedBy, Reload, RulesetName, Service};
use jurat_author::vectors::{VectorLimits, check_release};
use jurat_sandbox::Policy;
use jurat_trust::{Anchor, Client, Demands, Fetch, Freshness, Listing, MemoryStore, Refresh};

use crate::effort::Effort;
use crate::measure::{Measured, each};
use crate::report::Report;
use crate::source::SCHEMA_URL;
use host::Host;
use publisher::{Publisher, target};
use releases::SampleRelease;

/// Components of a large release.
const COMPONENTS: usize = 50;
/// Repetitions in each round for work of less than a millisecond.
const OFTEN: usize = 20;
/// Work that takes seconds is measured in one of that many rounds.
const SELDOM: usize = 8;

/// Adds the figures of signed releases.
pub(crate) fn measure(Effort { rounds, .. }: Effort, report: &mut Report) -> anyhow::Result<()> {
    let sample = SampleRelease::build()?;
    metadata(rounds * OFTEN, &sample, report)?;
    vectors(rounds, &sample, report)?;
    cold_switches(rounds, &sample, report)?;
    cached_switches(rounds, &sample, report)?;
    starts(rounds, &sample, report)
}

/// The client alone, with its source and its state in memory.
fn metadata(rounds: usize, sample: &SampleRelease, report: &mut Report) -> anyhow::Result<()> {
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
    report.add("trust_open_us", "the stored state of a host, verified from the pinned root", opened.scaled(1e6));
    let unchanged = each(rounds, open_again, |mut client| cycle(&mut client, &before, now, Refresh::Unchanged))?;
    report.add("trust_refresh_us", "a whole refresh from memory, without changes", unchanged.scaled(1e6));
    let changed = each(rounds, open_again, |mut client| cycle(&mut client, after, now, Refresh::Changed))?;
    report.add("trust_refresh_new_us", "the same, with a new release", changed.scaled(1e6));
    let verified = each(rounds, || Ok(()), |()| Ok(listing.manifest(&before)?.release(&before)?))?;
    report.add("trust_release_us", "hashing the manifest and the files of the sample release", verified.scaled(1e6));
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

/// Test vectors, which are a part of every switch and start.
fn vectors(rounds: usize, sample: &SampleRelease, report: &mut Report) -> anyhow::Result<()> {
    let verified = sample.verified();
    let release = jurat_author::load(&verified, sample.sandbox(), &Policy::default())?;
    let run = each(rounds, || Ok(()), |()| Ok(check_release(&verified, &release, &VectorLimits::DEFAULT)?))?;
    report.add(
        "vectors_ms",
        "the test vectors of the sample release, which run at every switch and start",
        run.scaled(1e3),
    );
    Ok(())
}

/// From publishing a release to serving it. No two releases share a component.
fn cold_switches(rounds: usize, sample: &SampleRelease, report: &mut Report) -> anyhow::Result<()> {
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
    report.add(
        "switch_cold_ms",
        "from published to serving: read, verify, compile, run vectors, switch",
        cold.scaled(1e3),
    );
    service.close();
    Ok(())
}

/// The same with machine code from the cache, and with a release that is still loaded.
fn cached_switches(rounds: usize, sample: &SampleRelease, report: &mut Report) -> anyhow::Result<()> {
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

    // This host continues with the second release, keeps no earlier release, and has no compiler.
    let service = forgetful.open(forgetful.no_compiler())?;
    let mut turns = releases.iter().cycle();
    let publish = || publisher.publish(turns.next().context("a cycle never ends")?);
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
    report.add("switch_known_ms", "rollback to a release that is still loaded", known.scaled(1e3));
    service.close();
    Ok(())
}

/// Makes a service poll, and switch to the new release.
fn follow(service: &Service, manifest: &Digest) -> anyhow::Result<()> {
    let reload = service.reload_logic()?;
    anyhow::ensure!(reload == Reload::Switched, "the poll found {reload:?}");
    anyhow::ensure!(service.identity()?.manifest == *manifest, "the host switched to another release");
    Ok(())
}

/// Starts of a host whose release has many different components.
fn starts(rounds: usize, sample: &SampleRelease, report: &mut Report) -> anyhow::Result<()> {
    let mut publisher = Publisher::new()?;
    let large = sample.multiplied(COMPONENTS)?;
    publisher.publish(&large)?;
    let host = Host::new(&publisher, 2)?;
    anyhow::ensure!(host.open(host.no_compiler()).is_err(), "the host started without a compiler and without a cache");

    let start = |host: Host, compiler| {
        let service = host.open(compiler)?;
        // Returned, so that dropping them is not timed.
        Ok((service, host))
    };
    let cold = each(rounds.div_ceil(SELDOM), || Host::new(&publisher, 2), |host| start(host, Compiler::InProcess))?;
    report.add("start_cold_50_ms", "start with 50 components and an empty cache", cold.scaled(1e3));

    let service = host.open(Compiler::InProcess)?;
    let rules = service.discover_rules(EntityType::new("loan"), SCHEMA_URL, RulesetName::new("thorough"))?.len();
    let of_components = large.manifest().components().iter().map(|component| component.rules.len()).sum::<usize>();
    anyhow::ensure!(rules == 1 + of_components, "{rules} rules are listed, and the components have {of_components}");
    service.close();
    let warm = each(rounds, || Ok(()), |()| host.open(host.no_compiler()))?;
    report.add("start_warm_50_ms", "the same with all of them in the cache", warm.scaled(1e3));
    // A host without a compiler has started each time.
    let none = Measured::once(0.0);
    report.add("start_warm_50_compiled", "components compiled during the warm start: there is no compiler", none);
    Ok(())
}
