//! Replies out of bytes: every reply that the contract's types allow, up to the lengths where its limits lie.

use jurat_model::{Declaration, Finding, Input, Kind, Status, Verdicts};

/// What a rule gives back.
pub(super) enum Reply {
    /// What the component says that it holds.
    Describe(Vec<Declaration>),
    /// What it says of a batch.
    Evaluate(Verdicts),
}

impl Reply {
    /// The reply that the bytes stand for; behind their end there are zeroes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut bytes = Bytes { rest: bytes, budget: BUDGET };
        match bytes.byte() {
            b'd' => Self::Describe(bytes.list(Bytes::declaration)),
            _ => Self::Evaluate(Verdicts { statuses: bytes.list(Bytes::status), findings: bytes.list(Bytes::finding) }),
        }
    }
}

/// Lengths just inside and just outside of the limits.
const LENGTHS: [usize; 16] =
    [63, 64, 65, 128, 129, 255, 256, 257, 1_023, 1_024, 1_025, 4_095, 4_096, 4_097, 10_000, 100_000];

/// How large a reply becomes at most, in things and bytes of text: the sandbox bounds replies too.
const BUDGET: usize = 1 << 18;

struct Bytes<'a> {
    rest: &'a [u8],
    budget: usize,
}

impl<'a> Bytes<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let length = length.min(self.rest.len());
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.budget = self.budget.saturating_sub(length);
        taken
    }

    /// A list of items, or of one item again and again.
    fn list<T: Clone>(&mut self, item: fn(&mut Self) -> T) -> Vec<T> {
        match self.byte() {
            // Not more than there are bytes for: whatever a thing is, it takes one.
            length @ ..0xf0 => (0..usize::from(length).min(self.rest.len())).map(|_| item(self)).collect(),
            length => {
                let before = self.budget;
                let item = item(self);
                let size = 1 + before - self.budget;
                let count = LENGTHS[usize::from(length - 0xf0)].min(1_025).min(self.budget / size);
                self.budget -= count * size;
                vec![item; count]
            }
        }
    }

    fn text(&mut self) -> String {
        match self.byte() {
            length @ ..0xf0 => String::from_utf8_lossy(self.take(length.into())).into_owned(),
            length => {
                let length = LENGTHS[usize::from(length - 0xf0)].min(self.budget);
                self.budget -= length;
                char::from(self.byte() % 0x80).to_string().repeat(length)
            }
        }
    }

    fn number(&mut self) -> u32 {
        match self.byte() {
            0xff => u32::MAX,
            0xfe => u32::MAX - 1,
            small => small.into(),
        }
    }

    fn option<T>(&mut self, item: fn(&mut Self) -> T) -> Option<T> {
        (self.byte() % 2 == 1).then(|| item(self))
    }

    fn pair(&mut self) -> (String, String) {
        (self.text(), self.text())
    }

    fn status(&mut self) -> Status {
        Status::ALL[usize::from(self.byte()) % Status::ALL.len()]
    }

    fn finding(&mut self) -> Finding {
        Finding {
            row: self.number(),
            code: self.option(Self::text),
            message: self.text(),
            inputs: self.list(Self::number),
            params: self.list(Self::pair),
        }
    }

    fn declaration(&mut self) -> Declaration {
        Declaration {
            id: self.text(),
            entity_type: self.text(),
            description: self.text(),
            inputs: self.list(Self::input),
            annotations: self.list(Self::pair),
        }
    }

    fn input(&mut self) -> Input {
        Input {
            name: self.text(),
            of: self.option(Self::text),
            kind: Kind::ALL[usize::from(self.byte()) % Kind::ALL.len()],
            required: self.byte() % 2 == 1,
        }
    }
}
