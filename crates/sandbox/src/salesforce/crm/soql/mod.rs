//! A part of SOQL: one object, its parents' fields, conditions, order, limits and counts.
//!
//! Source: "SOQL and SOSL Reference", checked 2026-11.

pub mod filter;
pub mod lexer;
pub mod parse;
pub mod path;
pub mod run;
