//! A window with what was fetched for it.

use super::answers::Answers;
use crate::judge::window::Window;

/// A window with the related entities that were fetched for its records.
#[derive(Debug)]
pub(in crate::judge) struct FetchedWindow {
    pub(in crate::judge) window: Window,
    pub(in crate::judge) answers: Answers,
}

impl FetchedWindow {
    /// How many records it has.
    pub(in crate::judge) fn records(&self) -> usize {
        self.window.slots.len()
    }

    /// Cuts off everything behind the first `records` records; none if there is nothing.
    pub(in crate::judge) fn split_off(&mut self, records: usize) -> Option<Self> {
        let window = self.window.split_off(records)?;
        Some(Self { window, answers: self.answers.split_off(records) })
    }

    /// Adds what was cut off.
    pub(in crate::judge) fn append(&mut self, rest: Self) {
        self.answers.append(rest.answers, self.records());
        self.window.slots.extend(rest.window.slots);
    }
}
