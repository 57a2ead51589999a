//! What is measured: one pipeline, over rules in the sandbox or over the same rules compiled natively.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use jurat_engine::extract::{ChunkBuilder, ChunkLimits, Plan};
use jurat_engine::field_map::FieldMap;
use jurat_engine::json::Scratch;
use jurat_engine::ruleset::{BusinessConfig, RuleNode, Ruleset};
use jurat_engine::{Release, Request, Workers, judge};
use jurat_model::columns::Batch;
use jurat_model::{Bytes, Component, Run, Worker};
use jurat_sandbox::{Policy, Sandbox, Settings};
use jurat_trust::publish::{BuiltRelease, Draft, DraftFile};
use jurat_trust::{BuiltinCheck, BuiltinRule, ComponentEntry, FileKind, LowerLimits, RuleEntry, Wasi, World, danger};

use crate::native::NativeComponent;

/// What the loans say that they are.
pub(crate) const SCHEMA_URL: &str = "https://schemas.example.com/loan/v1.0.0";
/// Of the rules in the component, those of the ruleset: 002 to 005.
const RULES: std::ops::Range<u32> = 0..4;

/// Where the rules run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Sandboxed,
    Native,
}

/// A release with its workers, ready to judge.
pub(crate) struct Subject {
    release: Arc<Release>,
    workers: Workers,
    component: Arc<dyn Component>,
    request: Request,
}

/// Columns for each of the rules.
pub(crate) struct Batches(Vec<(u32, Batch<'static>)>);

impl Batches {
    pub(crate) fn rows(&self) -> u32 {
        self.0.first().map_or(0, |(_, batch)| batch.rows)
    }
}

impl Subject {
    pub(crate) fn open(kind: Kind, threads: usize) -> anyhow::Result<Self> {
        let threads = NonZeroUsize::new(threads).context("no threads")?;
        let native = NativeComponent::new();
        let release = danger::assume_verified(&build(&native)?);
        let component: Arc<dyn Component> = match kind {
            Kind::Native => Arc::new(native),
            Kind::Sandboxed => {
                let sandbox = Sandbox::open(Settings::new(threads))?;
                let file = release.components().next().context("no component")?;
                Arc::new(sandbox.load(&file, &Policy::default())?)
            }
        };
        let release = Release::new(&release, config(), vec![Arc::clone(&component)]);
        let release = release.map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        Ok(Self {
            release: Arc::new(release),
            workers: Workers::start(threads)?,
            component,
            request: Request::new("thorough", 0),
        })
    }

    /// Judges records and throws the results away.
    pub(crate) fn judge(&self, text: &str) {
        let judged = judge(&self.release, &self.workers, &self.request, Arc::from(text.as_bytes()), &mut |result| {
            std::hint::black_box(&result);
            Ok(())
        });
        std::hint::black_box(judged.is_ok());
    }

    /// Judges records and keeps what is said of them, without the times and the names of components.
    pub(crate) fn results(&self, text: &str) -> anyhow::Result<Vec<String>> {
        let mut results = Vec::new();
        judge(&self.release, &self.workers, &self.request, Arc::from(text.as_bytes()), &mut |mut result| {
            fn forget(results: &mut [jurat_engine::results::RuleResult]) {
                for result in results {
                    result.execution_time_ms = 0.0;
                    result.component = None;
                    forget(&mut result.children);
                }
            }
            forget(&mut result.results);
            results.push(serde_json::to_string(&result)?);
            Ok(())
        })?;
        Ok(results)
    }

    /// The first records as columns, of the given number of rows.
    pub(crate) fn batches(&self, text: &str, rows: u32) -> anyhow::Result<Batches> {
        let map = FieldMap::parse(&source("field-maps/loan_v1.json")?)?;
        let rules = self.component.declarations();
        let inputs = rules.iter().take(RULES.len()).flat_map(|rule| &rule.inputs);
        let plan = Arc::new(Plan::new(&map, inputs, &[]).map_err(|errors| anyhow::anyhow!("{errors:?}"))?);
        let limits = ChunkLimits { rows, bytes: Bytes::mebi(16) };
        let mut builder = ChunkBuilder::new(Arc::clone(&plan), limits, 0);
        let mut scratch = Scratch::default();
        for line in text.lines().take(rows as usize) {
            let tokens = plan.scan(line.as_bytes(), &mut scratch)?;
            let _ = builder.add(&tokens, &[]);
        }
        let chunk = builder.finish();
        let all: Vec<u32> = (0..chunk.rows()).collect();
        let batches = RULES.zip(rules).map(|(index, rule)| {
            let columns = plan.columns_of(&rule.inputs).context("a column is missing")?;
            Ok((index, chunk.batch_of(&columns, &all)))
        });
        Ok(Batches(batches.collect::<anyhow::Result<_>>()?))
    }

    /// The four rules, one after the other, in one session on this thread.
    pub(crate) fn rules(&self, batches: &Batches) {
        call(&*self.component, Worker(0), &self.request.run, batches);
    }

    /// One-record rule calls on fresh instances, shared out over threads.
    pub(crate) fn singles(&self, text: &str, threads: usize) {
        const CALLS: usize = 4_000;
        let Ok(batches) = self.batches(text, 1) else { return };
        std::thread::scope(|scope| {
            for worker in 0..threads {
                let batches = &batches;
                scope.spawn(move || {
                    for _ in 0..CALLS / threads {
                        call(&*self.component, Worker(worker), &self.request.run, batches);
                    }
                });
            }
        });
    }
}

fn call(component: &dyn Component, worker: Worker, run: &Run, batches: &Batches) {
    let mut session = component.session(worker, run);
    for (rule, batch) in &batches.0 {
        std::hint::black_box(session.evaluate(*rule, batch).is_ok());
    }
}

/// The release of `rules/loan`, as far as it is needed here.
fn build(native: &NativeComponent) -> anyhow::Result<BuiltRelease> {
    let component = component_directory()?.join("loan_rules.wasm");
    let bytes = std::fs::read(&component).with_context(|| format!("{}", component.display()))?;
    let file = |path: &str, kind, bytes| anyhow::Ok(DraftFile { path: path.parse()?, kind, bytes });
    let rules = native.declarations().iter().map(|rule| RuleEntry { id: rule.id.clone(), inputs: rule.inputs.clone() });
    let entry = ComponentEntry {
        path: "loan_rules.wasm".parse()?,
        limits: LowerLimits::default(),
        wasi: Wasi::None,
        rules: rules.collect(),
    };
    Ok(BuiltRelease::build(Draft {
        name: "loan".parse()?,
        version: "1.0.0".parse()?,
        world: World::current(),
        files: vec![
            file("business-config.yaml", FileKind::BusinessConfig, source("business-config.yaml")?)?,
            file("field-maps/loan_v1.json", FileKind::FieldMap, source("field-maps/loan_v1.json")?)?,
            file("schemas/loan.v1.0.0.json", FileKind::Schema, source("schemas/loan.v1.0.0.json")?)?,
            file("loan_rules.wasm", FileKind::Component, bytes)?,
        ],
        components: vec![entry],
        builtin: vec![BuiltinRule {
            id: "rule_001_v1".to_owned(),
            check: BuiltinCheck::JsonSchema,
            description: String::new(),
        }],
    })?)
}

/// Where built components are.
pub(crate) fn component_directory() -> anyhow::Result<PathBuf> {
    Ok(std::env::var_os("JURAT_COMPONENTS").context("run `cargo xtask bench`")?.into())
}

/// Where the sources of the sample release are.
pub(crate) fn sources() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../rules/loan")
}

fn source(path: &str) -> anyhow::Result<Vec<u8>> {
    let path = sources().join(path);
    std::fs::read(&path).with_context(|| format!("{}", path.display()))
}

fn config() -> BusinessConfig {
    let rule = |id: &str| RuleNode { rule_id: id.to_owned(), children: Vec::new() };
    let rules = vec![
        rule("rule_001_v1"),
        rule("rule_002_v1"),
        RuleNode { children: vec![rule("rule_004_v1")], ..rule("rule_003_v1") },
        rule("rule_005_v1"),
    ];
    let ruleset = Ruleset { rules: [(SCHEMA_URL.to_owned(), rules)].into(), ..Ruleset::default() };
    BusinessConfig {
        rulesets: [("thorough".to_owned(), ruleset)].into(),
        schema_to_helper_mapping: [(SCHEMA_URL.to_owned(), "loan_v1.json".to_owned())].into(),
        ..BusinessConfig::default()
    }
}
