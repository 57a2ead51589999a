use super::*;

fn metadata() -> Metadata {
    serde_json::from_str(
        r#"{
            "target_directory": "/t", "workspace_root": "/w",
            "packages": [
                {"name": "rules", "manifest_path": "/w/rules/Cargo.toml", "targets": [
                    {"name": "rules", "kind": ["cdylib", "rlib"], "crate_types": ["cdylib", "rlib"]},
                    {"name": "hostile", "kind": ["example"], "crate_types": ["cdylib"]},
                    {"name": "plain", "kind": ["example"], "crate_types": ["bin"]}
                ]},
                {"name": "other", "manifest_path": "/w/other/Cargo.toml", "targets": [
                    {"name": "other", "kind": ["lib"], "crate_types": ["lib"]}
                ]}
            ]
        }"#,
    )
    .unwrap()
}

fn planned(names: &[&str]) -> Result<Vec<(String, bool, Vec<String>)>, CommandError> {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let directory = Path::new("/w");
    let request = BuildRequest { directory, names: &names, target: WasmTarget::Unknown, arguments: &[] };
    let metadata = metadata();
    let builds = plan(&request, &metadata)?;
    let plan = |plan: &PackageBuild<'_>| {
        let examples = plan.examples.iter().map(|name| (*name).to_owned()).collect();
        (plan.package.name.clone(), plan.has_library, examples)
    };
    Ok(builds.iter().map(plan).collect())
}

#[test]
fn only_cdylib_targets_are_compiled() {
    assert_eq!(planned(&[]).unwrap(), [("rules".to_owned(), true, vec!["hostile".to_owned()])]);
    assert_eq!(planned(&["hostile"]).unwrap(), [("rules".to_owned(), false, vec!["hostile".to_owned()])]);
    let refused = planned(&["hostille"]).unwrap_err();
    assert!(refused.messages()[0].ends_with("did you mean `hostile`?"), "{refused:?}");
}

#[test]
fn other_files_are_left_to_the_scan() {
    assert_eq!(component(b"nonsense".to_vec(), Path::new("x")).unwrap(), b"nonsense");
    let empty_module = b"\0asm\x01\0\0\0".to_vec();
    assert!(component(empty_module, Path::new("x")).is_ok());
}

#[test]
fn paths_in_flags_are_quoted() {
    let settings = settings(WasmTarget::Unknown, Path::new("/a \"b\"\\c"));
    let flags = settings.last().unwrap();
    assert!(flags.contains(r#""--remap-path-prefix=/a \"b\"\\c=src""#), "{flags}");
}
