//! `$metadata`: the tables as CSDL, with what clients generate types from and no more.
//!
//! Source: "Web API types and operations", checked 2026-11-21.

use std::fmt::Write as _;

use super::query::View;
use super::tables::{self, Kind, Table};

/// The whole document.
pub fn csdl(view: &View<'_>) -> String {
    let present = || tables::all().filter(|table| !view.schema.absent.contains(table.set));
    let types: String = present().map(|table| entity_type(view, table)).collect();
    let sets: String = present().map(entity_set).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\"><edmx:DataServices>\
         <Schema Namespace=\"Microsoft.Dynamics.CRM\" Alias=\"mscrm\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\
         <EntityType Name=\"crmbaseentity\" Abstract=\"true\" />{types}\
         <EntityContainer Name=\"System\">{sets}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"
    )
}

fn entity_type(view: &View<'_>, table: &'static Table) -> String {
    let Table { name, key, .. } = table;
    let mut text = format!(
        "<EntityType Name=\"{name}\" BaseType=\"mscrm.crmbaseentity\"><Key><PropertyRef Name=\"{key}\" /></Key>"
    );
    let lookups = table.all_lookups().map(|lookup| (lookup.column, Kind::Guid));
    let mut columns: Vec<(&str, Kind)> = view.schema.columns(table).chain(lookups).collect();
    columns.sort_by_key(|(name, _)| *name);
    columns.dedup_by_key(|(name, _)| *name);
    for (name, kind) in columns {
        let _ = write!(text, "<Property Name=\"{name}\" Type=\"{}\" />", edm(kind));
    }
    for lookup in table.all_lookups() {
        let target = tables::find(lookup.target).map_or("crmbaseentity", |target| target.name);
        let navigation = lookup.navigation;
        let _ =
            write!(text, "<NavigationProperty Name=\"{navigation}\" Type=\"mscrm.{target}\" />");
    }
    for collection in table.collections {
        let target = tables::find(collection.target).map_or("crmbaseentity", |target| target.name);
        let navigation = collection.navigation;
        let _ = write!(
            text,
            "<NavigationProperty Name=\"{navigation}\" Type=\"Collection(mscrm.{target})\" />"
        );
    }
    text + "</EntityType>"
}

fn entity_set(table: &'static Table) -> String {
    let Table { set, name, .. } = table;
    format!("<EntitySet Name=\"{set}\" EntityType=\"Microsoft.Dynamics.CRM.{name}\" />")
}

fn edm(kind: Kind) -> &'static str {
    match kind {
        Kind::Guid => "Edm.Guid",
        Kind::Text(_) | Kind::Memo(_) => "Edm.String",
        Kind::Number | Kind::Choice(_) | Kind::State | Kind::Status => "Edm.Int32",
        Kind::Flag => "Edm.Boolean",
        Kind::Instant => "Edm.DateTimeOffset",
    }
}
