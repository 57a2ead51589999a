//! From the file to the map.

use std::collections::BTreeMap;

use jurat_model::{Bytes, NOW};

use super::field::{Conversion, Field};
use super::path::{Path, push_segment};
use super::problem::{EntryError, EntryProblem, FieldMapError};
use crate::excerpt::{Excerpt, nearest};
use crate::json::{JsonError, Member, Members, Paths, Position, Scratch, scan, unescape};
use crate::rounding::{MAX_PLACES, Rounding, RoundingMode};

/// The largest field map file.
const MAX_FILE: Bytes = Bytes::mebi(1);
const MEMBERS: [&str; 5] = ["physical_path", "to_logical", "to_physical", "round", "description"];
const MODES: [&str; 7] = [
    RoundingMode::HalfEven.name(),
    RoundingMode::HalfUp.name(),
    RoundingMode::HalfDown.name(),
    RoundingMode::Up.name(),
    RoundingMode::Down.name(),
    RoundingMode::Ceiling.name(),
    RoundingMode::Floor.name(),
];
const ROUND_MEMBERS: [&str; 2] = ["places", "mode"];
/// What `to_physical` may say. The names are checked like all others; the engine never writes records.
const TO_PHYSICAL: [&str; 2] = ["date_to_str", "datetime_to_str"];
const TO_LOGICAL: [&str; 2] = [Conversion::StrToDate.name(), Conversion::StrToDatetime.name()];

pub(super) fn parse(file: &[u8]) -> Result<BTreeMap<String, Field>, FieldMapError> {
    let mut scratch = Scratch::new(MAX_FILE);
    let scanned = scan(file, &Paths::default(), &mut scratch).map_err(FieldMapError::Json)?;
    let Some(members) = Members::of(&scanned) else {
        return Err(FieldMapError::Json(JsonError::not_object(scanned.text)));
    };
    let mut reader = EntryReader { text: scanned.text, errors: Vec::new() };
    let mut fields = BTreeMap::new();
    for member in members {
        if let Some(field) = reader.entry(&member) {
            fields.insert(member.key.into_owned(), field);
        }
    }
    if reader.errors.is_empty() { Ok(fields) } else { Err(FieldMapError::Entries(reader.errors)) }
}

struct EntryReader<'a> {
    text: &'a str,
    errors: Vec<EntryError>,
}

impl<'a> EntryReader<'a> {
    fn entry(&mut self, entry: &Member<'a>) -> Option<Field> {
        let mut pointer = String::new();
        push_segment(&mut pointer, &entry.key);
        let errors = self.errors.len();
        if entry.key.is_empty() {
            self.wrong(&pointer, entry.at, EntryProblem::EmptyName);
        }
        if entry.key == NOW {
            self.wrong(&pointer, entry.at, EntryProblem::Now);
        }
        let Some(members) = Members::at(self.text, entry.span.start as usize) else {
            self.wrong(&pointer, entry.span.start as usize, EntryProblem::Expected("an object"));
            return None;
        };
        let mut path = None;
        let mut conversion = None;
        let mut rounding = None;
        let mut has_path = false;
        for member in members {
            let mut pointer = pointer.clone();
            push_segment(&mut pointer, &member.key);
            match &*member.key {
                "physical_path" => {
                    has_path = true;
                    path = self.path(&pointer, &member);
                }
                "to_logical" => {
                    let name = self.conversion(&pointer, &member, &TO_LOGICAL);
                    conversion = Conversion::ALL.into_iter().find(|conversion| Some(conversion.name()) == name);
                }
                "to_physical" => {
                    self.conversion(&pointer, &member, &TO_PHYSICAL);
                }
                "round" => rounding = self.rounding(&pointer, &member),
                "description" => {}
                other => self.unknown_member(&pointer, member.at, other, &MEMBERS),
            }
        }
        if !has_path {
            self.wrong(&pointer, entry.at, EntryProblem::Missing("physical_path"));
        }
        if conversion.is_some() && rounding.is_some() {
            self.wrong(&pointer, entry.at, EntryProblem::RoundedText);
        }
        if self.errors.len() > errors { None } else { path.map(|path| Field { path, conversion, rounding }) }
    }

    fn path(&mut self, pointer: &str, member: &Member<'_>) -> Option<Path> {
        let at = member.span.start as usize;
        let Some(path) = unescape(member.value) else {
            self.wrong(pointer, at, EntryProblem::Expected("a string"));
            return None;
        };
        match path.parse() {
            Ok(path) => Some(path),
            Err(error) => {
                self.wrong(pointer, at, EntryProblem::Path { path: Excerpt::of(&path), error });
                None
            }
        }
    }

    fn conversion(
        &mut self,
        pointer: &str,
        member: &Member<'_>,
        known: &'static [&'static str],
    ) -> Option<&'static str> {
        if member.value == "null" {
            return None;
        }
        let at = member.span.start as usize;
        let Some(name) = unescape(member.value) else {
            self.wrong(pointer, at, EntryProblem::Expected("a string"));
            return None;
        };
        let found = known.iter().copied().find(|known| *known == name);
        if found.is_none() {
            let nearest = nearest(&name, known.iter().copied());
            let name = Excerpt::of(&name);
            self.wrong(pointer, at, EntryProblem::UnknownConversion { name, nearest, known });
        }
        found
    }

    fn rounding(&mut self, pointer: &str, member: &Member<'_>) -> Option<Rounding> {
        if member.value == "null" {
            return None;
        }
        let at = member.span.start as usize;
        let Some(members) = Members::at(self.text, at) else {
            self.wrong(pointer, at, EntryProblem::Expected("an object with `places` and `mode`"));
            return None;
        };
        let (mut places, mut mode) = (None, None);
        let mut seen = Vec::new();
        for member in members {
            let at = member.span.start as usize;
            let mut pointer = pointer.to_owned();
            push_segment(&mut pointer, &member.key);
            match &*member.key {
                "places" => {
                    seen.push("places");
                    places = member.value.parse().ok().filter(|places| *places <= MAX_PLACES);
                    if places.is_none() {
                        self.wrong(&pointer, at, EntryProblem::Expected("a whole number from 0 to 28"));
                    }
                }
                "mode" => {
                    seen.push("mode");
                    mode = self.mode(&pointer, &member);
                }
                other => self.unknown_member(&pointer, member.at, other, &ROUND_MEMBERS),
            }
        }
        for missing in ROUND_MEMBERS.into_iter().filter(|name| !seen.contains(name)) {
            self.wrong(pointer, member.at, EntryProblem::Missing(missing));
        }
        Some(Rounding { places: places?, mode: mode? })
    }

    fn mode(&mut self, pointer: &str, member: &Member<'_>) -> Option<RoundingMode> {
        let at = member.span.start as usize;
        let Some(name) = unescape(member.value) else {
            self.wrong(pointer, at, EntryProblem::Expected("a string"));
            return None;
        };
        let mode = RoundingMode::ALL.into_iter().find(|mode| mode.name() == name);
        if mode.is_none() {
            let nearest = nearest(&name, MODES);
            let name = Excerpt::of(&name);
            self.wrong(pointer, at, EntryProblem::UnknownMode { name, nearest, known: &MODES });
        }
        mode
    }

    fn unknown_member(&mut self, pointer: &str, at: usize, name: &str, known: &'static [&'static str]) {
        let nearest = nearest(name, known.iter().copied());
        self.wrong(pointer, at, EntryProblem::UnknownMember { nearest, known });
    }

    fn wrong(&mut self, pointer: &str, offset: usize, problem: EntryProblem) {
        let at = Position::of(self.text.as_bytes(), offset);
        self.errors.push(EntryError { pointer: pointer.to_owned(), at, problem });
    }
}
