//! Why a component is not loaded.

use jurat_model::{Blame, Fault};
use thiserror::Error;

use crate::compile::CompileError;
use crate::shape::ShapeError;

/// Why a component was not loaded.
#[derive(Debug, Error)]
#[error("component `{component}` is refused")]
pub struct LoadError {
    /// Its path inside of the release.
    pub component: String,
    /// The reason.
    #[source]
    pub reason: Refusal,
}

/// The reasons for which a component is not loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is not a component, or too large in some way.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// It imports something that is not provided.
    #[error("it imports {}; a rule may import nothing{}", list(.imports), advice(*.hint))]
    Imports {
        /// All of them.
        imports: Vec<String>,
        /// What could be done about it.
        hint: WasiHint,
    },
    /// The release asks for sealed WASI, and the host does not grant it.
    #[error("it asks for sealed WASI, which this host does not grant (setting `sealed_wasi`)")]
    WasiNotGranted,
    /// It exports no version of the contract that this host supports.
    #[error("it exports {}, but none of {}", list(.exports), list(.supported))]
    Contract {
        /// What it exports.
        exports: Vec<String>,
        /// The versions that the host supports.
        supported: Vec<String>,
    },
    /// It could not be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// Its functions are not those of the contract.
    #[error("it does not fit the contract that it names")]
    Bind(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It faulted when it was asked for its rules.
    #[error("it {fault} when it was asked for its rules")]
    Describe {
        /// The fault.
        fault: Fault,
    },
    /// The components of its release have used too much fuel together when they were asked for their rules.
    #[error(
        "the components of the release use more than {limit} units of fuel together when they are asked for their rules, which is the limit"
    )]
    DescribeTogether {
        /// The limit.
        limit: u64,
    },
    /// Its declarations break the contract.
    #[error("what it says of itself breaks the contract: {0}")]
    Declaration(String),
    /// It is not what the manifest says.
    #[error("its rules are not those of the signed manifest: {0}")]
    Manifest(Mismatch),
    /// The host failed to run it.
    #[error("the host could not run it")]
    Host(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Refusal {
    /// Whether the cause may pass: it is the moment's or the machine's, and the same component may be loaded later.
    ///
    /// The others last: the component, its manifest and the settings decide them.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Compile(error) => error.is_passing(),
            Self::Describe { fault } => fault.is_indeterminate(),
            Self::Host(_) => true,
            Self::Shape(_)
            | Self::Imports { .. }
            | Self::WasiNotGranted
            | Self::Contract { .. }
            | Self::Bind(_)
            | Self::DescribeTogether { .. }
            | Self::Declaration(_)
            | Self::Manifest(_) => false,
        }
    }

    /// Who can fix it.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Compile(CompileError::Mismatch(_)) => Blame::Host,
            Self::WasiNotGranted => Blame::Settings,
            _ if self.is_passing() => Blame::Host,
            _ => Blame::Publisher,
        }
    }
}

/// Whether a refused import is one that sealed WASI would answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WasiHint {
    /// All of them are.
    Sealed,
    /// Some are not.
    None,
}

/// How a component differs from its manifest.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Mismatch {
    /// Other rules, or in another order.
    #[error("it has {}, the manifest has {}", list(.found), list(.signed))]
    Rules {
        /// The component's.
        found: Vec<String>,
        /// The manifest's.
        signed: Vec<String>,
    },
    /// A rule with other inputs.
    #[error("rule `{rule}` declares other inputs")]
    Inputs {
        /// The rule.
        rule: String,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("`{}`", name.escape_debug())).collect();
    quoted.join(", ")
}

fn advice(hint: WasiHint) -> &'static str {
    match hint {
        WasiHint::Sealed => " (build it for `wasm32-unknown-unknown`, or say `wasi: sealed` in the release)",
        WasiHint::None => "",
    }
}
