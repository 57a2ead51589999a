//! The figures, for people and for machines.

use std::fmt::Write as _;

use crate::measure::Measured;

/// Figures by name, in the order in which they were measured.
#[derive(Debug, Default)]
pub(crate) struct Report {
    figures: Vec<Figure>,
}

#[derive(Debug)]
struct Figure {
    name: String,
    meaning: &'static str,
    /// The figure, or the reason why it is missing.
    measured: Result<Measured, String>,
}

impl Report {
    /// Adds a figure, and prints it as progress.
    pub(crate) fn add(&mut self, name: &str, meaning: &'static str, measured: Measured) {
        progress(&format!("    {name}: {}", short(measured.median)));
        self.figures.push(Figure { name: name.to_owned(), meaning, measured: Ok(measured) });
    }

    /// Adds a figure that could not be measured.
    pub(crate) fn miss(&mut self, name: &str, meaning: &'static str, reason: &str) {
        progress(&format!("    {name}: MISSING, {reason}"));
        self.figures.push(Figure { name: name.to_owned(), meaning, measured: Err(reason.to_owned()) });
    }

    /// One line for each figure.
    pub(crate) fn table(&self) -> String {
        let mut table = format!("{:<28} {:>12} {:>25}  {}\n", "figure", "median", "10 % to 90 % of rounds", "meaning");
        for Figure { name, meaning, measured } in &self.figures {
            // Writing to a string cannot fail.
            let _ = match measured {
                Ok(Measured { median, low, high }) => {
                    let spread = format!("{} to {}", short(*low), short(*high));
                    writeln!(table, "{name:<28} {:>12} {spread:>25}  {meaning}", short(*median))
                }
                Err(reason) => writeln!(table, "{name:<28} {:>12} {:>25}  {meaning}: {reason}", "MISSING", ""),
            };
        }
        table
    }

    /// One object, `{"name": {"median": .., "low": .., "high": ..}}`; `null` for a figure that could not be measured.
    pub(crate) fn json(&self) -> serde_json::Value {
        let figure = |measured: &Measured| {
            let Measured { median, low, high } = measured;
            serde_json::json!({"median": median, "low": low, "high": high})
        };
        let figures = self.figures.iter();
        figures
            .map(|each| (each.name.clone(), each.measured.as_ref().map_or(serde_json::Value::Null, figure)))
            .collect()
    }
}

/// Prints progress.
#[expect(clippy::print_stderr, reason = "standard output is for the figures")]
pub(crate) fn progress(line: &str) {
    eprintln!("{line}");
}

fn short(figure: f64) -> String {
    match figure.abs() {
        100.0.. => format!("{figure:.0}"),
        _ => format!("{figure:.2}"),
    }
}
