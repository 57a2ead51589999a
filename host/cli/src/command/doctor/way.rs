//! The way to a repository on a server: whether hosts get what they ask for, how long caches keep it, and whether the clocks agree.

use jiff::{SignedDuration, Timestamp};
use jurat::{Answer, LookError, Question, Server};
use jurat_trust::publish::{Lifetimes, Mode, Repository};
use jurat_trust::{Anchor, Demands, MetadataVersion, Role, SafePath, TargetPath};

use super::caching::{Caching, ahead};
use super::directory::{lifetime, of_expiry};
use super::finding::Finding;
use super::host::{self, Seen};
use crate::command::trust::first_root;
use crate::repository::{published, releases};

/// How long caches may keep the timestamp, in seconds.
const TIMESTAMP: u64 = 30;
/// How long caches may remember that a root is not there, in seconds.
const NEXT_ROOT: u64 = 60;
/// How long caches should at least keep what never changes, in seconds: a day.
const IMMUTABLE: u64 = 86_400;
/// By how much clocks may differ: by less than a host allows its own to go back.
const CLOCK_WARNING: SignedDuration = SignedDuration::from_secs(60);
const CLOCK_PROBLEM: SignedDuration = SignedDuration::from_mins(5);

const UNPACKED: &str = "switch compression off for these paths: hosts refuse what is packed";

/// Looks at all of it.
pub(super) fn look(
    server: &Server,
    anchor: Option<Anchor>,
    demands: Demands,
    target: Option<&TargetPath>,
    seen: &Seen,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let timestamp = Role::Timestamp.file(MetadataVersion::FIRST);
    let answer = match server.look(&timestamp, Question::Plain) {
        Ok(answer) => answer,
        Err(error) => return vec![of_silence(&timestamp, &error)],
    };
    findings.push(Finding::ok("reached", format!("{} answers", server.url())));
    if answer.status() != 200 {
        findings.push(of_status(&timestamp, &answer));
        return findings;
    }
    of_timestamp(&timestamp, &answer, &mut findings);
    of_mark(server, &timestamp, &answer, &mut findings);
    findings.push(of_clock(&answer, crate::host::now()));
    let anchor = match anchor.map_or_else(|| first_root(server, server.url().as_ref()), Ok) {
        Ok(anchor) => anchor,
        Err(failure) => {
            findings.push(Finding::refused("metadata", failure.messages().join("; ")));
            return findings;
        }
    };
    let repository = Repository::read(server, Some(anchor.clone()), Mode::Development);
    let repository = repository.ok().map(|repository| published(&repository));
    let listed = repository.as_ref().and_then(|repository| releases(repository).into_iter().next());
    let listed = target.cloned().or_else(|| listed.map(|(target, _)| target));
    let Some(accepted) = host::refresh(server, anchor, demands, listed.as_ref(), seen, &mut findings) else {
        return findings;
    };
    findings.extend(repository.iter().flat_map(|repository| of_expiries(repository, target)));
    if let Some(next) = accepted.root.next() {
        findings.push(of_next_root(server, &Role::Root.file(next)));
    }
    let snapshot = accepted.snapshot.map(|version| Role::Snapshot.file(version));
    let immutable: Vec<_> = snapshot.into_iter().chain(accepted.files).collect();
    for file in &immutable {
        of_immutable(server, file, &mut findings);
    }
    // Of a file of a release, if there is one: those are long.
    findings.extend(immutable.last().map(|file| of_range(server, file)));
    findings
}

fn of_silence(file: &SafePath, error: &LookError) -> Finding {
    let what = jurat::chain(error);
    let advice = if error.is_redirect() {
        "let the server answer by itself, or give hosts the URL that it leads to"
    } else if what.contains("certificate") {
        "the server's certificate must be one that this machine trusts: see `http.authorities`"
    } else {
        "look at the URL, the name, the way there, and at `http.proxy`"
    };
    Finding::broken(file, what).advise(advice)
}

fn of_status(file: &SafePath, answer: &Answer) -> Finding {
    let (about, status) = (file, answer.status());
    let advice = match status {
        404 => "nothing is served there: look at the URL, which is that of the directory with `metadata`",
        401 | 403 => "the server wants something that it did not get: look at `trust.headers` and their values",
        _ => "the server must answer with 200",
    };
    Finding::broken(about, format!("the server answers with status {status}")).advise(advice)
}

fn of_timestamp(file: &SafePath, answer: &Answer, findings: &mut Vec<Finding>) {
    findings.extend(of_encoding(file, answer));
    let caching = Caching::of(answer);
    let advice = format!("set `Cache-Control: public, max-age={TIMESTAMP}` for it");
    findings.push(match caching.kept {
        Some(seconds) if seconds <= TIMESTAMP && caching.age <= TIMESTAMP => {
            Finding::ok(file, format!("caches keep it for {seconds} s"))
        }
        Some(seconds) if seconds <= TIMESTAMP => {
            let what = format!("a cache has kept it for {} s, where the server says {seconds} s", caching.age);
            Finding::warning(file, what, "look at what the CDN makes of `Cache-Control`")
        }
        Some(seconds) => {
            let what = format!("caches keep it for {seconds} s: so much later is a release, or a revocation, seen");
            Finding::warning(file, what, advice)
        }
        None => Finding::warning(file, "the server does not say how long caches may keep it", advice),
    });
}

/// Whether it is sent again although nothing has changed.
fn of_mark(server: &Server, file: &SafePath, answer: &Answer, findings: &mut Vec<Finding>) {
    const ADVICE: &str = "let the server mark versions with `ETag`, and answer 304 to `If-None-Match`";
    let Some(mark) = answer.header("etag") else {
        findings.push(Finding::warning(file, "it has no `ETag`: it is sent again at every poll", ADVICE));
        return;
    };
    findings.push(match server.look(file, Question::IfOther(&mark)) {
        Ok(again) if again.status() == 304 => Finding::ok(file, "it is not sent again while it is the same"),
        // It was signed anew meanwhile, or another machine of the server has another mark for it.
        Ok(again) if again.status() == 200 && again.header("etag").as_ref() != Some(&mark) => {
            Finding::ok(file, "it changed, or has several marks: whether it is sent again cannot be told")
        }
        Ok(again) => {
            let what = format!("it is sent again although nothing has changed (status {})", again.status());
            Finding::warning(file, what, ADVICE)
        }
        Err(error) => of_silence(file, &error),
    });
}

fn of_clock(answer: &Answer, now: Timestamp) -> Finding {
    match ahead(answer, now) {
        Some(ahead) => of_difference(ahead),
        None => Finding::ok("clock", "the server does not say what time it is"),
    }
}

fn of_difference(ahead: SignedDuration) -> Finding {
    let (difference, seconds) = (ahead.abs(), ahead.abs().as_secs());
    let way = if ahead.is_negative() { "behind" } else { "ahead" };
    let what = format!("the server's is {seconds} s {way} of ours");
    let advice = "set the clock that is wrong: expiries are read by ours, and made by the publisher's";
    if difference > CLOCK_PROBLEM {
        Finding::broken("clock", what).advise(advice)
    } else if difference > CLOCK_WARNING {
        Finding::warning("clock", what, advice)
    } else {
        Finding::ok("clock", what)
    }
}

/// What expires: of the top roles, and of the tenants; of the one alone whose release is meant.
fn of_expiries(repository: &Repository, target: Option<&TargetPath>) -> Vec<Finding> {
    let tenant = target.map(ToString::to_string);
    let tenant = tenant.as_deref().and_then(|target| Some(format!("t-{}", target.split('/').nth(1)?)));
    let now = crate::host::now();
    let is_meant = |role: &Role| match (role, &tenant) {
        (Role::Delegated(_), Some(tenant)) => role.to_string() == *tenant,
        _ => true,
    };
    let roles = repository.roles().into_iter().filter(|status| status.keys.is_some() && is_meant(&status.role));
    roles
        .filter_map(|status| {
            let (version, expires) = status.published?;
            let lifetime = lifetime(&status.role, &Lifetimes::DEFAULT);
            Some(of_expiry(&status.role, &format!("version {version}"), expires, lifetime, now))
        })
        .collect()
}

/// What hosts are told of a root that is not there yet, and for how long.
fn of_next_root(server: &Server, file: &SafePath) -> Finding {
    let answer = match server.look(file, Question::Plain) {
        Ok(answer) => answer,
        Err(error) => return of_silence(file, &error),
    };
    let caching = Caching::of(&answer);
    let shorter = format!("let caches keep what is not there for {NEXT_ROOT} s at most");
    match (answer.status(), caching.kept) {
        (404 | 403, Some(seconds)) if seconds > NEXT_ROOT => {
            let what = format!("caches keep for {seconds} s that it is not there: so much later are new keys seen");
            Finding::warning(file, what, shorter)
        }
        (404 | 403, _) if caching.age > NEXT_ROOT => {
            let what = format!(
                "a cache has known for {} s that it is not there: so much later are new keys seen",
                caching.age
            );
            Finding::warning(file, what, shorter)
        }
        (403, _) => Finding::warning(
            file,
            "the next root is forbidden (status 403), which hosts take for not there: if somebody forbids it for another reason, \
             they never see new keys",
            "look at tokens and at what stands before the server; a bucket answers 404 to those who may list it",
        ),
        (404, Some(seconds)) => Finding::ok(file, format!("it is not there yet, which caches keep for {seconds} s")),
        (404, None) => Finding::ok(file, "it is not there yet; how long caches keep that is up to them"),
        (200, _) => Finding::refused(
            file,
            "there is something in the place of the next root, which hosts do not accept",
        )
        .advise("a new root came just now: look again; or the server has an answer for everything, and must say 404"),
        (status, _) => Finding::broken(file, format!("the server answers with status {status}, where 404 is expected"))
            .advise("hosts cannot tell that there is no newer root, and stop"),
    }
}

fn of_immutable(server: &Server, file: &SafePath, findings: &mut Vec<Finding>) {
    let answer = match server.look(file, Question::Plain) {
        Ok(answer) if answer.status() == 200 => answer,
        Ok(answer) => return findings.push(of_status(file, &answer)),
        Err(error) => return findings.push(of_silence(file, &error)),
    };
    findings.extend(of_encoding(file, &answer));
    let caching = Caching::of(&answer);
    let is_long = caching.kept.is_some_and(|seconds| seconds >= IMMUTABLE || caching.is_immutable && seconds > 0);
    findings.push(match caching.kept {
        _ if is_long => Finding::ok(file, "caches keep it, as it never changes"),
        kept => {
            let told = kept.map_or("does not say how long".to_owned(), |seconds| format!("says {seconds} s"));
            let what = format!("caches could keep it for ever, but the server {told}");
            Finding::warning(
                file,
                what,
                "set `Cache-Control: public, max-age=31536000, immutable` for all but the timestamp",
            )
        }
    });
}

fn of_encoding(file: &SafePath, answer: &Answer) -> Option<Finding> {
    let encoding = answer.header("content-encoding").filter(|encoding| !encoding.eq_ignore_ascii_case("identity"))?;
    Some(Finding::broken(file, format!("it comes packed (`{encoding}`), which nobody has asked for")).advise(UNPACKED))
}

fn of_range(server: &Server, file: &SafePath) -> Finding {
    match server.look(file, Question::From(1)) {
        Ok(answer) if answer.status() == 206 => Finding::ok(file, "a download that breaks off can go on"),
        Ok(_) => Finding::warning(
            file,
            "the server does not give a part of a file: what breaks off begins anew",
            "let the server answer to `Range`",
        ),
        Err(error) => of_silence(file, &error),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn clocks_may_differ_by_a_minute() {
        let state = |seconds| of_difference(SignedDuration::from_secs(seconds)).state();
        for (seconds, expected) in [
            (0, State::Ok),
            (60, State::Ok),
            (-60, State::Ok),
            (61, State::Warning),
            (-61, State::Warning),
            (300, State::Warning),
            (301, State::Problem),
            (-301, State::Problem),
        ] {
            assert_eq!(state(seconds), expected, "{seconds}");
        }
    }
}
