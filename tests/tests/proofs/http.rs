//! The HTTP API under load: what clients get while everything around the server changes, and how fast it is.

use jurat_tests::proof::Size;

mod changes;
mod clients;
mod outages;
mod paced_clients;
mod starts;
mod streams;
mod throughput;

#[test]
fn every_response_over_http_is_right_whatever_changes() {
    let size = Size::of_this_run();
    changes::run(size);
    streams::run(size);
    starts::run(size);
    throughput::run(size);
}
