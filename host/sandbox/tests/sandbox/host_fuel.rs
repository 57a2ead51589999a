//! What calls of sealed WASI cost: the work of the host is paid for by the rule that asks for it, wherever it asks.

use std::num::NonZeroU64;
use std::time::Duration;

use jurat_model::{Fault, Limits};
use jurat_sandbox::{LoadError, Policy, Refusal, SandboxedComponent, SealedWasi};
use jurat_test_kit::guest;
use jurat_test_kit::load::{Terms, load, sandbox};
use jurat_test_kit::rows::{Outcome, PASS, RUN, judge};
use jurat_trust::Wasi;

/// A clock, standard output, and what can be waited for.
const WORLD: &str = r#"(component
  (import "wasi:clocks/monotonic-clock@0.2.6" (instance (export "now" (func (result u64)))))
  (import "wasi:io/poll@0.2.6" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.ready" (func (param "self" (borrow $pollable)) (result bool)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/error@0.2.6" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error))
  (import "wasi:io/streams@0.2.6" (instance $streams
    (alias outer 1 $pollable (type $p)) (export "pollable" (type $pollable (eq $p)))
    (alias outer 1 $error (type $e)) (export "error" (type $error (eq $e)))
    (type $failure (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "output-stream" (type $stream (sub resource)))
    (export "[method]output-stream.subscribe" (func (param "self" (borrow $stream)) (result (own $pollable))))
    (export "[method]output-stream.write"
      (func (param "self" (borrow $stream)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $stream))
  (import "wasi:cli/stdout@0.2.6" (instance
    (alias outer 1 $stream (type $s)) (export "output-stream" (type $stream (eq $s)))
    (export "get-stdout" (func (result (own $stream)))))))"#;

const IMPORTS: &str = r#"
  (import "wasi:clocks/monotonic-clock@0.2.6" "now" (func $now (result i64)))
  (import "wasi:io/poll@0.2.6" "[method]pollable.ready" (func $ready (param i32) (result i32)))
  (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.6" "poll" (func $poll (param i32 i32 i32)))
  (import "wasi:io/poll@0.2.6" "[resource-drop]pollable" (func $drop (param i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.subscribe" (func $subscribe (param i32) (result i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.write" (func $write (param i32 i32 i32 i32)))
  (import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))"#;

/// Calls the host: `n` is how often, and the number of the call times 2^32. Handles are kept, and are at 0x30000.
const FIELDS: &str = r#"
  (memory (export "memory") 8)
  (global $stream (mut i32) (i32.const -1))
  (func $call (param $call i32)
    (local $handle i32)
    (if (i32.eq (local.get $call) (i32.const 0)) (then
      ;; The time of the run, in nanoseconds.
      (if (i64.ne (call $now) (i64.const 1794000000000000000)) (then unreachable))))
    (if (i32.ge_u (local.get $call) (i32.const 1)) (then
      (if (i32.eq (global.get $stream) (i32.const -1)) (then
        (global.set $stream (call $stdout))
        (i32.store (i32.const 0x30000) (call $subscribe (global.get $stream)))
        (call $copy (i32.const 10))))
      (local.set $handle (i32.load (i32.const 0x30000)))))
    (if (i32.eq (local.get $call) (i32.const 1)) (then
      (if (i32.eqz (call $ready (local.get $handle))) (then unreachable))))
    (if (i32.eq (local.get $call) (i32.const 2)) (then (call $block (local.get $handle))))
    (if (i32.eq (local.get $call) (i32.const 3)) (then
      (call $poll (i32.const 0x30000) (i32.const 10) (i32.const 0x31000))
      ;; All ten are ready, the last one too.
      (if (i32.ne (i32.load (i32.const 0x31004)) (i32.const 10)) (then unreachable))
      (if (i32.ne (i32.load offset=36 (i32.load (i32.const 0x31000))) (i32.const 9)) (then unreachable))
      ;; The answer needs no more room than the one before.
      (global.set $free (i32.const 0x40000))))
    (if (i32.eq (local.get $call) (i32.const 4)) (then
      (call $write (global.get $stream) (i32.const 0) (i32.const 1000) (i32.const 0x31000))))
    (if (i32.eq (local.get $call) (i32.const 5)) (then (call $drop (call $subscribe (global.get $stream)))))
    (if (i32.eq (local.get $call) (i32.const 6)) (then (call $poll (i32.const 0) (i32.const 0) (i32.const 0x31000)))))
  (func $copy (param $count i32)
    (loop $again
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (i32.store (i32.add (i32.const 0x30000) (i32.mul (local.get $count) (i32.const 4))) (i32.load (i32.const 0x30000)))
      (br_if $again (local.get $count))))
  (func $calls (param $n i64)
    (local $left i32)
    (local.set $left (i32.wrap_i64 (local.get $n)))
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $left)))
        (call $call (i32.wrap_i64 (i64.shr_u (local.get $n) (i64.const 32))))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $again))))
  (func (export "jurat:rule/rules@0.1.0#evaluate") (param $rule i32) (param $rows i32) (param $columns i32) (param $count i32) (result i32)
    (call $calls (call $sum (local.get $rows) (local.get $columns)))
    (call $pass (local.get $rows)))"#;

const FUEL: NonZeroU64 = NonZeroU64::new(1_000_000).unwrap();
const LIMITS: Limits = Limits { fuel: FUEL, deadline: Duration::from_secs(60), ..Limits::DEFAULT };

fn load_sealed(limits: Limits, more: &str) -> Result<SandboxedComponent, LoadError> {
    let policy = Policy { limits, sealed_wasi: SealedWasi::Granted };
    let component = guest::importing(WORLD, IMPORTS, &format!("{FIELDS}{more}"));
    load(sandbox(), component, &Terms { policy, wasi: Wasi::Sealed, ..Terms::default() })
}

/// A row that makes the rule call the host.
const fn row(call: i64, count: i64) -> i64 {
    (call << 32) + count
}

fn refusal(more: &str) -> Refusal {
    load_sealed(LIMITS, more).expect_err("it is refused").reason
}

/// A function that asks the clock this many times.
fn ask(name: &str, count: u32, answer: &str) -> String {
    format!(
        "(func {name} (local $left i32)
           (local.set $left (i32.const {count}))
           (loop $again
             (drop (call $now))
             (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
           {answer})"
    )
}

#[test]
fn each_call_of_the_host_costs_what_the_price_list_says() {
    let component = load_sealed(LIMITS, "").unwrap();
    let fuel = |call, count| match judge(&component, &RUN, &[row(call, count)]) {
        (outcomes, usage) if outcomes == [PASS] => usage.fuel,
        (outcomes, _) => panic!("{call}: {outcomes:?}"),
    };
    // The last two make two calls: of the stream or the handle, and of what they belong to.
    let prices =
        [("now", 2_000), ("ready", 2_000), ("block", 2_000), ("poll", 3_000), ("write", 3_000), ("drop", 4_000)];
    for (call, (name, price)) in (0..).zip(prices) {
        let one = fuel(call, 101) - fuel(call, 100);
        // The rest is the guest's own.
        assert!((price..price + 400).contains(&one), "{name}: {one}");
    }
}

#[test]
fn waiting_for_nothing_is_an_error_of_the_rule() {
    let component = load_sealed(LIMITS, "").unwrap();
    assert_eq!(judge(&component, &RUN, &[row(6, 1)]).0, [Outcome::Guilty(Fault::Trap)]);
}

#[test]
fn calls_of_the_host_are_paid_for_at_the_start_and_in_describe_too() {
    // A million units are 500 calls, and what the guest does itself.
    let start = |count| format!("{} (start $begin)", ask("$begin", count, ""));
    load_sealed(LIMITS, &start(450)).expect("it may use most of its fuel");
    let refused = refusal(&start(501));
    assert!(matches!(refused, Refusal::Describe { fault: Fault::Fuel }), "{refused:?}");

    let describe =
        |count| ask("(export \"jurat:rule/rules@0.1.0#describe\") (result i32)", count, "(i32.const 0x20000)");
    let refused = refusal(&describe(450));
    assert!(matches!(refused, Refusal::Declaration(_)), "only that it names no rule is wrong: {refused:?}");
    let refused = refusal(&describe(501));
    assert!(matches!(refused, Refusal::Describe { fault: Fault::Fuel }), "{refused:?}");
}

#[test]
fn calls_of_the_host_end_soon_after_they_have_used_up_the_fuel() {
    // Two million calls use up the fuel. The guest's own instructions would do so only after some thirty times as many, behind the deadline.
    let limits = Limits { fuel: NonZeroU64::new(4_000_000_000).unwrap(), deadline: Duration::from_secs(10), ..LIMITS };
    let component = load_sealed(limits, "").unwrap();
    let (outcomes, usage) = judge(&component, &RUN, &[row(0, u32::MAX.into())]);
    assert_eq!(outcomes, [Outcome::Guilty(Fault::Fuel)]);
    assert!(usage.elapsed < limits.deadline, "the deadline has ended it: {usage:?}");
}
