//! What objects and fields there are.
//!
//! Source: "Object Reference for the Salesforce Platform" and "sObject Describe", checked 2026-11.

use serde_json::Value;

/// Custom fields that one organisation may add.
const MAX_CUSTOM: usize = 500;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Id,
    Text,
    /// A text area; above 255 characters it cannot stand in a filter.
    Area,
    Email,
    Phone,
    Url,
    Picklist,
    Flag,
    Number,
    Instant,
    Reference,
    Blob,
}

impl Kind {
    /// As a describe names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Text => "string",
            Self::Area => "textarea",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Url => "url",
            Self::Picklist => "picklist",
            Self::Flag => "boolean",
            Self::Number => "int",
            Self::Instant => "datetime",
            Self::Reference => "reference",
            Self::Blob => "base64",
        }
    }

    /// Whether its values are texts.
    pub fn is_text(self) -> bool {
        !matches!(self, Self::Flag | Self::Number | Self::Instant)
    }
}

/// One field.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub label: String,
    pub kind: Kind,
    pub length: usize,
    pub required: bool,
    pub createable: bool,
    pub updateable: bool,
    pub external_id: bool,
    pub unique: bool,
    pub is_name: bool,
    pub choices: Vec<String>,
    pub restricted: bool,
    pub default: Option<Value>,
    pub targets: Vec<String>,
    pub relationship: Option<String>,
}

impl Field {
    pub fn new(kind: Kind, name: &str, label: &str, length: usize) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            kind,
            length,
            required: false,
            createable: true,
            updateable: true,
            external_id: false,
            unique: false,
            is_name: false,
            choices: Vec::new(),
            restricted: false,
            default: None,
            targets: Vec::new(),
            relationship: None,
        }
    }

    /// A create must give it.
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The organisation alone writes it.
    pub fn read_only(self) -> Self {
        Self { createable: false, updateable: false, ..self }
    }

    /// Given once, never changed.
    pub fn fixed(self) -> Self {
        Self { updateable: false, ..self }
    }

    /// What people read for the row.
    pub fn naming(self) -> Self {
        Self { is_name: true, ..self }
    }

    pub fn or(self, default: impl Into<Value>) -> Self {
        Self { default: Some(default.into()), ..self }
    }

    /// No other values than those listed.
    pub fn restricted(self) -> Self {
        Self { restricted: true, ..self }
    }

    pub fn is_custom(&self) -> bool {
        self.name.ends_with("__c")
    }

    pub fn is_filterable(&self) -> bool {
        self.kind != Kind::Blob && !(self.kind == Kind::Area && self.length > 255)
    }

    /// Points to rows of several objects.
    pub fn is_polymorphic(&self) -> bool {
        self.targets.len() > 1
    }
}

/// One object.
#[derive(Clone, Debug)]
pub struct Object {
    pub name: String,
    pub label: String,
    /// The first three characters of its rows' ids.
    pub prefix: String,
    pub fields: Vec<Field>,
    pub createable: bool,
    pub updateable: bool,
    pub deletable: bool,
    pub searchable: bool,
}

impl Object {
    /// An object with the fields that every object has, and these.
    pub fn new(name: &str, label: &str, prefix: &str, own: Vec<Field>) -> Self {
        let mut fields = system_fields();
        fields.extend(own);
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            prefix: prefix.to_owned(),
            fields,
            createable: true,
            updateable: true,
            deletable: true,
            searchable: false,
        }
    }

    pub fn searchable(self) -> Self {
        Self { searchable: true, ..self }
    }

    /// Clients only read it.
    pub fn read_only(self) -> Self {
        Self { createable: false, updateable: false, deletable: false, ..self }
    }

    /// A field, whatever the case of its name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The reference behind a relationship's name.
    pub fn reference(&self, relationship: &str) -> Option<&Field> {
        let is_it = |name: &String| name.eq_ignore_ascii_case(relationship);
        self.fields.iter().find(|field| field.relationship.as_ref().is_some_and(is_it))
    }
}

fn system_fields() -> Vec<Field> {
    let user = |name: &str, label: &str, relationship: &str| {
        super::objects::lookup(name, label, relationship, &["User"]).read_only()
    };
    let instant = |name: &str, label: &str| Field::new(Kind::Instant, name, label, 0).read_only();
    vec![
        Field::new(Kind::Id, "Id", "Record ID", 18).read_only(),
        Field::new(Kind::Flag, "IsDeleted", "Deleted", 0).read_only().or(false),
        instant("CreatedDate", "Created Date"),
        user("CreatedById", "Created By ID", "CreatedBy"),
        instant("LastModifiedDate", "Last Modified Date"),
        user("LastModifiedById", "Last Modified By ID", "LastModifiedBy"),
        instant("SystemModstamp", "System Modstamp"),
    ]
}

/// All objects of an organisation.
pub struct Schema {
    objects: Vec<Object>,
    custom: usize,
}

impl Default for Schema {
    fn default() -> Self {
        Self { objects: super::objects::all(), custom: 0 }
    }
}

impl Schema {
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// An object, whatever the case of its name.
    pub fn object(&self, name: &str) -> Option<&Object> {
        self.objects.iter().find(|object| object.name.eq_ignore_ascii_case(name))
    }

    /// The object whose rows' ids begin so.
    pub fn of_id(&self, id: &str) -> Option<&Object> {
        let prefix = id.get(..3)?;
        self.objects.iter().find(|object| object.prefix == prefix)
    }

    /// What a path's step leads to: the object itself, or what all of several objects have in common.
    pub fn target(&self, reference: &Field) -> Option<&Object> {
        match reference.targets.as_slice() {
            [one] => self.object(one),
            _ => self.object(super::objects::ANY),
        }
    }

    /// Adds a field; false if there are too many, or one of that name.
    pub fn add(&mut self, object: &str, field: Field) -> bool {
        let is_full = self.custom >= MAX_CUSTOM;
        let known = self.objects.iter_mut().find(|known| known.name.eq_ignore_ascii_case(object));
        let Some(known) = known.filter(|known| !is_full && known.field(&field.name).is_none())
        else {
            return false;
        };
        known.fields.push(field);
        self.custom += 1;
        true
    }
}
