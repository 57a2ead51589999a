//! A repository in a directory, as its publisher keeps it: published files, and files that wait for signatures.
//!
//! | Path | Content |
//! |---|---|
//! | `metadata/timestamp.json` | the file that hosts read first, and the only one that is ever replaced |
//! | `metadata/...`, `targets/...`, `blobs/...` | the files that follow from it; never replaced |
//! | `staged/...` | metadata that waits for signatures; hosts never read it |
//! | `publisher.json` | settings of this publisher; hosts never read it |

mod contents;
mod destination;
mod fresh_host;
mod known_manifests;
mod read;
mod settings;
mod working_copy;
mod writer;

pub(crate) use contents::{Contents, PublishedFile, published, releases};
pub(crate) use destination::{AfterUploads, check_destination, check_immutable, conflicting_timestamp, host_of};
pub(crate) use fresh_host::{FreshHost, first_root};
pub(crate) use known_manifests::find_manifest;
pub(crate) use read::{read_anchor, read_exactly, read_manifest};
pub(crate) use settings::PublisherSettings;
pub(crate) use working_copy::{WorkingCopy, shown};
