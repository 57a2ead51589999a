use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::forge::{Signer, encode, forge, set, text};

fn parse(text: &str) -> Result<KeySet, String> {
    KeySet::parse(text.as_bytes())
}

#[test]
fn tokens_of_each_algorithm_are_verified() {
    let signers = Signer::all();
    let keys = parse(&set(&signers)).unwrap();
    for signer in &signers {
        let claims = json!({"sub": "ann", "n": 1.5, "list": [1, "a"]});
        assert_eq!(Value::Object(keys.verify(&signer.token(&claims)).unwrap()), claims, "{}", signer.algorithm());
    }
}

#[test]
fn a_token_is_verified_by_the_key_that_it_names_or_by_the_only_one() {
    let (signer, other) = (Signer::ed("a"), Signer::ed("b"));
    let (claims, both, one) = (json!({}), parse(&set([&signer, &other])).unwrap(), parse(&set([&signer])).unwrap());
    let header = |id: &str| json!({"alg": "EdDSA", "kid": id});
    assert_eq!(both.verify(&signer.sign(&header("c"), &claims)), Err(TokenError::UnknownKey));
    assert_eq!(both.verify(&signer.sign(&header("b"), &claims)), Err(TokenError::Invalid));
    assert!(both.verify(&signer.sign(&header("a"), &claims)).is_ok());
    let nameless = signer.sign(&json!({"alg": "EdDSA"}), &claims);
    assert_eq!(both.verify(&nameless), Err(TokenError::Invalid));
    assert!(one.verify(&nameless).is_ok());
    assert_eq!(one.verify(&other.sign(&json!({"alg": "EdDSA"}), &claims)), Err(TokenError::Invalid));
}

#[test]
fn the_algorithm_comes_from_the_key() {
    let signers = Signer::all();
    let keys = parse(&set(&signers)).unwrap();
    let claims = json!({"sub": "mallory"});
    let rsa = &signers[0];
    for header in ["HS256", "HS384", "none", "None", "NONE", "", "RS512", "PS256", "ES256", "EdDSA"] {
        let header = json!({"alg": header, "kid": "rsa"});
        // With a text that everybody knows as the key, as the public key is written, and without a signature.
        for secret in [rsa.pem().as_bytes(), rsa.public(), rsa.pem().trim().as_bytes(), b""] {
            assert_eq!(keys.verify(&forge(secret, &header, &claims)), Err(TokenError::Invalid), "{header}");
        }
        assert_eq!(keys.verify(&format!("{}.", text(&header, &claims))), Err(TokenError::Invalid), "{header}");
        assert_eq!(keys.verify(&rsa.sign(&header, &claims)), Err(TokenError::Invalid), "{header}");
    }
    for (header, signer) in [("RS256", 1), ("EdDSA", 1), ("ES256", 2), ("RS256", 2), ("ES384", 1)] {
        let signer = &signers[signer];
        let header = json!({"alg": header, "kid": signer.id});
        assert_eq!(keys.verify(&signer.sign(&header, &claims)), Err(TokenError::Invalid), "{header}");
    }
    assert_eq!(keys.verify(&rsa.sign(&json!({"kid": "rsa"}), &claims)), Err(TokenError::Invalid));
}

#[test]
fn a_header_leads_to_no_other_key_and_may_demand_nothing() {
    let (signer, mallory) = (Signer::ed("a"), Signer::ed("a"));
    let keys = parse(&set([&signer])).unwrap();
    let header = json!({"alg": "EdDSA", "kid": "a", "jwk": mallory.jwk(), "jku": "https://mallory.example.com/keys"});
    assert_eq!(keys.verify(&mallory.sign(&header, &json!({}))), Err(TokenError::Invalid));
    for critical in [
        json!({"alg": "EdDSA", "kid": "a", "crit": ["exp"], "exp": 1}),
        json!({"alg": "EdDSA", "kid": "a", "crit": []}),
        json!({"alg": "EdDSA", "kid": "a", "crit": ["b64"], "b64": false}),
        json!({"alg": "EdDSA", "kid": "a", "crit": "exp"}),
        json!({"alg": "EdDSA", "kid": ["a"]}),
    ] {
        assert_eq!(keys.verify(&signer.sign(&critical, &json!({}))), Err(TokenError::Invalid), "{critical}");
    }
}

#[test]
fn what_was_changed_or_cut_is_no_token() {
    for signer in Signer::all() {
        let keys = parse(&set([&signer])).unwrap();
        let token = signer.token(&json!({"sub": "ann"}));
        assert!(keys.verify(&token).is_ok());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = signed.split_once('.').unwrap();
        let other = encode(br#"{"sub":"eve"}"#);
        for changed in [
            format!("{header}.{other}.{signature}"),
            format!("{signed}."),
            signed.to_owned(),
            format!("{token}."),
            format!("{token}.{signature}"),
            format!("{signed}.{}", encode(b"signature")),
            format!("{signed}.{signature}="),
            format!(" {token}"),
            token.chars().take(token.len() - 2).collect(),
            String::new(),
            "..".to_owned(),
            format!("{}.{}.{signature}", encode(b"{}"), encode(b"{}")),
            format!("{header}.{}.{signature}", encode(b"[]")),
        ] {
            assert_eq!(keys.verify(&changed), Err(TokenError::Invalid), "{changed}");
        }
    }
}

#[test]
fn a_signature_by_es256_has_one_form() {
    let signer = Signer::ec("a");
    let keys = parse(&set([&signer])).unwrap();
    let claims = json!({"sub": "ann"});
    assert!(keys.verify(&signer.token(&claims)).is_ok());
    assert_eq!(keys.verify(&signer.der_token(&claims)), Err(TokenError::Invalid));
    // What a library took for a signature of anything: both halves are zero.
    let zeroes = format!("{}.{}", text(&json!({"alg": "ES256", "kid": "a"}), &claims), encode(&[0; 64]));
    assert_eq!(keys.verify(&zeroes), Err(TokenError::Invalid));
}

#[test]
fn a_token_may_have_sixteen_kibibytes_and_no_more() {
    let signer = Signer::ed("a");
    let keys = parse(&set([&signer])).unwrap();
    let token = |length: usize| signer.token(&json!({"sub": "x".repeat(length)}));
    let longest = (12_000..12_400).map(token).rfind(|token| token.len() <= MAX_TOKEN).unwrap();
    assert!(longest.len() > MAX_TOKEN - 4 && keys.verify(&longest).is_ok());
    let longer = (12_000..12_400).map(token).find(|token| token.len() > MAX_TOKEN).unwrap();
    assert_eq!(keys.verify(&longer), Err(TokenError::Invalid));
}

#[test]
fn keys_of_other_kinds_are_ignored_and_secret_ones_are_refused() {
    let signers = Signer::all();
    let usable = signers[1].jwk();
    let with = |key: Value| json!({"keys": [usable, key]}).to_string();
    let changed = |signer: &Signer, changes: &[(&str, Value)]| {
        let mut key = signer.jwk();
        for (name, value) in changes {
            key[*name] = value.clone();
        }
        key
    };
    let rsa = &signers[0];
    for ignored in [
        changed(rsa, &[("use", json!("enc"))]),
        changed(rsa, &[("alg", json!("RS512"))]),
        changed(rsa, &[("alg", json!("RSA-OAEP"))]),
        changed(rsa, &[("key_ops", json!(["encrypt"]))]),
        // 1,024 bits: as such, and with zeroes in front. 2,047 and 8,200 bits.
        changed(rsa, &[("n", json!(encode(&[0xff; 128])))]),
        changed(rsa, &[("n", json!(encode(&[[0; 128], [0xff; 128]].concat())))]),
        changed(rsa, &[("n", json!(encode(&[&[0x7f][..], &[0xff; 255]].concat())))]),
        changed(rsa, &[("n", json!(encode(&[0xff; 1_025])))]),
        changed(rsa, &[("e", Value::Null)]),
        changed(rsa, &[("e", json!(""))]),
        // Each text is its own signature.
        changed(rsa, &[("e", json!("AQ"))]),
        changed(rsa, &[("e", json!("AQAA"))]),
        changed(&signers[1], &[("kid", json!("x")), ("x", json!(encode(&[7; 31])))]),
        changed(&signers[2], &[("x", json!(encode(&[7; 33])))]),
        // What another program may understand (RFC 7517, section 5).
        changed(rsa, &[("kid", json!(7))]),
        changed(rsa, &[("n", json!(["a"]))]),
        json!({}),
        json!(7),
        json!({"kty": "EC", "crv": "P-384", "kid": "x", "x": "AAAA", "y": "AAAA"}),
        json!({"kty": "OKP", "crv": "X25519", "kid": "x", "x": "AAAA"}),
        json!({"kty": "new"}),
    ] {
        assert_eq!(parse(&with(ignored.clone())).unwrap().keys.len(), 1, "{ignored}");
    }
    assert_eq!(parse(&with(changed(rsa, &[("key_ops", json!(["verify"]))]))).unwrap().keys.len(), 2);
    assert_eq!(parse(&with(changed(rsa, &[("d", Value::Null), ("k", Value::Null)]))).unwrap().keys.len(), 2);
    for (text, reason) in [
        (with(json!({"kty": "oct", "kid": "x", "k": "c2VjcmV0"})), "symmetric"),
        (with(changed(&signers[2], &[("d", json!("AAAA"))])), "private"),
        (with(changed(rsa, &[("p", json!("AAAA"))])), "private"),
        (with(json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "priv": "AAAA"})), "private"),
        // Whatever else is wrong with it.
        (with(json!({"k": 7})), "symmetric"),
        (with(changed(&signers[2], &[("kid", json!("ec"))])), "two keys have the id `ec`"),
        (json!({"keys": vec![json!({"kty": "new"}); 65]}).to_string(), "more than 64 keys"),
        (r#"{"keys":[]}"#.to_owned(), "no key for signatures"),
        (r#"{"keys":[{}]}"#.to_owned(), "no key for signatures"),
        (r#"{"keys":{}}"#.to_owned(), "sequence"),
        ("{}".to_owned(), "keys"),
        (String::new(), "EOF"),
    ] {
        let refused = parse(&text).unwrap_err();
        assert!(refused.contains(reason), "{text}: {refused}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(token in "[a-zA-Z0-9_.=-]{0,100}|.{0,50}", set in "[{}\\[\\]\":,a-z0-9]{0,100}") {
        thread_local! { static KEYS: KeySet = parse(&crate::forge::set([&Signer::ed("a")])).unwrap(); }
        prop_assert!(KEYS.with(|keys| keys.verify(&token).is_err()));
        let _ = parse(&set);
    }

    #[test]
    fn no_key_makes_it_panic(kty in "RSA|EC|OKP", crv in "P-256|Ed25519", bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let part = encode(&bytes);
        let key = json!({"kty": kty, "crv": crv, "n": part, "e": part, "x": part, "y": part});
        if let Ok(keys) = parse(&json!({"keys": [key]}).to_string()) {
            for alg in ["RS256", "ES256", "EdDSA"] {
                let token = format!("{}.{part}", text(&json!({"alg": alg}), &json!({})));
                prop_assert_eq!(keys.verify(&token), Err(TokenError::Invalid));
            }
        }
    }
}
