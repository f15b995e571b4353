//! People and companies.

use super::{ANY, area, email, flag, instant, lookup, owner, phone, picklist, text};
use crate::salesforce::crm::schema::{Field, Kind, Object};

pub fn objects() -> Vec<Object> {
    vec![contact(), account(), lead(), user(), group(), any()]
}

fn contact() -> Object {
    let fields = vec![
        text("FirstName", "First Name", 40),
        text("LastName", "Last Name", 80).required(),
        text("Name", "Full Name", 121).read_only().naming(),
        picklist("Salutation", "Salutation", &["Mr.", "Ms.", "Mrs.", "Dr.", "Prof."]),
        lookup("AccountId", "Account ID", "Account", &["Account"]),
        email("Email", "Email"),
        phone("Phone", "Business Phone"),
        phone("MobilePhone", "Mobile Phone"),
        phone("HomePhone", "Home Phone"),
        phone("OtherPhone", "Other Phone"),
        phone("AssistantPhone", "Asst. Phone"),
        text("Title", "Title", 128),
        area("Description", "Contact Description", 32_000),
        picklist("LeadSource", "Lead Source", &["Web", "Phone Inquiry", "Other"]),
        flag("HasOptedOutOfEmail", "Email Opt Out"),
        lookup("MasterRecordId", "Master Record ID", "MasterRecord", &["Contact"]).read_only(),
        lookup("OwnerId", "Owner ID", "Owner", &["User"]),
    ];
    Object::new("Contact", "Contact", "003", fields).searchable()
}

fn account() -> Object {
    let fields = vec![
        text("Name", "Account Name", 255).required().naming(),
        phone("Phone", "Account Phone"),
        Field::new(Kind::Url, "Website", "Website", 255),
        flag("IsPersonAccount", "Is Person Account").read_only(),
        area("Description", "Account Description", 32_000),
        lookup("MasterRecordId", "Master Record ID", "MasterRecord", &["Account"]).read_only(),
        lookup("OwnerId", "Owner ID", "Owner", &["User"]),
    ];
    Object::new("Account", "Account", "001", fields).searchable()
}

fn lead() -> Object {
    let fields = vec![
        text("FirstName", "First Name", 40),
        text("LastName", "Last Name", 80).required(),
        text("Name", "Full Name", 121).read_only().naming(),
        text("Company", "Company", 255).required(),
        email("Email", "Email"),
        phone("Phone", "Phone"),
        phone("MobilePhone", "Mobile Phone"),
        flag("IsConverted", "Converted").read_only(),
        owner(),
    ];
    Object::new("Lead", "Lead", "00Q", fields).searchable()
}

fn user() -> Object {
    let fields = vec![
        text("Username", "Username", 80),
        text("FirstName", "First Name", 40),
        text("LastName", "Last Name", 80),
        text("Name", "Full Name", 121).read_only().naming(),
        email("Email", "Email"),
        phone("Phone", "Phone"),
        text("Title", "Title", 80),
        text("Alias", "Alias", 8),
        flag("IsActive", "Active").or(true),
        picklist("UserType", "User Type", &["Standard", "AutomatedProcess"]).or("Standard"),
        text("TimeZoneSidKey", "Time Zone", 40).or("Europe/London"),
        text("LocaleSidKey", "Locale", 40).or("en_US"),
        instant("LastLoginDate", "Last Login"),
    ];
    Object::new("User", "User", "005", fields).read_only().searchable()
}

fn group() -> Object {
    let fields = vec![
        text("Name", "Name", 40).required().naming(),
        text("DeveloperName", "Developer Name", 80),
        picklist("Type", "Type", &["Regular", "Queue", "Role"]).restricted().or("Queue"),
        email("Email", "Email"),
    ];
    Object::new("Group", "Group", "00G", fields)
}

/// What users, queues, contacts and others have in common, behind references to several of them.
fn any() -> Object {
    let fields = vec![
        text("Name", "Name", 255).naming(),
        text("FirstName", "First Name", 40),
        text("LastName", "Last Name", 80),
        text("Username", "Username", 80),
        email("Email", "Email"),
        phone("Phone", "Phone"),
        text("Title", "Title", 128),
        flag("IsActive", "Active"),
        text("Type", "Type", 40),
    ];
    Object::new(ANY, "Name", "", fields).read_only()
}
