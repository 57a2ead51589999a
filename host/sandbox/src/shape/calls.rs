//! Refuses components whose parts could call each other.
//!
//! A call from one component to another converts its arguments and results, and no fuel pays for that: two that hand each other long
//! texts keep a thread busy for seconds. So of all instances of components in a release's component, at most one is *active*: it
//! calls functions, or offers functions that do something. It may only call what comes from outside. Others may offer functions
//! that only trap: toolchains put them where a function is missing. And they may give names to what they import.
//!
//! And no component with code that does anything, if only when it starts, makes resources of its own: the contract has none, and the
//! runtime's work for them costs no more fuel than a call.

use wasmparser::{
    BinaryReaderError, CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, Encoding, FunctionBody, Operator, Payload,
};

/// The components and modules around the present position, from the outermost to the innermost.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Frame>);

/// Why the calls of a component are refused.
#[derive(Debug)]
pub(super) enum CallsError {
    /// It cannot be read.
    Malformed(BinaryReaderError),
    /// Its parts could call each other.
    Between,
    /// It makes resources of its own.
    Resources,
}

impl From<BinaryReaderError> for CallsError {
    fn from(error: BinaryReaderError) -> Self {
        Self::Malformed(error)
    }
}

#[derive(Debug)]
enum Frame {
    Module,
    Component(Component),
}

/// A component as far as it was read.
#[derive(Debug, Default)]
struct Component {
    /// The functions by their index.
    functions: Vec<Origin>,
    /// The instances by their index.
    instances: Vec<Origin>,
    /// The components inside of it by their index.
    components: Vec<Inner>,
    offers: bool,
    calls: bool,
    makes_resources: bool,
    /// Whether a function of its modules does anything but trap or return.
    computes: bool,
    /// The active instances inside of it.
    active: u32,
}

/// A component inside of another.
#[derive(Debug)]
struct Inner {
    /// How many active instances one instance of it is.
    active: u32,
}

/// Whether a function or instance comes from outside of its component.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Origin {
    Outside,
    Inside,
}

impl Calls {
    /// Takes the next part of the binary.
    pub(super) fn add(&mut self, payload: &Payload<'_>) -> Result<(), CallsError> {
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } => self.0.push(Frame::Module),
            Payload::Version { encoding: Encoding::Component, .. } => {
                self.0.push(Frame::Component(Component::default()));
            }
            Payload::CodeSectionEntry(body) => {
                let computes = computes(body)?;
                if let [.., Frame::Component(component), Frame::Module] = &mut *self.0 {
                    component.computes |= computes;
                }
            }
            Payload::End(_) => {
                if let Some(Frame::Component(ended)) = self.0.pop() {
                    let inner = ended.end()?;
                    if let Some(Frame::Component(around)) = self.0.last_mut() {
                        around.components.push(inner);
                    }
                }
            }
            payload => {
                if let Some(Frame::Component(component)) = self.0.last_mut() {
                    component.add(payload)?;
                }
            }
        }
        Ok(())
    }
}

impl Component {
    fn add(&mut self, payload: &Payload<'_>) -> Result<(), CallsError> {
        match payload {
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    match import?.ty {
                        ComponentTypeRef::Func(_) => self.functions.push(Origin::Outside),
                        ComponentTypeRef::Instance(_) => self.instances.push(Origin::Outside),
                        // What it does cannot be known.
                        ComponentTypeRef::Component(_) => return Err(CallsError::Between),
                        ComponentTypeRef::Module(_) => self.computes = true,
                        ComponentTypeRef::Value(_) | ComponentTypeRef::Type(_) => {}
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    self.name_again(export.kind, |origins| origins.get(export.index as usize).copied())?;
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone() {
                    match alias? {
                        ComponentAlias::InstanceExport { kind, instance_index, .. } => {
                            let origin = self.instances.get(instance_index as usize).copied();
                            self.name_again(kind, |_| origin)?;
                        }
                        ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, .. } => {
                            return Err(CallsError::Between);
                        }
                        ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, .. } => self.computes = true,
                        ComponentAlias::Outer { .. } | ComponentAlias::CoreInstanceExport { .. } => {}
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section.clone() {
                    if let ComponentInstance::Instantiate { component_index, .. } = instance? {
                        // Of an unknown one, the compiler says so.
                        let inner = self.components.get(component_index as usize);
                        self.active = self.active.saturating_add(inner.map_or(0, |inner| inner.active));
                    }
                    self.instances.push(Origin::Inside);
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone() {
                    match function? {
                        CanonicalFunction::Lift { .. } => {
                            self.functions.push(Origin::Inside);
                            self.offers = true;
                        }
                        CanonicalFunction::Lower { func_index, .. } => {
                            if self.functions.get(func_index as usize) == Some(&Origin::Inside) {
                                return Err(CallsError::Between);
                            }
                            self.calls = true;
                        }
                        CanonicalFunction::ResourceNew { .. } => self.makes_resources = true,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Gives another index to a function or an instance.
    fn name_again(
        &mut self,
        kind: ComponentExternalKind,
        origin: impl FnOnce(&[Origin]) -> Option<Origin>,
    ) -> Result<(), CallsError> {
        let origins = match kind {
            ComponentExternalKind::Func => &mut self.functions,
            ComponentExternalKind::Instance => &mut self.instances,
            ComponentExternalKind::Component => return Err(CallsError::Between),
            // What its functions do cannot be known.
            ComponentExternalKind::Module => {
                self.computes = true;
                return Ok(());
            }
            ComponentExternalKind::Value | ComponentExternalKind::Type => return Ok(()),
        };
        let origin = origin(origins).unwrap_or(Origin::Inside);
        origins.push(origin);
        Ok(())
    }

    fn end(self) -> Result<Inner, CallsError> {
        let is_active = self.calls || (self.offers && (self.computes || self.makes_resources));
        if self.makes_resources && (self.calls || self.computes) {
            return Err(CallsError::Resources);
        }
        let active = self.active.saturating_add(is_active.into());
        if active > 1 { Err(CallsError::Between) } else { Ok(Inner { active }) }
    }
}

/// Whether a function does anything but trap or return.
fn computes(body: &FunctionBody<'_>) -> Result<bool, BinaryReaderError> {
    let mut operators = body.get_operators_reader()?;
    let first = operators.read()?;
    Ok(!matches!(first, Operator::Unreachable | Operator::End))
}
