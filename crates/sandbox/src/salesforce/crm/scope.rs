//! On whose behalf something is done, and what that user may see.

use super::answer::Refusal;
use super::org::Org;
use super::schema::{Field, Object};
use crate::Switches;

/// What a client says about duplicates.
///
/// Source: "Duplicate Rule Header", REST API Developer Guide, checked 2026-11.
#[derive(Clone, Copy, Debug, Default)]
pub struct DuplicateHeader {
    pub allow_save: bool,
    pub include_details: bool,
}

impl DuplicateHeader {
    pub fn read(header: &str) -> Self {
        let says = |name: &str| {
            header.split([';', ',']).filter_map(|part| part.split_once('=')).any(|(key, value)| {
                key.trim().eq_ignore_ascii_case(name) && value.trim().eq_ignore_ascii_case("true")
            })
        };
        Self { allow_save: says("allowSave"), include_details: says("includeRecordDetails") }
    }
}

/// One user at work.
pub struct Scope<'a> {
    pub org: &'a mut Org,
    pub switches: &'a Switches,
    pub user: String,
    /// A person in the product, whom permissions and the index's delay do not concern.
    pub is_person: bool,
    pub now_ms: i64,
    /// The API's version, such as 67.
    pub version: u32,
    pub duplicates: DuplicateHeader,
    /// Journal number of the call.
    pub seq: u64,
}

impl Scope<'_> {
    /// An object that this user can see; the refusal is what queries say.
    pub fn object(&self, name: &str) -> Option<Object> {
        let object = self.org.schema.object(name)?;
        let is_hidden = !self.is_person && !self.org.permissions.object(&object.name).read;
        (!is_hidden && !object.prefix.is_empty()).then(|| object.clone())
    }

    /// An object as a segment of an address.
    pub fn resource(&self, name: &str) -> Result<Object, Refusal> {
        self.object(name).ok_or_else(Refusal::no_resource)
    }

    pub fn can_read(&self, object: &Object, field: &Field) -> bool {
        self.is_person || self.org.permissions.field(&object.name, &field.name).read
    }

    pub fn can_edit(&self, object: &Object, field: &Field) -> bool {
        let access = self.org.permissions.field(&object.name, &field.name);
        self.is_person || (access.read && access.edit)
    }

    /// A field that this user can see.
    pub fn field<'o>(&self, object: &'o Object, name: &str) -> Option<&'o Field> {
        object.field(name).filter(|field| self.can_read(object, field))
    }

    /// Does something whole or not at all.
    pub fn whole<T>(
        &mut self,
        deed: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mark = self.org.tables.begin();
        let done = deed(self);
        match done {
            Ok(_) => self.org.tables.commit(mark),
            Err(_) => self.org.tables.roll_back(mark),
        }
        done
    }

    /// `/services/data/v67.0`.
    pub fn base(&self) -> String {
        format!("/services/data/v{}.0", self.version)
    }
}
