//! Rules that misbehave on some rows: they get their fault on those rows, at the limit and not before, and the rows beside
//! them get their verdicts.

use std::time::Duration;

use jurat_model::{Bytes, Fault, Limits, Status};
use jurat_sandbox::SandboxedComponent;
use jurat_test_kit::guest;
use jurat_test_kit::load::good;
use jurat_test_kit::rows::{Outcome, PASS, RUN, RUN_BY_RECORD, judge};

/// One attack, and how far it can go.
struct Attack {
    guest: Guest,
    fault: Fault,
    begins: Begins,
}

enum Guest {
    Rust(&'static str),
    Text(&'static str),
}

/// Where harm begins: the benign twin of the attack is one below.
enum Begins {
    /// At exactly this `n`, because the contract or a limit says so.
    At(i64),
    /// Somewhere up to this `n`: every machine must agree, but the compiler of the guest decides.
    Below(i64),
}

use Begins::{At, Below};
use Guest::{Rust, Text};

/// Small where a small limit makes a quick test, and with a deadline that no machine is slow enough to meet.
const LIMITS: Limits =
    Limits { memory: Bytes::mebi(2), table_elements: 1_000, deadline: Duration::from_secs(60), ..Limits::DEFAULT };

const fn attack(guest: Guest, fault: Fault, begins: Begins) -> Attack {
    Attack { guest, fault, begins }
}

const ATTACKS: &[Attack] = &[
    attack(Rust("endless_loop"), Fault::Fuel, At(1)),
    attack(Rust("spin"), Fault::Fuel, Below(100_000_000)),
    attack(Rust("copy_loop"), Fault::Fuel, Below(1_000_000)),
    attack(Rust("memory_bomb"), Fault::Memory, Below(100)),
    // Two megabytes are 32 pages, and each of these guests has four to begin with.
    attack(Text("two_memory_bomb"), Fault::Memory, At(29)),
    attack(Text("table_bomb"), Fault::Memory, At(1_001)),
    attack(Text("two_tables_bomb"), Fault::Memory, At(1_001)),
    attack(Rust("deep_recursion"), Fault::Stack, Below(1_000_000)),
    attack(Rust("deep_frames"), Fault::Trap, Below(1_000)),
    attack(Rust("traps_on_a_row"), Fault::Trap, At(1)),
    attack(Rust("refuses"), Fault::Refused, At(1)),
    attack(Rust("huge_reply"), Fault::Output, Below(10_000)),
    attack(Text("shared_message"), Fault::Output, Below(400)),
    attack(Rust("huge_message"), Fault::Output, At(4_097)),
    attack(Rust("many_params"), Fault::Output, At(65)),
    attack(Rust("long_param"), Fault::Output, At(1_025)),
    attack(Rust("long_code"), Fault::Output, At(65)),
    attack(Rust("bad_code"), Fault::Output, At(1)),
    attack(Rust("bad_input_index"), Fault::Output, At(1)),
    attack(Rust("wrong_row_count"), Fault::Output, At(1)),
    attack(Rust("row_out_of_range"), Fault::Output, At(1)),
    attack(Rust("no_finding"), Fault::Output, At(1)),
    attack(Text("invalid_utf8"), Fault::Output, At(1)),
    attack(Text("bad_pointer"), Fault::Output, At(1)),
    attack(Text("bad_reply_pointer"), Fault::Output, At(1)),
    attack(Text("misaligned_reply"), Fault::Output, At(1)),
    attack(Text("bad_discriminant"), Fault::Output, At(1)),
    attack(Text("endless_list"), Fault::Output, At(1)),
];

impl Attack {
    fn check(&self) {
        let (name, component) = match self.guest {
            Rust(name) => (name, guest::rust(name)),
            Text(name) => (name, guest::text(name)),
        };
        let component = good(component, LIMITS);
        let first_harmful = match self.begins {
            At(n) => n,
            Below(end) => first(0, end, |n| alone(&component, n).is_err()),
        };
        let harmless = first_harmful - 1;
        assert_eq!(alone(&component, harmless), Ok(()), "{name}: {harmless} is within the limits");
        for harmful in [first_harmful, first_harmful + 1] {
            assert_eq!(alone(&component, harmful), Err(self.fault), "{name}: {harmful} is too much");
        }
        for run in [RUN, RUN_BY_RECORD] {
            let rows = [0, harmless, first_harmful, 0, first_harmful, harmless, 0];
            let (outcomes, usage) = judge(&component, &run, &rows);
            for (n, outcome) in rows.iter().zip(&outcomes) {
                let is_guilty = *outcome == Outcome::Guilty(self.fault);
                let is_judged = matches!(outcome, Outcome::Verdict(Status::Pass, _));
                let expected = if *n == first_harmful { is_guilty } else { is_judged };
                assert!(expected, "{name}: {n} of {rows:?} in {run:?} came out as {outcome:?}");
            }
            assert!(usage.peak_fuel <= LIMITS.fuel.get(), "{name}: {usage:?}");
            assert!(usage.peak_memory <= LIMITS.memory.get(), "{name}: {usage:?}");
        }
    }
}

/// Judges one row by itself.
fn alone(component: &SandboxedComponent, n: i64) -> Result<(), Fault> {
    match judge(component, &RUN, &[n]).0.as_slice() {
        [Outcome::Verdict(Status::Pass, _)] => Ok(()),
        [Outcome::Guilty(fault)] => Err(*fault),
        other => panic!("{other:?}"),
    }
}

/// The first number after `low` and up to `high` for which something holds that, once it holds, goes on to hold.
fn first(mut low: i64, mut high: i64, holds: impl Fn(i64) -> bool) -> i64 {
    assert!(!holds(low) && holds(high), "the bounds include the limit");
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle }
    }
    high
}

#[test]
fn every_attack_ends_in_its_fault_and_leaves_its_neighbours_alone() {
    ATTACKS.iter().for_each(Attack::check);
}

#[test]
fn every_fault_has_a_guest() {
    // A new fault does not compile here until it has a guest.
    let has_guest = |fault| match fault {
        Fault::Fuel | Fault::Memory | Fault::Stack | Fault::Trap | Fault::Output | Fault::Refused => {
            ATTACKS.iter().any(|attack| attack.fault == fault)
        }
        // In a test of its own, with other limits: `endless_loop` again.
        Fault::Deadline => true,
    };
    let faults =
        [Fault::Fuel, Fault::Memory, Fault::Stack, Fault::Trap, Fault::Output, Fault::Refused, Fault::Deadline];
    assert!(faults.into_iter().all(has_guest));
}

#[test]
fn every_file_of_a_guest_is_in_a_test() {
    let sources = [
        include_str!("attacks.rs"),
        include_str!("chunking.rs"),
        include_str!("compiler.rs"),
        include_str!("contract.rs"),
        include_str!("deadline.rs"),
        include_str!("descriptions.rs"),
        include_str!("fuel.rs"),
        include_str!("halving.rs"),
        include_str!("neighbours.rs"),
        include_str!("refusals.rs"),
        include_str!("sealed.rs"),
    ];
    for directory in ["guests/examples", "guests/wat"] {
        for file in std::fs::read_dir(guest::package().join(directory)).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let quoted = format!("\"{name}\"");
            assert!(sources.iter().any(|source| source.contains(&quoted)), "{} is in no test", path.display());
        }
    }
}

#[test]
fn one_unit_of_fuel_decides() {
    let rust = guest::rust("spin");
    let with_fuel = |fuel: i64| {
        let fuel = u64::try_from(fuel).unwrap().try_into().unwrap();
        good(rust.clone(), Limits { fuel, ..LIMITS })
    };
    let used = judge(&with_fuel(1_000_000), &RUN, &[10_000]).1.peak_fuel;
    let used = i64::try_from(used).unwrap();
    let enough = first(used - 1_000, used + 1_000, |fuel| alone(&with_fuel(fuel), 10_000).is_ok());
    for _ in 0..10 {
        assert_eq!(alone(&with_fuel(enough), 10_000), Ok(()));
        assert_eq!(alone(&with_fuel(enough - 1), 10_000), Err(Fault::Fuel));
    }
}

#[test]
fn one_byte_of_memory_decides() {
    let rust = guest::rust("memory_bomb");
    let used = judge(&good(rust.clone(), LIMITS), &RUN, &[10]).1.peak_memory;
    let with_memory = |memory| good(rust.clone(), Limits { memory: Bytes::new(memory), ..LIMITS });
    assert_eq!(alone(&with_memory(used), 10), Ok(()));
    assert_eq!(alone(&with_memory(used - 1), 10), Err(Fault::Memory));
}

#[test]
fn one_byte_of_reply_decides() {
    let rust = guest::rust("huge_reply");
    let with_reply = |reply: i64| {
        let reply = Bytes::new(u64::try_from(reply).unwrap());
        good(rust.clone(), Limits { reply, ..LIMITS })
    };
    let enough = first(1_000, 10_000, |reply| alone(&with_reply(reply), 20).is_ok());
    assert_eq!(alone(&with_reply(enough), 20), Ok(()));
    assert_eq!(alone(&with_reply(enough - 1), 20), Err(Fault::Output));
}

/// Names its only input in sixty-four findings.
const NAMES_INPUTS: &str = r#"(memory (export "memory") 4)
    (func (export "jurat:rule/rules@0.1.0#evaluate") (param i32 i32 i32 i32) (result i32)
      (local $reply i32) (local $left i32) (local $finding i32)
      (local.set $reply (call $pass (local.get 1)))
      (local.set $left (i32.const 64))
      (local.set $finding (i32.const 0x28000))
      (loop $again
        (call $add_finding (local.get $reply) (i32.const 0) (i32.const 0))
        (i32.store offset=24 (local.get $finding) (i32.const 0x30000))
        (i32.store offset=28 (local.get $finding) (i32.const 1))
        (local.set $finding (i32.add (local.get $finding) (i32.const 40)))
        (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (local.get $reply))"#;

#[test]
fn the_reply_that_is_reported_is_what_counts_against_the_limit() {
    // Of many rows or findings, because the answer of `describe` has the same limit.
    let cases = [
        (guest::rust("huge_reply"), 20),
        (guest::rust("huge_message"), 64),
        (guest::rust("many_params"), 64),
        (guest::rust("long_param"), 64),
        (guest::rust("long_code"), 64),
        (guest::of(NAMES_INPUTS), 0),
    ];
    for (case, (component, n)) in cases.into_iter().enumerate() {
        let usage = |reply| {
            let component = good(component.clone(), Limits { reply: Bytes::new(reply), ..LIMITS });
            judge(&component, &RUN, &[n; 64]).1
        };
        let all = usage(LIMITS.reply.get());
        assert_eq!((all.calls, usage(all.peak_reply).calls), (1, 1), "case {case}: {all:?}");
        assert!(usage(all.peak_reply - 1).calls > 1, "case {case}: {all:?}");
    }
}

#[test]
fn too_few_statuses_are_as_wrong_as_too_many() {
    let component = good(guest::rust("wrong_row_count"), LIMITS);
    let (outcomes, _) = judge(&component, &RUN, &[0, -1, 0]);
    assert_eq!(outcomes, [PASS, Outcome::Guilty(Fault::Output), PASS]);
}

#[test]
fn every_objection_needs_a_reason() {
    let component = good(guest::rust("no_finding"), LIMITS);
    let (outcomes, _) = judge(&component, &RUN, &[1, 0, 2, 3]);
    let guilty = Outcome::Guilty(Fault::Output);
    assert_eq!(outcomes, [guilty.clone(), PASS, guilty.clone(), guilty]);
}

#[test]
fn a_rule_that_faults_on_every_row_is_guilty_of_every_row() {
    let guests = [
        (guest::rust("always_traps"), Fault::Trap),
        (guest::text("looping_allocator"), Fault::Fuel),
        (guest::text("wild_allocator"), Fault::Output),
    ];
    for (guest, fault) in guests {
        let component = good(guest, Limits { fuel: 100_000.try_into().unwrap(), ..LIMITS });
        let (outcomes, usage) = judge(&component, &RUN, &[0; 100]);
        assert_eq!(outcomes, vec![Outcome::Guilty(fault); 100]);
        assert!(usage.calls < 200, "{usage:?}");
    }
}

#[test]
fn rows_that_only_fault_together_are_not_guilty() {
    let component = good(guest::rust("findings_out_of_order"), LIMITS);
    let fails = Outcome::Verdict(Status::Fail, vec!["a reason".to_owned()]);
    for run in [RUN, RUN_BY_RECORD] {
        let (outcomes, _) = judge(&component, &run, &[1, 0, 0, 1, 1, 0]);
        assert_eq!(outcomes, [fails.clone(), PASS, PASS, fails.clone(), fails.clone(), PASS]);
    }
}

#[test]
fn a_message_with_terminal_escapes_arrives_as_it_is_and_no_further() {
    // The writer of a message escapes it; the sandbox neither hides nor repairs what a rule has said.
    let component = good(guest::rust("terminal_escapes"), LIMITS);
    let (outcomes, _) = judge(&component, &RUN, &[1, 0]);
    let Outcome::Verdict(Status::Fail, messages) = &outcomes[0] else { panic!("{outcomes:?}") };
    assert!(messages[0].contains("\u{1b}[2K") && messages[0].contains('\0'));
    assert_eq!(outcomes[1], PASS);
}

#[test]
fn growth_that_a_guest_forbids_itself_does_not_count() {
    let component = good(guest::text("own_maximum"), LIMITS);
    let (outcomes, usage) = judge(&component, &RUN, &[0, 0]);
    assert_eq!(outcomes, [PASS, PASS]);
    assert_eq!(usage.peak_memory, 4 << 16);
}
