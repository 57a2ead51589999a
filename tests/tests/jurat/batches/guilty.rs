//! Rules that do wrong on every record.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jurat::{JudgedWindow, RecordSource, Service};
use jurat_tests::site::Site;

use super::{hostile, open, timeless};

const RECORDS: u32 = 100_000;

/// Judges records of which each is guilty, and checks that it was found to be so `guilty` times.
fn check(service: &Service, code: &'static str, guilty: u32) {
    let text: String = (0..RECORDS).map(|id| format!("{{\"id\":{id},\"entity_type\":\"loan\",\"n\":1}}\n")).collect();
    let begun = Instant::now();
    let (mut index, mut suspended) = (0, 0);
    let render = |window: &JudgedWindow<'_>| -> Vec<_> {
        window.records().map(|record| record.result().results[0].code.clone().unwrap()).collect()
    };
    let request = timeless(service, "main");
    let summary =
        service.judge_windows(&request, RecordSource::text(Arc::from(text.as_bytes())), render, &mut |codes| {
            for found in codes {
                assert_eq!(found, if index < guilty { code } else { "suspended" }, "record {index}");
                suspended += u32::from(found == "suspended");
                index += 1;
            }
            Ok(())
        });
    let (summary, took) = (summary.unwrap(), begun.elapsed());
    let rule = &summary.rules["guest"];
    println!("{code}: {took:?}, {} calls", rule.usage.calls);
    assert_eq!((index, suspended), (RECORDS, RECORDS - guilty));
    assert_eq!((summary.records, summary.failed, rule.error), (RECORDS.into(), RECORDS.into(), RECORDS.into()));
    // That it was suspended is the machine's doing; that it ran out of fuel is not.
    assert_eq!(rule.indeterminate, u64::from(RECORDS - guilty));
    let limits = rule.limits.unwrap();
    assert!(rule.usage.peak_memory > 0 && rule.usage.peak_memory <= limits.memory.get());
    assert!(rule.usage.peak_fuel > 0 && rule.usage.peak_fuel <= limits.fuel.get(), "{:?}", rule.usage);
    // A hundred thousand times the fuel of a call would take minutes.
    assert!(took < Duration::from_secs(60), "{took:?}");
}

#[test]
fn a_rule_that_traps_on_every_record_is_suspended() {
    let site = Site::empty();
    let service = open(&site, 2, &[hostile(&site, "always_traps", "")]);
    check(&service, "trap", 1_000);
}

#[test]
fn a_rule_that_burns_all_its_fuel_on_every_record_is_suspended() {
    let site = Site::empty();
    let service = open(&site, 2, &[hostile(&site, "endless_loop", "    suspend_after: 50\n")]);
    check(&service, "fuel", 50);
}
