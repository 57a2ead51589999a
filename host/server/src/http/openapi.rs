//! The OpenAPI description of all paths.

use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

use super::paths;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Jurat",
        description = "Judges business records with signed rules, in a sandbox.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/", description = "This server")),
    security(("credential" = []), ()),
    modifiers(&Credential),
    tags(
        (name = "records", description = "Judge records"),
        (name = "rules", description = "Find out which rules there are"),
        (name = "releases", description = "See the status of a tenant, and decide which of its releases serves"),
        (name = "probes", description = "For load balancers and supervisors"),
    ),
    paths(
        paths::validate,
        paths::batch,
        paths::batch_file,
        paths::discover_rules,
        paths::discover_rulesets,
        paths::status,
        paths::reload,
        paths::pin,
        paths::rollback,
        paths::unpin,
        paths::health,
        paths::ready
    )
)]
struct Description;

#[derive(OpenApi)]
#[openapi(
    tags((name = "operators", description = "See what concerns the host as a whole")),
    paths(paths::health_details, paths::limits, paths::reset_limits)
)]
struct Operators;

/// Says how a client shows who it is.
struct Credential;

impl utoipa::Modify for Credential {
    fn modify(&self, document: &mut Document) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key, a JSON Web Token or the token of the server; needed unless the connection tells who the client is."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("credential", SecurityScheme::Http(bearer));
    }
}

/// The description of what clients can call.
pub(super) fn of_clients() -> Document {
    Description::openapi()
}

/// The description of what operators can call.
pub(super) fn of_operators() -> Document {
    of_clients().merge_from(Operators::openapi())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The description as clients get it is part of the interface: a change shows here. `JURAT_BLESS=1` writes it.
    #[test]
    fn the_description_is_that_of_the_last_review() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/openapi.json");
        let found = of_operators().to_pretty_json().unwrap() + "\n";
        if std::env::var_os("JURAT_BLESS").is_some() {
            std::fs::write(&path, &found).unwrap();
        }
        assert_eq!(found, std::fs::read_to_string(&path).unwrap_or_default(), "{}", path.display());
    }
}
