//! Releases, and requests to them.

use std::collections::BTreeMap;
use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::Arc;

use jiff::Timestamp;
use jurat_engine::results::{Evidence, EvidenceParts, RecordResult, RoleVersions, Summary};
use jurat_engine::ruleset::{BusinessConfig, RuleNode, Ruleset, UnknownSchema};
use jurat_engine::schema::SchemaOptions;
use jurat_engine::{JudgeError, Release, ReleaseProblem, Request, VouchedRelease, Workers, judge};
use jurat_model::columns::Batch;
use jurat_model::{Component, Declaration, Finding, Input};
use jurat_trust::publish::{BuiltRelease, DraftFile, ReleaseDraft};
use jurat_trust::{BuiltinCheck, BuiltinRule, ComponentEntry, FileKind, LowerLimits, RuleEntry, Wasi, World, danger};
use serde::Deserialize;
use serde_json::Value;

use crate::scripted::{Rule, Script, Scripted, Watch, obey, text};

/// A release, as cases write it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReleaseSpec {
    pub(crate) rules: Vec<RuleSpec>,
    /// The ids of rules that check the schema.
    pub(crate) builtin: Vec<String>,
    pub(crate) schemas: Vec<Value>,
    pub(crate) field_maps: BTreeMap<String, Value>,
    /// Ruleset, then schema URL or entity type, then rules: `"id"`, or `{"id": [children]}`.
    pub(crate) rulesets: BTreeMap<String, BTreeMap<String, Vec<Value>>>,
    /// What rulesets say of themselves.
    pub(crate) metadata: BTreeMap<String, Value>,
    pub(crate) mapping: BTreeMap<String, String>,
    pub(crate) defaults: BTreeMap<String, String>,
    pub(crate) minor_fallback: bool,
    pub(crate) strict_major: bool,
    /// The ids of rules that must run.
    pub(crate) must_run: Vec<String>,
    /// Whether the entity type decides on the rules of a schema without a list.
    pub(crate) by_entity_type: bool,
    pub(crate) aliases: BTreeMap<String, String>,
}

/// A rule. If one of its inputs has its own id for a name, that text tells it what to do; otherwise it passes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleSpec {
    pub(crate) id: String,
    /// Rules with the same number are in one component.
    #[serde(default)]
    pub(crate) component: usize,
    #[serde(default = "loan")]
    pub(crate) entity: String,
    /// `principal:decimal!` is required, `parent.limit:decimal` is a related entity's.
    #[serde(default)]
    pub(crate) inputs: Vec<String>,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) code: Option<String>,
    /// The inputs that findings are about.
    #[serde(default)]
    pub(crate) on: Vec<u32>,
    #[serde(default)]
    pub(crate) params: BTreeMap<String, String>,
    /// What it says of itself; none = a few plain words.
    #[serde(default)]
    pub(crate) description: Option<String>,
}

fn loan() -> String {
    "loan".to_owned()
}

pub(crate) struct Fixture {
    pub(crate) release: Arc<Release>,
    /// What vouches for it.
    pub(crate) evidence: Option<Arc<Evidence>>,
    pub(crate) watch: Arc<Watch>,
}

impl Fixture {
    pub(crate) fn new(spec: &ReleaseSpec) -> Self {
        Self::scripted(spec, |rule| script(rule))
    }

    /// A fixture whose rules do as `script` says.
    pub(crate) fn scripted(spec: &ReleaseSpec, script: impl Fn(&RuleSpec) -> Script) -> Self {
        Self::load(spec, script).unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    /// What is wrong with a release that is refused.
    pub(crate) fn refused(spec: &ReleaseSpec) -> Vec<String> {
        let Err(problems) = Self::load(spec, |rule| script(rule)) else { panic!("the release is not refused") };
        let words = |problem: &ReleaseProblem| match problem.source() {
            Some(source) => format!("{problem}: {source}"),
            None => problem.to_string(),
        };
        problems.iter().map(words).collect()
    }

    fn load(spec: &ReleaseSpec, script: impl Fn(&RuleSpec) -> Script) -> Result<Self, Vec<ReleaseProblem>> {
        let watch = Arc::new(Watch::default());
        let mut rules: BTreeMap<usize, Vec<Rule>> = BTreeMap::new();
        for rule in &spec.rules {
            let rule = (rule.component, Rule { declaration: declaration(rule), script: script(rule) });
            rules.entry(rule.0).or_default().push(rule.1);
        }
        let component = |(number, rules)| -> Arc<dyn Component> {
            Arc::new(Scripted::new(format!("digest of component {number}"), rules, Arc::clone(&watch)))
        };
        let components: Vec<_> = rules.into_iter().map(component).collect();
        let verified = danger::assume_verified(&build(spec, &components));
        let release = Release::new(&verified, config(spec), components)?;
        Ok(Self { release: Arc::new(release), evidence: None, watch })
    }

    /// The same with evidence, of a release of that name.
    pub(crate) fn vouched(self, name: &str, stale: bool) -> Self {
        let roles =
            RoleVersions { root: 1, timestamp: 5, snapshot: 3, targets: 1, delegated: Some(("t-acme".to_owned(), 4)) };
        let evidence = Evidence::new(EvidenceParts {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            manifest: self.release.manifest().to_owned(),
            repository: "acme-prod".to_owned(),
            roles,
            fuel_schedule: jurat_model::FuelSchedule::CURRENT,
            stale,
        });
        Self { evidence: Some(Arc::new(evidence)), ..self }
    }

    /// The release that judges, with what vouches for it.
    pub(crate) fn serving(&self) -> VouchedRelease {
        VouchedRelease::new(Arc::clone(&self.release), self.evidence.clone())
    }

    /// Judges a text and keeps all results.
    pub(crate) fn judge(&self, request: &Request, threads: usize, text: &str) -> Result<Answer, JudgeError> {
        self.judge_on(&workers(threads), request, text)
    }

    pub(crate) fn judge_bytes(&self, request: &Request, threads: usize, text: Vec<u8>) -> Result<Answer, JudgeError> {
        self.judge_these(&workers(threads), request, text.into())
    }

    pub(crate) fn judge_on(&self, workers: &Workers, request: &Request, text: &str) -> Result<Answer, JudgeError> {
        self.judge_these(workers, request, Arc::from(text.as_bytes()))
    }

    pub(crate) fn judge_these(
        &self,
        workers: &Workers,
        request: &Request,
        text: Arc<[u8]>,
    ) -> Result<Answer, JudgeError> {
        let mut records = Vec::new();
        let summary = judge(self.serving(), &workers.queue(NonZeroUsize::MAX), request, text, &mut |record| {
            records.push(record);
            Ok(())
        })?;
        Ok(Answer { records, summary })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) records: Vec<RecordResult>,
    pub(crate) summary: Summary,
}

impl Answer {
    /// As it is written, without times and without what calls used: everything that must not depend on how it came about.
    pub(crate) fn timeless(&self) -> Value {
        let mut results = serde_json::to_value(&self.records).unwrap();
        let mut summary = serde_json::to_value(&self.summary).unwrap();
        forget(&mut results, "execution_time_ms");
        forget(&mut summary, "usage");
        forget(&mut summary, "limits");
        serde_json::json!({ "results": results, "summary": summary })
    }
}

pub(crate) fn forget(value: &mut Value, key: &str) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| forget(value, key)),
        Value::Object(members) => {
            members.remove(key);
            members.values_mut().for_each(|value| forget(value, key));
        }
        _ => {}
    }
}

pub(crate) fn workers(threads: usize) -> Workers {
    Workers::start(NonZeroUsize::new(threads).unwrap()).unwrap()
}

/// A request to `main` at the beginning of 2024.
pub(crate) fn request() -> Request {
    Request::new("main", Timestamp::constant(1_704_067_200, 0))
}

/// Rules that do as the record says, each under its own id: `{"id": ..., "a": "warn"}`. Where the id is in upper case the rule
/// cannot do without. Both schemas have the same field map and trees of their own.
pub(crate) fn obedient(rules: &[(&str, usize)], trees: [Vec<Value>; 2]) -> ReleaseSpec {
    let spec = |&(id, component): &(&str, usize)| RuleSpec {
        id: id.to_owned(),
        component,
        entity: loan(),
        inputs: vec![format!("{id}:text{}", if is_required(id) { "!" } else { "" })],
        message: "{{".to_owned() + id + "}} is told to {" + id + "}",
        code: None,
        on: vec![0],
        params: BTreeMap::new(),
        description: None,
    };
    let map = rules.iter().map(|(id, _)| ((*id).to_owned(), serde_json::json!({ "physical_path": id }))).collect();
    let lists = SCHEMAS.into_iter().map(str::to_owned).zip(trees);
    ReleaseSpec {
        rules: rules.iter().map(spec).collect(),
        field_maps: [("loan.json".to_owned(), Value::Object(map))].into(),
        rulesets: [("main".to_owned(), lists.collect())].into(),
        mapping: SCHEMAS.into_iter().map(|url| (url.to_owned(), "loan.json".to_owned())).collect(),
        ..ReleaseSpec::default()
    }
}

/// The schemas of [`obedient`] records.
pub(crate) const SCHEMAS: [&str; 2] =
    ["https://schemas.example.com/loan/v1.0.0", "https://schemas.example.com/loan/v2.0.0"];

pub(crate) fn is_required(rule: &str) -> bool {
    rule.starts_with(char::is_uppercase)
}

fn script(rule: &RuleSpec) -> Script {
    let own = rule.inputs.iter().position(|input| input.split(':').next() == Some(&rule.id));
    let template = Finding {
        row: 0,
        code: rule.code.clone(),
        message: rule.message.clone(),
        inputs: rule.on.clone(),
        params: rule.params.clone().into_iter().collect(),
    };
    Box::new(move |batch: &Batch<'_>, row| {
        let word = own.and_then(|own| text(&batch.columns[own], row)).unwrap_or("pass");
        obey(word, &template)
    })
}

fn declaration(rule: &RuleSpec) -> Declaration {
    Declaration {
        id: rule.id.clone(),
        entity_type: rule.entity.clone(),
        description: rule.description.clone().unwrap_or_else(|| format!("what {} says", rule.id)),
        inputs: rule.inputs.iter().map(|input| self::input(input)).collect(),
        annotations: Vec::new(),
    }
}

fn input(text: &str) -> Input {
    let (name, kind) = text.split_once(':').unwrap();
    let (of, name) = name.split_once('.').map_or((None, name), |(of, name)| (Some(of.to_owned()), name));
    let required = kind.ends_with('!');
    Input { name: name.to_owned(), of, kind: kind.trim_end_matches('!').parse().unwrap(), required }
}

fn build(spec: &ReleaseSpec, components: &[Arc<dyn Component>]) -> BuiltRelease {
    let file =
        |path: String, kind, bytes: String| DraftFile { path: path.parse().unwrap(), kind, bytes: bytes.into_bytes() };
    let mut files = vec![file("business-config.yaml".to_owned(), FileKind::BusinessConfig, "scripted".to_owned())];
    files.extend(
        spec.field_maps
            .iter()
            .map(|(name, map)| file(format!("field-maps/{name}"), FileKind::FieldMap, map.to_string())),
    );
    let schemas = spec.schemas.iter().enumerate();
    files.extend(
        schemas.map(|(index, schema)| file(format!("schemas/{index}.json"), FileKind::Schema, schema.to_string())),
    );
    let mut entries = Vec::new();
    for (index, component) in components.iter().enumerate() {
        let path = format!("components/{index:02}.wasm");
        files.push(file(path.clone(), FileKind::Component, format!("scripted {index}")));
        let rules = component.declarations().iter();
        entries.push(ComponentEntry {
            path: path.parse().unwrap(),
            limits: LowerLimits::default(),
            wasi: Wasi::None,
            rules: rules.map(|rule| RuleEntry { id: rule.id.clone(), inputs: rule.inputs.clone() }).collect(),
        });
    }
    let builtin = spec.builtin.iter().map(|id| BuiltinRule {
        id: id.clone(),
        check: BuiltinCheck::JsonSchema,
        description: "follows its schema".to_owned(),
    });
    BuiltRelease::build(ReleaseDraft {
        name: "scripted".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        world: World::current(),
        files,
        components: entries,
        builtin: builtin.collect(),
    })
    .unwrap()
}

fn config(spec: &ReleaseSpec) -> BusinessConfig {
    let rulesets = spec.rulesets.iter().map(|(name, lists)| {
        let nodes = |nodes: &Vec<Value>| nodes.iter().flat_map(|node| nodes_of(node, &spec.must_run)).collect();
        let rules = lists.iter().map(|(key, list)| (key.clone(), nodes(list)));
        let metadata = spec.metadata.get(name).cloned().unwrap_or_default();
        (name.clone(), Ruleset { metadata, rules: rules.collect(), unknown_schema: None })
    });
    BusinessConfig {
        rulesets: rulesets.collect(),
        schema_to_helper_mapping: spec.mapping.clone(),
        default_helpers: spec.defaults.clone(),
        allow_minor_version_fallback: spec.minor_fallback,
        strict_major_version: spec.strict_major,
        unknown_schema: if spec.by_entity_type { UnknownSchema::EntityType } else { UnknownSchema::Error },
        schemas: SchemaOptions { aliases: spec.aliases.clone(), ..SchemaOptions::default() },
    }
}

fn nodes_of(node: &Value, must_run: &[String]) -> Vec<RuleNode> {
    let node_of = |id: &String, children| RuleNode { rule_id: id.clone(), must_run: must_run.contains(id), children };
    match node {
        Value::String(id) => vec![node_of(id, Vec::new())],
        Value::Object(nodes) => {
            let children =
                |nodes: &Value| nodes.as_array().unwrap().iter().flat_map(|node| nodes_of(node, must_run)).collect();
            nodes.iter().map(|(id, nodes)| node_of(id, children(nodes))).collect()
        }
        other => panic!("{other} is no rule"),
    }
}
