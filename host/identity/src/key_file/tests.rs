use std::fs;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;

const PEPPER: &str = "0123456789abcdef";

fn now() -> Timestamp {
    "2026-12-01T12:00:00Z".parse().unwrap()
}

fn new(name: &str) -> NewKey {
    let grant = Grant { scopes: [Scope::Validate].into_iter().collect(), tenants: Tenants::listed(["loans"]) };
    NewKey { name: name.to_owned(), grant, rates: Rates::default(), expires: None }
}

fn create(path: &Path, new: NewKey) -> Result<ApiKey, EditKeysError> {
    KeyFile::create(path, &Secret::new(PEPPER), new, now())
}

/// A file in a directory that only this user can write.
fn site() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.json");
    (directory, path)
}

#[test]
fn a_key_is_found_by_itself_alone_and_is_not_in_the_file() {
    let (_directory, path) = site();
    let rates = Rates::default().with(RateClass::Validate, NonZeroU64::new(7).unwrap());
    let expires = Some("2027-01-01T00:00:00Z".parse().unwrap());
    let key = create(&path, NewKey { rates, expires, ..new("checkout") }).unwrap();
    let other = create(&path, new("claims")).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(key.reveal().rsplit('_').next().unwrap()), "{text}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    let file = KeyFile::read(&path).unwrap();
    assert_eq!(file.keys().count(), 2);
    let found = file.find(&key, &Secret::new(PEPPER)).unwrap();
    assert_eq!((found.id, found.name.as_str(), found.created), (key.id(), "checkout", now()));
    assert_eq!((found.rates, found.expires, found.revoked), (rates, expires, None));
    let principal = found.principal();
    assert_eq!(principal.name(), Some(&*format!("jk_{}", key.id())));
    assert_eq!((principal.grants(), principal.rates()), (&[new("").grant][..], rates));

    assert!(file.find(&key, &Secret::new("another pepper")).is_none());
    // The id of one key, and the secret of another.
    let random = other.reveal().rsplit('_').next().unwrap();
    let mixed = ApiKey::parse(&Secret::new(format!("jk_{}_{random}", key.id()))).unwrap();
    assert!(file.find(&mixed, &Secret::new(PEPPER)).is_none());
    assert!(file.find(&ApiKey::generate().unwrap(), &Secret::new(PEPPER)).is_none());
}

#[test]
fn a_revoked_key_stays_revoked_and_in_the_file() {
    let (_directory, path) = site();
    let id = create(&path, new("a")).unwrap().id();
    assert_eq!(KeyFile::revoke(&path, id, now()).unwrap().revoked, Some(now()));
    let later = now() + jiff::SignedDuration::from_hours(1);
    assert_eq!(KeyFile::revoke(&path, id, later).unwrap().revoked, Some(now()));
    assert_eq!(KeyFile::read(&path).unwrap().keys().next().unwrap().revoked, Some(now()));
    let unknown: KeyId = "00000000".parse().unwrap();
    assert!(matches!(KeyFile::revoke(&path, unknown, now()), Err(EditKeysError::Unknown(id)) if id == unknown));
}

#[test]
fn a_key_that_permits_nothing_or_has_no_name_is_not_made() {
    let (_directory, path) = site();
    let grant = |scopes: &[Scope], tenants| Grant { scopes: scopes.iter().copied().collect(), tenants };
    for (key, reason) in [
        (new(""), "has a name"),
        (new(&"x".repeat(101)), "has a name"),
        (new("a\u{7}b"), "has a name"),
        (NewKey { grant: grant(&[], Tenants::listed(["a"])), ..new("a") }, "at least one scope"),
        (NewKey { grant: grant(&[Scope::Validate], Tenants::default()), ..new("a") }, "names the tenants"),
        (NewKey { grant: grant(&[Scope::Admin], Tenants::All), ..new("a") }, "names the tenants"),
        (NewKey { expires: Some(now()), ..new("a") }, "cannot expire"),
    ] {
        let refused = create(&path, key).unwrap_err().to_string();
        assert!(refused.contains(reason), "{refused}");
    }
    assert!(!path.exists());
    create(&path, new(&"x".repeat(100))).unwrap();
    let operator = grant(&[Scope::Operator], Tenants::All);
    create(&path, NewKey { grant: operator.clone(), ..new("ops") }).unwrap();
    assert!(KeyFile::read(&path).unwrap().keys().any(|key| key.grant == operator));
}

#[test]
fn keys_that_are_made_at_once_are_all_kept() {
    let (_directory, path) = site();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let path = &path;
            scope.spawn(move || create(path, new(&number.to_string())).unwrap());
        }
    });
    assert_eq!(KeyFile::read(&path).unwrap().keys().count(), 8);
}

#[test]
fn no_key_makes_the_file_longer_than_it_may_be() {
    let (_directory, path) = site();
    let tenants: Vec<_> = (0..60_000).map(|number| format!("{number:0>50}")).collect();
    let grant = Grant { tenants: Tenants::listed(tenants.iter().map(String::as_str)), ..new("").grant };
    let id = create(&path, NewKey { grant: grant.clone(), ..new("a") }).unwrap().id();
    let refused = (0..3).find_map(|_| create(&path, NewKey { grant: grant.clone(), ..new("b") }).err()).unwrap();
    assert!(matches!(refused, EditKeysError::Key(_)), "{refused}");
    // What is there can be read, and revoked.
    assert!(KeyFile::read(&path).unwrap().keys().any(|key| key.id == id));
    KeyFile::revoke(&path, id, now()).unwrap();
}

#[test]
fn a_file_of_another_form_is_refused_with_what_is_wrong() {
    let mac = "0".repeat(64);
    let key = |more: &str| {
        format!(
            r#"{{"id":"5f2a90c1","mac":"{mac}","name":"a","scopes":["admin"],"tenants":["t"],"created":"2026-12-01T12:00:00Z"{more}}}"#
        )
    };
    let file = |keys: &str| format!(r#"{{"version":1,"keys":[{keys}]}}"#);
    let parse = |text: &str| KeyFile::parse(text.as_bytes(), Path::new("keys.json")).map_err(|error| error.to_string());
    assert_eq!(parse(&file(&key(""))).unwrap().keys().count(), 1);
    assert_eq!(parse(&file("")).unwrap().keys().count(), 0);
    for (text, reason) in [
        (String::new(), "EOF"),
        ("[]".to_owned(), "expected"),
        (r#"{"version":2,"keys":[]}"#.to_owned(), "its version is 2"),
        (r#"{"version":1,"keys":[],"more":1}"#.to_owned(), "unknown field `more`"),
        (file(&key(r#","expire":"2026-12-01T12:00:00Z""#)), "unknown field `expire`"),
        (file(&key(r#","expires":"soon""#)), "year"),
        (file(&key(r#","rates":{"validat":1}"#)), "there is no rate `validat`, did you mean `validate`?"),
        (file(&key(r#","rates":{"validate":0}"#)), "nonzero"),
        (file(&key("").replace("admin", "admn")), "key `5f2a90c1`: there is no scope `admn`, did you mean `admin`?"),
        (file(&key("").replace(r#","tenants":["t"]"#, "")), "names the tenants"),
        (file(&key("").replace("5f2a90c1", "5F2A90C1")), "an id of a key is expected"),
        (file(&key("").replace(&mac, "00")), "`mac`"),
        (file(&format!("{},{}", key(""), key(""))), "two keys `5f2a90c1`"),
    ] {
        let refused = parse(&text).unwrap_err();
        assert!(refused.contains(reason), "{text}: {refused}");
    }
    assert!(matches!(KeyFile::read(Path::new("/no/such/file")), Err(KeyFileError::Read { .. })));
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in r#"[{}\[\]":,a-z0-9]{0,100}"#) {
        let _ = KeyFile::parse(&bytes, Path::new("a"));
        let _ = KeyFile::parse(text.as_bytes(), Path::new("a"));
    }
}
