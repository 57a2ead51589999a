//! How the cost of a record grows.

use std::sync::Arc;

use jurat_engine::extract::ChunkLimits;
use jurat_model::{Bytes, Component};

use crate::copies::Copies;
use crate::measure::Contest;
use crate::report::Report;
use crate::subject::{self, Place, Subject};
use crate::workload::Loans;
use crate::{Effort, source};

/// Small loans of a round.
const COUNT: usize = 10_000;
/// Rules of the curve over components, all together.
const RULES: usize = 16;

/// One point of a curve.
struct Point {
    name: String,
    meaning: &'static str,
    subject: Arc<Subject>,
    loans: Loans,
}

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let small = Loans::small(COUNT);
    let thorough = Arc::new(Subject::open(Place::Sandbox, 1)?);
    let mut points = Vec::new();
    let mut add = |name: String, meaning, subject: &Arc<Subject>, loans: &Loans| {
        points.push(Point { name, meaning, subject: Arc::clone(subject), loans: loans.clone() });
    };

    let meaning = "ns per record of so many bytes, `thorough`, one worker, from text to lines";
    for (size, loans) in [(400, small.clone()), (1_800, Loans::large(COUNT / 2)), (8_000, Loans::huge(COUNT / 4))] {
        add(format!("cost_size_{size}"), meaning, &thorough, &loans);
    }
    let meaning = "the same by number of rules, all of one component, without the schema";
    for rules in [1, 4, 16, 64] {
        let subject = Arc::new(of_components(1, rules)?);
        add(format!("cost_rules_{rules}"), meaning, &subject, &small);
    }
    let meaning = "the same: 16 rules shared out over so many components";
    for components in [1, 4, 16] {
        let subject = Arc::new(of_components(components, RULES)?);
        add(format!("cost_components_{components}"), meaning, &subject, &small);
    }
    let meaning = "the same as the first by share of loans that fail, in percent";
    for share in [0, 5, 50, 100] {
        add(format!("cost_failing_{share}"), meaning, &thorough, &Loans::failing(COUNT, share, &thorough)?);
    }
    for threads in [1, 2] {
        let subject = Arc::new(Subject::open(Place::Sandbox, threads)?);
        add(format!("cost_threads_{threads}"), "the same by number of workers", &subject, &Loans::small(COUNT * 4));
    }
    for rows in [64, 256, 1_024, 4_096] {
        let chunk = ChunkLimits { rows, bytes: Bytes::mebi(16) };
        let subject = Arc::new(Subject::open(Place::Sandbox, 1)?.with_chunk(chunk));
        add(format!("cost_chunk_{rows}"), "the same by records in a chunk, however many bytes", &subject, &small);
    }

    let mut contest = Contest::default();
    let entrants: Vec<_> = points.iter().map(|point| contest.add(|| point.subject.judge(&point.loans))).collect();
    let times = contest.run(effort.rounds)?;
    for (Point { name, meaning, loans, .. }, entrant) in points.iter().zip(entrants) {
        report.add(name, meaning, times.seconds(entrant).scaled(1e9 / loans.count() as f64));
    }
    Ok(())
}

/// So many rules, shared out over different components.
fn of_components(components: usize, rules: usize) -> anyhow::Result<Subject> {
    let sandbox = subject::sandbox(1)?;
    let mut loaded: Vec<Arc<dyn Component>> = Vec::new();
    let mut listed = Vec::new();
    for number in 0..components {
        let component = source::sandboxed(&sandbox, source::variant(number as u64)?)?;
        let copies = Copies::new(component, &format!("copy_{number:02}"), rules / components);
        listed.extend(copies.ids().map(source::rule));
        loaded.push(Arc::new(copies));
    }
    Subject::of(loaded, listed, 1)
}
