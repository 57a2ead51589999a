//! Batches in the sandbox, through the service.

use std::io::Read;
use std::sync::Arc;

use jurat::settings::Overrides;
use jurat::{JudgedRecord, JudgedWindow, RecordSource, Request, Service, Settings, Summary};
use jurat_tests::site::{Site, loan_rules};
use jurat_tests::unsigned::{guest_rules, tenant};

mod equality;
mod fairness;
mod guilty;

/// The sample rules.
fn loans() -> String {
    tenant("loans", &loan_rules().display().to_string(), "")
}

/// A guest of `tests/guests/examples`, as the one rule of a ruleset.
fn hostile(site: &Site, guest: &str, more: &str) -> String {
    tenant(guest, &guest_rules(site, guest), more)
}

fn open(site: &Site, workers: usize, tenants: &[String]) -> Service {
    site.write("local-config.yaml", format!("batch_max_workers: {workers}\ntenants:\n{}", tenants.concat()));
    let settings = Settings::read(&site.path("local-config.yaml"), &Overrides::none());
    Service::open(settings.unwrap_or_else(|problems| panic!("{problems:?}")))
        .unwrap_or_else(|error| panic!("{error:?}"))
}

/// A request whose results are the same to the byte whenever it is made.
fn timeless(service: &Service, ruleset: &str) -> Request {
    service.request(ruleset).unwrap().with_timings(false)
}

/// What is written of all records.
fn written(service: &Service, request: &Request, input: RecordSource<'_>) -> (Vec<String>, Summary) {
    let mut all = Vec::new();
    let render = |window: &JudgedWindow<'_>| {
        let written = |record: JudgedRecord<'_>| serde_json::to_string(&record).unwrap();
        window.records().map(written).collect::<Vec<_>>()
    };
    let summary = service.judge_windows(request, input, render, &mut |lines| {
        all.extend(lines);
        Ok(())
    });
    (all, summary.unwrap())
}

/// A text in pieces of at most `most` bytes.
fn pieces(text: Arc<[u8]>, most: usize) -> Box<dyn Read> {
    struct Pieces(Arc<[u8]>, usize, usize);
    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let (rest, most) = (&self.0[self.1..], self.2.min(into.len()));
            let read = Read::read(&mut &rest[..most.min(rest.len())], into)?;
            self.1 += read;
            Ok(read)
        }
    }
    Box::new(Pieces(text, 0, most))
}
