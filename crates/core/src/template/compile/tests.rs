use uuid::Uuid;

use super::*;
use crate::{
    ids::{InboxId, TemplateId, VendorId, WorkspaceId},
    template::{ListedTemplate, TemplateButton, TemplateStatus},
    time::Timestamp,
};

fn template(parts: TemplateParts) -> Template {
    let listed = ListedTemplate {
        vendor_id: VendorId::from("77"),
        name: "order_update".to_owned(),
        language: "en".to_owned(),
        category: TemplateCategory::Marketing,
        status: TemplateStatus::Approved,
        quality: None,
        reason: None,
        parts,
    };
    let id = |n| Uuid::from_u128(n);
    Template::new(TemplateId(id(1)), WorkspaceId(id(2)), InboxId(id(3)), listed, Timestamp(5))
}

fn body(text: &str) -> TemplateParts {
    TemplateParts { body: text.to_owned(), ..TemplateParts::default() }
}

fn values(pairs: &[(&str, &str)]) -> Values {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn button(action: ButtonAction, title: &str, url: Option<&str>) -> TemplateButton {
    TemplateButton { action, title: title.to_owned(), url: url.map(str::to_owned) }
}

/// A header with a picture, two named variables, a footer and one button of each kind.
fn rich() -> TemplateParts {
    TemplateParts {
        header: TemplateHeader::Media { kind: MediaKind::Image },
        body: "Order {{number}} is {{state}}. Order {{number}} again.".to_owned(),
        footer: Some("Parcel House".to_owned()),
        buttons: vec![
            button(ButtonAction::Reply, "Thanks", None),
            button(ButtonAction::Link, "Track", Some("https://example.com/t/{{1}}")),
            button(ButtonAction::Link, "Home", Some("https://example.com/")),
            button(ButtonAction::Call, "Call us", None),
            button(ButtonAction::Code, "Copy", None),
        ],
        examples: vec!["4711".to_owned()],
        unsupported: None,
    }
}

fn rich_values() -> Values {
    values(&[
        ("header", "https://example.com/parcel.jpg?size=2"),
        ("number", "4711"),
        ("state", "on its way"),
        ("button.1", "4711"),
        ("button.4", "SAVE10"),
    ])
}

#[test]
fn a_form_names_every_field_once_in_the_order_of_the_message() {
    let form = rich().form();
    let told: Vec<(&str, FieldKind, bool)> =
        form.iter().map(|f| (f.key.as_str(), f.kind, f.required)).collect();
    assert_eq!(
        told,
        [
            ("header", FieldKind::Image, true),
            ("number", FieldKind::Text, true),
            ("state", FieldKind::Text, true),
            ("button.0", FieldKind::Payload, false),
            ("button.1", FieldKind::UrlEnd, true),
            ("button.4", FieldKind::Code, true),
        ]
    );
    assert_eq!(form[1].example.as_deref(), Some("4711"));
    let place = TemplateParts { header: TemplateHeader::Location, ..body("Here") };
    let keys: Vec<String> = place.form().into_iter().map(|f| f.key).collect();
    assert_eq!(keys, ["header.latitude", "header.longitude", "header.name", "header.address"]);
    assert!(body("Nothing to fill, {{").form().is_empty());
}

#[test]
fn numbered_variables_go_by_their_numbers() {
    let template = template(body("{{2}} before {{1}}"));
    let sent = template.compile(&values(&[("1", "one"), ("2", "two")])).unwrap();
    assert_eq!(sent.variables, ["one", "two"]);
    assert!(sent.names.is_empty() && sent.header.is_none() && sent.buttons.is_empty());
    assert_eq!(sent.text, "two before one");
    assert!(sent.marketing);
}

#[test]
fn named_variables_header_and_buttons_are_filled() {
    let sent = template(rich()).compile(&rich_values()).unwrap();
    assert_eq!(sent.variables, ["4711", "on its way"]);
    assert_eq!(sent.names, ["number", "state"]);
    assert_eq!(
        sent.header,
        Some(HeaderValue::Media {
            kind: MediaKind::Image,
            link: "https://example.com/parcel.jpg?size=2".to_owned()
        })
    );
    let buttons: Vec<(u32, ButtonAction, &str)> =
        sent.buttons.iter().map(|b| (b.index, b.action, b.text.as_str())).collect();
    assert_eq!(buttons, [(1, ButtonAction::Link, "4711"), (4, ButtonAction::Code, "SAVE10")]);
    assert_eq!(sent.text, "[image]\nOrder 4711 is on its way. Order 4711 again.\nParcel House");
    assert_eq!(sent.vendor_id, Some(VendorId::from("77")));
}

#[test]
fn a_header_of_text_has_its_own_variable() {
    let header = TemplateHeader::Text { text: "For {{1}}".to_owned() };
    let template = template(TemplateParts { header, ..body("Hello {{1}}") });
    let sent = template.compile(&values(&[("1", "Mira"), ("header.1", "you")])).unwrap();
    assert_eq!(sent.header, Some(HeaderValue::Text { text: "you".to_owned(), name: None }));
    assert_eq!(sent.text, "For you\nHello Mira");
    let faults = template.compile(&values(&[("1", "Mira"), ("header.1", &"x".repeat(58))]));
    assert_eq!(problems(faults), [("header.1".to_owned(), FieldProblem::TooLong)]);
}

#[test]
fn values_are_never_read_as_variables() {
    let sent = template(body("{{1}} and {{2}}")).compile(&values(&[("1", "{{2}}"), ("2", "b")]));
    assert_eq!(sent.unwrap().text, "{{2}} and b");
}

fn problems(result: Result<TemplateUse, Vec<FieldFault>>) -> Vec<(String, FieldProblem)> {
    result.unwrap_err().into_iter().map(|fault| (fault.key, fault.problem)).collect()
}

#[test]
fn every_wrong_field_is_named() {
    use FieldProblem::{Empty, LineBreak, Missing, TooLong, Unknown, WrongKind};
    let long = "x".repeat(1_025);
    let nearly = "x".repeat(1_000);
    let payload = "x".repeat(257);
    let cases: &[(&str, Option<&str>, FieldProblem)] = &[
        ("number", None, Missing),
        ("header", None, Missing),
        ("button.1", None, Missing),
        ("button.4", None, Missing),
        ("colour", Some("red"), Unknown),
        ("button.2", Some("x"), Unknown),
        ("1", Some("4711"), Unknown),
        ("state", Some(" \u{a0}"), Empty),
        ("state", Some("a\nb"), LineBreak),
        ("state", Some("a\tb"), LineBreak),
        ("state", Some("a     b"), LineBreak),
        ("state", Some(&long), TooLong),
        ("state", Some(&nearly), TooLong),
        ("button.0", Some(&payload), TooLong),
        ("button.4", Some("MUCH-TOO-LONG-CODE"), TooLong),
        ("header", Some("https://example.com/film.MP4"), WrongKind),
        ("header", Some("https://example.com/a.pdf#x.jpg"), WrongKind),
        ("header", Some("https://example.com/a.svg"), WrongKind),
        ("header", Some("http://example.com/a.jpg"), WrongKind),
        ("header", Some("a.jpg"), WrongKind),
        ("button.1", Some("4711 4712"), WrongKind),
    ];
    for (key, value, problem) in cases {
        let mut filled = rich_values();
        match value {
            Some(value) => filled.insert((*key).to_owned(), (*value).to_owned()),
            None => filled.remove(*key),
        };
        // A body that is too long only as a whole names its longest field.
        let found = problems(template(rich()).compile(&filled));
        assert_eq!(found, [((*key).to_owned(), *problem)], "{key} {value:?}");
    }
    let two = problems(template(body("{{1}} {{2}}")).compile(&values(&[("2", "")])));
    assert_eq!(two, [("1".to_owned(), Missing), ("2".to_owned(), Empty)]);
}

#[test]
fn places_need_degrees() {
    let place = template(TemplateParts { header: TemplateHeader::Location, ..body("Here") });
    let filled = |latitude: &str| {
        values(&[
            ("header.latitude", latitude),
            ("header.longitude", "-122.4"),
            ("header.name", "Shop"),
            ("header.address", "1 Main Street"),
        ])
    };
    assert!(place.compile(&filled("37.77")).is_ok());
    for latitude in ["north", "1000", "NaN"] {
        let found = problems(place.compile(&filled(latitude)));
        assert_eq!(found, [("header.latitude".to_owned(), FieldProblem::WrongKind)]);
    }
}

#[test]
fn only_approved_templates_may_be_sent() {
    let mut paused = template(body("x"));
    assert_eq!(paused.refusal(), None);
    paused.status = TemplateStatus::Paused;
    paused.reason = Some("low quality".to_owned());
    assert_eq!(paused.refusal().unwrap(), "the template is paused: low quality");
}
