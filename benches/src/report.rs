//! The figures, for people and for machines.

use std::fmt::Write as _;

use crate::measure::Measured;

/// Figures by name, in the order in which they were taken.
#[derive(Debug, Default)]
pub(crate) struct Report {
    figures: Vec<(String, &'static str, Measured)>,
}

impl Report {
    pub(crate) fn add(&mut self, name: &str, meaning: &'static str, measured: Measured) {
        self.figures.push((name.to_owned(), meaning, measured));
    }

    /// One line for each figure.
    pub(crate) fn table(&self) -> String {
        let mut table = format!("{:<26} {:>12} {:>25}  {}\n", "figure", "median", "10 % to 90 % of rounds", "meaning");
        for (name, meaning, Measured { median, low, high }) in &self.figures {
            let spread = format!("{} to {}", short(*low), short(*high));
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{name:<26} {:>12} {spread:>25}  {meaning}", short(*median));
        }
        table
    }

    /// One object, `{"name": {"median": .., "low": .., "high": ..}}`.
    pub(crate) fn json(&self) -> serde_json::Value {
        let figure =
            |Measured { median, low, high }: &Measured| serde_json::json!({"median": median, "low": low, "high": high});
        self.figures.iter().map(|(name, _, measured)| (name.clone(), figure(measured))).collect()
    }
}

fn short(figure: f64) -> String {
    if figure >= 100.0 { format!("{figure:.0}") } else { format!("{figure:.2}") }
}
