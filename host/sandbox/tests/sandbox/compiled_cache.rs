//! Machine code that is kept: it saves the compiler's work, and no change of the store reaches the host.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use jurat_model::{Bytes, Fault, Limits, Worker};
use jurat_sandbox::{
    CodeCache, CodeKey, CodeOrigin, CodeStore, Compiler, Policy, Refusal, Sandbox, SandboxedComponent, SealedWasi,
    ShapeError,
};
use jurat_test_kit::guest;
use jurat_test_kit::load::{Terms, load, settings};
use jurat_test_kit::rows::{Outcome, PASS, RUN, judge, judge_in_chunks};
use jurat_trust::Wasi;

use crate::child;

/// A store in memory, in which everybody can write.
#[derive(Default)]
struct Store(Mutex<BTreeMap<String, Vec<u8>>>);

impl CodeStore for Store {
    fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(name).cloned()
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        self.0.lock().unwrap().insert(name.to_owned(), bytes.to_vec());
    }

    fn remove(&self, name: &str) {
        self.0.lock().unwrap().remove(name);
    }
}

impl Store {
    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }

    /// The only entry.
    fn entry(&self) -> (String, Vec<u8>) {
        let entries = self.0.lock().unwrap();
        assert_eq!(entries.len(), 1, "{:?}", entries.keys());
        entries.iter().next().map(|(name, bytes)| (name.clone(), bytes.clone())).unwrap()
    }
}

/// A store that loses all it is given and answers everything with the same.
struct Stubborn(Vec<u8>);

impl CodeStore for Stubborn {
    fn get(&self, _: &str) -> Option<Vec<u8>> {
        Some(self.0.clone())
    }

    fn put(&self, _: &str, _: &[u8]) {}

    fn remove(&self, _: &str) {}
}

fn cache(store: Arc<dyn CodeStore>, key: u8) -> CodeCache {
    CodeCache { key: CodeKey::new(&[key; 32]), store }
}

/// A process that starts with what is in the store.
fn start(store: &Arc<Store>) -> Sandbox {
    start_with(cache(store.clone(), 1))
}

fn start_with(code: CodeCache) -> Sandbox {
    Sandbox::open(settings().with_code(code)).unwrap()
}

fn take(sandbox: &Sandbox, component: Vec<u8>) -> SandboxedComponent {
    load(sandbox, component, &Terms::default()).unwrap()
}

/// A store with what a host keeps of the fixture, which is what most tests are about.
fn filled() -> Arc<Store> {
    let store = Arc::new(Store::default());
    assert_eq!(origin_of_spin(&start(&store)), CodeOrigin::Compiled);
    store
}

fn origin_of_spin(sandbox: &Sandbox) -> CodeOrigin {
    take(sandbox, guest::rust("spin")).origin()
}

/// The next start does not use the entry, replaces it, and the one after that uses what it was replaced by.
fn is_refused_and_replaced(store: &Arc<Store>, what: &str) {
    let sandbox = start(store);
    assert_eq!((origin_of_spin(&sandbox), sandbox.compiled()), (CodeOrigin::Compiled, 1), "{what}");
    let sandbox = start(store);
    assert_eq!((origin_of_spin(&sandbox), sandbox.compiled()), (CodeOrigin::Cached, 0), "after {what}");
}

#[test]
fn a_warm_start_compiles_nothing() {
    let guests = ["spin", "every_kind", "memory_bomb"].map(guest::rust);
    let store = Arc::new(Store::default());
    let cold = start(&store);
    for (guest, count) in guests.iter().zip(1..) {
        let _ = load(&cold, guest.clone(), &Terms::default());
        assert_eq!(cold.compiled(), count);
    }
    assert_eq!(store.names().len(), guests.len());

    // A compiler that is not there cannot have been asked.
    let nothing = Compiler::Child { program: PathBuf::from("/nowhere/at/all"), arguments: Vec::new() };
    let settings = settings().with_compiler(nothing).with_code(cache(store.clone(), 1));
    let warm = Sandbox::open(settings).unwrap();
    assert_eq!(origin_of_spin(&warm), CodeOrigin::Cached);
    for guest in guests {
        let _ = load(&warm, guest, &Terms::default());
    }
    assert_eq!(warm.compiled(), 0);
}

#[test]
fn what_a_child_has_compiled_is_kept_as_well() {
    let store = Arc::new(Store::default());
    let program = child::path();
    let compiler = Compiler::Child { program, arguments: vec!["compile".into()] };
    let cold = Sandbox::open(settings().with_compiler(compiler).with_code(cache(store.clone(), 1))).unwrap();
    assert_eq!(origin_of_spin(&cold), CodeOrigin::Compiled);
    assert_eq!(origin_of_spin(&start(&store)), CodeOrigin::Cached);
}

#[test]
fn kept_code_gives_the_same_verdicts_and_uses_the_same_fuel() {
    let store = Arc::new(Store::default());
    let rows = [0, 100, 10_000_000, 3];
    let compiled = take(&start(&store), guest::rust("spin"));
    let cached = take(&start(&store), guest::rust("spin"));
    assert_eq!((compiled.origin(), cached.origin()), (CodeOrigin::Compiled, CodeOrigin::Cached));
    let (expected, found) = (judge(&compiled, &RUN, &rows), judge(&cached, &RUN, &rows));
    assert_eq!(expected.0, [PASS, PASS, Outcome::Guilty(Fault::Fuel), PASS]);
    assert_eq!((found.0, found.1.fuel, found.1.calls), (expected.0.clone(), expected.1.fuel, expected.1.calls));
    // Each worker makes its own of it.
    assert_eq!(judge_in_chunks(&cached, Worker(1), &RUN, &rows, 2), expected.0);
}

#[test]
fn one_flipped_bit_anywhere_is_noticed() {
    let store = filled();
    let (name, entry) = store.entry();
    let end = entry.len();
    // What it is, its length, the authentication code, the machine code from begin to end.
    for at in [0, 15, 16, 23, 24, 40, 55, 56, 57, 100, end / 4, end / 2, end / 4 * 3, end - 1] {
        let mut altered = entry.clone();
        altered[at] ^= 1 << (at % 8);
        store.put(&name, &altered);
        is_refused_and_replaced(&store, &format!("byte {at}"));
    }
}

#[test]
fn an_entry_that_is_cut_or_continued_is_noticed() {
    let store = filled();
    let (name, entry) = store.entry();
    for length in [0, 1, 16, 24, 55, 56, 57, entry.len() / 2, entry.len() - 1] {
        store.put(&name, &entry[..length]);
        is_refused_and_replaced(&store, &format!("{length} bytes"));
    }
    store.put(&name, &[&entry[..], b"\0"].concat());
    is_refused_and_replaced(&store, "one byte more");
    store.put(&name, &[&entry[..], &entry[..]].concat());
    is_refused_and_replaced(&store, "twice");
}

#[test]
fn bare_machine_code_is_not_used() {
    let store = filled();
    let (name, entry) = store.entry();
    // What a compiler writes, without the header that only this host can make.
    store.put(&name, &entry[56..]);
    is_refused_and_replaced(&store, "machine code");
}

#[test]
fn what_another_host_has_kept_is_not_used() {
    let store = filled();
    let other = start_with(cache(store.clone(), 2));
    assert_eq!((origin_of_spin(&other), other.compiled()), (CodeOrigin::Compiled, 1));
    is_refused_and_replaced(&store, "another key");
}

#[test]
fn the_entry_of_another_component_is_not_used_under_this_name() {
    let store = filled();
    let (name, _) = store.entry();
    let _ = load(&start(&store), guest::rust("endless_loop"), &Terms::default()).unwrap();
    let other = store.names().into_iter().find(|found| *found != name).unwrap();
    store.put(&name, &store.get(&other).unwrap());
    is_refused_and_replaced(&store, "another component");
}

#[test]
fn an_entry_is_named_by_the_component_and_the_engine() {
    let store = filled();
    let (name, _) = store.entry();
    let component = take(&start(&store), guest::rust("spin"));
    let (of_component, of_engine) = name.split_once('-').unwrap();
    assert_eq!(of_component, jurat_model::Component::digest(&component));
    assert!(of_engine.len() == 64 && of_engine.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
}

#[test]
fn engines_that_differ_do_not_use_or_take_away_each_others_entries() {
    let store = filled();
    // What an engine of other settings, of another version or revision keeps has another name; its own entry it does not find.
    let (name, entry) = store.entry();
    let (component, engine) = name.split_once('-').unwrap();
    let foreign = format!("{component}-{}", engine.chars().rev().collect::<String>());
    store.remove(&name);
    store.put(&foreign, &entry);
    is_refused_and_replaced(&store, "an entry of another engine");
    assert_eq!(store.get(&foreign), Some(entry));
}

#[test]
fn a_store_that_answers_nonsense_and_keeps_nothing_stops_no_load() {
    for nonsense in [b"".to_vec(), b"nonsense".to_vec(), vec![0; 1 << 20], guest::fixture()] {
        let sandbox = start_with(cache(Arc::new(Stubborn(nonsense)), 1));
        assert_eq!(origin_of_spin(&sandbox), CodeOrigin::Compiled);
        assert_eq!(judge(&take(&sandbox, guest::rust("spin")), &RUN, &[0]).0, [PASS]);
    }
}

#[test]
fn every_check_is_made_of_kept_code_too() {
    let store = filled();
    let refusal = |component, terms: &Terms| load(&start(&store), component, terms).unwrap_err().reason;

    // A manifest that says something else.
    let rules = vec![jurat_model::Declaration { id: "another".to_owned(), ..guest::declaration() }];
    let refused = refusal(guest::rust("spin"), &Terms::default().with_rules(rules));
    assert!(matches!(refused, Refusal::Manifest(_)), "{refused:?}");

    // Less memory than it begins with.
    let small = Limits { memory: Bytes::kibi(64), ..Limits::DEFAULT };
    let refused = refusal(guest::rust("spin"), &Terms::new(small));
    assert!(matches!(refused, Refusal::Shape(ShapeError::TooMany { .. })), "{refused:?}");

    // Too little fuel to describe itself.
    let poor = Limits { fuel: 1.try_into().unwrap(), ..Limits::DEFAULT };
    let refused = refusal(guest::rust("spin"), &Terms::new(poor));
    assert!(matches!(refused, Refusal::Describe { fault: Fault::Fuel }), "{refused:?}");

    // One that faults when it is asked what it holds is compiled once, and refused each time.
    let cold = start(&store);
    for _ in 0..2 {
        let refused = load(&cold, guest::text("trap_in_describe"), &Terms::default()).unwrap_err().reason;
        assert!(matches!(refused, Refusal::Describe { fault: Fault::Trap }), "{refused:?}");
    }
    assert_eq!(cold.compiled(), 1);
}

#[test]
fn imports_are_refused_though_the_code_is_there() {
    let store = Arc::new(Store::default());
    let component = std::fs::read(guest::package().join("fixtures/sealed/stock_wasi.wasm")).unwrap();
    let limits = Limits { memory: Bytes::mebi(4), ..Limits::DEFAULT };
    let terms = |wasi, sealed_wasi| Terms { policy: Policy { limits, sealed_wasi }, wasi, ..Terms::default() };
    let sandbox = start(&store);
    let granted = load(&sandbox, component.clone(), &terms(Wasi::Sealed, SealedWasi::Granted)).unwrap();
    assert_eq!(granted.origin(), CodeOrigin::Compiled);
    // In the process that has it ready, and in the next one, which finds it in the store.
    for sandbox in [sandbox, start(&store)] {
        let refused = load(&sandbox, component.clone(), &terms(Wasi::None, SealedWasi::Granted)).unwrap_err().reason;
        assert!(matches!(refused, Refusal::Imports { .. }), "{refused:?}");
        let refused = load(&sandbox, component.clone(), &terms(Wasi::Sealed, SealedWasi::Refused)).unwrap_err().reason;
        assert!(matches!(refused, Refusal::WasiNotGranted), "{refused:?}");
    }
}
