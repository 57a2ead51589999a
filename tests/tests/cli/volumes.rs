//! The volumes of containers: directories that belong to root and that a group or everybody can write.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use jurat_tests::program;
use jurat_tests::site::{CONFIG, Site, sample};
use jurat_tests::skip::not_tried;

/// The user of the container, and the group of its volumes.
pub(crate) const USER: u32 = 4_711;
const GROUP: u32 = 4_712;
/// What the script ends with if nothing can be mounted.
const NO_MOUNT: i32 = 77;

/// A volume, as it is mounted.
struct Volume {
    /// What it is, for people.
    kind: &'static str,
    /// Its mode and owner, as options of a mount.
    options: String,
    /// Whether others can replace an entry.
    is_shared: bool,
}

fn volumes() -> [Volume; 5] {
    let volume = |kind, options: &str, is_shared| Volume { kind, options: options.to_owned(), is_shared };
    [
        volume("emptyDir", "mode=0777", true),
        volume("emptyDir with fsGroup", &format!("mode=2777,gid={GROUP}"), true),
        volume("a disk with fsGroup", &format!("mode=2775,gid={GROUP}"), true),
        volume("a directory of the user that the group can write", &format!("mode=0775,uid={USER},gid={GROUP}"), true),
        volume("a sticky directory", "mode=1777", false),
    ]
}

/// A site whose files the user of the container can read.
pub(crate) fn site() -> Site {
    let site = Site::signed();
    site.write("loans.json", sample("loans.json"));
    for path in site.files("").into_keys() {
        fs::set_permissions(site.path(path), Permissions::from_mode(0o644)).unwrap();
    }
    let copy = site.path("jurat");
    fs::copy(program::path(), &copy).unwrap();
    fs::set_permissions(copy, Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(site.path(""), Permissions::from_mode(0o755)).unwrap();
    site
}

/// Runs a script in a container with two such volumes, `state` and `cache`; none if this machine has no containers. In the script,
/// `judge` judges the sample, as the user of the container.
fn run(site: &Site, volume: &Volume, settings: &str, script: &str) -> Option<Output> {
    if !rustix::process::geteuid().is_root() {
        not_tried("volumes of containers: only root can mount them and become their user");
        return None;
    }
    site.write("local-config.yaml", format!("{CONFIG}{settings}"));
    fs::set_permissions(site.path("local-config.yaml"), Permissions::from_mode(0o644)).unwrap();
    let script = format!(
        "for volume in state cache; do
            mkdir -p $volume && mount -t tmpfs -o size=100m,{} tmpfs $volume || exit {NO_MOUNT}
        done
        judge() {{
            setpriv --reuid {USER} --regid {USER} --groups {GROUP} --no-new-privs --bounding-set=-all \\
                ./jurat validate --config local-config.yaml --ruleset quick loans.json > results
        }}
        {script}",
        volume.options
    );
    let output = Command::new("unshare").args(["-m", "sh", "-c", &script]).current_dir(site.path("")).output();
    let can_mount = |output: &Output| output.status.code() != Some(NO_MOUNT) && !output.stderr.starts_with(b"unshare");
    let output = output.ok().filter(can_mount);
    if output.is_none() {
        not_tried("volumes of containers: nothing can be mounted here");
    }
    output
}

/// Shows the mode, the owner and the name of each entry of the volumes.
const SHOW: &str = "stat -c '%a %u %n' state/* cache/*";

#[test]
fn a_host_in_a_container_has_directories_of_its_own_in_its_volumes() {
    let site = site();
    for volume in volumes() {
        let allowed = if volume.is_shared { "allow_shared_parent: true\n" } else { "" };
        for (directories, names) in [
            ("state_dir: state/host\nlogic_cache_dir: cache/host\n", "host"),
            ("state_dir: state\nlogic_cache_dir: cache\n", "jurat"),
        ] {
            // The second start finds what the first one has stored, and writes nothing beside it.
            let script = format!(
                "judge; [ $? -le 1 ] && judge; [ $? -le 1 ] && {SHOW} && stat -c %n state/*/default cache/*/code"
            );
            let Some(output) = run(&site, &volume, &format!("{directories}{allowed}"), &script) else { return };
            let (shown, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{}: {shown}{told}", volume.kind);
            // In a directory with that bit, new ones have it, too.
            let set_gid = if volume.options.contains("mode=2") { "2700" } else { "700" };
            let expected = format!(
                "{set_gid} {USER} state/{names}\n{set_gid} {USER} cache/{names}\nstate/{names}/default\ncache/{names}/code\n"
            );
            assert_eq!(shown, expected, "{}", volume.kind);
        }
    }
}

#[test]
fn a_volume_that_others_can_write_is_used_only_if_the_operator_says_so() {
    let site = site();
    for volume in volumes().into_iter().filter(|volume| volume.is_shared) {
        for state in ["state", "state/host"] {
            let settings = format!("state_dir: {state}\nlogic_cache_dir: null\n");
            let Some(output) = run(&site, &volume, &settings, "judge; code=$?; ls state; exit $code") else { return };
            let told = String::from_utf8_lossy(&output.stderr);
            assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]), "{}: {told}", volume.kind);
            for part in
                ["`state_dir`", "has mode", "others can put another one in its place", "`allow_shared_parent: true`"]
            {
                assert!(told.contains(part), "{}: {told}", volume.kind);
            }
        }
    }
}

#[test]
fn state_to_which_a_volume_has_given_others_rights_is_an_error_that_says_what_to_do() {
    let site = site();
    let [_, _, disk, ..] = volumes();
    for (state, used) in [("state", "state/jurat"), ("state/host", "state/host")] {
        let settings = format!("state_dir: {state}\nlogic_cache_dir: cache\nallow_shared_parent: true\n");
        // What a volume with `fsGroup` does at each start, unless only a change of its root lets it.
        let script = format!(
            "judge; [ $? -le 1 ] || exit 78; chmod -R g+rwXs {used}; judge; code=$?
            chmod -R go-rwx {used}; judge; [ $? -le 1 ] || exit 79; exit $code"
        );
        let Some(output) = run(&site, &disk, &settings, &script) else { return };
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        for part in ["others can write it (mode 2770)", "chmod -R go-rwx", "fsGroupChangePolicy: OnRootMismatch"] {
            assert!(told.contains(part), "{told}");
        }
    }
}
