//! An attacker who writes to the disk of a host.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use jurat::{Compiler, OpenError};
use jurat_trust::{FileKind, UpdateError};

use super::Scene;
use crate::host::{innermost, refused, serves, update};
use crate::publisher::release;

impl Scene {
    /// Where the component lies that was fetched.
    fn cached_component(&self) -> PathBuf {
        let release = release(1);
        let mut files = release.manifest().files().iter();
        let component = files.find(|file| file.kind == FileKind::Component).unwrap();
        self.host.path(format!("cache/blobs/sha256/{}", component.sha256))
    }
}

#[test]
fn a_file_that_was_changed_in_the_cache_is_fetched_again() {
    let scene = Scene::new();
    let component = scene.cached_component();
    let bytes = fs::read(&component).unwrap();
    drop(scene.service);
    fs::write(&component, [&bytes[..bytes.len() - 1], b"x"].concat()).unwrap();
    let _ = scene.cdn.answers();
    let service = scene.host.open().unwrap();
    serves(&service, 1);
    let name = component.file_name().unwrap().to_str().unwrap();
    let asked = scene.cdn.answers().into_iter().filter(|(file, _)| file.starts_with("blobs/")).collect::<Vec<_>>();
    assert_eq!(asked, [(format!("blobs/sha256/{name}"), 200)]);
    assert_eq!(fs::read(&component).unwrap(), bytes);
    drop(service);

    // Without a server it is not run.
    fs::write(&component, &bytes[1..]).unwrap();
    scene.cdn.go_down();
    let error = scene.host.open().unwrap_err();
    assert!(matches!(update(&error), UpdateError::Source { .. }), "{error:?}");
    scene.cdn.behave();
    serves(&scene.host.open().unwrap(), 1);
}

#[test]
fn the_bytes_that_were_checked_are_compiled_however_fast_the_file_is_swapped() {
    let scene = Scene::new();
    let component = scene.cached_component();
    let bytes = fs::read(&component).unwrap();
    drop(scene.service);
    let (mut bad, is_over) = (bytes.clone(), AtomicBool::new(false));
    bad[bytes.len() / 2] ^= 1;
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                for bytes in [&bad, &bytes] {
                    let beside = component.with_extension("attack");
                    fs::write(&beside, bytes).unwrap();
                    fs::rename(beside, &component).unwrap();
                }
            }
        });
        let mut served = 0;
        for _ in 0..20 {
            match scene.host.open() {
                Ok(service) => {
                    serves(&service, 1);
                    served += 1;
                }
                // Never by a compiler that was handed something else.
                Err(error) => assert!(!error.messages().join("; ").contains("compiler"), "{error:?}"),
            }
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(served > 0);
    });
}

#[test]
fn compiled_code_that_was_changed_is_compiled_anew() {
    let scene = Scene::new();
    drop(scene.service);
    for (path, mut bytes) in scene.host.files("cache/code") {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        scene.host.write(path, bytes);
    }
    // It is seen, so that a compiler is asked for, of which there is none.
    let error = scene.host.open().unwrap_err();
    assert!(matches!(innermost(&error), OpenError::Component { .. }), "{error:?}");
    serves(&scene.host.open_compiling(scene.host.settings(), Compiler::InProcess).unwrap(), 1);
    // And kept again.
    serves(&scene.host.open().unwrap(), 1);
}

#[test]
fn state_that_cannot_be_read_is_never_taken_for_none() {
    let scene = Scene::new();
    let files = scene.host.files("state/default");
    let names: Vec<_> = files.keys().filter(|path| path.parent().unwrap().ends_with("default")).collect();
    let is_kept = |path: &&PathBuf| !path.ends_with("status.json") && !path.to_str().unwrap().ends_with("lock");
    let kept: Vec<_> = names.into_iter().filter(is_kept).collect();
    assert_eq!(kept.len(), 6, "{kept:?}");
    let mut service = scene.service;
    for path in kept {
        let bytes = &files[path];
        scene.host.write(path, &bytes[..bytes.len() / 2]);
        let error = refused(&service, 1);
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_state = |error: &UpdateError| matches!(error, UpdateError::State { file, .. } if file.name() == name);
        assert!(is_state(update(&error)), "{name}: {error:?}");
        // A new start has nothing that it can trust.
        drop(service);
        let error = scene.host.open().unwrap_err();
        assert!(is_state(update(&error)), "{name}: {error:?}");
        scene.host.write(path, bytes);
        service = scene.host.open().unwrap();
        serves(&service, 1);
    }
    drop(service);
    // The way out is to forget on purpose.
    scene.host.write("state/default/timestamp.json", "");
    assert!(scene.host.open().is_err());
    fs::remove_dir_all(scene.host.path("state/default")).unwrap();
    serves(&scene.host.open().unwrap(), 1);
}
