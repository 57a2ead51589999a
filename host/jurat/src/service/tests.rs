use std::fs;
use std::path::PathBuf;

use jurat_trust::publish::Layout;
use jurat_trust::{Envelope, MetadataVersion, SecretKey, TargetPath, Targets};
use tempfile::TempDir;

use super::*;

const NOW: &str = "2026-01-01T00:00:00Z";

const SCHEMA: &str = r#"{
    "$schema": "http://json-schema.org/draft-07/schema#", "$id": "https://schemas.example.com/loan/v1.0.0",
    "type": "object", "required": ["amount"]
}"#;

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// The sources of a release without components: the host has its one rule.
fn sources(directory: &Path) {
    let files = [
        (
            "release.yaml",
            "name: loan\nversion: 1.0.0\nschemas: [loan.json]\nfield_maps: [map.json]\n\
          builtin: {rule_001_v1: {check: json_schema, description: Fits its schema}}\n",
        ),
        (
            "business-config.yaml",
            "rulesets: {quick: {rules: {loan: [{rule_id: rule_001_v1}]}}}\nschema_to_helper_mapping: {\"https://schemas.example.com/loan/v1.0.0\": map}\n",
        ),
        ("loan.json", SCHEMA),
        ("map.json", r#"{"amount": {"physical_path": "amount"}}"#),
    ];
    for (name, text) in files {
        fs::write(directory.join(name), text).unwrap();
    }
}

/// A repository with that release, signed by a key whose public half is beside it.
fn repository() -> (TempDir, Settings) {
    let root = tempfile::tempdir().unwrap();
    let source = root.path().join("source");
    fs::create_dir(&source).unwrap();
    sources(&source);
    let sandbox = Sandbox::open(jurat_sandbox::Settings::new(NonZeroUsize::MIN)).unwrap();
    let source = author::read(&source).unwrap();
    let checked = author::check(&source, Default::default(), &sandbox, &SandboxPolicy::default()).unwrap();

    let target: TargetPath = "t/demo/loan.json".parse().unwrap();
    let expires = "2026-02-01T00:00:00Z".parse().unwrap();
    let targets = Targets::new("demo".parse().unwrap(), MetadataVersion::FIRST, expires);
    let key = SecretKey::generate().unwrap();
    let mut envelope = Envelope::unsigned(targets.with_release(&target, checked.built.manifest()).to_bytes());
    envelope.sign(&key).unwrap();
    let policy = Policy {
        keys: KeySet::new(1, [key.public()]).unwrap(),
        repository: "demo".parse().unwrap(),
        now: now(),
        minimum_version: MetadataVersion::FIRST,
        caps: Caps::DEFAULT,
    };
    let layout = Layout::new(&checked.built, &target, &envelope, None, &policy).unwrap();
    for upload in layout.uploads() {
        let file = root.path().join("repository").join(upload.path.as_str());
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, &upload.bytes).unwrap();
    }
    fs::write(root.path().join("key.pub.pem"), key.public().to_pem().unwrap()).unwrap();
    let text = "business_config_uri: repository\n\
        trust: {repository: demo, release: t/demo/loan.json, keys: [key.pub.pem], threshold: 1}\nbatch_max_workers: 1\n";
    let settings = Settings::parse(text, "local-config.yaml", root.path()).unwrap();
    (root, settings)
}

fn open(settings: &Settings) -> Result<Service, OpenError> {
    Service::open(settings, Compiler::InProcess, now())
}

fn blame(settings: &Settings) -> (Blame, String) {
    let error = open(settings).unwrap_err();
    (error.blame(), error.messages().join("\n"))
}

fn judge_one(service: &Service) -> RecordResult {
    let record = br#"{"$schema": "https://schemas.example.com/loan/v1.0.0", "id": "L-1", "entity_type": "loan"}"#;
    let mut results = Vec::new();
    let request = service.request("quick", now());
    let summary = service.judge(&request, record[..].into(), &mut |result| {
        results.push(result);
        Ok(())
    });
    assert_eq!(summary.unwrap().records, 1);
    results.remove(0)
}

#[test]
fn a_signed_release_judges() {
    let (_root, settings) = repository();
    let service = open(&settings).unwrap();
    assert!(matches!(&service.identity().origin, Origin::Signed(provenance) if provenance.signers.len() == 1));
    let result = judge_one(&service);
    assert_eq!((result.entity_id.as_str(), result.unsigned), ("L-1", false));
    assert_eq!(result.results[0].status, jurat_model::Status::Fail);
}

#[test]
fn what_is_not_as_it_was_signed_is_a_matter_of_trust() {
    let (root, settings) = repository();
    let blobs = fs::read_dir(root.path().join("repository/blobs/sha256")).unwrap();
    let blob = blobs.map(|entry| entry.unwrap().path()).max().unwrap();
    let bytes = fs::read(&blob).unwrap();
    fs::write(&blob, [&bytes[1..], b"x"].concat()).unwrap();
    let (whose, message) = blame(&settings);
    assert_eq!(whose, Blame::Trust);
    assert!(message.contains("is altered"), "{message}");
    fs::remove_file(&blob).unwrap();
    assert_eq!(blame(&settings).0, Blame::Trust);
}

#[test]
fn an_expired_release_is_not_run() {
    let (_root, settings) = repository();
    let late = "2026-02-01T00:00:00Z".parse().unwrap();
    let error = Service::open(&settings, Compiler::InProcess, late).unwrap_err();
    assert_eq!(error.blame(), Blame::Trust);
    assert!(error.messages()[0].contains("expired"), "{error:?}");
}

#[test]
fn a_release_that_is_not_there_is_a_matter_of_settings() {
    let (root, settings) = repository();
    let trust = Trust { release: "t/demo/other.json".parse().unwrap(), ..settings.trust.clone().unwrap() };
    let other = Settings { trust: Some(trust), ..settings.clone() };
    assert_eq!(blame(&other).0, Blame::Configuration);
    let nowhere = Settings { rules: root.path().join("nowhere"), ..settings };
    let (whose, message) = blame(&nowhere);
    assert_eq!(whose, Blame::Configuration);
    assert!(message.contains("does not exist"), "{message}");
}

#[test]
fn all_keys_that_cannot_be_read_are_named() {
    let (root, settings) = repository();
    fs::write(root.path().join("bad.pem"), "no key").unwrap();
    let keys: Vec<PathBuf> =
        ["bad.pem", "missing.pem", "key.pub.pem"].iter().map(|key| root.path().join(key)).collect();
    let trust = Trust { keys, ..settings.trust.clone().unwrap() };
    let (whose, message) = blame(&Settings { trust: Some(trust), ..settings });
    assert_eq!((whose, message.lines().count()), (Blame::Configuration, 2), "{message}");
}

#[test]
fn unsigned_rules_run_only_if_they_are_asked_for_and_say_so() {
    let (root, settings) = repository();
    let settings = Settings { rules: root.path().join("source"), ..settings };
    let (whose, message) = blame(&settings);
    assert_eq!(whose, Blame::Configuration);
    assert!(message.contains("unsigned rules are not run"), "{message}");

    let allowed = Settings { unsigned: Unsigned::Run { components: None }, ..settings };
    let service = open(&allowed).unwrap();
    assert_eq!(service.identity().origin, Origin::Unsigned);
    assert!(judge_one(&service).unsigned);
}

#[test]
fn a_repository_is_verified_even_where_unsigned_rules_may_run() {
    let (root, settings) = repository();
    sources(&root.path().join("repository"));
    let allowed = Settings { unsigned: Unsigned::Run { components: None }, ..settings };
    assert!(matches!(open(&allowed).unwrap().identity().origin, Origin::Signed(_)));
    assert_eq!(blame(&Settings { trust: None, ..allowed }).0, Blame::Configuration);
}
