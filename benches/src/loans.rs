//! Loans to judge: the same ones for the same seed, one in twenty of them bad, nested like real ones, some 400 bytes each.

use std::fmt::Write as _;

/// So many loans, one to a line.
pub(crate) fn generate(count: usize, seed: u64) -> String {
    let mut random = Random(seed);
    let mut text = String::with_capacity(count * 420);
    for index in 0..count {
        // Amounts are in cents.
        let principal = 1_000_000 + random.below(90_000_000);
        let flaw = if random.below(20) == 0 { random.below(4) + 1 } else { 0 };
        let balance = match flaw {
            1 => principal + 1 + random.below(1_000),
            2 => 0,
            _ => principal / 100 * (1 + random.below(80)),
        };
        let rate = if flaw == 3 { "-0.0125" } else { "0.0475" };
        let status = if flaw == 4 { "frozen" } else { "active" };
        let year = 2015 + random.below(8);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            r#"{{"$schema":"https://schemas.example.com/loan/v1.0.0","id":"loan-{index:08}","loan_number":"LN-{index:08}","facility_id":"fac-{}","client_id":"client-{}","financial":{{"principal_amount":{}.{:02},"outstanding_balance":{}.{:02},"currency":"EUR","interest_rate":{rate},"interest_type":"fixed"}},"dates":{{"origination_date":"{year}-03-{:02}","maturity_date":"{}-03-01"}},"status":"{status}"}}"#,
            random.below(500),
            random.below(5_000),
            principal / 100,
            principal % 100,
            balance / 100,
            balance % 100,
            1 + random.below(28),
            year + 10,
        );
    }
    text
}

/// A small generator of evenly spread numbers: splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
