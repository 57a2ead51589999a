use std::fs;
use std::path::PathBuf;

use jurat_http::Location;
use serde_json::json;

use super::*;
use crate::forge::{Signer, set};
use crate::key_file::{KeyFile, NewKey};
use crate::principal::Tenants;
use crate::rates::Rates;
use crate::scope::Scopes;
use crate::settings::{ApiKeySettings, ClaimGrant, ClaimTenants, TokenSettings};

const START: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

/// An authenticator with everything.
struct Site {
    _directory: tempfile::TempDir,
    keys: PathBuf,
    provider: Signer,
    authenticator: Authenticator,
}

fn pepper() -> Secret {
    Secret::new("0123456789abcdef")
}

fn loans(scope: Scope) -> Grant {
    Grant { scopes: [scope].into_iter().collect(), tenants: Tenants::listed(["loans"]) }
}

impl Site {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (keys, jwks) = (directory.path().join("keys.json"), directory.path().join("jwks.json"));
        let provider = Signer::ed("a");
        fs::write(&jwks, set([&provider])).unwrap();
        fs::write(&keys, r#"{"version":1,"keys":[]}"#).unwrap();
        let grant = ClaimGrant {
            claim: "role".to_owned(),
            value: "checker".to_owned(),
            scopes: [Scope::Validate].into_iter().collect(),
            tenants: ClaimTenants::Listed(Tenants::listed(["loans"])),
        };
        let settings = AuthSettings {
            token: Some(TokenSettings { secret: Secret::new("correct horse"), tenants: Tenants::listed(["loans"]) }),
            operator_token: Some(Secret::new("battery staple")),
            api_keys: Some(ApiKeySettings { file: keys.clone(), pepper: pepper() }),
            jwt: Some(JwtSettings {
                issuer: "https://id".to_owned(),
                audiences: vec!["jurat".to_owned()],
                keys: Location::File(jwks),
                grants: vec![grant],
            }),
            ..AuthSettings::default()
        };
        let authenticator = Authenticator::open(settings, &Http::default(), at(0)).unwrap();
        Self { _directory: directory, keys, provider, authenticator }
    }

    fn key(&self, expires: Option<Timestamp>) -> ApiKey {
        let new = NewKey { name: "a".to_owned(), grant: loans(Scope::Validate), rates: Rates::default(), expires };
        KeyFile::create(&self.keys, &pepper(), new, at(0)).unwrap()
    }

    /// The name of whoever shows this; or why it is not accepted.
    async fn shows(&self, credential: &str, seconds: i64) -> Result<String, AuthenticationError> {
        let found = self.authenticator.authenticate(&Secret::new(credential), at(seconds)).await?;
        Ok(found.name().unwrap().to_owned())
    }

    fn token(&self, expires: i64) -> String {
        let claims =
            json!({"iss": "https://id", "aud": "jurat", "exp": START + expires, "sub": "ann", "role": "checker"});
        self.provider.token(&claims)
    }
}

#[tokio::test]
async fn each_kind_of_credential_tells_who_shows_it() {
    let site = Site::new();
    let key = site.key(None);
    assert_eq!(site.shows("correct horse", 11).await, Ok("token".to_owned()));
    assert_eq!(site.shows("battery staple", 11).await, Ok("operator".to_owned()));
    assert_eq!(site.shows(key.reveal(), 11).await, Ok(format!("jk_{}", key.id())));
    assert_eq!(site.shows(&site.token(100), 11).await, Ok("jwt:ann".to_owned()));
    let shared = site.authenticator.authenticate(&Secret::new("correct horse"), at(11)).await.unwrap();
    let scopes: Scopes = [Scope::Validate, Scope::Discover].into_iter().collect();
    assert_eq!(shared.grants(), [Grant { scopes, ..loans(Scope::Validate) }]);
    for wrong in ["", "correct hors", "correct horse ", "Correct horse", "jk_", "a.b.c", "..", "jk_00000000_"] {
        assert_eq!(site.shows(wrong, 11).await, Err(AuthenticationError::Unknown), "{wrong}");
    }
    let other = ApiKey::generate().unwrap();
    assert_eq!(site.shows(other.reveal(), 11).await, Err(AuthenticationError::Unknown));
}

#[tokio::test]
async fn without_settings_nothing_is_accepted() {
    let authenticator = Authenticator::open(AuthSettings::default(), &Http::default(), at(0)).unwrap();
    for shown in ["", "token", ApiKey::generate().unwrap().reveal(), &Signer::ed("a").token(&json!({}))] {
        let refused = authenticator.authenticate(&Secret::new(shown), at(0)).await;
        assert_eq!(refused.unwrap_err(), AuthenticationError::Unknown, "{shown}");
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_within_thirty_seconds_however_often_it_is_shown() {
    let site = Site::new();
    let key = site.key(None);
    for second in 11..100 {
        assert!(site.shows(key.reveal(), second).await.is_ok());
    }
    KeyFile::revoke(&site.keys, key.id(), at(100)).unwrap();
    let mut refused = Vec::new();
    for second in 100..140 {
        if let Err(error) = site.shows(key.reveal(), second).await {
            assert_eq!(error, AuthenticationError::Revoked);
            refused.push(second);
        }
    }
    assert_eq!(refused.len(), 140 - usize::try_from(refused[0]).unwrap());
    assert!(refused[0] < 130, "{refused:?}");
    // A new key is known as soon.
    let new = site.key(None);
    assert!(site.shows(new.reveal(), 150).await.is_ok());
}

#[tokio::test]
async fn what_expires_is_refused_to_the_second() {
    let site = Site::new();
    let (key, token) = (site.key(Some(at(50))), site.token(50));
    for second in [11, 42, 49] {
        assert!(site.shows(key.reveal(), second).await.is_ok(), "{second}");
    }
    assert_eq!(site.shows(key.reveal(), 50).await, Err(AuthenticationError::Expired));
    // The clocks of an identity provider may differ by half a minute.
    for second in [11, 50, 78, 79] {
        assert!(site.shows(&token, second).await.is_ok(), "{second}");
    }
    assert_eq!(site.shows(&token, 80).await, Err(AuthenticationError::Expired));
}

#[tokio::test]
async fn keys_that_cannot_be_read_are_soon_refused_and_everything_else_is_not() {
    let site = Site::new();
    let (key, other) = (site.key(None), site.key(None));
    assert!(site.shows(key.reveal(), 20).await.is_ok());
    fs::write(&site.keys, "{").unwrap();
    for (second, is_good) in [(29, true), (31, true), (37, true), (50, false), (1_000, false)] {
        let shown = site.shows(key.reveal(), second).await;
        assert_eq!(shown.is_ok(), is_good, "{second}: {shown:?}");
    }
    assert_eq!(site.shows(key.reveal(), 1_001).await, Err(AuthenticationError::Unavailable));
    assert_eq!(site.shows(other.reveal(), 1_002).await, Err(AuthenticationError::Unavailable));
    assert!(site.shows("correct horse", 1_002).await.is_ok());
    assert!(site.shows(&site.token(2_000), 1_002).await.is_ok());
    fs::write(&site.keys, r#"{"version":1,"keys":[]}"#).unwrap();
    assert_eq!(site.shows(key.reveal(), 1_010).await, Err(AuthenticationError::Unknown));
}

#[tokio::test]
async fn who_was_known_not_long_ago_does_not_guess() {
    let site = Site::new();
    let (good, bad) = (Secret::new("correct horse"), Secret::new("wrong"));
    assert!(!site.authenticator.has_seen(&good));
    assert!(site.shows("correct horse", 11).await.is_ok() && site.shows("wrong", 11).await.is_err());
    assert!(site.authenticator.has_seen(&good) && !site.authenticator.has_seen(&bad));
    let key = site.key(Some(at(20)));
    assert!(site.shows(key.reveal(), 22).await.is_err() && !site.authenticator.has_seen(&Secret::new(key.reveal())));
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_nothing_valid_again() {
    let site = Site::new();
    let key = site.key(Some(at(1_000)));
    assert!(site.shows(key.reveal(), 500).await.is_ok());
    KeyFile::revoke(&site.keys, key.id(), at(500)).unwrap();
    // The file is read again: it is not known how old it is.
    assert_eq!(site.shows(key.reveal(), 100).await, Err(AuthenticationError::Revoked));
    assert_eq!(site.shows(&site.token(200), 150).await, Ok("jwt:ann".to_owned()));
}
