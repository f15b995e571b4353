//! A rep's file as a message, by what the vendor says of it.

use baton_core::{
    ids::VendorId,
    message::{Content, MediaKind},
};

/// A file by its type, its name and the vendor's word for it.
pub fn media(
    mime_type: Option<&str>,
    name: Option<&str>,
    id: Option<&str>,
    caption: Option<String>,
) -> Content {
    let kind = match mime_type.and_then(|mime| mime.split('/').next()) {
        Some("image") => MediaKind::Image,
        Some("video") => MediaKind::Video,
        Some("audio") => MediaKind::Audio,
        _ => MediaKind::Document,
    };
    Content::Media {
        kind,
        caption,
        file_name: name.map(str::to_owned),
        mime_type: mime_type.map(str::to_owned),
        vendor_id: id.map(VendorId::from),
        sha256: None,
        voice: false,
        file: None,
    }
}
