//! Pauses between calls: what they must not change, what they free, and the end of what nobody waits for.

use std::time::Duration;

use jurat_model::{Abandoned, Component, EvaluateError, Finding, Limits, Pause, TooLarge, Worker};
use jurat_sandbox::{Sandbox, Settings};
use jurat_test_kit::guest;
use jurat_test_kit::load::{Terms, load, settings};
use jurat_test_kit::rows::{PASS, RUN, batch, judge, judge_in, outcomes};

/// Frees everything at each pause, and calls `meanwhile`, which may end the work.
struct Meanwhile<F>(F);

impl<F: FnMut() -> Result<(), Abandoned>> Pause for Meanwhile<F> {
    fn pause(&mut self, release: &mut dyn FnMut()) -> Result<(), Abandoned> {
        release();
        (self.0)()
    }
}

/// Half of them trap, so that every call but the last ones is halved.
fn rows() -> Vec<i64> {
    (0..64).map(|row| row / 3 % 2).collect()
}

#[test]
fn a_pause_changes_no_verdict_and_frees_the_instance() {
    let sandbox = Sandbox::open(Settings { instances: 1, wait: Duration::ZERO, ..settings() }).unwrap();
    let component = load(&sandbox, guest::rust("traps_on_a_row"), &Terms::default()).unwrap();
    let (expected, usage) = judge(&component, &RUN, &rows());
    let mut pauses = 0;
    let mut session = component.session(Worker(0), &RUN);
    // The only instance there can be is free for another session.
    let mut meanwhile = Meanwhile(|| {
        pauses += 1;
        assert_eq!(judge_in(&mut *component.session(Worker(2), &RUN), &[0]).0, [PASS]);
        Ok(())
    });
    for _ in 0..2 {
        let evaluation = session.evaluate(0, &batch(&rows()), &mut meanwhile).unwrap();
        assert_eq!(outcomes(&evaluation), expected);
    }
    assert!(pauses >= usage.calls, "{pauses} pauses for {} calls and more", usage.calls);
}

#[test]
fn what_nobody_waits_for_ends_in_the_middle_of_halving() {
    let component = jurat_test_kit::load::good(guest::rust("traps_on_a_row"), Limits::DEFAULT);
    let calls = judge(&component, &RUN, &rows()).1.calls;
    for last in [0, 1, calls / 2, calls - 1] {
        let mut pauses = 0;
        let mut abandoned = Meanwhile(|| {
            pauses += 1;
            if pauses > last { Err(Abandoned) } else { Ok(()) }
        });
        let mut session = component.session(Worker(0), &RUN);
        let evaluated = session.evaluate(0, &batch(&rows()), &mut abandoned);
        assert!(matches!(evaluated, Err(EvaluateError::Abandoned(Abandoned))));
        assert_eq!(pauses, last + 1, "no further call is made");
        // The session is as good as before.
        assert_eq!(judge_in(&mut *session, &[0]).0, [PASS]);
    }
}

/// Allows so many bytes of findings, and counts the calls.
struct Limited {
    bytes: usize,
    calls: u64,
}

impl Pause for Limited {
    fn pause(&mut self, _: &mut dyn FnMut()) -> Result<(), Abandoned> {
        self.calls += 1;
        Ok(())
    }

    fn holds(&mut self, findings: usize) -> Result<(), TooLarge> {
        if findings > self.bytes { Err(TooLarge) } else { Ok(()) }
    }
}

#[test]
fn a_session_tells_after_each_call_what_its_findings_take() {
    let component = jurat_test_kit::load::good(guest::text("shared_message"), Limits::DEFAULT);
    // Forty findings of 4,000 bytes for each row, in a call of its own: two rows exceed the limit of a reply.
    let rows = [40; 16];
    let mut session = component.session(Worker(0), &RUN);
    let mut all = Limited { bytes: usize::MAX, calls: 0 };
    let evaluation = session.evaluate(0, &batch(&rows), &mut all).unwrap();
    let bytes: usize = evaluation.verdicts.findings.iter().map(Finding::size).sum();
    assert!(bytes > 16 * 40 * 4_000 && bytes < 16 * 40 * 4_200, "{bytes}");
    for (limit, is_enough) in [(bytes, true), (bytes - 1, false), (bytes / 4, false), (0, false)] {
        let mut limited = Limited { bytes: limit, calls: 0 };
        let evaluated = session.evaluate(0, &batch(&rows), &mut limited);
        assert_eq!(evaluated.is_ok(), is_enough, "{limit} of {bytes}");
        if !is_enough {
            assert!(matches!(evaluated, Err(EvaluateError::TooLarge(TooLarge))));
        }
        // It ends with the call that is too much.
        assert!(limit > bytes / 2 || limited.calls <= all.calls / 2, "{} of {} calls", limited.calls, all.calls);
    }
    assert_eq!(judge_in(&mut *session, &[0]).0, [PASS]);
}
