//! Links in Markdown files: a file or a heading that a page names must exist.
//!
//! Links to other sites are not followed. Text between fences or backticks is not read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::shell::{TaskError, Workspace};

/// Directories with files that the project did not write.
const SKIPPED: [&str; 3] = ["target", "node_modules", "corpus"];

/// A link, and its line.
#[derive(Debug, Eq, PartialEq)]
struct Link {
    /// The line of the page, from 1.
    line: usize,
    /// A path, an anchor, or both.
    target: String,
}

/// Makes sure that all links between files of the repository lead somewhere.
pub(crate) fn check(workspace: &Workspace) -> Result<(), TaskError> {
    let mut pages = BTreeMap::new();
    collect(&workspace.root, &mut pages)?;
    let mut broken = Vec::new();
    for (path, text) in &pages {
        for Link { line, target } in links(text) {
            if !leads_somewhere(path, &target, &pages) {
                let shown = path.strip_prefix(&workspace.root).unwrap_or(path).display();
                broken.push(format!("{shown}:{line}: {target}"));
            }
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(TaskError::new(format!("links lead nowhere:\n  {}", broken.join("\n  ")))
        .advise("name a file relative to the page, and a heading in lower case with hyphens"))
}

/// Reads the Markdown files below a directory.
fn collect(directory: &Path, pages: &mut BTreeMap<PathBuf, String>) -> Result<(), TaskError> {
    let failed = |error| TaskError::new(format!("{} cannot be read: {error}", directory.display()));
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if !name.starts_with('.') && !SKIPPED.contains(&&*name) {
                collect(&path, pages)?;
            }
        } else if name.ends_with(".md") {
            let text = fs::read_to_string(&path).map_err(failed)?;
            pages.insert(normalized(&path), text);
        }
    }
    Ok(())
}

fn leads_somewhere(page: &Path, target: &str, pages: &BTreeMap<PathBuf, String>) -> bool {
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let path = match file {
        "" => page.to_owned(),
        _ => normalized(&page.parent().unwrap_or(page).join(file)),
    };
    match anchor {
        None => path.exists(),
        Some(anchor) => pages.get(&path).is_some_and(|text| anchors(text).iter().any(|found| found == anchor)),
    }
}

/// The path without `..`, so that it is that of a page.
fn normalized(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

/// The links of a page to files and headings of the repository.
fn links(text: &str) -> Vec<Link> {
    let mut found = Vec::new();
    for (line, prose) in prose(text) {
        let inline = prose.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
        let attributes = ["src=\"", "srcset=\"", "href=\""];
        let quoted = attributes.iter().flat_map(|name| prose.split(name).skip(1));
        let targets = inline.chain(quoted.filter_map(|rest| rest.split(['"', ' ']).next()));
        let own = targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
        found.extend(own.map(|target| Link { line, target: target.to_owned() }));
    }
    found
}

/// The names of a page's headings, as GitHub makes them. The second heading with a name gets `-1` behind it.
fn anchors(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (_, line) in unfenced(text).filter(|(_, line)| line.starts_with('#')) {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | ' '));
        let name: String = kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect();
        let count = counts.entry(name.clone()).or_default();
        found.push(if *count == 0 { name } else { format!("{name}-{count}") });
        *count += 1;
    }
    found
}

/// The numbered lines outside of fences.
fn unfenced(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_inside = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_inside ^= is_fence;
        (!is_inside && !is_fence).then_some((index + 1, line))
    })
}

/// The same, without text between backticks.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    unfenced(text).map(|(line, text)| (line, text.split('`').step_by(2).collect::<Vec<_>>().join("`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_of_code() {
        let text = "see [a](b.md#c), ![d](e.svg) and [f](https://example.com)\n`[no](no.md)` <img src=\"g.svg\">\n\
                    ```md\n[no](no.md)\n```\n[`h`](#h \"title\")\n";
        let found: Vec<_> = links(text).into_iter().map(|link| (link.line, link.target)).collect();
        let expected = [(1, "b.md#c"), (1, "e.svg"), (2, "g.svg"), (6, "#h")];
        assert_eq!(found, expected.map(|(line, target)| (line, target.to_owned())));
    }

    #[test]
    fn headings_are_named_as_on_the_web() {
        let text = "# A rule, and its verdict\n```sh\n# no heading\n```\n## `batch_validate`\n## What's new?\n## What's new?\n";
        assert_eq!(anchors(text), ["a-rule-and-its-verdict", "batch_validate", "whats-new", "whats-new-1"]);
    }

    #[test]
    fn a_link_leads_to_a_page_and_a_heading() {
        let pages = BTreeMap::from([
            (PathBuf::from("/a/README.md"), "# Top\n".to_owned()),
            (PathBuf::from("/a/docs/b.md"), "## Part\n".to_owned()),
        ]);
        let leads = |page: &str, target: &str| leads_somewhere(Path::new(page), target, &pages);
        assert!(leads("/a/README.md", "docs/b.md#part") && leads("/a/docs/b.md", "../README.md#top"));
        assert!(leads("/a/docs/b.md", "#part"));
        assert!(
            !leads("/a/docs/b.md", "#top") && !leads("/a/README.md", "docs/c.md") && !leads("/a/README.md", "b.md")
        );
    }
}
