//! The users of a reply: a release that is built of what a component says of itself, and records that it judges.

use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jurat_engine::results::RecordResult;
use jurat_engine::ruleset::{BusinessConfig, RuleNode, Ruleset};
use jurat_engine::{Release, Request, Workers, judge};
use jurat_model::columns::Batch;
use jurat_model::reply::check_verdicts;
use jurat_model::{
    Component, Declaration, EvaluateError, Evaluation, Fault, GuiltyRow, Input, Kind, Limits, Pause, Run, Session,
    Status, Verdicts, Worker,
};
use jurat_trust::publish::{BuiltRelease, DraftFile, ReleaseDraft};
use jurat_trust::{ComponentEntry, FileKind, LowerLimits, RuleEntry, Wasi, World, danger};

/// Records with and without values, and with values that want to be something else.
const RECORDS: &str = r#"
{"id":"1","entity_type":"loan","a":"x","b":1.50,"c":{"d":[1,2]}}
{"id":"2","entity_type":"loan"}
{"id":"3","entity_type":"loan","a":"{a} {{b}} {","b":0.1,"c":null}
{"id":"4","entity_type":"loan","a":"\u001b[31m\u202e\ud83d\ude00\"\\","b":-79228162514264337593543950335,"c":"{c}"}
"#;

const FIELD_MAP: &str = r#"{"a":{"physical_path":"a"},"b":{"physical_path":"b"},"c":{"physical_path":"c"}}"#;

/// A host with one rule, which says what it is told to.
pub(super) struct Host {
    rule: Arc<Rule>,
    release: Arc<Release>,
    workers: Workers,
}

impl Host {
    /// How many inputs its rule has.
    pub(super) const INPUTS: usize = 3;
    /// The longest message that comes out, placeholders filled in.
    pub(super) const MESSAGE_BYTES: usize = 8 << 10;

    /// The one of this process, for one user at a time.
    pub(super) fn shared() -> MutexGuard<'static, Self> {
        static SHARED: LazyLock<Mutex<Host>> = LazyLock::new(|| Mutex::new(Host::new()));
        SHARED.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new() -> Self {
        let input = |(name, kind)| Input { name: String::from(name), of: None, kind, required: false };
        let declaration = Declaration {
            id: "rule".to_owned(),
            entity_type: "loan".to_owned(),
            description: "says what it is told to".to_owned(),
            inputs: [("a", Kind::Text), ("b", Kind::Decimal), ("c", Kind::Json)].map(input).into(),
            annotations: Vec::new(),
        };
        let rule = Arc::new(Rule { declarations: vec![declaration], reply: Mutex::default() });
        let built = build(&rule.declarations);
        let nodes = vec![RuleNode { rule_id: "rule".to_owned(), ..RuleNode::default() }];
        let ruleset = Ruleset { rules: [("loan".to_owned(), nodes)].into(), ..Ruleset::default() };
        let config = BusinessConfig {
            rulesets: [("main".to_owned(), ruleset)].into(),
            default_helpers: [("loan".to_owned(), "map.json".to_owned())].into(),
            ..BusinessConfig::default()
        };
        let verified = danger::assume_verified(&built);
        let release = Release::new(&verified, config, vec![Arc::clone(&rule) as Arc<dyn Component>]);
        let release = Arc::new(release.expect("a release of one rule"));
        Self { rule, release, workers: Workers::start(NonZeroUsize::MIN).expect("a thread") }
    }

    /// How many rows the rule is asked about.
    pub(super) fn rows(&self) -> usize {
        RECORDS.trim().lines().count()
    }

    /// What comes of it if the rule says this of the records, and whether it was taken.
    pub(super) fn judge(&self, verdicts: &Verdicts) -> (Vec<RecordResult>, bool) {
        *self.rule.told() = (verdicts.clone(), false);
        let request = Request::new("main", Timestamp::constant(1_704_067_200, 0));
        let mut results = Vec::new();
        let judged = judge(
            &self.release,
            &self.workers.queue(NonZeroUsize::MIN),
            &request,
            Arc::from(RECORDS.as_bytes()),
            &mut |record| {
                results.push(record);
                Ok(())
            },
        );
        judged.expect("whatever a rule says, a request is answered");
        (results, self.rule.told().1)
    }

    /// Builds a release of a component that describes itself so, as publishers do.
    pub(super) fn builds(declarations: &[Declaration]) {
        let manifest = build(declarations).manifest().clone();
        assert_eq!(jurat_trust::Manifest::parse(&manifest.to_bytes()), Ok(manifest));
    }
}

fn build(declarations: &[Declaration]) -> BuiltRelease {
    let file = |path: &str, kind, text: &str| DraftFile {
        path: path.parse().expect("a safe path"),
        kind,
        bytes: text.as_bytes().to_vec(),
    };
    let rules = declarations.iter().map(|rule| RuleEntry { id: rule.id.clone(), inputs: rule.inputs.clone() });
    let component = ComponentEntry {
        path: "components/rule.wasm".parse().expect("a safe path"),
        limits: LowerLimits::default(),
        wasi: Wasi::None,
        rules: rules.collect(),
    };
    let built = BuiltRelease::build(ReleaseDraft {
        name: "told".parse().expect("a name"),
        version: "1.0.0".parse().expect("a version"),
        world: World::current(),
        files: vec![
            file("business-config.yaml", FileKind::BusinessConfig, "told"),
            file("components/rule.wasm", FileKind::Component, "told"),
            file("field-maps/map.json", FileKind::FieldMap, FIELD_MAP),
        ],
        components: vec![component],
        builtin: Vec::new(),
    });
    built.expect("what a component may say of itself can be signed")
}

/// A rule that says what it is told to, checked as the sandbox checks it.
#[derive(Debug)]
struct Rule {
    declarations: Vec<Declaration>,
    /// What to say, and whether that was taken.
    reply: Mutex<(Verdicts, bool)>,
}

impl Rule {
    fn told(&self) -> MutexGuard<'_, (Verdicts, bool)> {
        self.reply.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Component for Rule {
    fn declarations(&self) -> &[Declaration] {
        &self.declarations
    }

    fn digest(&self) -> &'static str {
        "told"
    }

    fn limits(&self) -> &Limits {
        &Limits::DEFAULT
    }

    fn session<'a>(&'a self, _: Worker, _: &Run) -> Box<dyn Session + 'a> {
        Box::new(Telling(self))
    }
}

struct Telling<'a>(&'a Rule);

impl Session for Telling<'_> {
    fn evaluate(&mut self, _: u32, batch: &Batch<'_>, _: &mut dyn Pause) -> Result<Evaluation, EvaluateError> {
        let mut told = self.0.told();
        told.1 = check_verdicts(&told.0, batch).is_ok();
        if told.1 {
            return Ok(Evaluation { verdicts: told.0.clone(), ..Evaluation::default() });
        }
        let statuses = vec![Status::Error; batch.rows as usize];
        Ok(Evaluation {
            verdicts: Verdicts { statuses, findings: Vec::new() },
            guilty: (0..batch.rows).map(|row| GuiltyRow { row, fault: Fault::Output, fuel: 1 }).collect(),
            ..Evaluation::default()
        })
    }
}
