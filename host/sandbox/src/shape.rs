//! The shape of a component, bounded before anything compiles it.
//!
//! Compilers are not built for hostile input: a few hundred kilobytes can cost minutes. So a component's shape is bounded first, by
//! one pass over its sections. It says nothing about whether the code is valid; the compiler does.

use thiserror::Error;
use wasmparser::{BinaryReaderError, ElementItems, Encoding, Parser, Payload};

mod code;

use code::Code;

mod calls;

use calls::{Calls, CallsError};

/// The caps on a component's shape. They are far above what rules written in Rust have, and below what hurts a compiler.
pub(crate) mod cap {
    /// Bytes of the whole component.
    pub(crate) const BYTES: u64 = 2 << 20;
    /// Core modules in it. Sealed WASI adds an adapter and shims.
    pub(crate) const MODULES: u64 = 8;
    /// Components inside of components.
    pub(crate) const NESTING: u64 = 2;
    /// Functions of all modules.
    pub(crate) const FUNCTIONS: u64 = 20_000;
    /// Bytes of one function's body.
    pub(crate) const BODY: u64 = 256 << 10;
    /// Locals of one function.
    pub(crate) const LOCALS: u64 = 5_000;
    /// Blocks inside of each other in one function. A `match` of Rust has one for each arm.
    pub(crate) const BLOCKS: u64 = 2_000;
    /// Targets of jump tables, each times the blocks around the table. A `match` with 1,000 arms has a million.
    pub(crate) const JUMPS: u64 = 10_000_000;
    /// Elements of all element segments. Those that are expressions cost the compiler 7 KB each.
    pub(crate) const ELEMENTS: u64 = 20_000;
    /// Memories of all modules. One that wants more than its limit faults; two cannot add up unseen.
    pub(crate) const MEMORIES: u64 = 2;
    /// Tables of all modules.
    pub(crate) const TABLES: u64 = 4;
    /// Imports, exports, types, aliases and instances of components, together.
    pub(crate) const ITEMS: u64 = 10_000;
}

/// Bytes in a page of memory.
const PAGE: u64 = 64 << 10;

/// The shape of a component.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shape {
    /// Its size in bytes.
    pub bytes: u64,
    /// How many core modules it holds.
    pub modules: u64,
    /// How many functions they have.
    pub functions: u64,
    /// How many bytes its memories have to begin with, together.
    pub memory: u64,
    /// How many elements its tables have to begin with, together.
    pub table_elements: u64,
    /// What it imports, by name, in its own order.
    pub imports: Vec<String>,
    /// What it exports, by name, in its own order.
    pub exports: Vec<String>,
}

/// Why a component is refused by its shape.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// It has been compiled already: machine code cannot be checked.
    #[error("this is precompiled machine code, not a component; only WebAssembly is accepted")]
    Precompiled,
    /// It is a core module.
    #[error("this is a core module, not a component; `jurat build` makes components")]
    CoreModule,
    /// It does not begin as WebAssembly does.
    #[error("this is not a WebAssembly component: it does not begin like one")]
    NotWebAssembly,
    /// It begins as WebAssembly, and cannot be read to its end.
    #[error("this is not a WebAssembly component: it cannot be read to its end")]
    Malformed(#[source] WasmError),
    /// It breaks off inside of a section.
    #[error("the component is cut short")]
    Truncated,
    /// Components inside of it could call each other.
    #[error(
        "components inside of it could call each other, and no fuel pays for what such calls convert; build the rules as one \
         component, without `wasm-tools compose`"
    )]
    CallsBetween,
    /// It makes resources of its own, which no rule needs.
    #[error(
        "it makes resources of a type of its own (`canon resource.new`), and no fuel pays for that; a rule needs none"
    )]
    OwnResources,
    /// More of something than is allowed.
    #[error("{found} {what}, at most {cap} are allowed")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much there is; where counting stopped.
        found: u64,
        /// How much is allowed.
        cap: u64,
    },
}

/// What the reader of WebAssembly says, for people.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct WasmError(BinaryReaderError);

impl WasmError {
    fn malformed(error: BinaryReaderError) -> ShapeError {
        ShapeError::Malformed(Self(error))
    }
}

/// Reads a component's shape.
///
/// # Errors
/// When it is not a component, or exceeds a cap.
pub fn scan(bytes: &[u8]) -> Result<Shape, ShapeError> {
    if wasmtime::Engine::detect_precompiled(bytes).is_some() {
        return Err(ShapeError::Precompiled);
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(ShapeError::NotWebAssembly);
    }
    let mut shape = Shape { bytes: bytes.len() as u64, ..Shape::default() };
    at_most("bytes", shape.bytes, cap::BYTES)?;
    let (mut counts, mut calls) = (Counts::default(), Calls::default());
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(WasmError::malformed)?;
        counts.add(&payload, &mut shape)?;
        calls.add(&payload).map_err(|error| match error {
            CallsError::Malformed(error) => WasmError::malformed(error),
            CallsError::Between => ShapeError::CallsBetween,
            CallsError::Resources => ShapeError::OwnResources,
        })?;
    }
    if !counts.has_ended {
        return Err(ShapeError::Truncated);
    }
    Ok(shape)
}

pub(crate) fn at_most(what: &'static str, found: u64, cap: u64) -> Result<(), ShapeError> {
    if found > cap { Err(ShapeError::TooMany { what, found, cap }) } else { Ok(()) }
}

/// What [`scan`] counts on its way.
#[derive(Default)]
struct Counts {
    has_begun: bool,
    has_ended: bool,
    /// Modules and components that are open around the current section.
    depth: u64,
    memories: u64,
    tables: u64,
    elements: u64,
    jumps: u64,
    items: u64,
}

impl Counts {
    fn add(&mut self, payload: &Payload<'_>, shape: &mut Shape) -> Result<(), ShapeError> {
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } if !self.has_begun => {
                return Err(ShapeError::CoreModule);
            }
            Payload::Version { .. } => self.has_begun = true,
            Payload::ModuleSection { .. } => {
                self.depth += 1;
                shape.modules += 1;
                at_most("core modules", shape.modules, cap::MODULES)?;
            }
            Payload::ComponentSection { .. } => {
                self.depth += 1;
                at_most("levels of components", self.depth, cap::NESTING)?;
            }
            Payload::End(_) if self.depth == 0 => self.has_ended = true,
            Payload::End(_) => self.depth -= 1,
            Payload::FunctionSection(section) => {
                shape.functions += u64::from(section.count());
                at_most("functions", shape.functions, cap::FUNCTIONS)?;
            }
            Payload::CodeSectionEntry(body) => self.add_body(body)?,
            Payload::MemorySection(section) => {
                self.memories += u64::from(section.count());
                at_most("memories", self.memories, cap::MEMORIES)?;
                for memory in section.clone() {
                    let pages = memory.map_err(WasmError::malformed)?.initial;
                    shape.memory = shape.memory.saturating_add(pages.saturating_mul(PAGE));
                }
            }
            Payload::TableSection(section) => {
                self.tables += u64::from(section.count());
                at_most("tables", self.tables, cap::TABLES)?;
                for table in section.clone() {
                    let elements = table.map_err(WasmError::malformed)?.ty.initial;
                    shape.table_elements = shape.table_elements.saturating_add(elements);
                }
            }
            Payload::ComponentImportSection(section) => {
                self.add_items(section.count())?;
                for import in section.clone() {
                    let name = import.map_err(WasmError::malformed)?.name.name;
                    if self.depth == 0 {
                        shape.imports.push(name.to_owned());
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                self.add_items(section.count())?;
                for export in section.clone() {
                    let name = export.map_err(WasmError::malformed)?.name.name;
                    if self.depth == 0 {
                        shape.exports.push(name.to_owned());
                    }
                }
            }
            Payload::ImportSection(section) => self.add_items(section.count())?,
            Payload::ExportSection(section) => self.add_items(section.count())?,
            Payload::TypeSection(section) => self.add_items(section.count())?,
            Payload::GlobalSection(section) => self.add_items(section.count())?,
            Payload::ElementSection(section) => {
                self.add_items(section.count())?;
                for segment in section.clone() {
                    self.elements += u64::from(match segment.map_err(WasmError::malformed)?.items {
                        ElementItems::Functions(functions) => functions.count(),
                        ElementItems::Expressions(_, expressions) => expressions.count(),
                    });
                    at_most("elements of tables", self.elements, cap::ELEMENTS)?;
                }
            }
            Payload::InstanceSection(section) => self.add_items(section.count())?,
            Payload::CoreTypeSection(section) => self.add_items(section.count())?,
            Payload::ComponentInstanceSection(section) => self.add_items(section.count())?,
            Payload::ComponentAliasSection(section) => self.add_items(section.count())?,
            Payload::ComponentTypeSection(section) => self.add_items(section.count())?,
            Payload::ComponentCanonicalSection(section) => self.add_items(section.count())?,
            _ => {}
        }
        Ok(())
    }

    fn add_items(&mut self, count: u32) -> Result<(), ShapeError> {
        self.items += u64::from(count);
        at_most("types, imports, exports and aliases", self.items, cap::ITEMS)
    }

    fn add_body(&mut self, body: &wasmparser::FunctionBody<'_>) -> Result<(), ShapeError> {
        at_most("bytes in one function", body.range().len() as u64, cap::BODY)?;
        let code = Code::of(body).map_err(WasmError::malformed)?;
        at_most("levels of blocks in one function", code.blocks, cap::BLOCKS)?;
        self.jumps = self.jumps.saturating_add(code.jumps);
        at_most("targets of jump tables times the blocks around them", self.jumps, cap::JUMPS)?;
        let mut locals: u64 = 0;
        for declared in body.get_locals_reader().map_err(WasmError::malformed)? {
            locals = locals.saturating_add(u64::from(declared.map_err(WasmError::malformed)?.0));
        }
        at_most("locals in one function", locals, cap::LOCALS)
    }
}
