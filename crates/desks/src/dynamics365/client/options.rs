//! Option sets of the case: labels that the settings use, resolved by the organisation's own
//! metadata ("Query schema definitions", Dataverse, read 2026-11-21).

use std::sync::Arc;

use baton_core::{fault::FaultClass, time::Timestamp};
use serde_json::{Map, Value, json};

use super::{
    super::{
        policy::{self, Failure},
        wire,
    },
    Client, read,
};

const OF_INCIDENT: &str = "EntityDefinitions(LogicalName='incident')/Attributes";

/// The option sets of the case, by column.
pub(super) struct OptionSets {
    read_at: Timestamp,
    columns: Vec<wire::OptionColumn>,
}

impl OptionSets {
    /// The value of a label; none where the column is no option set, and holds text.
    fn value(&self, column: &str, label: &str) -> Result<Option<i64>, Failure> {
        let Some(set) = self.columns.iter().find(|set| set.logicalname == column) else {
            return Ok(None);
        };
        let named = |option: &&wire::OptionValue| {
            option.labels().any(|known| known.trim().eq_ignore_ascii_case(label.trim()))
        };
        if let Some(found) = set.options().find(named) {
            return Ok(Some(found.value));
        }
        let known: Vec<&str> = set.options().filter_map(|option| option.labels().next()).collect();
        Err(Failure::refused(
            FaultClass::NotRegistered,
            format!(
                "{column} of the case has no option {label:?}; Dynamics 365 knows {}",
                known.join(", ")
            ),
        ))
    }
}

impl Client {
    /// The columns with labels replaced by their values.
    pub(super) async fn with_values(
        &self,
        mut columns: Map<String, Value>,
    ) -> Result<Map<String, Value>, Failure> {
        let is_label = |key: &str| !key.contains('@') && !["title", "description"].contains(&key);
        let named = columns.iter().any(|(key, value)| value.is_string() && is_label(key));
        if !named {
            return Ok(columns);
        }
        let sets = self.option_sets().await.map_err(Failure::before_the_call)?;
        for (key, value) in &mut columns {
            let Some(label) = value.as_str().filter(|_| is_label(key)) else { continue };
            if let Some(number) = sets.value(key, label)? {
                *value = json!(number);
            }
        }
        Ok(columns)
    }

    /// Whether the organisation has the columns and labels that the settings name.
    pub(super) async fn check_case_columns(&self) -> Result<(), Failure> {
        let cases = &self.config.cases;
        let known = self.case_columns().await?;
        let wanted = cases.properties.keys().filter(|key| !key.contains('@'));
        if let Some(unknown) = wanted.into_iter().find(|key| !known.contains(key)) {
            return Err(Failure::refused(
                FaultClass::NotRegistered,
                format!(
                    "the case has no column {unknown:?}; correct ticket_properties (logical names, \
                     in lower case; lookups as navigation property and @odata.bind)"
                ),
            ));
        }
        let labels = cases.labels();
        if labels.is_empty() {
            return Ok(());
        }
        let sets = self.option_sets().await?;
        labels.into_iter().try_for_each(|(column, label)| sets.value(column, label).map(drop))
    }

    /// How many characters the description of a case takes here.
    pub(super) async fn description_chars(&self) -> Result<usize, Failure> {
        let path = format!(
            "{OF_INCIDENT}(LogicalName='description')/Microsoft.Dynamics.CRM.MemoAttributeMetadata"
        );
        let request = self.dataverse(&path).query(&[("$select", "MaxLength")]);
        let reply = self.call_dataverse(request).await?;
        let column: wire::MemoColumn = read(&reply, "a column's definition")?;
        Ok(column.maxlength)
    }

    async fn case_columns(&self) -> Result<Vec<String>, Failure> {
        let request = self.dataverse(OF_INCIDENT).query(&[("$select", "LogicalName")]);
        let reply = self.call_dataverse(request).await?;
        let rows: wire::Rows<wire::ColumnName> = read(&reply, "the case's columns")?;
        Ok(rows.value.into_iter().map(|row| row.logicalname).collect())
    }

    async fn option_sets(&self) -> Result<Arc<OptionSets>, Failure> {
        let mut cached = self.option_sets.lock().await;
        let now = self.clock.now();
        let fresh = |sets: &&Arc<OptionSets>| now.since_ms(sets.read_at) < policy::OPTIONS_FRESH_MS;
        if let Some(sets) = cached.as_ref().filter(fresh) {
            return Ok(Arc::clone(sets));
        }
        let path = format!("{OF_INCIDENT}/Microsoft.Dynamics.CRM.PicklistAttributeMetadata");
        let request = self.dataverse(&path).query(&[
            ("$select", "LogicalName"),
            ("$expand", "OptionSet($select=Options),GlobalOptionSet($select=Options)"),
        ]);
        let reply = self.call_dataverse(request).await?;
        let rows: wire::Rows<wire::OptionColumn> = read(&reply, "option sets")?;
        let sets = Arc::new(OptionSets { read_at: now, columns: rows.value });
        *cached = Some(Arc::clone(&sets));
        Ok(sets)
    }
}
