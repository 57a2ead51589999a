//! What signers see before they sign, what keys are called, and what a repository has listed over time.

use std::fs;

use serde_json::Value;

use crate::site::{CONFIG, Site, TARGET, sample};

/// The sources of the sample release with changes: a file, what is in it, and what replaces that.
fn stage(site: &Site, changes: &[(&str, &str, &str)]) {
    let source = site.sources("rules");
    for (file, from, to) in changes {
        let text = fs::read_to_string(source.join(file)).unwrap();
        assert!(text.contains(from), "{from}: {text}");
        site.write(format!("rules/{file}"), text.replace(from, to));
    }
    site.build_from(&source, TARGET).ends_with(0);
}

/// What a signer is told.
fn signed(site: &Site, key: &str) -> String {
    let outcome = site.run(&["release", "sign", "repository", "--key", &format!("keys/{key}.pem")]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stderr
}

/// The id of the tenant's key of that name.
fn key_id(site: &Site, name: &str) -> String {
    let shown = site.run(&["trust", "show", "repository", "--format", "json"]).ends_with(0);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let roles = shown["roles"].as_array().unwrap();
    let tenant = roles.iter().find(|role| role["role"] == "t-demo").unwrap();
    let mut names = tenant["names"].as_object().unwrap().iter();
    names.find(|(_, found)| *found == name).unwrap().0.clone()
}

#[test]
fn signers_see_what_changes_down_to_rulesets_fields_and_verdicts() {
    let site = Site::signed();
    let quick =
        "        - rule_id: rule_001_v1\n        - rule_id: rule_002_v1\n        - rule_id: rule_005_v1\n      loan:";
    stage(
        &site,
        &[
            ("release.yaml", "version: 1.0.0", "version: 1.1.0"),
            ("release.yaml", "  - vectors/v1.json\n  - vectors/v2.json\n", ""),
            ("release.yaml", "    package: .\n", "    package: .\n    limits: {fuel: 5000000}\n"),
            ("business-config.yaml", quick, &quick.replace("        - rule_id: rule_002_v1\n", "")),
            ("field-maps/loan_v1.json", "financial.outstanding_balance", "financial.principal_amount"),
            ("schemas/loan.v1.0.0.json", "\"$id\"", "\"$comment\": \"another\", \"$id\""),
        ],
    );
    for key in ["author", "reviewer"] {
        let told = signed(&site, key);
        for line in [
            "version: `1.0.0` -> `1.1.0`",
            "component `loan_rules.wasm`: fuel: the host's -> 5000000 (schedule 2)",
            "ruleset `quick`, records of `https://schemas.example.com/loan/v2.0.0`: rule `rule_002_v1` DROPPED",
            "file `field-maps/loan_v1.json` at `/balance/physical_path`: `\"financial.outstanding_balance\"` -> `\"financial.principal_amount\"`",
            "file `schemas/loan.v1.0.0.json` at `/$comment`: nothing -> ",
            "test vectors hold",
            "changed: rule `",
        ] {
            assert!(told.contains(line), "{line}: {told}");
        }
    }
    site.publish_staged(&["--accept-changes"]).ends_with(0);

    // Of new rules, every input is named.
    let first = Site::founded();
    stage(&first, &[]);
    let told = signed(&first, "author");
    assert!(
        told.contains(
            "rule `rule_006_v1` added: reads `principal` (decimal, required), `limit` of `parent` (decimal, "
        ),
        "{told}"
    );
    // The same release again changes nothing.
    let site = Site::signed();
    stage(&site, &[]);
    let told = signed(&site, "author");
    assert!(told.contains("t-demo: version 1 -> 2") && !told.contains("changed"), "{told}");
}

#[test]
fn what_comes_next_is_what_is_missing() {
    let site = Site::signed();
    stage(&site, &[("release.yaml", "version: 1.0.0", "version: 1.1.0")]);
    let told = signed(&site, "author");
    let (_, next) = told.split_once("next        jurat release sign repository --key FILE\n").unwrap();
    assert!(next.starts_with("            t-demo 2: 1 more signature by keys that targets 1 names: `"), "{next}");
    assert!(!told.contains("release publish"), "{told}");
    let told = signed(&site, "reviewer");
    let (_, next) =
        told.split_once("next        jurat release publish repository --key SNAPSHOT --key TIMESTAMP\n").unwrap();
    assert!(next.starts_with("            t-demo 2 can be published with the keys snapshot `"), "{next}");
    assert!(!told.contains("next        jurat release sign"), "{told}");
}

#[test]
fn keys_have_names_that_are_signed_and_cannot_mislead() {
    let site = Site::signed();
    let rekey = |names: &[&str]| {
        let keys = ["--key", "keys/author.pub.pem", "--key", "keys/reviewer.pub.pem"];
        let names: Vec<_> = names.iter().flat_map(|name| ["--key-name", *name]).collect();
        site.run(&[&["tenant", "rekey", "repository", "demo"][..], &keys, &names].concat())
    };
    for (names, reason) in [
        (&["Ada"][..], "there are 1 names for 2 keys"),
        (&["Ada L", "ada-l"], "names that look alike"),
        (&["Ada", "0123456789abcdef"], "not a name for a key"),
        (&["Ada", "Ben`"], "not a name for a key"),
        (&["Ada", "Be\u{200b}n"], "not a name for a key"),
        (&["Ada", "Ben (root)"], "not a name for a key"),
    ] {
        let refused = rekey(names);
        assert_eq!(refused.code, 2, "{names:?}");
        assert!(refused.stderr.contains(reason), "{names:?}: {}", refused.stderr);
    }
    rekey(&["Ada", "Ben"]).ends_with(0);
    // Nobody has signed the names yet.
    let shown = |site: &Site| site.run(&["trust", "show", "repository"]).ends_with(0);
    assert!(shown(&site).contains("  (Ada, a name that is not signed yet)\n"), "{}", shown(&site));
    let (ada, ben) = (key_id(&site, "Ada"), key_id(&site, "Ben"));
    assert_eq!((ada.len(), ben.len()), (64, 64), "ids are whole");
    let told = signed(&site, "targets");
    assert!(told.contains(&format!("t-demo: key `{ada}` is called Ada instead of no name")), "{told}");
    site.sign(&["author", "reviewer"]);
    site.publish_staged(&[]).ends_with(0);
    assert!(shown(&site).contains(&format!("{ada}  (Ada)\n")), "{}", shown(&site));

    // From now on they are shown with the ids.
    stage(&site, &[("release.yaml", "version: 1.0.0", "version: 1.1.0")]);
    let told = signed(&site, "author");
    assert!(told.contains(&format!("with `{ada}` (Ada)")) && told.contains(&format!("`{ben}` (Ben)")), "{told}");
    let again = site.run(&["release", "sign", "repository", "--key", "keys/author.pem"]);
    again.refuses(2, &[&format!("the key `{ada}` (Ada) cannot sign any staged role")]);
    signed(&site, "reviewer");
    site.publish_staged(&[]).ends_with(0);
    site.write("local-config.yaml", format!("{CONFIG}state_dir: state\nlogic_cache_dir: cache\n"));
    site.judges();
    let status = site.run(&["status", "--config", "local-config.yaml", "--format", "json"]).ends_with(0);
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status[0]["status"]["release"]["signer_names"][&ada], "Ada");
    let history = site.run(&["release", "history", "repository"]).ends_with(0);
    assert!(history.contains(&format!("  signed    {ada}  (Ada)\n")), "{history}");
}

#[test]
fn the_history_shows_what_was_listed_when_by_whom_and_what_became_of_it() {
    let site = Site::signed();
    site.write("local-config.yaml", format!("{CONFIG}state_dir: state\nlogic_cache_dir: cache\n"));
    let judge = || site.validate("quick", &[], &sample("loans.json")).ends_with(1);
    let history = |more: &[&str]| -> Vec<Value> {
        let json = site.run(&[&["release", "history", "--format", "json"][..], more].concat()).ends_with(0);
        serde_json::from_str(&json).unwrap()
    };
    judge();
    let first = history(&["repository"])[0]["manifest"].as_str().unwrap().to_owned();
    stage(&site, &[("release.yaml", "version: 1.0.0", "version: 2.0.0")]);
    site.sign(&["author", "reviewer"]);
    site.publish_staged(&[]).ends_with(0);
    judge();
    let second = history(&["repository"])[0]["manifest"].as_str().unwrap().to_owned();
    // The first one again, by a prefix of its digest; the second one must not be used any more.
    let list = |command: &str, more: &[&str]| {
        site.run(&[&["release", command, "repository", "--tenant", "demo"][..], more].concat())
    };
    list("rollback", &["--target", TARGET, "--manifest", "abcxyz"]).refuses(2, &["is not a SHA-256 or the beginning"]);
    let unknown = if first.starts_with("00") || second.starts_with("00") { "ffff" } else { "00" };
    list("rollback", &["--target", TARGET, "--manifest", unknown]).refuses(2, &["no manifest of t-demo"]);
    let both = list("rollback", &["--target", TARGET, "--manifest", ""]);
    both.refuses(2, &["is not a SHA-256"]);
    list("rollback", &["--target", TARGET, "--manifest", first.split_at(20).0]).ends_with(0);
    list("revoke", &["--manifest", second.split_at(20).0]).ends_with(0);
    site.sign(&["author", "reviewer"]);
    site.publish_staged(&[]).ends_with(0);
    site.run(&["pin", "--config", "local-config.yaml", &first]).ends_with(0);
    judge();

    let entries = history(&["repository", "--config", "local-config.yaml"]);
    let of = |entry: &Value| {
        let listed = &entry["listed"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let versions = (listed["first"].as_u64().unwrap(), listed["last"].as_u64().unwrap());
        (text(&entry["version"]), text(&entry["manifest"]), versions, listed["now"] == true, entry["revoked"] == true)
    };
    assert_eq!(
        entries.iter().map(of).collect::<Vec<_>>(),
        [
            ("1.0.0".to_owned(), first.clone(), (3, 3), true, false),
            ("2.0.0".to_owned(), second.clone(), (2, 2), false, true),
            ("1.0.0".to_owned(), first.clone(), (1, 1), false, false),
        ]
    );
    assert!(entries.iter().all(|entry| entry["signers"].as_array().unwrap().len() == 2), "{entries:?}");
    let host = &entries[0]["host"];
    // No process serves: what it would start with is not yet served.
    assert_eq!((&host["serving"], &host["pinned"]), (&false.into(), &true.into()), "{entries:?}");
    // The configuration alone says the same.
    assert_eq!(history(&["--config", "local-config.yaml"]).len(), 3);
    let text = site.run(&["release", "history", "--config", "local-config.yaml"]).ends_with(0);
    assert!(
        text.contains(&format!("{TARGET} 2.0.0  REVOKED\n  manifest  {second}\n  listed    by t-demo 2, written ")),
        "{text}"
    );
    assert!(text.contains(&format!("{TARGET} 1.0.0  listed now, PINNED here\n")), "{text}");

    // What the tenant's keys have not signed counts for nothing.
    let forged = fs::read_to_string(site.path("repository/metadata/1.t-demo.json")).unwrap();
    let forged: Value = serde_json::from_str(&forged).unwrap();
    let unsigned =
        serde_json::json!({"payload": forged["payload"], "payloadType": forged["payloadType"], "signatures": []});
    site.write("repository/metadata/1.t-demo.json", unsigned.to_string());
    let outcome = site.run(&["release", "history", "repository", "--tenant", "demo", "--format", "json"]);
    assert!(outcome.stderr.contains("t-demo 1 is left out"), "{}", outcome.stderr);
    let entries: Vec<Value> = serde_json::from_str(&outcome.ends_with(0)).unwrap();
    assert_eq!(entries.len(), 2);

    // Without the repository, the host still knows what it has kept.
    fs::rename(site.path("repository"), site.path("gone")).unwrap();
    let kept = history(&["--config", "local-config.yaml"]);
    assert!(kept.iter().all(|entry| entry["listed"].is_null()) && kept.len() == 2, "{kept:?}");
    let unknown = site.run(&["release", "history", "gone", "--tenant", "nobody"]);
    unknown.refuses(2, &["nothing is known of a tenant `nobody`"]);
}
