//! A manifest from its bytes.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use jurat_model::{Bytes, FuelSchedule, Input};

use super::{BuiltinCheck, BuiltinRule, ComponentEntry, FileEntry, LowerFuel, LowerLimits, Manifest, ManifestError};
use super::{RuleEntry, SCHEMA, Wasi};
use crate::json::{self, FormatError, Members, Node};

/// The longest id of a rule or name of an input, in bytes.
const ID_LENGTH: usize = 128;

impl Manifest {
    /// Reads a manifest. Unknown members are refused, as one could be a restriction that this version does not know.
    ///
    /// # Errors
    /// When it cannot be read, is of another schema, or is not coherent; see [`Manifest::new`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let mut document = Members::of_document(json::parse(bytes)?)?;
        // First of all: of another schema nothing else can be said.
        let schema = document.take("schema")?.text()?;
        if schema != SCHEMA {
            return Err(ManifestError::UnknownSchema { found: schema });
        }
        let name = document.take("name")?.parsed("a release name")?;
        let version = document.take("version")?.parsed("a release version")?;
        let world = document.take("world")?.parsed("a contract like `jurat:rule@0.1.0`")?;
        let files = document.take("files")?.list()?.map(file).collect::<Result<_, _>>()?;
        let components = document.take("components")?.list()?.map(component).collect::<Result<_, _>>()?;
        let builtin = match document.take_optional("builtin") {
            Some(rules) => rules.list()?.map(builtin_rule).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        document.refuse_rest()?;
        Self::new(name, version, world, files, components, builtin)
    }
}

fn file(node: Node) -> Result<FileEntry, FormatError> {
    let mut file = node.members()?;
    let entry = FileEntry {
        path: file.take("path")?.parsed("a safe relative path")?,
        sha256: file.take("sha256")?.parsed("a SHA-256 in 64 lower-case hexadecimal digits")?,
        length: file.take("length")?.integer()?,
        kind: file.take("kind")?.parsed("`business_config`, `field_map`, `schema`, `component` or `vectors`")?,
    };
    file.refuse_rest()?;
    Ok(entry)
}

fn component(node: Node) -> Result<ComponentEntry, FormatError> {
    let mut component = node.members()?;
    let entry = ComponentEntry {
        path: component.take("path")?.parsed("a safe relative path")?,
        limits: component.take_optional("limits").map(limits).transpose()?.unwrap_or_default(),
        wasi: component.take_optional("wasi").map(wasi).transpose()?.unwrap_or_default(),
        rules: component.take("rules")?.list()?.map(rule).collect::<Result<_, _>>()?,
    };
    component.refuse_rest()?;
    Ok(entry)
}

fn limits(node: Node) -> Result<LowerLimits, FormatError> {
    let mut limits = node.members()?;
    let mut integer = |name| limits.take_optional(name).map(Node::integer).transpose();
    let units = integer("fuel")?.and_then(NonZeroU64::new);
    let memory = integer("memory_bytes")?.map(Bytes::new);
    let reply = integer("reply_bytes")?.map(Bytes::new);
    let deadline = integer("deadline_ms")?.map(Duration::from_millis);
    let table_elements = limits.take_optional("table_elements").map(small_integer).transpose()?;
    let fuel = match units {
        // Manifests of the first price list do not name it. Without fuel, nothing is measured by a price list.
        Some(units) => {
            let schedule = limits.take_optional("fuel_schedule").map(fuel_schedule).transpose()?;
            Some(LowerFuel { units, schedule: schedule.unwrap_or(FuelSchedule::FIRST) })
        }
        None => None,
    };
    limits.refuse_rest()?;
    Ok(LowerLimits { fuel, memory, table_elements, reply, deadline })
}

fn fuel_schedule(node: Node) -> Result<FuelSchedule, FormatError> {
    let zero = node.unexpected("a whole number from 1 on");
    NonZeroU32::new(small_integer(node)?).map(FuelSchedule::new).ok_or(zero)
}

fn small_integer(node: Node) -> Result<u32, FormatError> {
    let too_large = node.unexpected("a whole number from 1 to 4294967295");
    u32::try_from(node.integer()?).map_err(|_| too_large)
}

fn wasi(node: Node) -> Result<Wasi, FormatError> {
    node.checked("`sealed`, or left out", |text| text == "sealed").map(|_| Wasi::Sealed)
}

fn rule(node: Node) -> Result<RuleEntry, FormatError> {
    let mut rule = node.members()?;
    let entry = RuleEntry {
        id: id(rule.take("id")?)?,
        inputs: rule.take("inputs")?.list()?.map(input).collect::<Result<_, _>>()?,
    };
    rule.refuse_rest()?;
    Ok(entry)
}

fn input(node: Node) -> Result<Input, FormatError> {
    let mut input = node.members()?;
    let entry = Input {
        name: id(input.take("name")?)?,
        of: input.take_optional("of").map(id).transpose()?,
        kind: input
            .take("kind")?
            .parsed("`boolean`, `integer`, `number`, `decimal`, `text`, `date`, `timestamp` or `json`")?,
        required: input.take("required")?.boolean()?,
    };
    input.refuse_rest()?;
    Ok(entry)
}

fn builtin_rule(node: Node) -> Result<BuiltinRule, FormatError> {
    let mut rule = node.members()?;
    let entry = BuiltinRule {
        id: id(rule.take("id")?)?,
        check: builtin_check(rule.take("check")?)?,
        description: rule.take("description")?.text()?,
    };
    rule.refuse_rest()?;
    Ok(entry)
}

fn builtin_check(node: Node) -> Result<BuiltinCheck, FormatError> {
    node.checked("`json_schema`", |text| text == "json_schema").map(|_| BuiltinCheck::JsonSchema)
}

fn id(node: Node) -> Result<String, FormatError> {
    node.checked("a text of 1 to 128 bytes without control characters", |id| {
        matches!(id.len(), 1..=ID_LENGTH) && !id.chars().any(char::is_control)
    })
}
