use super::*;

#[test]
fn keys_read_back_as_written() {
    let secret = SecretKey::generate().unwrap();
    let private = secret.to_pem().unwrap();
    assert!(private.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert_eq!(SecretKey::from_pem(&private).unwrap().public(), secret.public());
    let public = secret.public().to_pem().unwrap();
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----\n"));
    assert_eq!(PublicKey::from_pem(&public).unwrap(), secret.public());
    assert_eq!(PublicKey::from_pem(&format!("\n{}\n\n", public.replace('\n', "\r\n"))).unwrap(), secret.public());
}

#[test]
fn one_kind_of_file_is_not_taken_for_another() {
    let secret = SecretKey::generate().unwrap();
    let (private, public) = (secret.to_pem().unwrap(), secret.public().to_pem().unwrap());
    assert_eq!(PublicKey::from_pem(&private).err(), Some(KeyError::PrivateForPublic));
    assert_eq!(SecretKey::from_pem(&public).err(), Some(KeyError::PublicForPrivate));
    let encrypted = private.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    assert_eq!(SecretKey::from_pem(&encrypted).err(), Some(KeyError::Encrypted));
    assert_eq!(SecretKey::from_encrypted_pem(&private, b"x").err(), Some(KeyError::NotEncrypted));
    assert_eq!(SecretKey::from_encrypted_pem(&public, b"x").err(), Some(KeyError::PublicForPrivate));
    assert!(matches!(SecretKey::from_pem(""), Err(KeyError::NotPrivate(_))));
    assert!(matches!(PublicKey::from_pem(""), Err(KeyError::NotPublic(_))));
    let cut: String = public.chars().filter(|character| *character != '=').skip(1).collect();
    assert!(matches!(PublicKey::from_pem(&cut), Err(KeyError::NotPublic(_))));
}

#[test]
fn keys_of_other_programs_are_read() {
    // As `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout` wrote them.
    let secret = SecretKey::from_pem(include_str!("../../tests/keys/openssl.pem")).unwrap();
    let public = PublicKey::from_pem(include_str!("../../tests/keys/openssl.pub.pem")).unwrap();
    assert_eq!(secret.public(), public);
    // Version 2 of PKCS#8, which holds the public key as well.
    let with_public = secret.0.to_pkcs8_pem(LineEnding::LF).unwrap();
    assert_eq!(SecretKey::from_pem(&with_public).unwrap().public(), public);
    // Another algorithm.
    let other = PublicKey::from_pem(include_str!("../../tests/keys/x25519.pub.pem"));
    assert!(matches!(other, Err(KeyError::NotPublic(_))));
}

#[test]
fn weak_and_misspelt_keys_are_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    assert_eq!(PublicKey::from_bytes(&identity), Err(KeyError::Weak));
    assert_eq!(PublicKey::from_bytes(&[0; 32]), Err(KeyError::Weak));
    let mut not_a_point = [0; 32];
    not_a_point[0] = 2;
    assert_eq!(PublicKey::from_bytes(&not_a_point), Err(KeyError::NotAPoint));
    // Every y from 2^255 - 19 on is a second spelling of a small one, of which some are points of full order.
    let mut misspelt = 0;
    for y in 0..=18 {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (0xed + y, 0x7f);
        match PublicKey::from_bytes(&bytes) {
            Err(KeyError::NotCanonical) => misspelt += 1,
            Err(KeyError::NotAPoint | KeyError::Weak) => {}
            other => panic!("{y}: {other:?}"),
        }
    }
    assert!(misspelt > 0);
}

#[test]
fn the_name_of_a_key_is_the_one_that_tuf_tools_compute() {
    // The key of RFC 8032, test 1. The id is what `sha256sum` says of its description.
    let public = b"\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a";
    let id = KeyId::of(&PublicKey::from_bytes(public).unwrap());
    assert_eq!(id.as_str(), "74c181c7ad8a0855d4b55e44d2ba87aabdddb196832571f15f92fece332e4916");
    assert_eq!(id.as_str().parse::<KeyId>().unwrap(), id);
    for text in ["", "a b", "ä", "a\n", &"x".repeat(129)] {
        assert!(text.parse::<KeyId>().is_err(), "{text}");
    }
}

#[test]
fn a_threshold_counts_keys_and_not_names() {
    let [one, two] = [(); 2].map(|()| SecretKey::generate().unwrap().public());
    assert_eq!(KeySet::new(0, [one.clone()]), Err(KeySetError::ZeroThreshold));
    assert!(matches!(KeySet::new(2, [one.clone()]), Err(KeySetError::TooFewKeys { .. })));
    assert!(matches!(KeySet::new(1, [one.clone(), one.clone()]), Err(KeySetError::Repeated { .. })));
    assert!(KeySet::new(2, [one.clone(), two.clone()]).is_ok());
    let id = |text: &str| text.parse::<KeyId>().unwrap();
    let twice = [(id("a"), one.clone()), (id("b"), one.clone())];
    assert_eq!(KeySet::with_ids(2, twice.clone()), Err(KeySetError::TooFewKeys { threshold: 2, keys: 1 }));
    assert!(KeySet::with_ids(2, twice.into_iter().chain([(id("c"), two)])).is_ok());
}
