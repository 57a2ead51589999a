//! A schema file as it is read: strictly, like all signed files.

use jurat_model::Bytes;

use super::draft::Draft;
use super::limits::{MAX_BYTES, MAX_DEPTH, MAX_ID_BYTES};
use super::problem::Problem;
use crate::excerpt::Excerpt;
use crate::json::{Branch, JsonProblem, Paths, Scratch, Shape, Tree, TreeScratch, scan};

/// A schema file.
pub(super) struct Document {
    pub(super) file: Excerpt,
    text: String,
    scratch: TreeScratch,
    /// The URL under which records and other schemas name it, without an empty fragment.
    pub(super) id: String,
    pub(super) draft: Draft,
}

impl Document {
    /// Reads a file.
    pub(super) fn read(file: &Excerpt, bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.len() > MAX_BYTES {
            return Err(Problem::TooLarge);
        }
        let mut scratch = Scratch::new(Bytes::new(u64::try_from(MAX_BYTES).unwrap_or(u64::MAX)));
        let text = match scan(bytes, &Paths::default(), &mut scratch) {
            Ok(scanned) => scanned.text.to_owned(),
            Err(error) if matches!(error.problem, JsonProblem::Depth { .. }) => return Err(Problem::TooDeep),
            Err(error) => return Err(Problem::Json(error)),
        };
        let mut scratch = TreeScratch::default();
        // INVARIANT: what the scan accepts has a tree; only its numbers may have exponents that are too long.
        scratch.read(&text).map_err(|_| Problem::shape("", "JSON with shorter exponents"))?;
        let tree = scratch.tree(&text);
        let root = tree.root().filter(|root| root.is_object()).ok_or(Problem::NoId)?;
        let id = root.member("$id").and_then(Branch::text).map(without_fragment).filter(|id| !id.is_empty());
        let id = id.ok_or(Problem::NoId)?.to_owned();
        if id.len() > MAX_ID_BYTES || id.contains('#') {
            return Err(Problem::shape("/$id", "a URL of at most 1,024 bytes without a fragment"));
        }
        let draft = match root.member("$schema").map(Branch::shape) {
            None => Draft::default(),
            Some(Shape::Text(url)) => Draft::of(url)?,
            Some(_) => return Err(Problem::draft("")),
        };
        Ok(Self { file: file.clone(), text, scratch, id, draft })
    }

    pub(super) fn tree(&self) -> Tree<'_> {
        self.scratch.tree(&self.text)
    }
}

/// A URL without its empty fragment, `#`.
pub(crate) fn without_fragment(url: &str) -> &str {
    url.strip_suffix('#').unwrap_or(url)
}

const _: () = assert!(MAX_DEPTH == crate::json::MAX_DEPTH, "the scan bounds the depth of schemas");
