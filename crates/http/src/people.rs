//! The people on a campaign's list: read from JSON or a table, each number and value looked at
//! before anything is sent.

use std::collections::HashSet;

use baton_core::{
    campaign::{Campaign, MAX_RECIPIENTS, Recipient, RecipientState, SkipReason},
    contact::{Point, PointKind},
    phone,
    template::{FieldFault, Template, Values},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{api::templates, csv, error::ApiError};

/// The longest address that is kept as it was given.
const GIVEN_MAX_CHARS: usize = 64;
/// The columns of a table under which a number stands.
const NUMBER_COLUMNS: &[&str] = &["to", "phone", "number"];

/// One person on the list.
#[derive(Deserialize, ToSchema)]
pub struct Person {
    /// The phone number.
    to: String,
    #[serde(default)]
    name: Option<String>,
    /// Their own values of the template's form.
    #[serde(default)]
    #[schema(value_type = Object)]
    values: Values,
}

/// The people as they were given, either way.
pub(crate) fn given(list: Vec<Person>, table: Option<String>) -> Result<Vec<Person>, ApiError> {
    let people = match table {
        Some(table) if list.is_empty() => table_rows(&table)?,
        Some(_) => return Err(ApiError::refused("csv", "give recipients or csv, not both")),
        None => list,
    };
    if people.is_empty() || people.len() > MAX_RECIPIENTS {
        let why = format!("{} people; give 1 to {MAX_RECIPIENTS}", people.len());
        return Err(ApiError::refused("recipients", &why));
    }
    Ok(people)
}

fn table_rows(table: &str) -> Result<Vec<Person>, ApiError> {
    let refuse = |why: &str| ApiError::refused("csv", why);
    let rows = csv::rows(table).ok_or_else(|| refuse("a quoted cell does not end"))?;
    let mut rows = rows.into_iter();
    let head: Vec<String> =
        rows.next().unwrap_or_default().iter().map(|cell| cell.trim().to_owned()).collect();
    let column = |names: &[&str]| {
        head.iter().position(|cell| names.iter().any(|name| cell.eq_ignore_ascii_case(name)))
    };
    let number =
        column(NUMBER_COLUMNS).ok_or_else(|| refuse("the head line has no column named to"))?;
    let name = column(&["name"]);
    let person = |row: Vec<String>| {
        let cell = |at: usize| row.get(at).map(|cell| cell.trim()).unwrap_or_default();
        let own = head.iter().enumerate().filter(|(at, _)| *at != number && Some(*at) != name);
        let own = own.filter(|(at, key)| !key.is_empty() && !cell(*at).is_empty());
        Person {
            to: cell(number).to_owned(),
            name: name.map(|at| cell(at).to_owned()).filter(|name| !name.is_empty()),
            values: own.map(|(at, key)| (key.clone(), cell(at).to_owned())).collect(),
        }
    };
    Ok(rows.map(person).collect())
}

/// Looks at everybody, a part of the list at a time: the number, the values, and whether they
/// stand on the list already.
pub(crate) struct Reader {
    pub campaign: Campaign,
    pub template: Template,
    /// The country of numbers without a country code.
    pub region: Option<String>,
    seen: HashSet<String>,
    place: i64,
}

impl Reader {
    pub(crate) fn new(campaign: Campaign, template: Template, region: Option<String>) -> Self {
        Self { campaign, template, region, seen: HashSet::new(), place: 0 }
    }

    /// The next part of the list.
    pub(crate) fn read(&mut self, people: Vec<Person>) -> Vec<Recipient> {
        people.into_iter().map(|person| self.read_one(person).0).collect()
    }

    /// The first part of the list.
    ///
    /// # Errors
    /// Nobody in it can get the message; names the field that is wrong with the first.
    pub(crate) fn read_first(&mut self, people: Vec<Person>) -> Result<Vec<Recipient>, ApiError> {
        let mut fault: Option<Vec<FieldFault>> = None;
        let mut list = Vec::with_capacity(people.len());
        for person in people {
            let (recipient, faults) = self.read_one(person);
            list.push(recipient);
            fault = fault.or(faults);
        }
        if list.iter().any(|recipient| recipient.state == RecipientState::Waiting) {
            return Ok(list);
        }
        Err(match fault {
            Some(faults) => templates::unfilled(&faults),
            None => ApiError::refused("recipients", "none of the numbers is a phone number"),
        })
    }

    fn read_one(&mut self, person: Person) -> (Recipient, Option<Vec<FieldFault>>) {
        self.place += 1;
        let digits = phone::normal(person.to.trim(), self.region.as_deref());
        let values = self.campaign.template.values_for(&person.values);
        let faults = self.template.compile(&values).err();
        let why = match (&digits, &faults) {
            (None, _) => Some(SkipReason::InvalidNumber.name().to_owned()),
            (Some(digits), _) if !self.seen.insert(one_spelling(digits)) => {
                Some(SkipReason::Duplicate.name().to_owned())
            }
            (Some(_), Some(faults)) => Some(unfit(faults)),
            (Some(_), None) => None,
        };
        let recipient = Recipient {
            campaign: self.campaign.id,
            place: self.place,
            workspace: self.campaign.workspace,
            point: digits.map(|digits| Point::new(PointKind::Phone, digits)),
            given: person.to.chars().take(GIVEN_MAX_CHARS).collect(),
            name: person.name,
            values: person.values,
            state: if why.is_none() { RecipientState::Waiting } else { RecipientState::Skipped },
            why,
            session: None,
            message: None,
            delivery: None,
            marked_at: None,
        };
        (recipient, faults)
    }
}

fn one_spelling(digits: &str) -> String {
    phone::aliases(digits).into_iter().next().unwrap_or_else(|| digits.to_owned())
}

fn unfit(faults: &[FieldFault]) -> String {
    let first = faults.first().map(|fault| format!(": {} {}", fault.key, fault.text));
    format!("{}{}", SkipReason::InvalidValues.name(), first.unwrap_or_default())
}
