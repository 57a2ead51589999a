//! The outcomes of all records of a request, counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use jurat_model::{FuelSchedule, Limits, Status, Usage};
use serde::Serialize;

use super::evidence::Evidence;
use super::milliseconds::Milliseconds;

/// The counts of all records of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Records in the input.
    pub records: u64,
    /// Records that could not be judged.
    pub unreadable: u64,
    /// Records of which a rule said FAIL or ERROR.
    pub failed: u64,
    /// Records of which a rule said WARN, and none FAIL or ERROR.
    pub warned: u64,
    /// Records on which no rule ran: all said NORUN, or there was none.
    pub not_run: u64,
    /// Records of which a rule said NORUN, whatever others said.
    pub with_norun: u64,
    /// Records for which a related entity could not be had, whatever rules said.
    pub with_unavailable: u64,
    /// Results that say nothing of the record, because the host itself failed.
    pub host_failures: u64,
    /// The id fields for which none of the records that can be read has a value; empty if no record can be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub absent_id_fields: Vec<String>,
    /// The signed release that judged; none if it is unsigned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<Arc<Evidence>>,
    /// The counts of each rule.
    pub rules: BTreeMap<Arc<str>, RuleSummary>,
}

/// The counts of one rule over all records of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RuleSummary {
    /// How often it said PASS.
    pub pass: u64,
    /// How often it said WARN.
    pub warn: u64,
    /// How often it said FAIL.
    pub fail: u64,
    /// How often it said NORUN.
    pub norun: u64,
    /// How often it said ERROR.
    pub error: u64,
    /// How many of its errors say that it did not run although it must.
    #[serde(skip)]
    pub required: u64,
    /// Why it ran on no record, in the words of the first; none if it ran on any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never_ran: Option<String>,
    /// How many of all these might differ on another machine, or at another moment.
    pub indeterminate: u64,
    /// The usage of its calls.
    #[serde(serialize_with = "usage")]
    pub usage: Usage,
    /// The limits of each of them; none for rules of the host, and where nothing provides the rule.
    #[serde(serialize_with = "limits", skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

impl RuleSummary {
    /// How often the rule gave the status.
    #[must_use]
    pub fn count(&self, status: Status) -> u64 {
        match status {
            Status::Pass => self.pass,
            Status::Warn => self.warn,
            Status::Fail => self.fail,
            Status::Norun => self.norun,
            Status::Error => self.error,
        }
    }

    /// How often the rule ran.
    #[must_use]
    pub fn ran(&self) -> u64 {
        (self.pass + self.warn + self.fail + self.error).saturating_sub(self.required)
    }

    pub(crate) fn add(&mut self, status: Status) {
        *match status {
            Status::Pass => &mut self.pass,
            Status::Warn => &mut self.warn,
            Status::Fail => &mut self.fail,
            Status::Norun => &mut self.norun,
            Status::Error => &mut self.error,
        } += 1;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if self.ran() + other.ran() > 0 {
            self.never_ran = None;
        } else if self.never_ran.is_none() {
            self.never_ran.clone_from(&other.never_ran);
        }
        self.required += other.required;
        self.pass += other.pass;
        self.warn += other.warn;
        self.fail += other.fail;
        self.norun += other.norun;
        self.error += other.error;
        self.indeterminate += other.indeterminate;
        self.usage.add(&other.usage);
        self.limits = self.limits.or(other.limits);
    }
}

fn usage<S: serde::Serializer>(usage: &Usage, out: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Written {
        calls: u64,
        fuel: u64,
        peak_fuel: u64,
        peak_fuel_records: u32,
        peak_memory_bytes: u64,
        peak_reply_bytes: u64,
        elapsed_ms: Milliseconds,
    }
    let Usage { calls, fuel, peak_fuel, peak_fuel_records, peak_memory, peak_reply, elapsed } = *usage;
    Written {
        calls,
        fuel,
        peak_fuel,
        peak_fuel_records,
        peak_memory_bytes: peak_memory,
        peak_reply_bytes: peak_reply,
        elapsed_ms: Milliseconds(elapsed.as_secs_f64() * 1e3),
    }
    .serialize(out)
}

#[expect(clippy::ref_option, reason = "serde hands over references")]
fn limits<S: serde::Serializer>(limits: &Option<Limits>, out: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Written {
        fuel: u64,
        fuel_schedule: u32,
        memory_bytes: u64,
        reply_bytes: u64,
    }
    let written = limits.map(|limits| Written {
        fuel: limits.fuel.get(),
        fuel_schedule: FuelSchedule::CURRENT.get(),
        memory_bytes: limits.memory.get(),
        reply_bytes: limits.reply.get(),
    });
    written.serialize(out)
}
