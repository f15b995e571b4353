use baton_core::{
    ids::*,
    message::MediaKind,
    template::{Template, TemplateCategory, TemplateHeader, TemplateParts, TemplateStatus},
};

use crate::world::*;

crate::both!(
    a_template_reads_as_it_was_written_and_keeps_its_id,
    a_complete_listing_forgets_what_is_gone,
    nobody_sees_another_ones_templates,
);

pub fn template(w: &World, vendor_id: &str, name: &str) -> Template {
    Template {
        id: TemplateId(uuid()),
        workspace: w.workspace,
        inbox: w.inbox,
        vendor_id: VendorId::from(vendor_id),
        name: name.to_owned(),
        language: "en".to_owned(),
        category: TemplateCategory::Marketing,
        status: TemplateStatus::Approved,
        quality: Some("GREEN".to_owned()),
        reason: None,
        parts: TemplateParts {
            header: TemplateHeader::Media { kind: MediaKind::Image },
            body: "Hello {{1}}".to_owned(),
            ..TemplateParts::default()
        },
        synced_at: NOW,
    }
}

async fn a_template_reads_as_it_was_written_and_keeps_its_id(w: World) {
    let first = template(&w, "1", "offer");
    w.store.template_put_all(w.inbox, vec![first.clone(), first.clone()], true).await.unwrap();
    assert_eq!(w.store.template_get(w.workspace, first.id).await.unwrap(), Some(first.clone()));
    let mut changed = template(&w, "1", "offer");
    changed.status = TemplateStatus::Paused;
    changed.synced_at = NOW.plus_ms(1);
    w.store.template_put_all(w.inbox, vec![changed.clone()], true).await.unwrap();
    let known = w.store.template_find(w.inbox, "offer", "en").await.unwrap();
    assert_eq!(known, Some(Template { id: first.id, ..changed }));
    assert_eq!(w.store.template_find(w.inbox, "offer", "es").await.unwrap(), None);
}

async fn a_complete_listing_forgets_what_is_gone(w: World) {
    let all = vec![template(&w, "1", "b"), template(&w, "2", "a"), template(&w, "3", "c")];
    w.store.template_put_all(w.inbox, all.clone(), true).await.unwrap();
    let names = async || {
        let found = w.store.template_list(w.workspace, Some(w.inbox), 10).await.unwrap();
        found.into_iter().map(|t| t.name).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["a", "b", "c"]);
    w.store.template_put_all(w.inbox, vec![all[0].clone()], false).await.unwrap();
    assert_eq!(names().await, ["a", "b", "c"], "a listing that was cut proves nothing");
    w.store.template_put_all(w.inbox, vec![all[0].clone()], true).await.unwrap();
    assert_eq!(names().await, ["b"]);
    w.store.template_put_all(w.inbox, Vec::new(), true).await.unwrap();
    assert!(names().await.is_empty());
}

async fn nobody_sees_another_ones_templates(w: World) {
    let ours = template(&w, "1", "offer");
    w.store.template_put_all(w.inbox, vec![ours.clone()], true).await.unwrap();
    let other = WorkspaceId(uuid());
    assert_eq!(w.store.template_get(other, ours.id).await.unwrap(), None);
    assert!(w.store.template_list(other, None, 10).await.unwrap().is_empty());
    assert!(w.store.template_list(other, Some(w.inbox), 10).await.unwrap().is_empty());
    assert_eq!(w.store.template_list(w.workspace, None, 10).await.unwrap(), [ours]);
}
