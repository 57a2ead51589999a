//! From bytes to rules that are ready to run, the way a host does it: by a release.

use std::num::NonZeroUsize;
use std::sync::OnceLock;

use jurat_model::{Declaration, Limits};
use jurat_sandbox::{LoadError, Policy, Sandbox, SandboxedComponent, SealedWasi, Settings};
use jurat_trust::publish::{BuiltRelease, DraftFile, ReleaseDraft};
use jurat_trust::{ComponentEntry, FileKind, LowerLimits, RuleEntry, Wasi, World, danger};

use crate::guest;

/// What a host and a release say of a component.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What the host allows.
    pub policy: Policy,
    /// What the release sets lower.
    pub lower: LowerLimits,
    /// What of WASI the release asks for.
    pub wasi: Wasi,
    /// The rules that the release says it has.
    pub rules: Vec<Declaration>,
}

impl Terms {
    /// The rule that all guests have, under the given limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let policy = Policy { limits, sealed_wasi: SealedWasi::Refused };
        Self { policy, lower: LowerLimits::default(), wasi: Wasi::None, rules: vec![guest::declaration()] }
    }

    /// Other rules.
    #[must_use]
    pub fn with_rules(self, rules: Vec<Declaration>) -> Self {
        Self { rules, ..self }
    }
}

impl Default for Terms {
    fn default() -> Self {
        Self::new(Limits::DEFAULT)
    }
}

/// A sandbox for two workers, shared by all tests that need nothing special.
pub fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::open(settings()).unwrap())
}

/// Settings for two workers.
#[must_use]
pub fn settings() -> Settings {
    Settings::new(NonZeroUsize::new(2).unwrap())
}

/// Loads a component from a release that was made for it.
///
/// # Errors
/// Those of the sandbox.
pub fn load(sandbox: &Sandbox, component: Vec<u8>, terms: &Terms) -> Result<SandboxedComponent, LoadError> {
    let mut loaded = load_release(sandbox, vec![(component, terms.rules.clone())], terms)?;
    Ok(loaded.pop().unwrap())
}

/// Loads components from a release that was made for them: `rules-0.wasm` and so on. Each comes with the rules that the release says
/// it has, because no two components of a release may have the same rule; the other terms hold for each.
///
/// # Errors
/// Those of the sandbox.
pub fn load_release(
    sandbox: &Sandbox,
    components: Vec<(Vec<u8>, Vec<Declaration>)>,
    terms: &Terms,
) -> Result<Vec<SandboxedComponent>, LoadError> {
    let rule = |rule: &Declaration| RuleEntry { id: rule.id.clone(), inputs: rule.inputs.clone() };
    let component = |(index, (component, rules)): (usize, (Vec<u8>, Vec<Declaration>))| {
        (file(&format!("rules-{index}.wasm"), FileKind::Component, component), rules)
    };
    let components: Vec<_> = components.into_iter().enumerate().map(component).collect();
    let entry = |(component, rules): &(DraftFile, Vec<Declaration>)| ComponentEntry {
        path: component.path.clone(),
        limits: terms.lower.clone(),
        wasi: terms.wasi,
        rules: rules.iter().map(rule).collect(),
    };
    let config = file("business-config.yaml", FileKind::BusinessConfig, b"{}".to_vec());
    let release = BuiltRelease::build(ReleaseDraft {
        name: "hostile".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        world: World::current(),
        components: components.iter().map(entry).collect(),
        files: components.into_iter().map(|(component, _)| component).chain([config]).collect(),
        builtin: Vec::new(),
    });
    let release = danger::assume_verified(&release.unwrap());
    let files: Vec<_> = release.components().collect();
    sandbox.load_release(&files, &terms.policy)
}

/// Loads a component with the rules that it says it has.
#[must_use]
pub fn as_it_is(component: Vec<u8>) -> SandboxedComponent {
    let bytes = danger::assume_verified_bytes(component.clone());
    let description = sandbox().describe(&bytes, Wasi::None, &Policy::default()).unwrap();
    load(sandbox(), component, &Terms::default().with_rules(description.rules)).unwrap()
}

/// Loads a component that must be good.
#[must_use]
pub fn good(component: Vec<u8>, limits: Limits) -> SandboxedComponent {
    load(sandbox(), component, &Terms::new(limits)).unwrap_or_else(|error| panic!("{error:?}"))
}

fn file(path: &str, kind: FileKind, bytes: Vec<u8>) -> DraftFile {
    DraftFile { path: path.parse().unwrap(), kind, bytes }
}
