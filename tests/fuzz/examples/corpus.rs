//! `cargo run -p jurat-fuzz --example corpus` writes the entries of the corpus that the editor makes: a repository as it is when two tenants have joined, two releases were
//! published, one was revoked and a key was replaced. Run it when the formats have changed; the same bytes come of it every time.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jurat_model::{Bytes, Input, Kind};
use jurat_trust::publish::{BuiltRelease, Clock, DraftFile, EditError, Mode, ReleaseDraft, Repository, StagedFile};
use jurat_trust::{
    BuiltinCheck, BuiltinRule, ComponentEntry, Digest, Envelope, Fetch, FetchError, FileKind, KeySet, LowerLimits,
    Manifest, Role, RoleName, RootKeys, RuleEntry, SafePath, SecretKey, Signer, TargetPath, TopRole, Wasi, World,
};

type Done = Result<(), Box<dyn Error>>;

fn main() -> Done {
    let corpus = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"));
    let mut desk = Desk::new()?;
    desk.live()?;
    for (path, bytes) in &desk.files {
        let (directory, name) = path.rsplit_once('/').unwrap_or_default();
        if directory == "metadata" {
            fs::write(corpus.join("envelope").join(format!("ok-{name}")), bytes)?;
            let envelope = Envelope::parse(bytes, Bytes::mebi(1))?;
            fs::write(corpus.join("payload").join(format!("ok-{name}")), envelope.unverified_payload())?;
        } else if directory.starts_with("targets/") {
            let version = Manifest::parse(bytes)?.version().to_string();
            fs::write(corpus.join("manifest").join(format!("ok-{version}.json")), bytes)?;
        }
    }
    let key = secret(1)?;
    fs::write(corpus.join("key_file/ok-private.pem"), key.to_pem()?)?;
    fs::write(corpus.join("key_file/ok-public.pem"), key.public().to_pem()?)?;
    Ok(())
}

struct Desk {
    files: BTreeMap<String, Vec<u8>>,
    clock: Clock,
}

impl Fetch for Desk {
    fn get(&self, file: &SafePath, _: Bytes) -> Result<Vec<u8>, FetchError> {
        self.files.get(file.as_str()).cloned().ok_or(FetchError::NotFound)
    }
}

impl Desk {
    fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self { files: BTreeMap::new(), clock: Clock::new("2026-11-15T12:00:00Z".parse()?) })
    }

    /// All that a repository goes through.
    fn live(&mut self) -> Done {
        let top = RootKeys {
            root: keys(2, &[1, 2, 3])?,
            targets: keys(2, &[4, 5, 6])?,
            snapshot: keys(1, &[7])?,
            timestamp: keys(1, &[8])?,
        };
        let (_, files) = Repository::init(&"acme-prod".parse()?, top, Mode::Production, self.clock)?;
        self.write(files);
        self.sign(&Role::Root, &[1, 2])?;
        let (tenant, other) = (keys(2, &[11, 12, 13])?, keys(1, &[21])?);
        self.stage(|repository, clock| repository.add_tenant("acme", tenant, clock))?;
        self.stage(|repository, clock| repository.add_tenant("beta", other, clock))?;
        self.sign(&Role::Targets, &[4, 5])?;
        let acme = Role::Delegated(RoleName::of_tenant("acme")?);
        let first = self.list("1.0.0")?;
        self.sign(&acme, &[11, 12])?;
        self.publish()?;
        self.list("2.0.0")?;
        let target = target()?;
        self.stage(|repository, clock| repository.revoke(&target, Some(&first), clock).map(|file| [file]))?;
        self.sign(&acme, &[11, 12, 13])?;
        self.publish()?;
        let (old, new) = (secret(8)?.public(), secret(9)?.public());
        self.stage(|repository, clock| {
            repository.rotate_root_key(TopRole::Timestamp, &old, new, clock).map(|file| [file])
        })?;
        self.sign(&Role::Root, &[1, 2, 3])?;
        self.publish()
    }

    fn stage<F: IntoIterator<Item = StagedFile>>(
        &mut self,
        edit: impl FnOnce(&mut Repository, Clock) -> Result<F, EditError>,
    ) -> Done {
        let files = edit(&mut Repository::read(self, None, Mode::Production)?, self.clock)?;
        self.write(files);
        Ok(())
    }

    fn write(&mut self, files: impl IntoIterator<Item = StagedFile>) {
        self.files.extend(files.into_iter().map(|file| (file.path.to_string(), file.bytes)));
    }

    fn sign(&mut self, role: &Role, people: &[u8]) -> Done {
        for &person in people {
            let file = Repository::read(self, None, Mode::Production)?.sign(role, &secret(person)?)?;
            self.write([file]);
        }
        Ok(())
    }

    fn list(&mut self, version: &str) -> Result<Digest, Box<dyn Error>> {
        let (built, target) = (built(version)?, target()?);
        let uploads = built.uploads(&target);
        self.files.extend(uploads.into_iter().map(|upload| (upload.path.to_string(), upload.bytes.to_vec())));
        self.stage(|repository, clock| repository.list_release(&target, built.manifest(), clock).map(|file| [file]))?;
        Ok(Digest::of(&built.manifest().to_bytes()))
    }

    fn publish(&mut self) -> Done {
        let signers = [7, 8, 9].map(secret).into_iter().collect::<Result<Vec<_>, _>>()?;
        let signers: Vec<_> = signers.iter().map(|signer| signer as &dyn Signer).collect();
        let plan = Repository::read(self, None, Mode::Production)?.plan(self, &signers, self.clock)?;
        self.files.extend(plan.uploads.into_iter().map(|upload| (upload.path.to_string(), upload.bytes.to_vec())));
        for path in plan.done {
            self.files.remove(path.as_str());
        }
        Ok(())
    }
}

fn target() -> Result<TargetPath, Box<dyn Error>> {
    Ok("t/acme/prod/loan-rules.json".parse()?)
}

/// The key of a person with that number: always the same one.
fn secret(person: u8) -> Result<SecretKey, Box<dyn Error>> {
    let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    der.extend([person; 32]);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der));
    Ok(SecretKey::from_pem(&pem)?)
}

fn keys(threshold: usize, people: &[u8]) -> Result<KeySet, Box<dyn Error>> {
    let keys = people.iter().map(|&person| secret(person).map(|key| key.public()));
    Ok(KeySet::new(threshold, keys.collect::<Result<Vec<_>, _>>()?)?)
}

/// A release with everything that a manifest can say.
fn built(version: &str) -> Result<BuiltRelease, Box<dyn Error>> {
    let file = |path: &str, kind| -> Result<DraftFile, Box<dyn Error>> {
        Ok(DraftFile { path: path.parse()?, kind, bytes: format!("{path} of {version}").into_bytes() })
    };
    let input = |name: &str, of: Option<&str>, kind, required| Input {
        name: name.to_owned(),
        of: of.map(ToOwned::to_owned),
        kind,
        required,
    };
    let limits = LowerLimits { memory: Some(Bytes::mebi(2)), table_elements: Some(9), ..LowerLimits::default() };
    let inputs = vec![
        input("principal", None, Kind::Decimal, true),
        input("limit", Some("parent"), Kind::Decimal, false),
        input("now", None, Kind::Timestamp, true),
    ];
    let component = |path: &str, limits, wasi, rules| -> Result<ComponentEntry, Box<dyn Error>> {
        Ok(ComponentEntry { path: path.parse()?, limits, wasi, rules })
    };
    let rule = |id: &str, inputs| RuleEntry { id: id.to_owned(), inputs };
    Ok(BuiltRelease::build(ReleaseDraft {
        name: "loan-rules".parse()?,
        version: version.parse()?,
        world: World::current(),
        files: vec![
            file("business-config.yaml", FileKind::BusinessConfig)?,
            file("field-maps/loan_v1.json", FileKind::FieldMap)?,
            file("schemas/loan.json", FileKind::Schema)?,
            file("components/loan.wasm", FileKind::Component)?,
            file("components/other.wasm", FileKind::Component)?,
            file("vectors/loan.ndjson", FileKind::Vectors)?,
        ],
        components: vec![
            component("components/loan.wasm", limits, Wasi::None, vec![rule("rule_002_v1", inputs)])?,
            component(
                "components/other.wasm",
                LowerLimits::default(),
                Wasi::Sealed,
                vec![
                    rule("rule_003_v1", vec![input("status", None, Kind::Text, false)]),
                    rule("rule_004_v1", Vec::new()),
                ],
            )?,
        ],
        builtin: vec![BuiltinRule {
            id: "rule_001_v1".to_owned(),
            check: BuiltinCheck::JsonSchema,
            description: "the record follows its schema".to_owned(),
        }],
    })?)
}
