//! The organisation's records: contacts, links, imported history, cases, and what the check finds.

mod answers;
mod case;
mod check;
mod contact;
mod files;
mod history;
mod limits;
mod link;
mod stage;
