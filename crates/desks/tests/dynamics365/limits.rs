//! What Microsoft asks for is obeyed by all calls at once.

use baton_core::{
    desk::Desk,
    fault::{FaultClass, Outcome},
};

use crate::support::*;

async fn who_is_there(desk: &dyn Desk) -> Result<(), (FaultClass, String)> {
    let handoff = handoff();
    let asked = desk.list(&handoff, NOW).await;
    asked.map(drop).map_err(|fault| (fault.class, fault.operator))
}

#[tokio::test]
async fn nobody_calls_the_messaging_api_before_its_pause_is_over() {
    let vendor = Vendor::start().await;
    let clock = clock();
    let desk = desk_at(&vendor.base, &clock);
    let call = says(&*desk, "hi");
    vendor.with_header(POST, 429, ("retry-after", "17"));
    desk.send(&call).await;
    clock.advance_ms(10_000);
    let Outcome::Retry { after_ms, fault } = desk.send(&call).await else { panic!() };
    assert_eq!((after_ms, fault.class), (Some(7_000), FaultClass::RateLimited));
    assert!(who_is_there(&*desk).await.is_err(), "another call waits as well");
    assert_eq!(vendor.seen(POST).len(), 1);
    assert!(vendor.seen(MESSAGES).is_empty());
    vendor.on(POST, &[(200, r#"{"messageId":"1"}"#)]);
    clock.advance_ms(7_000);
    assert_eq!(desk.send(&call).await.name(), "accepted");
}

#[tokio::test]
async fn each_of_dataverses_three_refusals_pauses_all_calls() {
    for code in ["0x80072322", "0x80072321", "0x80072326"] {
        let vendor = Vendor::start().await;
        let clock = clock();
        let desk = desk_at(&vendor.base, &clock);
        let contact = contact_call(&*desk);
        let contacts = "GET /dataverse/api/data/v9.2/contacts";
        let body = format!(r#"{{"error":{{"code":"{code}","message":"exceeded the limit"}}}}"#);
        vendor.with_header_and_body(contacts, 429, ("retry-after", "30"), &body);
        let Outcome::Retry { after_ms, fault } = desk.send(&contact).await else { panic!() };
        assert_eq!((after_ms, fault.code.as_deref()), (Some(30_000), Some(code)));
        vendor.on(WHO, &[(200, "{}")]);
        desk.check().await;
        assert!(vendor.seen(WHO).is_empty(), "nothing was asked in the pause");
        clock.advance_ms(30_000);
        desk.check().await;
        assert_eq!(vendor.seen(WHO).len(), 1);
    }
}

#[tokio::test]
async fn six_thousand_questions_in_five_minutes_and_not_one_more() {
    let vendor = Vendor::start().await;
    let clock = clock();
    let desk = desk_at(&vendor.base, &clock);
    let (call, contacts) = (contact_call(&*desk), "GET /dataverse/api/data/v9.2/contacts");
    vendor.on(contacts, &[(403, "")]);
    for _ in 0..6_000 {
        assert_eq!(desk.send(&call).await.name(), "rejected");
    }
    let Outcome::Retry { after_ms, fault } = desk.send(&call).await else { panic!() };
    assert_eq!((after_ms, fault.class), (Some(300_000), FaultClass::RateLimited));
    assert_eq!(vendor.seen(contacts).len(), 6_000);
    clock.advance_ms(300_000);
    assert_eq!(desk.send(&call).await.name(), "rejected");
}

fn contact_call(desk: &dyn Desk) -> baton_core::channel::Call {
    let step = serde_json::json!({ "operation": "contact", "channel": "whatsapp", "session": "s" });
    render(desk, baton_core::desk::DeskWhat::Plan(&step))
}
