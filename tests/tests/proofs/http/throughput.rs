//! How many requests are answered in a second, and how long they take at half of that; beside a constant, which needs no rules.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jurat_tests::http::{Response, get, post};
use jurat_tests::outside;
use jurat_tests::proof::Size;
use jurat_tests::server::{Logging, Server};
use jurat_tests::site::{Site, sample};
use serde_json::{Value, json};

use super::paced_clients::send;
use crate::latencies::Latencies;

const CONNECTIONS: u32 = 64;
/// Something that is the same for all clients: a file in the program.
const CONSTANT: &str = "/docs/start.js";
const VALIDATE: &str = "/api/v1/validate";

/// What a client measures.
struct Wrk {
    program: PathBuf,
    seconds: u32,
}

pub(super) fn run(size: Size) {
    let Some(program) = outside::program("wrk", "wrk") else { return };
    let wrk = Wrk { program, seconds: size.pick(1, 5) };
    let site = Site::configured("");
    let server = Server::serve_with(&site, &[], Logging::Discarded);
    let body = body();
    site.write("post.lua", script(&body));

    let (mut constants, mut calls) = (Vec::new(), Vec::new());
    for _ in 0..size.pick(1, 3) {
        constants.push(wrk.rate(&server, CONSTANT, None));
        calls.push(wrk.rate(&server, VALIDATE, Some(&site.path("post.lua"))));
    }
    let ratios: Vec<_> = calls.iter().zip(&constants).map(|(call, constant)| call / constant).collect();
    println!(
        "\nwrk, {CONNECTIONS} connections, runs of {} s in turn: the lowest, the median and the highest\n",
        wrk.seconds
    );
    println!("| requests a second |      min |   median |      max |");
    println!("|-------------------|---------:|---------:|---------:|");
    print("constant", 0, &constants);
    print("validate", 0, &calls);
    print("validate/constant", 2, &ratios);

    let length = Duration::from_secs(size.pick(1, 10));
    // These clients take more of the processors than wrk, so full load is what they reach.
    let full = send(&server, CONNECTIONS, None, length, &post(VALIDATE, &body), is_judged);
    let rate = full.count() as f64 / length.as_secs_f64() / 2.0;
    let at_rate = |request: &[u8], check| send(&server, CONNECTIONS, Some(rate), length, request, check);
    let constant = at_rate(&get(CONSTANT), is_constant);
    let call = at_rate(&post(VALIDATE, &body), is_judged);
    println!(
        "\n{rate:.0} requests a second, half of what these clients reach, in milliseconds from when they are due\n"
    );
    println!("|          |   calls |      p50 |      p99 |      max | overloaded | p99/p50 |");
    println!("|----------|--------:|---------:|---------:|---------:|-----------:|--------:|");
    for (name, latencies) in [("constant", &constant), ("validate", &call), ("the most", &full)] {
        let [half, most, _] = latencies.percentiles();
        println!("| {name} | {latencies} | {:>7.1} |", most / half);
    }
    let p99 = |latencies: &Latencies| latencies.percentiles()[1];
    let [to_constant, to_full] = [&constant, &full].map(|other| p99(&call) / p99(other));
    println!(
        "p99 of validate at half load: {to_constant:.1} times that of the constant, {to_full:.2} times that at full load"
    );
}

impl Wrk {
    /// Requests that are answered in a second. Each must be, with success.
    fn rate(&self, server: &Server, path: &str, script: Option<&Path>) -> f64 {
        let mut command = Command::new(&self.program);
        command.args(["--threads", "1", "--connections", &CONNECTIONS.to_string()]);
        command.args(["--duration", &format!("{}s", self.seconds)]);
        if let Some(script) = script {
            command.arg("--script").arg(script);
        }
        let said = outside::output(command.arg(format!("http://{}{path}", server.address))).unwrap();
        assert!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "{said}");
        let rate = said.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
        let rate = rate.unwrap_or_else(|| panic!("no rate: {said}")).trim().parse().unwrap();
        assert!(rate > 0.0, "{said}");
        rate
    }
}

/// The first of the sample loans, which passes.
fn body() -> String {
    let loans: Value = serde_json::from_slice(&sample("loans.json")).unwrap();
    json!({"entity_type": "loan", "entity_data": loans[0], "ruleset_name": "quick"}).to_string()
}

/// What has wrk send it.
fn script(body: &str) -> String {
    format!("wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = \"application/json\"\nwrk.body = [==[{body}]==]\n")
}

fn is_constant(response: &Response) {
    assert!(response.status() == 200 && response.text().contains("BaseLayout"), "{response:?}");
}

fn is_judged(response: &Response) {
    let passed = response.text().matches(r#""status":"PASS""#).count();
    assert_eq!((response.status(), passed), (200, 3), "{response:?}");
}

fn print(name: &str, digits: usize, values: &[f64]) {
    let sorted = sorted(values);
    let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
    println!("| {name:<17} | {least:>8.digits$} | {:>8.digits$} | {most:>8.digits$} |", median(values));
}

fn median(values: &[f64]) -> f64 {
    sorted(values)[values.len() / 2]
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}
