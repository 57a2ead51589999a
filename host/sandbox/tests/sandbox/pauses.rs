//! Pauses between calls: what they must not change, what they free, and the end of what nobody waits for.

use std::time::Duration;

use jurat_model::{Abandoned, Component, EvaluateError, Limits, Pause, Worker};
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
