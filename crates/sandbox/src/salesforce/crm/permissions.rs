//! What the integration user may do with objects and fields.
//!
//! Source: "FieldPermissions" and "ObjectPermissions", Object Reference, checked 2026-11. A field that was made through
//! an API belongs to no permission set at first.

use std::collections::BTreeMap;

/// What may be done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    pub read: bool,
    pub create: bool,
    pub edit: bool,
    pub delete: bool,
}

impl Default for Access {
    fn default() -> Self {
        Self { read: true, create: true, edit: true, delete: true }
    }
}

/// What may be done with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldAccess {
    pub read: bool,
    pub edit: bool,
}

/// Everything that differs from full rights; names in lower case.
#[derive(Default)]
pub struct Permissions {
    objects: BTreeMap<String, Access>,
    fields: BTreeMap<(String, String), FieldAccess>,
}

impl Permissions {
    pub fn object(&self, object: &str) -> Access {
        self.objects.get(&object.to_lowercase()).copied().unwrap_or_default()
    }

    pub fn set_object(&mut self, object: &str, access: Access) {
        self.objects.insert(object.to_lowercase(), access);
    }

    pub fn field(&self, object: &str, field: &str) -> FieldAccess {
        let key = (object.to_lowercase(), field.to_lowercase());
        self.fields.get(&key).copied().unwrap_or(FieldAccess { read: true, edit: true })
    }

    pub fn set_field(&mut self, object: &str, field: &str, access: FieldAccess) {
        self.fields.insert((object.to_lowercase(), field.to_lowercase()), access);
    }
}
