//! The JSON of the organisation's records.
