//! What an administrator finds in the folder afterwards.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa,
    signature::{
        KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaPublicKeyComponents,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::*;

fn keygen(folder: &Path, force: bool) -> Result<String, RunError> {
    let (key_id, out) = (Some("baton-7".to_owned()), folder.to_owned());
    Keygen { key_id, issuer: "northwind".to_owned(), out, force }.make()
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

fn read_json(folder: &Path, name: &str) -> Value {
    serde_json::from_str(&text(folder, name)).unwrap()
}

fn der(pem: &str) -> Vec<u8> {
    let letters: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(letters).unwrap()
}

#[test]
fn all_files_are_there_and_it_is_said_where_each_goes() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/keys");
    let told = keygen(&out, false).unwrap();
    for name in [PRIVATE, CERTIFICATE, JWK, JWKS] {
        assert!(told.contains(&out.join(name).display().to_string()), "{told}");
    }
    assert!(told.contains("Auth key id: baton-7") && told.contains("issuer northwind"), "{told}");
    assert!(!told.contains("BEGIN") && !told.contains("MII"), "{told}");
    let jwk = read_json(&out, JWK);
    assert_eq!(jwk["kid"], "baton-7");
    assert_eq!(read_json(&out, JWKS), json!({ "keys": [jwk] }));
    assert_eq!(fs::read_dir(&out).unwrap().count(), 4, "nothing else is left there");
}

#[test]
fn what_the_private_key_signs_the_public_one_verifies() {
    let folder = tempfile::tempdir().unwrap();
    keygen(folder.path(), false).unwrap();
    let private = rsa::KeyPair::from_pkcs8(&der(&text(folder.path(), PRIVATE))).unwrap();
    let mut signature = vec![0; private.public_modulus_len()];
    let random = SystemRandom::new();
    private.sign(&RSA_PKCS1_SHA256, &random, b"customer", &mut signature).unwrap();
    let jwk = read_json(folder.path(), JWK);
    let part = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let public = RsaPublicKeyComponents { n: part("n"), e: part("e") };
    public.verify(&RSA_PKCS1_2048_8192_SHA256, b"customer", &signature).unwrap();
    assert!(public.verify(&RSA_PKCS1_2048_8192_SHA256, b"another", &signature).is_err());
    let certificate = der(&text(folder.path(), CERTIFICATE));
    assert_eq!(jwk["x5c"], json!([STANDARD.encode(&certificate)]));
    let ours = private.public_key().as_ref();
    assert!(certificate.windows(ours.len()).any(|part| part == ours), "of the same key");
}

#[test]
fn others_may_read_everything_but_the_private_key() {
    let folder = tempfile::tempdir().unwrap();
    keygen(folder.path(), false).unwrap();
    let mode =
        |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(PRIVATE), 0o600);
    // An old file's rights do not stay with a new key.
    fs::set_permissions(folder.path().join(PRIVATE), Permissions::from_mode(0o666)).unwrap();
    keygen(folder.path(), true).unwrap();
    assert_eq!(mode(PRIVATE), 0o600);
    assert!(mode(JWKS) & 0o400 != 0);
}

#[test]
fn nothing_is_overwritten_unless_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    keygen(folder.path(), false).unwrap();
    let before = text(folder.path(), PRIVATE);
    let refused = keygen(folder.path(), false).unwrap_err().to_string();
    assert!(refused.contains(PRIVATE) && refused.contains("--force"), "{refused}");
    assert_eq!(text(folder.path(), PRIVATE), before);
    // A single file that is there keeps all of them from being written.
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join(JWKS), "mine").unwrap();
    keygen(other.path(), false).unwrap_err();
    assert!(!other.path().join(PRIVATE).exists());
    assert_eq!(text(other.path(), JWKS), "mine");
    keygen(folder.path(), true).unwrap();
    assert_ne!(text(folder.path(), PRIVATE), before);
}

#[test]
fn a_key_id_is_made_up_anew_each_time_and_a_wrong_one_is_refused() {
    assert_ne!(new_id(), new_id());
    assert_eq!(new_id().len(), "baton-01234567".len());
    let folder = tempfile::tempdir().unwrap();
    let (key_id, out) = (Some("two words".to_owned()), folder.path().join("keys"));
    let refused = Keygen { key_id, issuer: "baton".to_owned(), out: out.clone(), force: false };
    assert!(refused.make().unwrap_err().to_string().contains("the key id"));
    assert!(!out.exists());
}
