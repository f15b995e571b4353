//! `baton salesforce`: what is made on a machine of the administrator's before Salesforce is
//! connected.

use std::{
    fs::{self, Permissions},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use baton_core::ids::Ids as _;
use baton_desks::salesforce::{self, Keys};
use baton_relay::system::SystemIds;
use clap::{Args, Subcommand};

use crate::hub::RunError;

/// What is written, and who may read it.
const PRIVATE: &str = "private.pem";
const CERTIFICATE: &str = "certificate.pem";
const JWK: &str = "jwk.json";
const JWKS: &str = "jwks.json";
const OWNER_ONLY: u32 = 0o600;
const EVERYBODY: u32 = 0o644;

/// Prepares the connection with Salesforce.
#[derive(Args, Debug)]
pub struct Salesforce {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Keygen(Keygen),
}

/// Makes the key pair by which Salesforce knows your customers, with everything that Setup wants.
#[derive(Args, Debug)]
struct Keygen {
    /// The key's id (kid), one word; a new one is made up when it is left out.
    #[arg(long, value_name = "ID")]
    key_id: Option<String>,
    /// The issuer, one word: the key set's "JSON web key issuer".
    #[arg(long, default_value = salesforce::ISSUER)]
    issuer: String,
    /// The folder in which the files are written.
    #[arg(long, value_name = "DIR", default_value = "salesforce-keys")]
    out: PathBuf,
    /// Overwrites what is there: a private key that is in use is lost then.
    #[arg(long)]
    force: bool,
}

/// Runs the command.
///
/// # Errors
/// The keys cannot be made or written, or are there already.
pub fn run(args: Salesforce) -> Result<(), RunError> {
    let Command::Keygen(args) = args.command;
    println!("{}", args.make()?);
    Ok(())
}

impl Keygen {
    /// Makes and writes the keys; what goes where, for people.
    fn make(self) -> Result<String, RunError> {
        let Self { key_id, issuer, out, force } = self;
        let key_id = key_id.unwrap_or_else(new_id);
        let keys = salesforce::keygen(&key_id, &issuer)
            .map_err(|error| RunError::Refused(error.to_string()))?;
        write(&out, &keys, force)?;
        Ok(what_goes_where(&out, &key_id, &issuer))
    }
}

/// A key set holds several keys while one is exchanged, so that each has its own id.
fn new_id() -> String {
    let random = SystemIds.uuid().simple().to_string();
    // The beginning of our ids is the time.
    format!("{}-{}", salesforce::ISSUER, random.get(24..).unwrap_or_default())
}

/// Writes all files, or none where one of them is there and nobody said that it may go.
fn write(folder: &Path, keys: &Keys, force: bool) -> Result<(), RunError> {
    let files = [
        (PRIVATE, &keys.private_pem, OWNER_ONLY),
        (CERTIFICATE, &keys.certificate_pem, EVERYBODY),
        (JWK, &keys.jwk_json, EVERYBODY),
        (JWKS, &keys.jwks_json, EVERYBODY),
    ];
    let there = files.iter().map(|(name, ..)| folder.join(name)).find(|path| path.exists());
    if let Some(path) = there.filter(|_| !force) {
        return Err(exists(&path));
    }
    fs::create_dir_all(folder).map_err(RunError::io(format!("make {}", folder.display())))?;
    for (name, text, mode) in files {
        put(&folder.join(name), text, mode, force)?;
    }
    Ok(())
}

/// Writes one file as a whole, under its final name only when it is complete.
fn put(path: &Path, text: &str, mode: u32, force: bool) -> Result<(), RunError> {
    let failed = || RunError::io(format!("write {}", path.display()));
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut options = tempfile::Builder::new();
    let mut file =
        options.permissions(Permissions::from_mode(mode)).tempfile_in(folder).map_err(failed())?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed())?;
    let kept = if force { file.persist(path) } else { file.persist_noclobber(path) };
    match kept {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists(path)),
        Err(error) => Err(failed()(error.error)),
    }
}

fn exists(path: &Path) -> RunError {
    RunError::Refused(format!(
        "write {}: it is there already; name another folder with --out, or overwrite the keys in \
         it with --force",
        path.display()
    ))
}

fn what_goes_where(folder: &Path, key_id: &str, issuer: &str) -> String {
    let path = |name: &str| folder.join(name).display().to_string();
    let (private, certificate) = (path(PRIVATE), path(CERTIFICATE));
    let (jwk, jwks) = (path(JWK), path(JWKS));
    let same = "letter for letter";
    format!(
        "In Salesforce, Setup, Enhanced Chat User Verification:
  New Key: upload {jwk}
  New Keyset: JSON web key issuer {issuer} ({same}), type Keys, with this key
In Salesforce, External Client App Manager, for contacts and cases:
  Enable JWT Bearer Flow: upload {certificate}
In Baton, Integrations, Salesforce:
  Auth key id: {key_id}
  Private key: what is in {private}; keep it safe, nobody else needs it
  Issuer: {issuer}
{jwks} is the key set for a public address of yours. Baton answers the same \
at /hooks/<desk id>/keys once the desk is connected."
    )
}

#[cfg(test)]
mod tests;
