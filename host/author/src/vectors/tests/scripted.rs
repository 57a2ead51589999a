//! A release whose rules run without a sandbox, and do as their names say.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jurat_engine::Release;
use jurat_model::columns::{Batch, Values};
use jurat_model::{
    Component, Declaration, EvaluateError, Evaluation, Fault, Finding, GuiltyRow, Input, Isolation, Kind, Limits,
    Pause, Run, Session, Status, Worker,
};
use jurat_trust::publish::{BuiltRelease, DraftFile, ReleaseDraft};
use jurat_trust::{FileKind, VerifiedRelease, World, danger};

use crate::business_config;

const CONFIG: &str = "
rulesets:
  plain: {rules: {loan: [{rule_id: plain}], 'https://x.example/loan/v2.0.0': []}}
  counts: {rules: {loan: [{rule_id: counts}]}}
  flips: {rules: {loan: [{rule_id: flips}]}}
  limit: {rules: {loan: [{rule_id: limit}]}}
  timed: {rules: {loan: [{rule_id: timed}]}}
  late: {rules: {loan: [{rule_id: late, children: [{rule_id: plain}]}]}}
  ghost: {rules: {loan: [{rule_id: ghost}]}}
default_helpers: {loan: loan.json}
schema_to_helper_mapping: {'https://x.example/loan/v2.0.0': loan.json}
";

const FIELD_MAP: &str = r#"{"n": {"physical_path": "n"}, "limit": {"physical_path": "limit"}}"#;

/// Rules that keep what they must not keep, read what is around the record, or run out of time.
#[derive(Debug)]
pub(super) struct Scripted {
    declarations: Vec<Declaration>,
    /// How often the rule `late` will run out of time if `n` is 9. If it is 8, it does so only after other records.
    pub(super) late: AtomicU32,
    pub(super) calls: AtomicU32,
}

impl Scripted {
    pub(super) fn new(late: u32) -> Arc<Self> {
        let input = |name: &str, of: Option<&str>, kind| Input {
            name: name.into(),
            of: of.map(Into::into),
            kind,
            required: true,
        };
        let rule = |id: &str| {
            let more = match id {
                "limit" => Some(input("limit", Some("parent"), Kind::Integer)),
                "timed" => Some(input("now", None, Kind::Timestamp)),
                _ => None,
            };
            Declaration {
                id: id.into(),
                entity_type: "loan".into(),
                description: String::new(),
                inputs: [input("n", None, Kind::Integer)].into_iter().chain(more).collect(),
                annotations: Vec::new(),
            }
        };
        let declarations = ["plain", "counts", "flips", "limit", "timed", "late"].map(rule).into();
        Arc::new(Self { declarations, late: late.into(), calls: 0.into() })
    }
}

impl Component for Scripted {
    fn declarations(&self) -> &[Declaration] {
        &self.declarations
    }

    fn digest(&self) -> &'static str {
        "digest"
    }

    fn limits(&self) -> &Limits {
        &Limits::DEFAULT
    }

    fn session<'a>(&'a self, _: Worker, run: &Run) -> Box<dyn Session + 'a> {
        Box::new(Open { component: self, isolation: run.isolation, seen: 0 })
    }
}

struct Open<'a> {
    component: &'a Scripted,
    isolation: Isolation,
    seen: u32,
}

impl Session for Open<'_> {
    fn evaluate(&mut self, rule: u32, batch: &Batch<'_>, _: &mut dyn Pause) -> Result<Evaluation, EvaluateError> {
        self.component.calls.fetch_add(1, Ordering::Relaxed);
        let mut answer = Evaluation::default();
        let id = self.component.declarations[rule as usize].id.as_str();
        for row in 0..batch.rows {
            if self.isolation == Isolation::Record {
                self.seen = 0;
            }
            let value = |column: usize| match &batch.columns[column].values {
                Values::Integers(values) | Values::Timestamps(values) => values[row as usize],
                _ => unreachable!(),
            };
            let one = |code: Option<&str>, message: String| {
                vec![Finding { row, code: code.map(Into::into), message, inputs: vec![0], params: Vec::new() }]
            };
            let (status, findings) = match (id, value(0)) {
                ("plain", 0) => (Status::Pass, Vec::new()),
                ("plain", 1) => (Status::Fail, one(Some("odd"), "{n} is odd".into())),
                ("plain", _) => (Status::Warn, one(None, "{n} is much".into())),
                ("counts", _) => (Status::Pass, one(None, format!("{} before", self.seen))),
                ("flips", _) if self.seen > 0 => (Status::Fail, one(None, "another one".into())),
                ("limit", n) if n > value(1) => (Status::Fail, one(None, "above the limit".into())),
                ("timed", _) if value(1) < 0 => (Status::Fail, one(None, "long ago".into())),
                ("late", 9) if self.component.late.load(Ordering::Relaxed) > 0 => {
                    self.component.late.fetch_sub(1, Ordering::Relaxed);
                    answer.guilty.push(GuiltyRow { row, fault: Fault::Deadline, fuel: 1 });
                    (Status::Error, Vec::new())
                }
                ("late", 8) if self.seen > 0 => {
                    answer.guilty.push(GuiltyRow { row, fault: Fault::Deadline, fuel: 1 });
                    (Status::Error, Vec::new())
                }
                _ => (Status::Pass, Vec::new()),
            };
            self.seen += 1;
            answer.verdicts.statuses.push(status);
            answer.verdicts.findings.extend(findings);
        }
        Ok(answer)
    }
}

/// A release with those rules and a file of vectors.
pub(super) fn release(component: &Arc<Scripted>, vectors: &[(&str, &str)]) -> (VerifiedRelease, Arc<Release>) {
    let file = |path: &str, kind, text: &str| DraftFile { path: path.parse().unwrap(), kind, bytes: text.into() };
    let mut files = vec![
        file("business-config.yaml", FileKind::BusinessConfig, CONFIG),
        file("loan.json", FileKind::FieldMap, FIELD_MAP),
    ];
    files.extend(vectors.iter().map(|(path, text)| file(path, FileKind::Vectors, text)));
    let built = BuiltRelease::build(ReleaseDraft {
        name: "loan".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        world: World::current(),
        files,
        components: Vec::new(),
        builtin: Vec::new(),
    });
    let verified = danger::assume_verified(&built.unwrap());
    let config = business_config::parse(CONFIG, "business-config.yaml", &["loan.json"]).unwrap().config;
    let component = Arc::clone(component) as Arc<dyn Component>;
    let release = Release::new(&verified, config, vec![component]).unwrap();
    (verified, Arc::new(release))
}
