//! A hundred thousand records of all sorts: what the sandboxed rules say of each is what they say of it alone, to the byte.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use jurat::{Isolation, RecordResult, RecordSource, Request, Service};
use jurat_tests::random::Random;
use jurat_tests::site::Site;

use super::{loans, open, pieces, timeless, written};

const RECORDS: usize = 100_000;

fn record(id: usize, random: &mut Random) -> String {
    let flaw = if random.below(10) == 0 { 1 + random.below(12) } else { 0 };
    let principal = 1_000_000 + random.below(90_000_000);
    let balance = match flaw {
        1 => principal + 1,
        2 => 0,
        _ => principal / 2,
    };
    let (principal, balance) = (cents(principal), cents(balance));
    let rate = if flaw == 3 { "-0.0125" } else { "0.0475" };
    let status = if flaw == 4 { "frozen" } else { "active" };
    let maturity = if flaw == 5 { "2010-02-30" } else { "2045-06-30" };
    let version = 1 + random.below(2);
    let (reference, facility, rate_name, more) = match version {
        1 => ("loan_number", "facility_id", "interest_rate", ""),
        _ => ("reference_number", "facility_ref", "rate", r#""loan_category":"mortgage","#),
    };
    match flaw {
        6 => return format!(r#"{{"id":"L-{id}","#),
        7 => return format!(r#"{{"$schema":"https://schemas.example.com/loan/v9.0.0","id":"L-{id}"}}"#),
        8 => return format!(r#"{{"$schema":"https://schemas.example.com/facility/v1.0.0","id":"F-{id}"}}"#),
        9 => return format!(r#"{{"$schema":"https://schemas.example.com/loan/v1.0.0","id":"L-{id}"}}"#),
        10 => return format!(r#"{{"$schema":"https://schemas.example.com/loan/v1.0.0","id":"L-{id}","id":1}}"#),
        _ => {}
    }
    let principal = if flaw == 11 { r#""a lot""# } else { &*principal };
    format!(
        r#"{{"$schema":"https://schemas.example.com/loan/v{version}.0.0","id":"L-{id}","{reference}":"LN-{id}","{facility}":"FAC-{id}","client_id":"C",{more}"financial":{{"principal_amount":{principal},"outstanding_balance":{balance},"currency":"EUR","{rate_name}":{rate}}},"dates":{{"origination_date":"2019-03-01","maturity_date":"{maturity}"}},"status":"{status}"}}"#
    )
}

fn cents(amount: u64) -> String {
    format!("{}.{:02}", amount / 100, amount % 100)
}

fn alone(service: &Service, request: &Request, record: &str) -> RecordResult {
    let mut results = Vec::new();
    let sink = &mut |result| {
        results.push(result);
        Ok(())
    };
    service.judge(request, Arc::from(record.as_bytes()), sink).unwrap();
    assert_eq!(results.len(), 1);
    results.pop().unwrap()
}

#[test]
fn a_hundred_thousand_loans_are_judged_like_single_ones() {
    let (site, begun) = (Site::empty(), Instant::now());
    let mut random = Random::new(5);
    let mut records: Vec<String> = (0..RECORDS).map(|id| record(id, &mut random)).collect();
    random.shuffle(&mut records);
    let service = open(&site, 2, &[loans()]);
    let request = timeless(&service, "thorough");
    let now = Timestamp::from_microsecond(request.run().now).unwrap();
    let (mut text, mut expected) = (String::new(), Vec::new());
    let mut failed = 0;
    for (line, record) in (0..).zip(&records) {
        let mut result = alone(&service, &request, record);
        if let Some(error) = &mut result.error {
            error.line += line;
            error.offset += text.len() as u64;
        }
        failed += usize::from(result.results.iter().any(|rule| rule.status.name() == "FAIL"));
        text += &format!("{record}\n");
        expected.push(serde_json::to_string(&result).unwrap());
    }
    assert!((1_000..20_000).contains(&failed), "{failed}");
    println!("one by one: {:?}", begun.elapsed());
    let text: Arc<[u8]> = text.into_bytes().into();

    let check = |service: &Service, rows, isolation, piece: Option<usize>| {
        let begun = Instant::now();
        let mut request = timeless(service, "thorough");
        request = request.with_now(now);
        request = request.with_rows(rows);
        request = request.with_isolation(isolation);
        let (found, summary) = match piece {
            None => written(service, &request, RecordSource::text(Arc::clone(&text))),
            Some(most) => {
                let mut texts = std::iter::once_with(|| Ok(pieces(Arc::clone(&text), most)));
                written(service, &request, RecordSource::texts(&mut texts))
            }
        };
        println!("{rows} rows, {isolation:?}, pieces of {piece:?}: {:?}", begun.elapsed());
        assert_eq!((found.len(), summary.records), (RECORDS, RECORDS as u64));
        let rule = &summary.rules["rule_002_v1"];
        let limits = rule.limits.unwrap();
        assert!((1..=limits.reply.get()).contains(&rule.usage.peak_reply), "{:?}", rule.usage);
        for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert_eq!(found, expected, "record {index}");
        }
    };
    check(&service, 1_024, Isolation::Chunk, None);
    check(&service, 7, Isolation::Chunk, Some(1_000));
    check(&service, 4_096, Isolation::Record, Some(100 << 10));
    let service = open(&site, 5, &[loans()]);
    check(&service, 64, Isolation::Chunk, None);
    let service = open(&site, 1, &[loans()]);
    check(&service, 4_096, Isolation::Chunk, Some(64 << 10));
}
