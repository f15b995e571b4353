//! Bytes on their way in: counted, hashed and looked at.

use aws_lc_rs::digest::{Context, SHA256};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use baton_core::{
    fault::{Fault, FaultClass},
    file::{FileStream, is_active},
};
use futures::StreamExt as _;

use crate::{NewFile, PIECE_BYTES, folder::Incoming, kind, sniff, unkept};

/// What came.
pub(crate) struct Taken {
    pub size_bytes: u64,
    pub mime_type: String,
    pub sha256: String,
}

/// Writes everything that comes into the draft, up to the limit.
pub(crate) async fn take(
    new: &NewFile<'_>,
    mut from: FileStream,
    draft: &mut Incoming,
) -> Result<Taken, Fault> {
    if from.length.is_some_and(|length| length > new.max_bytes) {
        return Err(too_large(new.max_bytes));
    }
    let (mut size_bytes, mut head, mut hash) = (0_u64, Vec::new(), Context::new(&SHA256));
    while let Some(chunk) = from.chunks.next().await {
        let chunk = chunk?;
        size_bytes = size_bytes.saturating_add(chunk.len() as u64);
        if size_bytes > new.max_bytes {
            return Err(too_large(new.max_bytes));
        }
        let missing = kind::HEAD_BYTES.saturating_sub(head.len()).min(chunk.len());
        head.extend_from_slice(&chunk[..missing]);
        hash.update(&chunk);
        for piece in chunk.chunks(PIECE_BYTES) {
            draft.write(piece).await.map_err(|e| unkept(&e))?;
        }
    }
    if from.length.is_some_and(|length| size_bytes < length) {
        return Err(cut(size_bytes, from.length.unwrap_or(0)));
    }
    let digest = hash.finish();
    check_hash(new, digest.as_ref())?;
    let claimed = new.claimed_type.or(from.mime_type.as_deref());
    let mime_type = judge(&head, claimed)?;
    let sha256 = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Taken { size_bytes, mime_type, sha256 })
}

/// The type of the bytes, where it may stand under what was claimed.
fn judge(head: &[u8], claimed: Option<&str>) -> Result<String, Fault> {
    if head.is_empty() {
        return Err(problem("take the file: it is empty", "The file is empty."));
    }
    let found = sniff(head, claimed);
    let claimed = claimed.map_or("", kind::essence);
    let honest =
        is_active(claimed) || ["", "application/octet-stream", "text/plain"].contains(&claimed);
    if is_active(found) && !honest {
        let text = format!(
            "take the file: it is said to be {claimed} and is {found}, which a browser would run"
        );
        return Err(problem(text, "The file is not what it claims to be, and was refused."));
    }
    Ok(found.to_owned())
}

fn check_hash(new: &NewFile<'_>, digest: &[u8]) -> Result<(), Fault> {
    let Some(told) = new.sha256 else { return Ok(()) };
    if STANDARD.decode(told).is_ok_and(|told| told == digest) {
        return Ok(());
    }
    let text = "take the file: its bytes are not those that the vendor announced (SHA-256 differs)";
    Err(problem(text, "The file was damaged on its way. Ask for it again."))
}

pub(crate) fn too_large(max_bytes: u64) -> Fault {
    let most = size(max_bytes);
    problem(
        format!("take the file: it has more than {most}, the limit here"),
        format!("The file is larger than {most}."),
    )
}

fn cut(came: u64, announced: u64) -> Fault {
    let text = format!("take the file: {came} of {announced} bytes came; it is tried again");
    Fault::new(FaultClass::VendorDown, text).for_rep("The file came only in part.")
}

fn problem(operator: impl Into<String>, rep: impl Into<String>) -> Fault {
    Fault::new(FaultClass::MediaProblem, operator).for_rep(rep)
}

/// A number of bytes for people.
fn size(bytes: u64) -> String {
    const MIB: u64 = 1_024 * 1_024;
    if bytes >= MIB && bytes.is_multiple_of(MIB) {
        return format!("{} MiB", bytes / MIB);
    }
    format!("{bytes} bytes")
}
