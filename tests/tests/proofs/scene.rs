//! A repository behind a CDN, and the directory of a server that polls it.

use jurat_tests::cdn::Cdn;
use jurat_tests::publisher::Publisher;
use jurat_tests::site::Site;

/// The tenant whose releases come from the CDN.
pub(crate) const LOANS: &str = "loans";
/// The same tenant, in the repository.
pub(crate) const PUBLISHED: &str = "demo";

pub(crate) struct Scene {
    pub(crate) site: Site,
    pub(crate) publisher: Publisher,
    /// Its requests end with it.
    _cdn: Cdn,
}

impl Scene {
    /// With release 1 in the repository. `settings` are lines for all tenants; `more` are lines of the tenant, and tenants behind it.
    pub(crate) fn new(site: Site, settings: &str, more: &str) -> Self {
        let publisher = Publisher::of_today("proofs", &[PUBLISHED]);
        publisher.release(PUBLISHED, 1);
        let cdn = Cdn::serve(publisher.served());
        site.write("root.json", publisher.root());
        site.write("authority.pem", cdn.authority());
        let url = cdn.url();
        site.write(
            "local-config.yaml",
            format!(
                "poll_seconds: 1\nstate_dir: state\nlogic_cache_dir: cache\nhttp: {{authorities: [authority.pem]}}\n\
                 {settings}tenants:\n  {LOANS}:\n    business_config_uri: {url}\n    trust: {{release: \
                 t/{PUBLISHED}/main/loan.json}}\n{more}"
            ),
        );
        Self { site, publisher, _cdn: cdn }
    }
}
