//! Rules that say as much of each record as is kept of a rule.

use std::io::Read;
use std::num::NonZeroUsize;
use std::sync::Arc;

use jiff::Timestamp;
use jurat_engine::ruleset::{BusinessConfig, RuleNode, Ruleset};
use jurat_engine::{JudgedWindow, RecordSource, Release, Request, Workers, judge_windows};
use jurat_model::columns::Batch;
use jurat_model::{
    Component, Declaration, EvaluateError, Evaluation, Finding, Limits, Pause, Run, Session, Status, Verdicts, Worker,
};
use jurat_trust::publish::{BuiltRelease, DraftFile, ReleaseDraft};
use jurat_trust::{ComponentEntry, FileKind, LowerLimits, RuleEntry, Wasi, World, danger};

const RULES: usize = 8;
/// The findings of a rule on a record, of 4 KiB each.
const FINDINGS: usize = 15;

#[derive(Debug)]
struct Wordy(Vec<Declaration>);

impl Component for Wordy {
    fn declarations(&self) -> &[Declaration] {
        &self.0
    }

    fn digest(&self) -> &str {
        "wordy"
    }

    fn limits(&self) -> &Limits {
        &Limits::DEFAULT
    }

    fn session<'a>(&'a self, _: Worker, _: &Run) -> Box<dyn Session + 'a> {
        Box::new(WordySession)
    }
}

struct WordySession;

impl Session for WordySession {
    fn evaluate(&mut self, _: u32, batch: &Batch<'_>, pause: &mut dyn Pause) -> Result<Evaluation, EvaluateError> {
        let (mut verdicts, mut held) = (Verdicts::default(), 0);
        for row in 0..batch.rows {
            pause.pause(&mut || {})?;
            // Each byte of it takes six in JSON.
            let message = "\u{1}".repeat(4_096);
            let finding = Finding { row, code: None, message, inputs: Vec::new(), params: Vec::new() };
            held += finding.size() * FINDINGS;
            verdicts.statuses.push(Status::Fail);
            verdicts.findings.extend(vec![finding; FINDINGS]);
            pause.holds(held)?;
        }
        Ok(Evaluation { verdicts, ..Evaluation::default() })
    }
}

fn release() -> Arc<Release> {
    let file = |path: &str, kind, bytes: &[u8]| DraftFile { path: path.parse().unwrap(), kind, bytes: bytes.to_vec() };
    let declaration = |rule| Declaration {
        id: format!("r{rule}"),
        entity_type: "loan".to_owned(),
        description: String::new(),
        inputs: Vec::new(),
        annotations: Vec::new(),
    };
    let declarations: Vec<_> = (0..RULES).map(declaration).collect();
    let rules = declarations.iter().map(|rule| RuleEntry { id: rule.id.clone(), inputs: Vec::new() }).collect();
    let entry = ComponentEntry {
        path: "components/wordy.wasm".parse().unwrap(),
        limits: LowerLimits::default(),
        wasi: Wasi::None,
        rules,
    };
    let built = BuiltRelease::build(ReleaseDraft {
        name: "wordy".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        world: World::current(),
        files: vec![
            file("business-config.yaml", FileKind::BusinessConfig, b"wordy"),
            file("field-maps/loan.json", FileKind::FieldMap, b"{}"),
            file("components/wordy.wasm", FileKind::Component, b"wordy"),
        ],
        components: vec![entry],
        builtin: Vec::new(),
    });
    let nodes = (0..RULES).map(|rule| RuleNode { rule_id: format!("r{rule}"), ..RuleNode::default() }).collect();
    let ruleset = Ruleset { rules: [("loan".to_owned(), nodes)].into(), ..Ruleset::default() };
    let config = BusinessConfig {
        rulesets: [("main".to_owned(), ruleset)].into(),
        default_helpers: [("loan".to_owned(), "loan.json".to_owned())].into(),
        ..BusinessConfig::default()
    };
    let component: Arc<dyn Component> = Arc::new(Wordy(declarations));
    Arc::new(Release::new(&danger::assume_verified(&built.unwrap()), config, vec![component]).unwrap())
}

/// Judges records, and gives the length of their results.
pub(crate) fn judged(records: Box<dyn Read>) -> usize {
    let (release, workers) = (release(), Workers::start(NonZeroUsize::new(2).unwrap()).unwrap());
    let request = Request::new("main", Timestamp::constant(1_704_067_200, 0)).with_entity_type("loan");
    let mut texts = std::iter::once(Ok(records));
    let render = |window: &JudgedWindow<'_>| -> String {
        window.records().map(|record| serde_json::to_string(&record).unwrap()).collect()
    };
    let mut length = 0;
    let queue = workers.queue(NonZeroUsize::MAX);
    let input = RecordSource::texts(&mut texts);
    judge_windows(&release, &queue, &request, input, render, &mut |written| {
        length += written.len();
        Ok(())
    })
    .unwrap();
    length
}
