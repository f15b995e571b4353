//! Files in notes and emails: base64 in a column, within the organisation's limits.
//!
//! Source: "Use file data with Attachment and Note records", checked 2026-11-21: 5 MB unless the organisation says
//! otherwise, at most 128 MB; blocked extensions stand in the organisation's row.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::scope::Scope;
use super::tables::{Row, Table};

/// `maxuploadfilesize` of a new organisation, in bytes.
pub const DEFAULT_MAX_BYTES: u64 = 5 * 1024 * 1024;
/// The most that an organisation may allow, in bytes.
pub const GREATEST_MAX_BYTES: u64 = 128 * 1024 * 1024;
/// `blockedattachments` of a new organisation.
pub const DEFAULT_BLOCKED: &str = "ade;adp;app;asa;ashx;asmx;asp;bas;bat;cdx;cer;chm;class;cmd;com;config;cpl;crt;csh;\
    dll;exe;fxp;hlp;hta;htr;htw;ida;idc;idq;inf;ins;isp;its;jar;js;jse;ksh;lnk;mad;maf;mag;mam;maq;mar;mas;mat;mau;\
    mav;maw;mda;mdb;mde;mdt;mdw;mdz;msc;msh;msh1;msh1xml;msh2;msh2xml;mshxml;msi;msp;mst;ops;pcd;pif;prf;prg;printer;\
    pst;reg;rem;scf;scr;sct;shb;shs;shtm;shtml;soap;stm;svc;tmp;url;vb;vbe;vbs;vsmacros;vss;vst;vsw;ws;wsc;wsf;wsh";

/// Checks the file in a row that is about to be written, and fills in its size.
pub fn check(scope: &mut Scope<'_>, table: &Table, columns: &mut Row) -> Result<(), Refusal> {
    let Some(body_column) = body_column(table) else { return Ok(()) };
    if let Some(name) = columns.get("filename").and_then(Value::as_str) {
        allowed_name(scope, name)?;
    }
    let Some(body) = columns.get(body_column).and_then(Value::as_str) else { return Ok(()) };
    let Ok(bytes) = STANDARD.decode(body) else {
        return Err(Refusal::argument("Invalid length for a Base-64 char array or string."));
    };
    allowed_size(scope, bytes.len())?;
    columns.insert("filesize".to_owned(), json!(bytes.len()));
    if table.name == "annotation" {
        columns.insert("isdocument".to_owned(), json!(!bytes.is_empty()));
    }
    Ok(())
}

/// The column with the file's bytes, of the two tables that have one.
pub fn body_column(table: &Table) -> Option<&'static str> {
    match table.name {
        "annotation" => Some("documentbody"),
        "activitymimeattachment" => Some("body"),
        _ => None,
    }
}

/// 0x80044a02 for more bytes than the organisation takes.
pub fn allowed_size(scope: &mut Scope<'_>, bytes: usize) -> Result<(), Refusal> {
    let max = organization(scope, "maxuploadfilesize").as_u64().unwrap_or(DEFAULT_MAX_BYTES);
    if u64::try_from(bytes).unwrap_or(u64::MAX) <= max {
        return Ok(());
    }
    Err(Refusal::new(400, "0x80044a02", "Attachment file size is too big."))
}

/// 0x80044a08 for letters that file names cannot have, 0x80043e09 for a blocked extension.
pub fn allowed_name(scope: &Scope<'_>, name: &str) -> Result<(), Refusal> {
    if name.contains(['\\', '/', ':', '*', '?', '"', '<', '>', '|']) {
        let message = "Attachment file name contains invalid characters.";
        return Err(Refusal::new(400, "0x80044a08", message));
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let blocked = organization(scope, "blockedattachments");
    let mut blocked = blocked.as_str().unwrap_or_default().split(';');
    if !extension.is_empty() && blocked.any(|one| one.trim().eq_ignore_ascii_case(extension)) {
        let message = "The attachment is either not a valid type or is too large. It cannot be uploaded or downloaded.";
        return Err(Refusal::new(400, "0x80043e09", message));
    }
    Ok(())
}

fn organization(scope: &Scope<'_>, column: &str) -> Value {
    let id = &scope.world.dynamics365.account.organization_id;
    let stored = scope.inner.tables.get("organizations", id);
    stored.and_then(|stored| stored.row.get(column)).cloned().unwrap_or_default()
}
