//! Where in a record a check is.

/// The longest pointer that is shown. A longer one is cut back to the nearest ancestor that has a shorter one.
const POINTER: usize = 1_024;

/// A value's place in its record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'p> {
    /// The place of what it is in.
    pub(super) parent: Option<&'p Self>,
    pub(super) step: Step<'p>,
}

/// The last step on the way to a place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'p> {
    /// The record itself.
    Root,
    Member(&'p str),
    Item(usize),
}

impl<'p> Place<'p> {
    pub(super) const ROOT: Self = Self { parent: None, step: Step::Root };

    pub(super) fn member(&'p self, name: &'p str) -> Self {
        Self { parent: Some(self), step: Step::Member(name) }
    }

    pub(super) fn item(&'p self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Item(index) }
    }

    /// How many steps lead there.
    pub(super) fn depth(&self) -> usize {
        self.parent.map_or(0, |parent| parent.depth() + 1)
    }

    /// The place as an RFC 6901 pointer of at most 1,024 bytes.
    pub(super) fn pointer(&self) -> String {
        let mut pointer = self.parent.map(Self::pointer).unwrap_or_default();
        let before = pointer.len();
        match self.step {
            Step::Root => {}
            Step::Item(index) => pointer.push_str(&format!("/{index}")),
            Step::Member(name) if name.len() > POINTER => pointer.push_str(&"/".repeat(POINTER + 1)),
            Step::Member(name) => {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
        }
        if pointer.len() > POINTER {
            pointer.truncate(before);
        }
        pointer
    }
}
