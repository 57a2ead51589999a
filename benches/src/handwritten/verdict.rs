//! The verdict of a rule on a record, and how it is written.

use super::loan::{Field, Loan};

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Status {
    #[default]
    Pass,
    Warn,
    Fail,
    Norun,
    Error,
}

/// The verdict of one rule. It is reused for the next rule, with its buffers.
#[derive(Debug, Default)]
pub(super) struct Verdict<'a> {
    status: Status,
    message: String,
    code: Option<&'static str>,
    percent: Option<String>,
    fields: Vec<(&'static str, &'static str, Option<&'a str>)>,
}

impl<'a> Verdict<'a> {
    pub(super) fn clear(&mut self) {
        if self.status != Status::Pass {
            self.status = Status::Pass;
            self.message.clear();
            self.code = None;
            self.percent = None;
            self.fields.clear();
        }
    }

    pub(super) fn fail(&mut self, code: &'static str, message: &[&str]) {
        self.say(Status::Fail, code, message);
    }

    /// Adds one reason. All reasons of a verdict have the same status.
    pub(super) fn say(&mut self, status: Status, code: &'static str, message: &[&str]) {
        self.status = status;
        self.code.get_or_insert(code);
        if !self.message.is_empty() {
            self.message.push_str("; ");
        }
        message.iter().for_each(|part| self.message.push_str(part));
    }

    /// Names fields of a loan, each once.
    pub(super) fn on(&mut self, loan: &Loan<'a>, fields: &[Field]) {
        for field in fields {
            let field = (field.name(), field.pointer(), loan.token(*field));
            if !self.fields.contains(&field) {
                self.fields.push(field);
            }
        }
    }

    /// Names a JSON pointer without a logical field.
    pub(super) fn at(&mut self, pointer: &'static str) {
        self.fields.push(("", pointer, None));
    }

    pub(super) fn percent(&mut self, percent: String) {
        self.percent = Some(percent);
    }

    pub(super) fn not_run_below(&mut self, parent: &str, status: Status) {
        self.clear();
        self.say(Status::Norun, "parent", &["not run: its parent `", parent, "` is ", status.name()]);
    }

    /// Writes a result that has no children. `head` is the text up to the status.
    pub(super) fn write(&self, out: &mut Vec<u8>, head: &str) {
        self.begin(out, head);
        out.extend_from_slice(b"]}");
    }

    /// Writes a result up to its children, and returns its status.
    pub(super) fn begin(&self, out: &mut Vec<u8>, head: &str) -> Status {
        out.extend_from_slice(head.as_bytes());
        if self.status == Status::Pass {
            out.extend_from_slice(br#"PASS","message":"","children":["#);
        } else {
            self.reasons(out);
        }
        self.status
    }

    fn reasons(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.status.name().as_bytes());
        out.extend_from_slice(br#"","message":"#);
        escaped(out, &self.message);
        if let Some(code) = self.code {
            out.extend_from_slice(br#","code":"#);
            escaped(out, code);
        }
        if let Some(percent) = &self.percent {
            out.extend_from_slice(br#","params":{"percent":"#);
            escaped(out, percent);
            out.push(b'}');
        }
        let mut before: &[u8] = br#","fields":["#;
        for (name, pointer, value) in &self.fields {
            out.extend_from_slice(before);
            out.extend_from_slice(br#"{"name":"#);
            escaped(out, name);
            out.extend_from_slice(br#","pointer":"#);
            escaped(out, pointer);
            out.extend_from_slice(br#","value":"#);
            match value {
                Some(value) => escaped(out, value),
                None => out.extend_from_slice(b"null"),
            }
            out.push(b'}');
            before = b",";
        }
        if !self.fields.is_empty() {
            out.push(b']');
        }
        out.extend_from_slice(br#","children":["#);
    }
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
            Self::Norun => "NORUN",
            Self::Error => "ERROR",
        }
    }
}

/// Appends a text as a JSON string. Writing to a vector cannot fail.
pub(super) fn escaped(out: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(out, text);
}
