//! Who may do what: API keys, JSON Web Tokens, and what clients see of the tenants of others.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jurat_tests::http::{Http, Response, get, request};
use jurat_tests::server::{Server, refuses_command};
use jurat_tests::site::Site;
use jurat_tests::two_tenants::{bearer, key, two_tenants, two_tenants_with_keys};
use rcgen::SigningKey;
use serde_json::{Value, json};

use crate::loans::one;

/// Ways to name the tenant of somebody else, or to try to.
const THEIRS: [&str; 9] =
    ["theirs", "\\u0074heirs", "nobody", "THEIRS", " theirs", "theirs ", "ours/../theirs", "theirs\\u0000", "*"];

fn json(path: &str, credential: &str, body: &str) -> Vec<u8> {
    request("POST", path, &["Content-Type: application/json", &bearer(credential)], body)
}

fn ask(path: &str, credential: &str) -> Vec<u8> {
    request("GET", path, &[&bearer(credential)], "")
}

/// Every call that concerns a tenant, for the one that is named.
fn calls(credential: &str, tenant: &str) -> Vec<(&'static str, Vec<u8>)> {
    let record = r#"{"id":"LOAN-1","$schema":"https://schemas.example.com/loan/v1.0.0"}"#;
    let more = |rest: &str| format!(r#"{{"tenant":"{tenant}",{rest}}}"#);
    let pin = format!(r#""manifest":"{}""#, "0".repeat(64));
    let entities = more(&format!(r#""entities":[{record}],"id_fields":["id"],"ruleset_name":"quick""#));
    let lines = ["Content-Type: application/json", "Accept: application/x-ndjson", &bearer(credential)];
    let post = |path: &str, rest: &str| json(path, credential, &more(rest));
    vec![
        (
            "validate",
            post("/api/v1/validate", &format!(r#""entity_type":"loan","entity_data":{record},"ruleset_name":"quick""#)),
        ),
        ("batch", json("/api/v1/batch", credential, &entities)),
        ("batch as lines", request("POST", "/api/v1/batch", &lines, &entities)),
        (
            "batch-file",
            post(
                "/api/v1/batch-file",
                r#""file_uri":"loans.json","entity_types":[],"id_fields":["id"],"ruleset_name":"quick""#,
            ),
        ),
        (
            "discover-rules",
            post(
                "/api/v1/discover-rules",
                &format!(r#""entity_type":"loan","entity_data":{record},"ruleset_name":"quick""#),
            ),
        ),
        ("reload", json("/api/v1/reload", credential, &format!(r#"{{"tenant":"{tenant}"}}"#))),
        ("pin", post("/api/v1/pin", &pin)),
        ("rollback", json("/api/v1/rollback", credential, &format!(r#"{{"tenant":"{tenant}"}}"#))),
        ("unpin", json("/api/v1/unpin", credential, &format!(r#"{{"tenant":"{tenant}"}}"#))),
    ]
}

/// The calls whose parameters are in the query.
fn queries(credential: &str, tenant: &str) -> Vec<(&'static str, Vec<u8>)> {
    let stream = request(
        "POST",
        &format!("/api/v1/batch?ruleset_name=quick&tenant={tenant}"),
        &["Content-Type: application/x-ndjson", &bearer(credential)],
        "{\"id\":\"LOAN-1\",\"$schema\":\"https://schemas.example.com/loan/v1.0.0\"}\n",
    );
    vec![
        ("stream", stream),
        ("discover-rulesets", ask(&format!("/api/v1/discover-rulesets?tenant={tenant}"), credential)),
        ("status", ask(&format!("/api/v1/status?tenant={tenant}"), credential)),
        (
            "reload without a body",
            request("POST", &format!("/api/v1/reload?tenant={tenant}"), &[&bearer(credential)], ""),
        ),
    ]
}

fn code(response: &Response) -> Value {
    response.json()["code"].clone()
}

#[test]
fn a_client_gets_nothing_of_another_tenant_by_any_path() {
    let site = two_tenants_with_keys();
    let scopes = ["--scope", "validate", "--scope", "discover", "--scope", "read-decisions", "--scope", "admin"];
    let key = key(&site, &[&["--tenant", "ours"][..], &scopes].concat());
    let server = Server::serve(&site, &[]);
    let mut client = server.http();
    let mut said = None;
    for tenant in THEIRS {
        for (what, call) in calls(&key, tenant) {
            let refused = client.ask(call);
            assert_eq!(
                (refused.status(), code(&refused)),
                (403, "forbidden".into()),
                "{what} {tenant}: {}",
                refused.text()
            );
            // There is no difference between a tenant of somebody else and one that there is not.
            let detail = refused.json()["detail"].clone();
            assert_eq!(*said.get_or_insert_with(|| detail.clone()), detail, "{what} {tenant}");
            assert!(!refused.text().contains("theirs"), "{}", refused.text());
        }
    }
    for tenant in ["theirs", "%74heirs", "nobody", "THEIRS", "theirs%00", "%20theirs", "ours%2F..%2Ftheirs"] {
        for (what, call) in queries(&key, tenant) {
            let refused = client.ask(call);
            assert_eq!(
                (refused.status(), code(&refused)),
                (403, "forbidden".into()),
                "{what} {tenant}: {}",
                refused.text()
            );
        }
    }
    // Named twice, a tenant is not the one that was checked, so it is none.
    let twice = client.ask(ask("/api/v1/discover-rulesets?tenant=ours&tenant=theirs", &key));
    assert!(twice.status() == 400 && !twice.text().contains("other checks"), "{}", twice.text());
    let twice = client.ask(json("/api/v1/reload", &key, r#"{"tenant":"ours","tenant":"theirs"}"#));
    assert_eq!(code(&twice), "unknown_parameter");

    // What is its own it gets, whether it names its tenant or not.
    for rulesets in ["/api/v1/discover-rulesets", "/api/v1/discover-rulesets?tenant=ours"] {
        let rulesets = client.ask(ask(rulesets, &key)).result();
        assert_eq!(rulesets["quick"]["metadata"]["purpose"], "Checks while a record is typed in");
    }
    let status = client.ask(ask("/api/v1/status", &key)).result();
    let names: Vec<_> = status["tenants"].as_array().unwrap().iter().map(|tenant| &tenant["name"]).collect();
    assert_eq!(names, ["ours"], "{status}");
    assert!(!status.to_string().contains("theirs"), "{status}");
    for (what, call) in calls(&key, "ours").into_iter().chain(queries(&key, "ours")) {
        let answered = client.ask(call);
        // There is no release with that digest, and no earlier one.
        let expected = if ["pin", "rollback"].contains(&what) { 409 } else { 200 };
        assert_eq!(answered.status(), expected, "{what}: {}", answered.text());
    }
}

#[test]
fn a_key_permits_its_scopes_and_no_more() {
    let site = two_tenants_with_keys();
    let validates = key(&site, &["--tenant", "ours", "--scope", "validate"]);
    let both = key(&site, &["--tenant", "ours", "--tenant", "theirs", "--scope", "discover"]);
    let operator = key(&site, &["--scope", "operator"]);
    let server = Server::serve(&site, &["--operator-port", "0"]);
    let mut client = server.http();
    for (what, call) in calls(&validates, "ours").into_iter().chain(queries(&validates, "ours")) {
        let expected = match what {
            "validate" | "batch" | "batch as lines" | "batch-file" | "stream" => 200,
            _ => 403,
        };
        let answered = client.ask(call);
        assert_eq!(answered.status(), expected, "{what}: {}", answered.text());
    }
    let refused = client.ask(ask("/api/v1/discover-rulesets", &validates));
    assert!(refused.text().contains("lacks the scope `discover`"), "{}", refused.text());

    // With two tenants, it must say which, and is told only of its own.
    let refused = client.ask(ask("/api/v1/discover-rulesets", &both));
    assert_eq!(code(&refused), "tenant_needed");
    assert!(refused.text().contains("`ours`, `theirs`"), "{}", refused.text());
    let rulesets = client.ask(ask("/api/v1/discover-rulesets?tenant=theirs", &both)).result();
    assert_eq!(rulesets["quick"]["metadata"]["purpose"], "other checks");

    // An operator runs the host, and sees no records and no rules.
    let mut operators = Http::connect(&server.operators_address);
    for http in [&mut client, &mut operators] {
        let status = http.ask(ask("/api/v1/status", &operator)).result();
        assert_eq!(status["tenants"].as_array().unwrap().len(), 2);
        assert_eq!(http.ask(json("/api/v1/reload", &operator, r#"{"tenant":"theirs"}"#)).status(), 200);
        http.ask(ask("/api/v1/discover-rulesets?tenant=ours", &operator)).is_problem(403, "forbidden");
        http.ask(json("/api/v1/validate", &operator, &one())).is_problem(403, "forbidden");
    }
    assert_eq!(operators.ask(ask("/health/details", &operator)).status(), 200);
    operators.ask(ask("/health/details", &both)).is_problem(403, "forbidden");
    // What concerns the host is not at the address for clients.
    client.ask(ask("/health/details", &operator)).is_problem(404, "unknown_path");
}

#[test]
fn a_wrong_credential_is_told_from_a_missing_one_and_from_a_missing_right() {
    let site = two_tenants_with_keys();
    let good = key(&site, &["--tenant", "ours", "--scope", "discover"]);
    let server = Server::serve(&site, &[]);
    let mut client = server.http();
    let path = "/api/v1/discover-rulesets";
    let unknown = format!("jk_00000000_{}", "0".repeat(64));
    let (cut, last) = good.split_at(good.len() - 1);
    let flipped = format!("{cut}{}", if last == "0" { "1" } else { "0" });
    for header in
        [bearer(&unknown), bearer(&flipped), bearer(cut), bearer("a.b.c"), format!("Authorization: bearer {unknown}")]
    {
        client.ask(request("GET", path, &[&header], "")).is_problem(401, "authentication_failed");
    }
    for headers in [
        vec![],
        vec![bearer("")],
        vec![format!("Authorization: Basic {good}")],
        vec![format!("Authorization: {good}")],
        vec![bearer(&good), bearer(&good)],
        vec![format!("X-Api-Key: {good}")],
    ] {
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();
        let refused = client.ask(request("GET", path, &headers, ""));
        refused.is_problem(401, "authentication_needed");
    }
    client.ask(get(&format!("{path}?token={good}"))).is_problem(401, "authentication_needed");
    client.ask(ask(path, &good)).result();
    client.ask(ask("/api/v1/status", &good)).is_problem(403, "forbidden");
    assert!(server.says("principal=\"jk_").contains("discover-rulesets"));
    let log = server.log();
    assert!(!log.iter().any(|line| line.contains(&good)), "{log:#?}");
}

#[test]
fn an_address_with_many_wrong_credentials_waits_and_who_is_known_does_not() {
    let site = two_tenants_with_keys();
    let (known, new) = (
        key(&site, &["--tenant", "ours", "--scope", "discover"]),
        key(&site, &["--tenant", "ours", "--scope", "discover"]),
    );
    let server = Server::serve(&site, &[]);
    let path = "/api/v1/discover-rulesets";
    let mut client = server.http();
    client.ask(ask(path, &known)).result();
    let mut statuses = Vec::new();
    for _ in 0..60 {
        statuses.push(client.ask(ask(path, "wrong")).status());
    }
    assert!(statuses[..20].iter().all(|status| *status == 401), "{statuses:?}");
    assert!(statuses.iter().filter(|status| **status == 429).count() > 20, "{statuses:?}");
    // Not even a right one is looked at now, unless it was seen before.
    client.ask(ask(path, &new)).is_problem(429, "too_many_attempts");
    client.ask(ask(path, &known)).result();
}

/// A token of an identity provider.
fn token(provider: &rcgen::KeyPair, claims: &Value) -> String {
    let encode = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
    let header = json!({"alg": "EdDSA", "kid": "a"}).to_string();
    let text = format!("{}.{}", encode(header.as_bytes()), encode(claims.to_string().as_bytes()));
    format!("{text}.{}", encode(&provider.sign(text.as_bytes()).unwrap()))
}

#[test]
fn tokens_of_an_identity_provider_permit_what_the_settings_grant() {
    let site = two_tenants(
        "server:\n  jwt:\n    issuer: https://id.example.com\n    audiences: [jurat]\n    keys: jwks.json\n    grants:\n    \
         - {claim: groups, value: checkers, scopes: [validate, discover], tenants: [ours]}\n    \
         - {claim: realm.roles, value: admin, scopes: [admin], tenant_claim: tenants}\n",
    );
    let provider = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let x = URL_SAFE_NO_PAD.encode(provider.public_key_raw());
    site.write("jwks.json", json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": x}]}).to_string());
    let server = Server::serve(&site, &[]);
    let mut client = server.http();
    let claims = |more: Value| {
        let mut claims =
            json!({"iss": "https://id.example.com", "aud": "jurat", "exp": 4_000_000_000_u64, "sub": "ann"});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claims
    };
    let checker = token(&provider, &claims(json!({"groups": ["checkers"]})));
    let rulesets = client.ask(ask("/api/v1/discover-rulesets", &checker)).result();
    assert_eq!(rulesets["quick"]["metadata"]["purpose"], "Checks while a record is typed in");
    client.ask(ask("/api/v1/status", &checker)).is_problem(403, "forbidden");
    assert!(server.says("principal=\"jwt:ann\"").contains("discover-rulesets"));
    let admin = token(&provider, &claims(json!({"realm": {"roles": ["admin"]}, "tenants": ["theirs"]})));
    let status = client.ask(ask("/api/v1/status", &admin)).result();
    assert_eq!(status["tenants"][0]["name"], "theirs", "{status}");
    client.ask(ask("/api/v1/status?tenant=ours", &admin)).is_problem(403, "forbidden");
    client.ask(ask("/api/v1/discover-rulesets", &admin)).is_problem(403, "forbidden");

    client.ask(ask("/api/v1/status", &token(&provider, &claims(json!({}))))).is_problem(403, "forbidden");
    for wrong in [
        json!({"exp": 1_000}),
        json!({"aud": "others"}),
        json!({"iss": "https://id.example.com/"}),
        json!({"nbf": 4_000_000_000_u64}),
    ] {
        let token = token(&provider, &claims(wrong.clone()));
        let refused = client.ask(ask("/api/v1/status", &token));
        assert_eq!((refused.status(), code(&refused)), (401, "authentication_failed".into()), "{wrong}");
    }
    let mallory = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let forged = token(&mallory, &claims(json!({"groups": "checkers"})));
    client.ask(ask("/api/v1/status", &forged)).is_problem(401, "authentication_failed");
}

#[test]
fn a_server_whose_clients_could_show_nothing_does_not_start() {
    let site = Site::configured("server: {auth: required}\n");
    let advice = ["jurat apikey create", "`server.token_file`", "`server.auth: none`"];
    refuses_command(&site, "serve", &["--port", "0"], 2, &advice);
    // Nor one that should compare with a file that is not there.
    let site = Site::configured("server: {api_keys: {file: keys/none.json, pepper_file: pepper}}\n");
    site.write("pepper", "0123456789abcdef");
    refuses_command(&site, "serve", &["--port", "0"], 2, &["keys/none.json"]);
    // Nor one that would serve other machines without looking at them.
    let site = Site::configured("server: {auth: none}\n");
    let open = ["--port", "0", "--host", "0.0.0.0", "--allow-remote"];
    refuses_command(&site, "serve", &open, 2, &["something that clients show"]);
    let site = Site::configured("server: {auth: none, token_file: token}\n");
    site.write("token", "correct-horse-battery-staple");
    refuses_command(&site, "serve", &["--port", "0"], 2, &["server.auth"]);
}
