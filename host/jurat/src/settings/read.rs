//! From the text of `local-config.yaml` to settings.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jurat_engine::extract::ChunkLimits;
use jurat_model::{Bytes, Isolation, Limits};
use jurat_sandbox::SealedWasi;
use jurat_trust::MetadataVersion;

use super::{Settings, Trust, Unsigned, WorkerCount, location};
use crate::problem::Problems;
use crate::yaml::{Field, Reader, Section};

/// Keys of validation-lib, and of later versions, that mean nothing yet.
const UNUSED: [&str; 3] = ["coordination_service_config_uri", "logic_cache_dir", "logic_cache_max_age_seconds"];

pub(super) fn parse(text: &str, file: &str, directory: &Path) -> Result<Settings, Problems> {
    Reader::read(file, text, |document| {
        for key in UNUSED {
            if document.take(key).is_there() {
                tracing::info!(file, key, "this setting has no effect in this version");
            }
        }
        settings(document, directory)
    })
}

fn settings(document: &mut Section<'_>, directory: &Path) -> Option<Settings> {
    let uri = document.take("business_config_uri").required();
    let rules = uri.as_text().and_then(|text| location::parse(text, directory).map_err(|error| uri.refuse(error)).ok());
    let unsigned = unsigned(document.take("danger"), directory);
    let trust_field = document.take("trust");
    if !trust_field.is_there() && unsigned == Unsigned::Refused {
        trust_field
            .refuse("it is missing: say whose signatures are needed (`repository`, `release`, `keys`, `threshold`)");
    }
    let trust = trust_field.section(|trust| trust_of(trust, directory));

    // Everything is read before anything that is missing ends the reading.
    let defaults = Settings::new(PathBuf::new());
    let limits = document.take("limits").section(|limits| Some(limits_of(limits))).unwrap_or(defaults.limits);
    let sealed_wasi =
        document.take("sealed_wasi").choice([("refused", SealedWasi::Refused), ("granted", SealedWasi::Granted)]);
    let isolation = document.take("isolation").choice([("chunk", Isolation::Chunk), ("record", Isolation::Record)]);
    let park_after = document.take("park_after").positive();
    let in_parallel = document.take("batch_parallelism").boolean().unwrap_or(true);
    let workers = document.take("batch_max_workers");
    let count = workers.positive::<NonZeroUsize>();
    if count.is_some_and(|count| count.get() > WorkerCount::MOST.into()) {
        workers.refuse(format!("at most {} threads can be asked for", WorkerCount::MOST));
    }
    let chunk = document.take("chunk").section(|chunk| Some(chunk_of(chunk))).unwrap_or(defaults.chunk);
    let max_record = size(&document.take("max_record"));
    let max_file = size(&document.take("max_file"));
    let workers = match (in_parallel, count) {
        (false, _) => WorkerCount::Exactly(NonZeroUsize::MIN),
        (true, Some(count)) => WorkerCount::Exactly(count),
        (true, None) => WorkerCount::PerProcessor,
    };
    Some(Settings {
        rules: rules?,
        trust,
        unsigned,
        limits,
        sealed_wasi: sealed_wasi.unwrap_or(defaults.sealed_wasi),
        isolation: isolation.unwrap_or(defaults.isolation),
        park_after: park_after.unwrap_or(defaults.park_after),
        workers,
        chunk,
        max_record: max_record.unwrap_or(defaults.max_record),
        max_file: max_file.unwrap_or(defaults.max_file),
    })
}

fn unsigned(danger: Field<'_>, directory: &Path) -> Unsigned {
    let unsigned = danger.section(|danger| {
        let is_allowed = danger.take("unsigned_directory").boolean().unwrap_or(false);
        let components = danger.take("component_directory").text().map(|path| directory.join(path));
        Some(if is_allowed { Unsigned::Run { components } } else { Unsigned::Refused })
    });
    unsigned.unwrap_or_default()
}

fn trust_of(trust: &mut Section<'_>, directory: &Path) -> Option<Trust> {
    let repository = trust.take("repository").required().parsed();
    let release = trust.take("release").required().parsed();
    let key_list = trust.take("keys").required();
    let threshold_field = trust.take("threshold").required();
    let min_version = trust.take("min_version");

    let are_there = key_list.is_there();
    let keys: Vec<_> = key_list.list().into_iter().filter_map(Field::text).map(|path| directory.join(path)).collect();
    let threshold = match threshold_field.positive::<NonZeroUsize>() {
        Some(threshold) if are_there && threshold.get() > keys.len() => {
            threshold_field
                .refuse(format!("{threshold} signatures are needed, but there are only {} keys", keys.len()));
            None
        }
        threshold => threshold,
    };
    let min_version = match min_version.is_there() {
        true => min_version.positive::<u64>().and_then(MetadataVersion::new)?,
        false => MetadataVersion::FIRST,
    };
    Some(Trust { repository: repository?, release: release?, keys, threshold: threshold?, min_version })
}

fn limits_of(limits: &mut Section<'_>) -> Limits {
    let defaults = Limits::DEFAULT;
    let deadline = limits.take("deadline_ms").positive::<NonZeroU64>();
    Limits {
        fuel: limits.take("fuel").positive().unwrap_or(defaults.fuel),
        memory: size(&limits.take("memory")).unwrap_or(defaults.memory),
        table_elements: limits.take("table_elements").positive().map_or(defaults.table_elements, NonZeroU32::get),
        reply: size(&limits.take("reply")).unwrap_or(defaults.reply),
        deadline: deadline.map_or(defaults.deadline, |milliseconds| Duration::from_millis(milliseconds.get())),
    }
}

fn chunk_of(chunk: &mut Section<'_>) -> ChunkLimits {
    let defaults = ChunkLimits::default();
    let rows = chunk.take("rows").positive::<NonZeroU32>();
    ChunkLimits {
        rows: rows.map_or(defaults.rows, NonZeroU32::get),
        bytes: size(&chunk.take("bytes")).unwrap_or(defaults.bytes),
    }
}

/// A size of at least one byte.
fn size(field: &Field<'_>) -> Option<Bytes> {
    let size = field.parsed::<Bytes>()?;
    if size == Bytes::new(0) {
        field.refuse("nothing fits into 0 bytes; write a size like `16 MiB`");
        return None;
    }
    Some(size)
}
