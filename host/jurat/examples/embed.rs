//! Rules inside of an application: opened once, asked from many threads, replaced without a restart.
//!
//! `cargo xtask demo` makes the signed release that `config/demo/local-config.yaml` names. Then, at the root of the repository:
//!
//! ```console
//! $ cargo run --release --example embed -- config/demo/local-config.yaml config/samples/loans.ndjson
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it gets")]

use std::error::Error;
use std::path::Path;
use std::thread;

use jurat::settings::Overrides;
use jurat::{Associated, EntityType, Reload, RulesetName, Service, Settings, Status};

const LOAN: EntityType<'_> = EntityType::new("loan");
const QUICK: RulesetName<'_> = RulesetName::new("quick");

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, config, records] = &*arguments else { return Err("usage: embed CONFIG RECORDS".into()) };

    // Reads the settings, fetches the release, checks every signature, compiles. Everything after this is fast.
    let service = Service::open(Settings::read(Path::new(config), &Overrides::none())?)?;
    let identity = service.identity()?;
    println!("serving {} {} ({})", identity.name, identity.version, identity.manifest);

    // One record. JSON goes in as text, so that no digit of an amount is lost on the way.
    let loan = r#"{
        "$schema": "https://schemas.example.com/loan/v1.0.0", "id": "LOAN-7",
        "financial": {"principal_amount": 100000.00, "outstanding_balance": 120000.01, "interest_rate": 0.05},
        "dates": {"origination_date": "2024-01-15", "maturity_date": "2029-01-15"}
    }"#;
    for result in service.validate(LOAN, loan, QUICK)?.results {
        println!("{}: {} {}", result.rule_id, result.status, result.message);
    }

    // The same service from many threads: a handle is cheap to clone.
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let service = service.clone();
            thread::spawn(move || {
                service.validate(LOAN, loan, RulesetName::new("thorough")).map(|result| result.results.len())
            })
        })
        .collect();
    for call in calls {
        let rules = call.join().map_err(|_| "a thread panicked")??;
        assert!(rules > 0);
    }

    // A text with many records, results one by one. For more than fits into memory there are `judge_windows` and the crate `jurat-records`.
    let text = std::fs::read(records)?;
    let mut failed = 0;
    let summary = service.judge(&service.request("thorough")?, text.into(), &mut |record| {
        failed += usize::from(record.results.iter().any(|result| result.status == Status::Fail));
        Ok(())
    })?;
    println!("{} records, {failed} of them fail a rule at the top", summary.records);

    // A rule that reads a related entity gets it from the coordination service, or along with the call.
    let facility = r#"{"parent": {"$schema": "https://schemas.example.com/facility/v1.0.0", "financial": {"limit_amount": 90000}}}"#;
    let associated = Associated::of_every_record(facility.as_bytes())?;
    let request = service.request("related")?.with_entity_type("loan").with_associated(associated);
    for result in service.judge_one(&request, loan)?.results {
        println!("{}: {} {}", result.rule_id, result.status, result.message);
    }

    // What there is, without running anything.
    for rule in service.discover_rules(LOAN, "https://schemas.example.com/loan/v1.0.0", QUICK)? {
        println!("{} reads {} fields", rule.rule_id, rule.field_dependencies.len());
    }

    // Looks for a newer release now; the service does so by itself every `logic_cache_max_age_seconds`.
    match service.reload_logic()? {
        Reload::Unchanged => println!("still the newest, {:?} old", service.cache_age()?),
        Reload::Switched => println!("another release serves from now on"),
    }
    service.close();
    Ok(())
}
