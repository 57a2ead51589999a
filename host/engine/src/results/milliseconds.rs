//! Durations in JSON.

use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A duration in milliseconds. As JSON it has at most six digits behind the point, which are nanoseconds, and no exponent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Milliseconds(pub f64);

impl Serialize for Milliseconds {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let rounded = (self.0 * 1e6).round() / 1e6;
        // Shorter numbers would be written with an exponent.
        if rounded != 0.0 && rounded.abs() < 1e-5 {
            let text = format!("{rounded:.6}");
            return RawValue::from_string(text).map_err(serde::ser::Error::custom)?.serialize(out);
        }
        out.serialize_f64(rounded)
    }
}

/// For fields that are written as [`Milliseconds`].
#[expect(clippy::ref_option, reason = "serde hands over references")]
pub(super) fn optional<S: Serializer>(value: &Option<f64>, out: S) -> Result<S::Ok, S::Error> {
    value.map(Milliseconds).serialize(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_at_most_six_digits_behind_the_point() {
        for (value, expected) in [
            (0.0, "0.0"),
            (0.5, "0.5"),
            (1.0 / 3.0, "0.333333"),
            (12.345_678_000_000_001, "12.345678"),
            (2_000.0 / 3.0, "666.666667"),
            (0.000_001_4, "0.000001"),
            (0.000_009_9, "0.00001"),
            (0.000_012_3, "0.000012"),
            (0.000_000_4, "0.0"),
            (86_400_000.123_456_7, "86400000.123457"),
        ] {
            assert_eq!(serde_json::to_string(&Milliseconds(value)).unwrap(), expected);
            assert_eq!(serde_json::to_value(Milliseconds(value)).unwrap(), expected.parse::<f64>().unwrap());
        }
    }
}
