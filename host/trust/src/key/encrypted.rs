//! Private keys under a passphrase: PKCS#8 with PBES2, as `openssl pkcs8 -topk8` writes them.

use ed25519_dalek::SigningKey;
use pkcs8::der::asn1::{OctetString, OctetStringRef};
use pkcs8::der::pem::PemLabel;
use pkcs8::der::{self, Decode, Reader, SecretDocument, SliceReader};
use pkcs8::pkcs5::pbes2::{EncryptionScheme, Kdf, Parameters, Salt, ScryptParams};
use pkcs8::{
    AlgorithmIdentifierRef, EncodePrivateKey, EncryptedPrivateKeyInfoOwned, LineEnding, PrivateKeyInfoRef, pkcs5,
};
use zeroize::Zeroizing;

use super::{EntropyError, KeyError, SecretKey, has_label, single_key};

/// The cost of one try of a passphrase, for the owner and for a thief alike: scrypt with blocks of 1 KiB.
///
/// # Defaults
/// [`PassphraseCost::DEFAULT`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PassphraseCost {
    log_blocks: u8,
    lanes: u16,
}

impl PassphraseCost {
    /// 16 MiB of memory, gone through 8 times: the work of N = 2^17 with p = 1.
    ///
    /// OpenSSL 3 reads no file for which scrypt needs 32 MiB or more, so the work is in the lanes and not in the memory.
    pub const DEFAULT: Self = Self { log_blocks: 14, lanes: 8 };

    /// N = 2^`log_blocks`, p = `lanes`; none unless a file with it can be read back: N from 2 on, and both within the limits of
    /// [`SecretKey::from_encrypted_pem`].
    #[must_use]
    pub fn new(log_blocks: u8, lanes: u16) -> Option<Self> {
        let blocks = 1_u64.checked_shl(log_blocks.into())?;
        is_bearable(blocks, SCRYPT_R, lanes).then_some(Self { log_blocks, lanes })
    }

    /// Whether OpenSSL 3 reads a file with it.
    #[must_use]
    pub fn is_read_by_openssl(self) -> bool {
        self.log_blocks <= Self::DEFAULT.log_blocks
    }
}

impl Default for PassphraseCost {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The block size that is written, in units of 128 bytes.
const SCRYPT_R: u16 = 8;
/// The most memory that scrypt may take for a file, in bytes.
const SCRYPT_MEMORY: u64 = 256 << 20;
/// The most work, in units of 128 bytes: 16 times what is written.
const SCRYPT_WORK: u64 = 1 << 24;
/// The most iterations of PBKDF2. OpenSSL's default is 2,048, today's advice 600,000.
const PBKDF2_ITERATIONS: u32 = 10_000_000;

/// Whether opening a file may cost this much. scrypt does not allow N = 0 and N = 1.
fn is_bearable(blocks: u64, r: u16, p: u16) -> bool {
    let (r, p) = (u64::from(r), u64::from(p));
    let memory = blocks.max(p).checked_mul(r).and_then(|units| units.checked_mul(128));
    let work = blocks.checked_mul(r).and_then(|units| units.checked_mul(p));
    blocks.is_power_of_two()
        && blocks > 1
        && r > 0
        && p > 0
        && memory.is_some_and(|bytes| bytes <= SCRYPT_MEMORY)
        && work.is_some_and(|units| units <= SCRYPT_WORK)
}

impl SecretKey {
    /// Whether the text is a private key file that needs a passphrase.
    #[must_use]
    pub fn is_encrypted(pem: &str) -> bool {
        has_label(pem, EncryptedPrivateKeyInfoOwned::PEM_LABEL)
    }

    /// Writes a private key file that only the passphrase opens, at [`PassphraseCost::DEFAULT`]: PKCS#8 version 1 in PEM, PBES2
    /// with scrypt and AES-256-CBC, which OpenSSL 3 reads too.
    ///
    /// # Errors
    /// When the passphrase is empty, or the operating system gives no randomness.
    ///
    /// # Limits
    /// The format has no check of its own: a damaged file seems to have a wrong passphrase, or opens as another key. Compare with the
    /// public key.
    pub fn to_encrypted_pem(&self, passphrase: &[u8]) -> Result<Zeroizing<String>, KeyError> {
        self.to_encrypted_pem_at(PassphraseCost::DEFAULT, passphrase)
    }

    /// The same at another cost.
    ///
    /// # Errors
    /// Those of [`SecretKey::to_encrypted_pem`].
    pub fn to_encrypted_pem_at(&self, cost: PassphraseCost, passphrase: &[u8]) -> Result<Zeroizing<String>, KeyError> {
        if passphrase.is_empty() {
            return Err(KeyError::EmptyPassphrase);
        }
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        getrandom::fill(&mut salt).and_then(|()| getrandom::fill(&mut iv)).map_err(EntropyError)?;
        let kdf = ScryptParams {
            salt: Salt::new(salt).map_err(not_private)?,
            cost_parameter: 1 << cost.log_blocks,
            block_size: SCRYPT_R,
            parallelization: cost.lanes,
            key_length: None,
        };
        let parameters = Parameters { kdf: kdf.into(), encryption: EncryptionScheme::Aes256Cbc { iv } };
        let plain = single_key(&self.0).to_pkcs8_der().map_err(|error| KeyError::NotPrivate(error.into()))?;
        let encrypted = parameters
            .encrypt(passphrase, plain.as_bytes())
            .map_err(|error| KeyError::UnknownEncryption(error.into()))?;
        let file = EncryptedPrivateKeyInfoOwned {
            encryption_algorithm: parameters.into(),
            encrypted_data: OctetString::new(encrypted).map_err(not_private)?,
        };
        let file = SecretDocument::encode_msg(&file).map_err(not_private)?;
        file.to_pem(EncryptedPrivateKeyInfoOwned::PEM_LABEL, LineEnding::LF).map_err(not_private)
    }

    /// Opens a private key file with its passphrase. Files of OpenSSL with scrypt or PBKDF2 are read as well.
    ///
    /// # Errors
    /// When the text is anything else, the passphrase is wrong, the file is encrypted in a way that is not known here, or it
    /// asks for more work than any honest file needs.
    ///
    /// # Limits
    /// 256 MiB of memory and 16 times the work of [`PassphraseCost::DEFAULT`] for scrypt; 10 million iterations of PBKDF2. What
    /// asks for more is refused before memory is taken. A damaged file may open as another key: compare with the public key. The key is wiped from memory when dropped, as are the copies made here;
    /// what scrypt and AES leave on the stack is not.
    pub fn from_encrypted_pem(pem: &str, passphrase: &[u8]) -> Result<Self, KeyError> {
        if has_label(pem, "PRIVATE KEY") {
            return Err(KeyError::NotEncrypted);
        }
        if has_label(pem, "PUBLIC KEY") {
            return Err(KeyError::PublicForPrivate);
        }
        let (label, file) = SecretDocument::from_pem(pem.trim()).map_err(not_private)?;
        EncryptedPrivateKeyInfoOwned::validate_pem_label(label).map_err(not_private)?;
        let mut file = SliceReader::new(file.as_bytes()).map_err(not_private)?;
        let (algorithm, encrypted): (_, &OctetStringRef) =
            file.sequence(|file| Ok::<_, der::Error>((file.decode()?, file.decode()?))).map_err(not_private)?;
        file.finish().map_err(not_private)?;
        let parameters = parameters(algorithm)?;
        check_cost(&parameters.kdf)?;
        let plain = match parameters.decrypt(passphrase, encrypted.as_bytes()) {
            Ok(plain) => Zeroizing::new(plain),
            Err(pkcs5::Error::DecryptFailed) => return Err(KeyError::WrongPassphrase),
            Err(error) => return Err(KeyError::UnknownEncryption(error.into())),
        };
        // One wrong passphrase in 256 leaves bytes with valid padding. They are not a key of any kind.
        let key = PrivateKeyInfoRef::from_der(&plain).map_err(|_| KeyError::WrongPassphrase)?;
        SigningKey::try_from(key).map(Self).map_err(|error| KeyError::NotPrivate(error.into()))
    }
}

fn check_cost(kdf: &Kdf) -> Result<(), KeyError> {
    let is_bearable = match kdf {
        Kdf::Scrypt(scrypt) => is_bearable(scrypt.cost_parameter, scrypt.block_size, scrypt.parallelization),
        Kdf::Pbkdf2(pbkdf2) => (1..=PBKDF2_ITERATIONS).contains(&pbkdf2.iteration_count),
        _ => return Err(KeyError::UnknownEncryption(kdf.to_alg_params_invalid().into())),
    };
    if is_bearable { Ok(()) } else { Err(KeyError::TooCostly) }
}

fn parameters(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Parameters, KeyError> {
    match pkcs5::EncryptionScheme::try_from(algorithm) {
        Ok(pkcs5::EncryptionScheme::Pbes2(parameters)) => Ok(parameters),
        _ => Err(KeyError::UnknownEncryption(pkcs5::Error::UnsupportedAlgorithm { oid: algorithm.oid }.into())),
    }
}

fn not_private(error: impl Into<pkcs8::Error>) -> KeyError {
    KeyError::NotPrivate(error.into().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opening_a_file_may_cost_is_bounded() {
        let is_bearable = |log_blocks, lanes| PassphraseCost::new(log_blocks, lanes).is_some();
        assert!(is_bearable(1, 1) && is_bearable(14, 8) && is_bearable(17, 1));
        // N = 0 is not even a number that can be taken the logarithm of; scrypt does not allow N = 1.
        assert!(!is_bearable(0, 1) && !is_bearable(64, 1) && !is_bearable(255, 1) && !is_bearable(14, 0));
        // Memory.
        assert!(is_bearable(18, 1) && !is_bearable(19, 1) && !is_bearable(30, 1) && !is_bearable(63, u16::MAX));
        // Work.
        assert!(is_bearable(14, 128) && !is_bearable(14, 129));
        for (blocks, r, p) in [(0, 8, 1), (3, 8, 1), (1 << 14, 0, 1), (2, u16::MAX, u16::MAX), (u64::MAX, 8, 1)] {
            assert!(!super::is_bearable(blocks, r, p), "{blocks} {r} {p}");
        }
        let iterations = |iteration_count| {
            let parameters = pkcs5::pbes2::Pbkdf2Params::hmac_sha256(iteration_count, &[0; 16]).unwrap();
            check_cost(&parameters.into())
        };
        assert_eq!((iterations(1), iterations(10_000_000)), (Ok(()), Ok(())));
        assert_eq!((iterations(0), iterations(10_000_001)), (Err(KeyError::TooCostly), Err(KeyError::TooCostly)));
    }

    #[test]
    fn the_default_is_as_much_work_as_the_usual_advice_and_is_read_by_openssl() {
        let (usual, default) = (PassphraseCost::new(17, 1).unwrap(), PassphraseCost::default());
        let work = |cost: PassphraseCost| u64::from(cost.lanes) << cost.log_blocks;
        assert_eq!(work(default), work(usual));
        assert!(default.is_read_by_openssl() && !usual.is_read_by_openssl());
    }
}
