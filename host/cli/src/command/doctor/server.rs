//! Checks a repository on a server: whether hosts get its files, how long caches keep them, and whether the clocks agree.

use jiff::{SignedDuration, Timestamp};
use jurat_repository::{Answer, ProbeError, Question, Server};
use jurat_trust::publish::{Lifetimes, Mode, Repository};
use jurat_trust::{Anchor, Demands, MetadataVersion, Role, SafePath, TargetPath};

use super::caching::{Caching, ahead};
use super::check::Check;
use super::directory::{check_expiry, lifetime};
use super::host::{self, SeenVersions};
use crate::repository::{first_root, published, releases};

/// How long caches may keep the timestamp, in seconds.
const TIMESTAMP: u64 = 30;
/// How long caches may keep the answer that a root does not exist, in seconds.
const NEXT_ROOT: u64 = 60;
/// How long caches should at least keep immutable files, in seconds: a day.
const IMMUTABLE: u64 = 86_400;
/// The tolerated difference of clocks: less than a host tolerates when its own clock goes back.
const CLOCK_WARNING: SignedDuration = SignedDuration::from_secs(60);
const CLOCK_PROBLEM: SignedDuration = SignedDuration::from_mins(5);

/// The directory of the publisher in commands: nobody here knows it.
const REPOSITORY: &str = "REPO";

const UNPACKED: &str = "disable compression for these paths: hosts refuse compressed files";

/// Runs all checks.
pub(super) fn check(
    server: &Server,
    anchor: Option<Anchor>,
    demands: Demands,
    target: Option<&TargetPath>,
    seen: &SeenVersions,
) -> Vec<Check> {
    let mut checks = Vec::new();
    let timestamp = Role::Timestamp.file(MetadataVersion::FIRST);
    let answer = match server.probe(&timestamp, Question::Plain) {
        Ok(answer) => answer,
        Err(error) => return vec![of_failure(&timestamp, &error)],
    };
    checks.push(Check::ok("reached", format!("{} answers", server.url())));
    if answer.status() != 200 {
        checks.push(of_status(&timestamp, &answer));
        return checks;
    }
    check_timestamp(&timestamp, &answer, &mut checks);
    check_etag(server, &timestamp, &answer, &mut checks);
    checks.push(check_clock(&answer, crate::host::now()));
    let anchor = match anchor.map_or_else(|| first_root(server, server.url().as_ref()), Ok) {
        Ok(anchor) => anchor,
        Err(error) => {
            checks.push(Check::refused("metadata", error.messages().join("; ")));
            return checks;
        }
    };
    let repository = Repository::read(server, Some(anchor.clone()), Mode::Development);
    let (repository, unread) = match repository {
        Ok(repository) => (Some(published(&repository)), None),
        Err(error) => (None, Some(error)),
    };
    let listed = repository.as_ref().and_then(|repository| releases(repository).into_iter().next());
    let listed = target.cloned().or_else(|| listed.map(|(target, _)| target));
    let Some(accepted) = host::refresh(server, anchor, demands, listed.as_ref(), seen, &mut checks) else {
        return checks;
    };
    if let Some(error) = unread {
        checks.push(Check::broken("expiries", format!("they cannot be checked: {}", jurat::chain(&error))));
    }
    checks.extend(repository.iter().flat_map(|repository| check_expiries(repository, target)));
    if let Some(next) = accepted.root.next() {
        checks.push(check_next_root(server, &Role::Root.file(next)));
    }
    let snapshot = accepted.snapshot.map(|version| Role::Snapshot.file(version));
    let immutable: Vec<_> = snapshot.into_iter().chain(accepted.files).collect();
    for file in &immutable {
        check_immutable(server, file, &mut checks);
    }
    // The last one is a file of a release, if there is one. These are the longest files.
    checks.extend(immutable.last().map(|file| check_range(server, file)));
    checks
}

/// The check of a request that failed.
fn of_failure(file: &SafePath, error: &ProbeError) -> Check {
    let what = jurat::chain(error);
    let advice = if error.is_redirect() {
        "serve the file without a redirect, or give hosts the target URL"
    } else if error.is_untrusted_certificate() {
        "if a proxy opens TLS on the way, or the authority is your own, name the PEM file of the authority in `http.authorities`, and \
         run `jurat doctor --config FILE` with these settings"
    } else {
        "check the URL, the host name, the network, and `http.proxy`"
    };
    Check::broken(file, what).advise(advice)
}

/// The check of a response with an unexpected status.
fn of_status(file: &SafePath, answer: &Answer) -> Check {
    let (about, status) = (file, answer.status());
    let advice = match status {
        404 => "no such file: check that the URL is that of the directory that contains `metadata`",
        401 | 403 => "access denied: check `trust.headers` and their values",
        _ => "the server must respond with 200",
    };
    Check::broken(about, format!("the server responds with status {status}")).advise(advice)
}

fn check_timestamp(file: &SafePath, answer: &Answer, checks: &mut Vec<Check>) {
    checks.extend(check_encoding(file, answer));
    let caching = Caching::of(answer);
    let advice = format!("set `Cache-Control: public, max-age={TIMESTAMP}` for this file");
    checks.push(match caching.kept {
        Some(seconds) if seconds <= TIMESTAMP && caching.age <= TIMESTAMP => {
            Check::ok(file, format!("caches keep it for {seconds} s"))
        }
        Some(seconds) if seconds <= TIMESTAMP => {
            let what = format!("a cache has kept it for {} s, but the server allows {seconds} s", caching.age);
            Check::warning(file, what, "check how the CDN handles `Cache-Control`")
        }
        Some(seconds) => {
            let what = format!("caches keep it for {seconds} s, which delays releases and revocations");
            Check::warning(file, what, advice)
        }
        None => Check::warning(file, "the server does not say how long caches may keep it", advice),
    });
}

/// Checks whether the server avoids sending an unchanged file.
fn check_etag(server: &Server, file: &SafePath, answer: &Answer, checks: &mut Vec<Check>) {
    const ADVICE: &str = "configure the server to send `ETag`, and to answer `If-None-Match` with 304";
    let Some(etag) = answer.header("etag") else {
        checks.push(Check::warning(file, "no `ETag`: the file is sent at every poll", ADVICE));
        return;
    };
    checks.push(match server.probe(file, Question::IfOther(&etag)) {
        Ok(again) if again.status() == 304 => Check::ok(file, "not sent again while it is unchanged"),
        // It was signed again meanwhile, or the machines behind the server have different tags for it.
        Ok(again) if again.status() == 200 && again.header("etag").as_ref() != Some(&etag) => {
            Check::ok(file, "the `ETag` changed, so this could not be checked: run the command again")
        }
        Ok(again) => {
            let what = format!("sent again although it is unchanged (status {})", again.status());
            Check::warning(file, what, ADVICE)
        }
        Err(error) => of_failure(file, &error),
    });
}

fn check_clock(answer: &Answer, now: Timestamp) -> Check {
    match ahead(answer, now) {
        Some(ahead) => check_difference(ahead),
        None => Check::ok("clock", "the server does not send its time"),
    }
}

fn check_difference(ahead: SignedDuration) -> Check {
    let (difference, seconds) = (ahead.abs(), ahead.abs().as_secs());
    let direction = if ahead.is_negative() { "behind" } else { "ahead of" };
    let what = format!("the server's clock is {seconds} s {direction} ours");
    let advice = "correct the clock that is wrong: hosts compare expiries with their own clock";
    if difference > CLOCK_PROBLEM {
        Check::broken("clock", what).advise(advice)
    } else if difference > CLOCK_WARNING {
        Check::warning("clock", what, advice)
    } else {
        Check::ok("clock", what)
    }
}

/// Checks the expiries of the top roles and of the tenants; with a target, only of its tenant.
fn check_expiries(repository: &Repository, target: Option<&TargetPath>) -> Vec<Check> {
    let tenant = target.map(ToString::to_string);
    let tenant = tenant.as_deref().and_then(|target| Some(format!("t-{}", target.split('/').nth(1)?)));
    let now = crate::host::now();
    let is_relevant = |role: &Role| match (role, &tenant) {
        (Role::Delegated(_), Some(tenant)) => role.to_string() == *tenant,
        _ => true,
    };
    let roles = repository.roles().into_iter().filter(|status| status.keys.is_some() && is_relevant(&status.role));
    roles
        .filter_map(|status| {
            let (version, expires) = status.published?;
            let lifetime = lifetime(&status.role, &Lifetimes::DEFAULT);
            Some(check_expiry(&status.role, &format!("version {version}"), expires, lifetime, now, REPOSITORY))
        })
        .collect()
}

/// Checks the response for the next root, which does not exist yet.
fn check_next_root(server: &Server, file: &SafePath) -> Check {
    let answer = match server.probe(file, Question::Plain) {
        Ok(answer) => answer,
        Err(error) => return of_failure(file, &error),
    };
    let caching = Caching::of(&answer);
    let shorter = format!("let caches keep 404 responses for at most {NEXT_ROOT} s");
    match (answer.status(), caching.kept) {
        (404 | 403, Some(seconds)) if seconds > NEXT_ROOT => {
            let what = format!("caches keep the 404 response for {seconds} s, which delays new keys");
            Check::warning(file, what, shorter)
        }
        (404 | 403, _) if caching.age > NEXT_ROOT => {
            let what = format!("a cache has kept the 404 response for {} s, which delays new keys", caching.age);
            Check::warning(file, what, shorter)
        }
        (403, _) => Check::warning(
            file,
            "access denied (status 403), which hosts treat as missing: if the cause is another one, they never get new keys",
            "check the tokens, and anything between hosts and the server; a bucket responds with 404 if listing is allowed",
        ),
        (404, Some(seconds)) => Check::ok(file, format!("does not exist yet; caches keep that for {seconds} s")),
        (404, None) => Check::ok(file, "does not exist yet; the server does not say how long caches may keep that"),
        (200, _) => Check::refused(
            file,
            "the server has a file at the path of the next root, which hosts do not accept",
        )
        .advise("a new root was just published: run the command again; or the server must respond with 404 for missing files"),
        (status, _) => Check::broken(file, format!("the server responds with status {status} instead of 404"))
            .advise("hosts cannot tell that there is no newer root, and stop"),
    }
}

fn check_immutable(server: &Server, file: &SafePath, checks: &mut Vec<Check>) {
    let answer = match server.probe(file, Question::Plain) {
        Ok(answer) if answer.status() == 200 => answer,
        Ok(answer) => return checks.push(of_status(file, &answer)),
        Err(error) => return checks.push(of_failure(file, &error)),
    };
    checks.extend(check_encoding(file, &answer));
    let caching = Caching::of(&answer);
    let is_long = caching.kept.is_some_and(|seconds| seconds >= IMMUTABLE || caching.is_immutable && seconds > 0);
    checks.push(match caching.kept {
        _ if is_long => Check::ok(file, "caches keep it"),
        kept => {
            let allowed = kept.map_or("does not say how long".to_owned(), |seconds| format!("allows {seconds} s"));
            let what = format!("caches could keep it forever, but the server {allowed}");
            Check::warning(
                file,
                what,
                "set `Cache-Control: public, max-age=31536000, immutable` for all files except the timestamp",
            )
        }
    });
}

fn check_encoding(file: &SafePath, answer: &Answer) -> Option<Check> {
    let encoding = answer.header("content-encoding").filter(|encoding| !encoding.eq_ignore_ascii_case("identity"))?;
    Some(Check::broken(file, format!("compressed with `{encoding}`, which was not requested")).advise(UNPACKED))
}

/// Checks whether a download that was interrupted after its first byte can be resumed.
fn check_range(server: &Server, file: &SafePath) -> Check {
    let whole = match server.probe(file, Question::Plain) {
        Ok(whole) => whole,
        Err(error) => return of_failure(file, &error),
    };
    let length = whole.header("content-length").and_then(|length| length.parse().ok());
    match (server.probe(file, Question::From(1)), length) {
        (Err(error), _) => of_failure(file, &error),
        (Ok(_), None) => Check::warning(
            file,
            "no `Content-Length`: it cannot be checked whether an interrupted download can be resumed",
            "let the server send the file as it is, with `Content-Length`",
        ),
        (Ok(rest), Some(length)) => {
            let range = rest.header("content-range");
            of_range(file, rest.status(), rest.continues(1, length), range.as_deref(), length)
        }
    }
}

/// The check of a response to a request for everything but the first byte.
fn of_range(file: &SafePath, status: u16, is_rest: bool, range: Option<&str>, length: u64) -> Check {
    let what = match (status, is_rest) {
        (206, true) => return Check::ok(file, "an interrupted download can be resumed"),
        (206, false) => {
            let range =
                range.map_or("without `Content-Range`".to_owned(), |range| format!("with `Content-Range: {range}`"));
            format!("the server responds to `Range: bytes=1-` {range}: an interrupted download starts again")
        }
        (200, _) => "the server ignores `Range`: an interrupted download starts again".to_owned(),
        _ => format!("the server responds to `Range: bytes=1-` with status {status}: an interrupted download may fail"),
    };
    let last = length.saturating_sub(1);
    let advice = format!(
        "let the server, and the CDN before it, respond with status 206 and `Content-Range: bytes 1-{last}/{length}`"
    );
    Check::warning(file, what, advice)
}

#[cfg(test)]
mod tests {
    use super::super::check::CheckState;
    use super::*;

    #[test]
    fn only_the_rest_of_a_file_resumes_a_download() {
        let file = "blobs/sha256/x".parse().unwrap();
        let of = |status, is_rest, range| of_range(&file, status, is_rest, range, 10);
        assert_eq!(of(206, true, Some("bytes 1-9/10")).state(), CheckState::Ok);
        for (status, range, told) in [
            (206, Some("bytes 0-9/10"), "with `Content-Range: bytes 0-9/10`"),
            (206, None, "without `Content-Range`"),
            (200, None, "ignores `Range`"),
            (416, Some("bytes */10"), "with status 416"),
        ] {
            let mut written = Vec::new();
            let check = of(status, false, range);
            check.write(&mut written).unwrap();
            let written = String::from_utf8(written).unwrap();
            assert_eq!(check.state(), CheckState::Warning);
            assert!(written.contains(told) && written.contains("`Content-Range: bytes 1-9/10`"), "{written}");
        }
    }

    #[test]
    fn clocks_may_differ_by_a_minute() {
        let state = |seconds| check_difference(SignedDuration::from_secs(seconds)).state();
        for (seconds, expected) in [
            (0, CheckState::Ok),
            (60, CheckState::Ok),
            (-60, CheckState::Ok),
            (61, CheckState::Warning),
            (-61, CheckState::Warning),
            (300, CheckState::Warning),
            (301, CheckState::Problem),
            (-301, CheckState::Problem),
        ] {
            assert_eq!(state(seconds), expected, "{seconds}");
        }
    }
}
