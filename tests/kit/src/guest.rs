//! Components that misbehave: built from Rust, written as text, or assembled byte by byte.

use std::fs;
use std::path::{Path, PathBuf};

use jurat_model::{Declaration, Input, Kind};
use wit_component::{ComponentEncoder, DecodedWasm, StringEncoding, metadata};

const PRELUDE: &str = include_str!("prelude.wat");
/// Where the answer of `describe` lies in a guest made from text.
const DESCRIPTION: u32 = 0x400;

/// A component of the contract that behaves. It is committed, so that tests of the machine code compiler need no Rust for WebAssembly.
#[must_use]
pub fn fixture() -> Vec<u8> {
    read(&package().join("fixtures/contract/jurat-rule-0.1.0.wasm"))
}

/// A guest from `tests/guests/examples`, as `cargo xtask guests` builds it.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn rust(name: &str) -> Vec<u8> {
    let path = built().join(format!("{name}.wasm"));
    fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}. This test runs a rule that must be built first: run `cargo xtask guests`", path.display())
    })
}

/// A guest from `tests/guests/wat`, made into a component if it is a module.
#[must_use]
pub fn text(name: &str) -> Vec<u8> {
    let text = read(&package().join(format!("guests/wat/{name}.wat")));
    let text = String::from_utf8(text).unwrap();
    if text.contains("\n(component") {
        return wat::parse_str(&text).unwrap();
    }
    assemble(&text, &[declaration()], "", None)
}

/// A component from the fields of a module, which may call what `world` imports: a component in text. `imports` are those of the module.
#[must_use]
pub fn importing(world: &str, imports: &str, fields: &str) -> Vec<u8> {
    assemble(fields, &[declaration()], imports, Some(&wat::parse_str(world).unwrap()))
}

/// A component from the fields of a module, with the rule that all guests have.
#[must_use]
pub fn of(fields: &str) -> Vec<u8> {
    assemble(fields, &[declaration()], "", None)
}

/// A component in text that describes itself as it is told, and passes everything.
#[must_use]
pub fn described(rules: &[Declaration]) -> Vec<u8> {
    let fields = r#"(memory (export "memory") 8)
        (func (export "jurat:rule/rules@0.1.0#evaluate") (param i32 i32 i32 i32) (result i32) (call $pass (local.get 1)))"#;
    assemble(fields, rules, "", None)
}

/// The rule that all guests say they have, unless they lie about that.
#[must_use]
pub fn declaration() -> Declaration {
    let n = Input { name: "n".to_owned(), of: None, kind: Kind::Integer, required: true };
    Declaration {
        id: "guest".to_owned(),
        entity_type: "loan".to_owned(),
        description: "misbehaves where n is not zero".to_owned(),
        inputs: vec![n],
        annotations: Vec::new(),
    }
}

/// The component with one more core module in it, which nothing uses. The text is that of a module.
#[must_use]
pub fn with_module(mut component: Vec<u8>, module: &str) -> Vec<u8> {
    const CORE_MODULE: u8 = 1;
    let module = wat::parse_str(module).unwrap();
    component.push(CORE_MODULE);
    push_length(&mut component, module.len());
    component.extend(module);
    component
}

/// The component with `count` more core instances of its second module, which imports nothing.
#[must_use]
pub fn with_instances(mut component: Vec<u8>, count: u8) -> Vec<u8> {
    const CORE_INSTANCES: u8 = 2;
    let mut section = vec![count];
    // Instantiate module 1 without arguments.
    section.extend([0, 1, 0].repeat(count.into()));
    component.push(CORE_INSTANCES);
    push_length(&mut component, section.len());
    component.extend(section);
    component
}

/// Where `cargo xtask guests` puts components: in this checkout, wherever cargo's own target directory is.
#[must_use]
pub fn built() -> PathBuf {
    package().join("../target/guests")
}

/// The directory `tests` of this checkout.
#[must_use]
pub fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn assemble(fields: &str, rules: &[Declaration], imports: &str, world: Option<&[u8]>) -> Vec<u8> {
    let mut module = format!("(module\n{}", world_of(&fixture(), "contract"));
    module.extend(world.map(|world| world_of(world, "host")));
    module += &format!("{imports}\n{PRELUDE}\n");
    if !fields.contains("\"cabi_realloc\"") {
        module += "(func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (call $room (local.get 3)))\n";
    }
    if !fields.contains("#describe\"") {
        let answer = escape(&description(rules));
        module += &format!(
            "(data (i32.const {DESCRIPTION}) \"{answer}\")\n(func (export \"jurat:rule/rules@0.1.0#describe\") (result \
             i32) (i32.const {DESCRIPTION}))\n"
        );
    }
    module += fields;
    module += ")";
    let module = wat::parse_str(&module).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}

/// What a component imports and exports, as the section of a module that is to become one with the same. Several sections of a module
/// need distinct names.
fn world_of(component: &[u8], name: &str) -> String {
    let DecodedWasm::Component(mut resolve, world) = wit_component::decode(component).unwrap() else {
        panic!("it is not a component")
    };
    let package = resolve.worlds[world].package.unwrap();
    name.clone_into(&mut resolve.packages[package].name.name);
    let world = metadata::encode(&resolve, world, StringEncoding::UTF8, None).unwrap();
    format!("(@custom \"component-type\" \"{}\")\n", escape(&world))
}

fn escape(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// The bytes of `list<rule-info>`, laid out to begin at [`DESCRIPTION`].
fn description(rules: &[Declaration]) -> Vec<u8> {
    let mut heap = Heap { bytes: vec![0; 8] };
    let rows: Vec<Vec<u32>> = rules
        .iter()
        .map(|rule| {
            let inputs: Vec<_> = rule.inputs.iter().map(|input| heap.input(input)).collect();
            let pairs = rule.annotations.iter().map(|(key, value)| [heap.text(key), heap.text(value)].concat());
            let annotations: Vec<_> = pairs.collect();
            let texts = [&rule.id, &rule.entity_type, &rule.description].map(|text| heap.text(text)).concat();
            [texts, heap.list(&inputs), heap.list(&annotations)].concat()
        })
        .collect();
    let list: Vec<u8> = heap.list(&rows).iter().flat_map(|word| word.to_le_bytes()).collect();
    heap.bytes[..8].copy_from_slice(&list);
    heap.bytes
}

/// Data of a guest, as it grows. Everything in it is made of 32-bit words.
struct Heap {
    bytes: Vec<u8>,
}

impl Heap {
    fn text(&mut self, text: &str) -> Vec<u32> {
        let at = self.end();
        self.bytes.extend(text.bytes());
        vec![at, u32::try_from(text.len()).unwrap()]
    }

    fn list(&mut self, rows: &[Vec<u32>]) -> Vec<u32> {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        let at = self.end();
        self.bytes.extend(rows.iter().flatten().flat_map(|word| word.to_le_bytes()));
        vec![at, u32::try_from(rows.len()).unwrap()]
    }

    fn input(&mut self, input: &Input) -> Vec<u32> {
        let name = self.text(&input.name);
        let of = match &input.of {
            Some(term) => [vec![1], self.text(term)].concat(),
            None => vec![0; 3],
        };
        let kind = Kind::ALL.iter().position(|kind| *kind == input.kind).unwrap();
        [name, of, vec![u32::try_from(kind).unwrap() | u32::from(input.required) << 8]].concat()
    }

    fn end(&self) -> u32 {
        DESCRIPTION + u32::try_from(self.bytes.len()).unwrap()
    }
}

/// Appends a length as LEB128.
fn push_length(bytes: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
}
