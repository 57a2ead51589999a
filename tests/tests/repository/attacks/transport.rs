//! A server that gives too much, too slowly, or something else.

use std::time::Duration;

use jurat::{Blame, OpenError, RepositoryError, chain};
use jurat_trust::UpdateError;

use super::Scene;
use crate::cdn::{Cdn, Trick};
use crate::host::{TENANT, cause, refused, update};
use crate::publisher::Publisher;

const TIMESTAMP: &str = "metadata/timestamp.json";

/// Why the timestamp cannot be had, in words.
#[track_caller]
fn unread(error: &OpenError) -> String {
    match update(error) {
        UpdateError::Source { file, cause } if file.as_str() == TIMESTAMP => chain(&**cause),
        other => panic!("{other:?}"),
    }
}

/// Why files of the release are not available, in words.
#[track_caller]
fn without_files(error: &OpenError) -> String {
    match cause(error) {
        RepositoryError::Files(cause) => chain(cause),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_endless_file_is_read_no_further_than_it_may_be_long() {
    let scene = Scene::new();
    scene.cdn.play(TIMESTAMP, Trick::Endless);
    let error = refused(&scene.service, 1);
    assert!(matches!(update(&error), UpdateError::TooLong { file, .. } if file.as_str() == TIMESTAMP), "{error:?}");
    scene.cdn.behave();
    let blobs = scene.new_blobs();
    blobs.iter().for_each(|blob| scene.cdn.play(blob, Trick::Endless));
    let reason = without_files(&refused(&scene.service, 1));
    assert!(reason.contains("which is the most that is read"), "{reason}");
    scene.recovers();
}

#[test]
fn a_file_that_comes_in_drop_by_drop_is_given_up() {
    let scene = Scene::with_settings(Publisher::new("prod", &[TENANT]), |settings| {
        settings.http.total_timeout = Duration::from_millis(700);
    });
    scene.cdn.play(TIMESTAMP, Trick::Slow);
    let reason = unread(&refused(&scene.service, 1));
    assert!(reason.contains("it has not come in within 700ms"), "{reason}");
    scene.cdn.behave();
    let blobs = scene.new_blobs();
    blobs.iter().for_each(|blob| scene.cdn.play(blob, Trick::Slow));
    let error = refused(&scene.service, 1);
    assert_eq!(error.blame(), Blame::Transport);
    let reason = without_files(&error);
    assert!(reason.contains("it has not come in within 700ms"), "{reason}");
    scene.recovers();
}

#[test]
fn a_packed_file_is_never_unpacked() {
    let scene = Scene::new();
    let bomb = || Trick::Packed(vec![0; 1 << 10]);
    scene.cdn.play(TIMESTAMP, bomb());
    let reason = unread(&refused(&scene.service, 1));
    assert!(reason.contains("it is compressed"), "{reason}");
    scene.cdn.behave();
    scene.new_blobs().iter().for_each(|blob| scene.cdn.play(blob, bomb()));
    let reason = without_files(&refused(&scene.service, 1));
    assert!(reason.contains("it is compressed"), "{reason}");
    scene.recovers();
}

#[test]
fn no_redirect_to_another_origin_is_followed() {
    let scene = Scene::new();
    let other = Cdn::serve(scene.publisher.served());
    scene.cdn.play(TIMESTAMP, Trick::Redirect(format!("{}{TIMESTAMP}", other.url())));
    let reason = unread(&refused(&scene.service, 1));
    assert!(reason.contains("which is another origin"), "{reason}");
    scene.cdn.behave();
    for blob in scene.new_blobs() {
        scene.cdn.play(&blob, Trick::Redirect(format!("{}{blob}", other.url())));
    }
    let reason = without_files(&refused(&scene.service, 1));
    assert!(reason.contains("which is another origin"), "{reason}");
    assert!(other.answers().is_empty());
    scene.recovers();
}

#[test]
fn a_file_that_was_altered_on_the_server_is_refused() {
    let scene = Scene::new();
    for blob in scene.new_blobs() {
        let mut bytes = scene.publisher.read(&blob);
        bytes[0] ^= 1;
        scene.cdn.play(&blob, Trick::Bytes(bytes));
    }
    let reason = without_files(&refused(&scene.service, 1));
    assert!(reason.contains("SHA-256"), "{reason}");
    scene.recovers();
}

#[test]
fn only_what_may_pass_is_asked_for_again() {
    let scene = Scene::new();
    for (status, attempts) in [(503, 3), (500, 3), (400, 1), (401, 1)] {
        scene.cdn.play(TIMESTAMP, Trick::Status(status));
        let _ = scene.cdn.answers();
        let reason = unread(&refused(&scene.service, 1));
        assert!(reason.contains(&format!("the server answers with status {status}")), "{reason}");
        let asked = scene.cdn.answers().iter().filter(|(file, _)| file == TIMESTAMP).count();
        assert_eq!(asked, attempts, "{status}");
    }
    // Whatever is served instead of the next root, the chain ends only where the server says that there is none.
    scene.cdn.behave();
    scene.cdn.play("metadata/2.root.json", Trick::Status(400));
    let error = refused(&scene.service, 1);
    assert!(
        matches!(update(&error), UpdateError::Source { file, .. } if file.as_str() == "metadata/2.root.json"),
        "{error:?}"
    );
    scene.recovers();
}
