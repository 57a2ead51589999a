//! The format of machine code in a store.
//!
//! ```text
//! 16 bytes   what this is, and the version of this layout
//!  8 bytes   how long the machine code is, little-endian
//! 32 bytes   HMAC-SHA-256 over: the first 16 bytes, the component's SHA-256, the engine's, the runtime's version with its
//!            length before it, our revision, the length, the machine code
//!            the machine code, to the end
//! ```
//!
//! Component and engine are not stored: the reader knows which ones it wants, and the MAC shows whether the entry is for them.

use hmac::{Hmac, Mac};
use jurat_trust::Digest;
use sha2::Sha256;
use thiserror::Error;

use super::compatibility::Compatibility;
use super::key::CodeKey;

/// Says what the file is. The MAC covers it, so that no other use of the key can pass for this one.
const DOMAIN: &[u8; 16] = b"jurat code v1\r\n\0";
const LENGTH: usize = 8;
const TAG: usize = 32;
const HEADER: usize = DOMAIN.len() + LENGTH + TAG;

/// Machine code whose MAC holds. Only [`open`] makes one.
pub(crate) struct Authentic(bytes::Bytes);

/// Why an entry is not used.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub(super) enum EntryError {
    #[error("it is not an entry, or was written by another version of this program")]
    Unknown,
    #[error("it holds {found} bytes instead of {said}")]
    Length { said: u64, found: u64 },
    #[error("its authentication code is wrong: it was altered, or made with another key, or for something else")]
    Altered,
}

impl Authentic {
    pub(crate) fn into_bytes(self) -> bytes::Bytes {
        self.0
    }
}

/// Makes an entry of machine code that was compiled here.
pub(super) fn seal(code: &[u8], key: &CodeKey, component: &Digest, compatibility: &Compatibility) -> Vec<u8> {
    let mut entry = Vec::with_capacity(HEADER + code.len());
    entry.extend(DOMAIN);
    entry.extend((code.len() as u64).to_le_bytes());
    entry.extend(mac(code, key, component, compatibility).finalize().into_bytes());
    entry.extend(code);
    entry
}

/// Takes the machine code out of an entry if its MAC holds. What was checked and what comes back is one buffer.
pub(super) fn open(
    entry: Vec<u8>,
    key: &CodeKey,
    component: &Digest,
    compatibility: &Compatibility,
) -> Result<Authentic, EntryError> {
    let rest = entry.strip_prefix(DOMAIN).ok_or(EntryError::Unknown)?;
    let (length, rest) = rest.split_first_chunk::<LENGTH>().ok_or(EntryError::Unknown)?;
    let (tag, code) = rest.split_first_chunk::<TAG>().ok_or(EntryError::Unknown)?;
    let (said, found) = (u64::from_le_bytes(*length), code.len() as u64);
    if said != found {
        return Err(EntryError::Length { said, found });
    }
    // Takes the same time wherever the difference is.
    mac(code, key, component, compatibility).verify(tag.into()).map_err(|_| EntryError::Altered)?;
    Ok(Authentic(bytes::Bytes::from(entry).slice(HEADER..)))
}

fn mac(code: &[u8], key: &CodeKey, component: &Digest, compatibility: &Compatibility) -> Hmac<Sha256> {
    key.mac(DOMAIN)
        .chain_update(component.as_bytes())
        .chain_update(compatibility.to_bytes())
        .chain_update((code.len() as u64).to_le_bytes())
        .chain_update(code)
}

#[cfg(test)]
mod tests {
    use hmac::KeyInit;
    use jurat_model::Bytes;
    use wasmtime::Engine;

    use super::*;
    use crate::compile::{self, MachineCode, Reservation, Target};

    /// The smallest component there is.
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    struct Case {
        engine: Engine,
        code: MachineCode,
        key: CodeKey,
        component: Digest,
        compatibility: Compatibility,
    }

    impl Case {
        fn new() -> Self {
            let engine = Engine::new(&usual()).unwrap();
            Self {
                code: compile::in_process(&engine, COMPONENT).unwrap(),
                key: CodeKey::new(&[7; 32]),
                component: Digest::of(COMPONENT),
                compatibility: Compatibility::of(&engine),
                engine,
            }
        }

        fn seal(&self) -> Vec<u8> {
            seal(self.code.as_slice(), &self.key, &self.component, &self.compatibility)
        }

        fn open(&self, entry: Vec<u8>) -> Result<Authentic, EntryError> {
            open(entry, &self.key, &self.component, &self.compatibility)
        }

        /// What becomes of an entry that was sealed for something else with the right key.
        fn refuses(&self, key: &CodeKey, component: &Digest, compatibility: &Compatibility) -> bool {
            let entry = seal(self.code.as_slice(), key, component, compatibility);
            assert!(open(entry.clone(), key, component, compatibility).is_ok(), "it is good for what it was made for");
            matches!(self.open(entry), Err(EntryError::Altered))
        }
    }

    fn usual() -> wasmtime::Config {
        Target { stack: Bytes::kibi(512), reservation: Reservation::Full }.config()
    }

    #[test]
    fn what_was_sealed_is_opened_and_runs() {
        let case = Case::new();
        let opened = MachineCode::authentic(case.open(case.seal()).ok().unwrap());
        assert_eq!(opened.as_slice(), case.code.as_slice());
        assert!(compile::load(&case.engine, &opened).is_ok());
    }

    #[test]
    fn the_mac_is_the_one_that_everybody_computes() {
        let case = Case::new();
        let mut usual = <Hmac<Sha256> as KeyInit>::new_from_slice(&[7; 32]).unwrap();
        usual.update(DOMAIN);
        usual.update(case.component.as_bytes());
        usual.update(&case.compatibility.to_bytes());
        usual.update(&(case.code.as_slice().len() as u64).to_le_bytes());
        usual.update(case.code.as_slice());
        let tag = &case.seal()[DOMAIN.len() + LENGTH..HEADER];
        assert_eq!(tag, &usual.finalize().into_bytes()[..]);
    }

    #[test]
    fn an_entry_is_for_one_key_one_component_one_engine_one_version_and_one_revision() {
        let case = Case::new();
        let Case { key, component, compatibility, .. } = &case;
        assert!(!case.refuses(key, component, compatibility));
        assert!(case.refuses(&CodeKey::new(&[8; 32]), component, compatibility));
        assert!(case.refuses(key, &Digest::of(b"another"), compatibility));
        assert!(case.refuses(key, component, &compatibility.clone().with_runtime("48.0.7")));
        assert!(case.refuses(key, component, &compatibility.clone().with_revision(0)));
        let mut other = usual();
        other.consume_fuel(false);
        assert!(case.refuses(key, component, &Compatibility::of_config(&other)));
    }

    #[test]
    fn one_bit_anywhere_is_noticed() {
        let case = Case::new();
        let entry = case.seal();
        for at in 0..entry.len().min(4 * HEADER) {
            for bit in 0..8 {
                let mut altered = entry.clone();
                altered[at] ^= 1 << bit;
                assert!(case.open(altered).is_err(), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn an_entry_that_is_cut_or_continued_is_noticed() {
        let case = Case::new();
        let entry = case.seal();
        for length in (0..2 * HEADER).chain([entry.len() - 1]) {
            let expected = if length < HEADER { "Unknown" } else { "Length" };
            let error = case.open(entry[..length].to_vec()).err().unwrap();
            assert!(format!("{error:?}").starts_with(expected), "{length}: {error:?}");
        }
        let longer = [&entry[..], &[0]].concat();
        assert!(matches!(case.open(longer), Err(EntryError::Length { .. })));
        let mut agreeing = [&entry[..], &[0]].concat();
        let length = (case.code.as_slice().len() as u64 + 1).to_le_bytes();
        agreeing[DOMAIN.len()..DOMAIN.len() + LENGTH].copy_from_slice(&length);
        assert_eq!(case.open(agreeing).err(), Some(EntryError::Altered));
    }

    #[test]
    fn machine_code_of_another_engine_does_not_fit_even_if_its_mac_holds() {
        let case = Case::new();
        let mut config = usual();
        config.consume_fuel(false);
        let other = Engine::new(&config).unwrap();
        let foreign = compile::in_process(&other, COMPONENT).unwrap();
        let entry = seal(foreign.as_slice(), &case.key, &case.component, &case.compatibility);
        let opened = MachineCode::authentic(case.open(entry).ok().unwrap());
        assert!(matches!(compile::load(&case.engine, &opened), Err(compile::CompileError::Mismatch(_))));
    }
}
