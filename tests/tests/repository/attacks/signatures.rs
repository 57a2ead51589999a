//! Keys that are not enough, or not the right ones.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jurat::Reload;
use jurat_trust::metadata::{Delegation, TargetsMetadata};
use jurat_trust::{
    Envelope, EnvelopeError, KeyId, KeySet, Role, RoleName, SignatureError, Signer, UpdateError,
    pre_authentication_encoding,
};
use serde_json::{Value, json};

use super::Scene;
use crate::host::{TENANT, refused, serves, update};
use crate::publisher::{release, role, signed, target};

const OTHER_TYPE: &str = "application/vnd.in-toto+json";

impl Scene {
    /// What the tenant would list next: release 2, of which everything is on the server.
    fn next(&self, tenant: &str) -> TargetsMetadata {
        let (release, path) = (release(2), target(TENANT));
        for upload in release.uploads(&path) {
            self.publisher.write(upload.path.as_str(), &upload.bytes);
        }
        let listed = self.publisher.newest_targets(&role(tenant));
        listed.successor(listed.expires()).unwrap().with_release(&path, release.manifest())
    }

    /// Puts an envelope where the next metadata of the demo tenant is.
    fn force_next(&self, bytes: Vec<u8>) {
        let next = self.publisher.newest_targets(&role(TENANT)).version().next().unwrap();
        self.publisher.force(&[(role(TENANT), next, bytes)]);
    }

    /// It is refused for its signatures.
    #[track_caller]
    fn is_not_signed(&self, by: &Role) -> SignatureError {
        let error = refused(&self.service, 1);
        match update(&error) {
            UpdateError::Signatures { role: of, by: named_by, cause, .. } if *of == role(TENANT) && named_by == by => {
                (**cause).clone()
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_tenant_cannot_list_releases_of_another() {
    let scene = Scene::new();
    scene.publisher.release("other", 5);
    let keys = scene.publisher.keys.tenants["other"].each_ref();
    let other = scene.next("other");
    // The other tenant's own role lists it, and the host does not ask that one.
    scene.publisher.force(&[(role("other"), other.version(), signed(other.to_bytes(), &keys))]);
    assert_eq!(scene.service.reload_logic().unwrap(), Reload::Unchanged);
    serves(&scene.service, 1);
    // Also not when the tenant itself lists nothing.
    let own = scene.publisher.newest_targets(&role(TENANT));
    let own = own.successor(own.expires()).unwrap().without(&target(TENANT));
    scene.force_next(signed(own.to_bytes(), &scene.publisher.keys.tenants[TENANT].each_ref()));
    let error = refused(&scene.service, 1);
    assert!(
        matches!(update(&error), UpdateError::UnknownRelease { role: last, .. } if *last == role(TENANT)),
        "{error:?}"
    );
    // And its keys do not count for the tenant's role.
    scene.force_next(signed(scene.next(TENANT).to_bytes(), &keys));
    let cause = scene.is_not_signed(&Role::Targets);
    assert_eq!((cause.valid.len(), cause.unknown), (0, 2));
}

#[test]
fn one_signature_is_not_two() {
    let scene = Scene::new();
    let [author, _] = &scene.publisher.keys.tenants[TENANT];
    scene.force_next(signed(scene.next(TENANT).to_bytes(), &[author]));
    let cause = scene.is_not_signed(&Role::Targets);
    assert_eq!((cause.threshold, cause.valid.len()), (2, 1));
}

#[test]
fn one_key_under_two_names_is_one_key() {
    let scene = Scene::new();
    let [author, reviewer] = &scene.publisher.keys.tenants[TENANT];
    let names = ["a", "b", "c"].map(|name| name.parse::<KeyId>().unwrap());
    let public = [author.public(), author.public(), reviewer.public()];
    let keys = KeySet::with_ids(2, names.into_iter().zip(public)).unwrap();
    let targets = scene.publisher.newest_targets(&Role::Targets);
    let name = RoleName::of_tenant(TENANT).unwrap();
    let delegation = Delegation { keys, ..targets.delegation(&name).unwrap().clone() };
    let targets = targets.successor(targets.expires()).unwrap().with_delegation(delegation);
    let top = (Role::Targets, targets.version(), signed(targets.to_bytes(), &scene.publisher.keys.targets.each_ref()));

    let next = scene.next(TENANT);
    let mut twice: Value = serde_json::from_slice(&signed(next.to_bytes(), &[author])).unwrap();
    let signature = twice["signatures"][0]["sig"].clone();
    twice["signatures"] = json!([{ "keyid": "a", "sig": signature }, { "keyid": "b", "sig": signature }]);
    scene.publisher.force(&[top, (role(TENANT), next.version(), twice.to_string().into_bytes())]);
    let cause = scene.is_not_signed(&Role::Targets);
    assert_eq!((cause.threshold, cause.valid.len()), (2, 1));
}

#[test]
fn a_payload_of_another_type_is_not_metadata() {
    let scene = Scene::new();
    let keys = scene.publisher.keys.tenants[TENANT].each_ref();
    let mut envelope: Value = serde_json::from_slice(&signed(scene.next(TENANT).to_bytes(), &keys)).unwrap();
    envelope["payloadType"] = OTHER_TYPE.into();
    scene.force_next(envelope.to_string().into_bytes());
    let error = refused(&scene.service, 1);
    let is_type = |error: &UpdateError| matches!(error, UpdateError::Envelope { cause: EnvelopeError::PayloadType { found }, .. } if found == OTHER_TYPE);
    assert!(is_type(update(&error)), "{error:?}");
}

#[test]
fn a_signature_of_another_type_does_not_count_for_metadata() {
    let scene = Scene::new();
    let payload = scene.next(TENANT).to_bytes();
    let message = pre_authentication_encoding(OTHER_TYPE, &payload);
    let signatures = scene.publisher.keys.tenants[TENANT].each_ref().map(|key| {
        let signature = STANDARD.encode(key.sign(&message).unwrap());
        json!({ "keyid": KeyId::of(&key.public()).as_str(), "sig": signature })
    });
    let mut envelope: Value = serde_json::from_slice(&Envelope::unsigned(payload).to_bytes()).unwrap();
    envelope["signatures"] = signatures.to_vec().into();
    scene.force_next(envelope.to_string().into_bytes());
    let cause = scene.is_not_signed(&Role::Targets);
    assert_eq!((cause.valid.len(), cause.invalid.len()), (0, 2));
}
