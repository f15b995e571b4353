use std::{fs, path::Path};

#[test]
fn the_committed_description_is_the_program_s() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json");
    let written = crate::openapi();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &written).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == written,
        "openapi.json is out of date; run: UPDATE=1 cargo nextest run -p baton-http openapi"
    );
}

#[test]
fn every_reference_has_its_schema() {
    let text = crate::openapi();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut referred = text.split("#/components/schemas/").skip(1);
    assert!(referred.all(|rest| schemas.contains_key(rest.split('"').next().unwrap())));
}

#[test]
fn every_operation_has_an_id_of_its_own() {
    let document: serde_json::Value = serde_json::from_str(&crate::openapi()).unwrap();
    let mut seen = std::collections::HashSet::new();
    for methods in document["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(seen.insert(id.to_owned()), "{id} stands twice");
        }
    }
}
