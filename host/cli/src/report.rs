//! The description of a component, for people and for programs.

use std::io::{self, Write};

use jurat::chain;
use jurat_model::{Blame, Declaration, Input};
use jurat_results::plain;
use jurat_sandbox::{Description, Policy, Refusal, Sandbox, Shape, scan};
use jurat_trust::{Digest, Wasi, danger};
use serde::Serialize;

/// The longest foreign text, in characters.
const SHOWN: usize = 200;

/// The description of a component.
#[derive(Debug, Serialize)]
pub(crate) struct ComponentReport {
    file: String,
    bytes: u64,
    sha256: String,
    contract: Option<&'static str>,
    /// Empty if the structure cannot be read.
    imports: Vec<String>,
    #[serde(skip)]
    is_readable: bool,
    rules: Vec<RuleReport>,
    /// Why hosts would refuse it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    /// Who could change that.
    #[serde(skip)]
    blame: Option<Blame>,
}

#[derive(Debug, Serialize)]
struct RuleReport {
    id: String,
    entity_type: String,
    description: String,
    inputs: Vec<InputReport>,
    annotations: Vec<(String, String)>,
}

#[derive(Debug, Serialize)]
struct InputReport {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    kind: &'static str,
    required: bool,
}

impl ComponentReport {
    /// Inspects a component: its structure, and, in the sandbox, its own description.
    pub(crate) fn new(file: String, bytes: Vec<u8>, sandbox: &Sandbox, policy: &Policy) -> Self {
        let shape = scan(&bytes);
        let (length, sha256) = (bytes.len() as u64, Digest::of(&bytes).to_string());
        let is_readable = shape.is_ok();
        let (imports, described) = match shape {
            Ok(Shape { imports, .. }) => {
                let is_wasi = imports.iter().any(|import| import.starts_with("wasi:"));
                let wasi = if is_wasi { Wasi::Sealed } else { Wasi::None };
                (imports, sandbox.describe(&danger::assume_verified_bytes(bytes), wasi, policy))
            }
            Err(error) => (Vec::new(), Err(Refusal::Shape(error))),
        };
        let report = Self {
            file,
            bytes: length,
            sha256,
            contract: None,
            imports,
            is_readable,
            rules: Vec::new(),
            refused: None,
            blame: None,
        };
        match described {
            Ok(Description { rules, contract, .. }) => {
                Self { contract: Some(contract), rules: rules.into_iter().map(rule).collect(), ..report }
            }
            Err(refusal) => Self { refused: Some(chain(&refusal)), blame: Some(refusal.blame()), ..report },
        }
    }

    /// Why hosts would refuse it.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Who could change that hosts refuse it; none if they do not.
    pub(crate) fn blame(&self) -> Option<Blame> {
        self.blame
    }

    /// Writes it for people.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { file, bytes, sha256, contract, imports, is_readable, rules, refused, .. } = self;
        writeln!(out, "{}", plain(file, SHOWN))?;
        writeln!(out, "  size      {bytes} bytes")?;
        writeln!(out, "  sha256    {sha256}")?;
        if let Some(contract) = contract {
            writeln!(out, "  contract  {contract}")?;
        }
        let imports: Vec<_> = imports.iter().map(|import| plain(import, SHOWN)).collect();
        if *is_readable {
            writeln!(
                out,
                "  imports   {}",
                if imports.is_empty() { "nothing".to_owned() } else { imports.join(", ") }
            )?;
        }
        if refused.is_none() && !imports.is_empty() {
            writeln!(out, "  needs     `wasi: sealed` in its release, and hosts that grant it")?;
        }
        if let Some(refused) = refused {
            writeln!(out, "  refused   {}", plain(refused, 1_000))?;
        }
        for RuleReport { id, entity_type, description, inputs, .. } in rules {
            let id = plain(id, SHOWN);
            writeln!(out, "  rule      {id}  {}  {}", plain(entity_type, SHOWN), plain(description, SHOWN))?;
            for InputReport { name, of, kind, required } in inputs {
                let of = of.as_ref().map_or_else(String::new, |of| format!("{}.", plain(of, SHOWN)));
                let required = if *required { "" } else { ", optional" };
                writeln!(out, "              {of}{}: {kind}{required}", plain(name, SHOWN))?;
            }
        }
        Ok(())
    }
}

fn rule(rule: Declaration) -> RuleReport {
    let Declaration { id, entity_type, description, inputs, annotations } = rule;
    RuleReport { id, entity_type, description, annotations, inputs: inputs.into_iter().map(input).collect() }
}

fn input(input: Input) -> InputReport {
    let Input { name, of, kind, required } = input;
    InputReport { name, of, kind: kind.name(), required }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use jurat_sandbox::{Compiler, Settings};

    use super::*;

    const COMPONENT: &[u8] = include_bytes!("../../../tests/fixtures/contract/jurat-rule-0.1.0.wasm");

    fn blame(compiler: Compiler, bytes: &[u8]) -> Option<Blame> {
        let sandbox = Sandbox::open(Settings::new(NonZeroUsize::MIN).with_compiler(compiler)).unwrap();
        ComponentReport::new("rules.wasm".to_owned(), bytes.to_vec(), &sandbox, &Policy::default()).blame()
    }

    #[test]
    fn a_machine_that_fails_is_not_held_against_a_component() {
        let nowhere = || Compiler::Child { program: "/nowhere/at/all".into(), arguments: Vec::new() };
        assert_eq!(blame(nowhere(), COMPONENT), Some(Blame::Host));
        assert_eq!(blame(nowhere(), b"no component"), Some(Blame::Publisher));
        assert_eq!(blame(Compiler::InProcess, COMPONENT), None);
    }
}
