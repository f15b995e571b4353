use baton_core::ids::*;
use baton_store::{Login, StoreError, User};

use crate::world::*;

crate::both!(
    an_address_belongs_to_one_user,
    the_setup_word_works_once_and_in_time,
    a_login_lasts_until_it_is_ended,
    a_key_is_replaced_and_taken_back,
);

fn user(w: &World, email: &str) -> User {
    User {
        id: UserId(uuid()),
        workspace: w.workspace,
        email: email.to_owned(),
        name: "Rosa".to_owned(),
        password_hash: "$argon2id$".to_owned(),
        created_at: NOW,
    }
}

async fn an_address_belongs_to_one_user(w: World) {
    assert!(!w.store.user_exists().await.unwrap());
    let rosa = user(&w, "rosa@example.com");
    w.store.user_put(rosa.clone()).await.unwrap();
    assert!(w.store.user_exists().await.unwrap());
    let other = user(&w, "rosa@example.com");
    assert!(matches!(w.store.user_put(other).await, Err(StoreError::Taken(_))));
    let renamed = User { name: "Rosa B".to_owned(), ..rosa.clone() };
    w.store.user_put(renamed.clone()).await.unwrap();
    assert!(w.store.user_by_email("rosa@example.com").await.unwrap() == Some(renamed.clone()));
    assert!(w.store.user_get(rosa.id).await.unwrap() == Some(renamed.clone()));
    assert!(w.store.users(w.workspace).await.unwrap() == [renamed]);
    assert!(w.store.users(WorkspaceId(uuid())).await.unwrap().is_empty());
    assert!(w.store.user_by_email("nobody@example.com").await.unwrap().is_none());
}

async fn the_setup_word_works_once_and_in_time(w: World) {
    w.store.setup_put("old", NOW).await.unwrap();
    w.store.setup_put("hash", NOW.plus_ms(5)).await.unwrap();
    assert!(!w.store.setup_is("old", NOW).await.unwrap());
    assert!(w.store.setup_is("hash", NOW).await.unwrap());
    assert!(!w.store.setup_is("hash", NOW.plus_ms(5)).await.unwrap());
    let (a, b) = futures::join!(w.store.setup_take("hash"), w.store.setup_take("hash"));
    assert!(a.unwrap() != b.unwrap(), "only one uses it up");
    assert!(!w.store.setup_is("hash", NOW).await.unwrap());
}

async fn a_login_lasts_until_it_is_ended(w: World) {
    let rosa = user(&w, "rosa@example.com");
    w.store.user_put(rosa.clone()).await.unwrap();
    let login = |hash: &str, ms| Login {
        token_hash: hash.to_owned(),
        workspace: w.workspace,
        user: rosa.id,
        csrf: "word".to_owned(),
        created_at: NOW,
        expires_at: NOW.plus_ms(ms),
    };
    w.store.login_put(login("a", 5)).await.unwrap();
    w.store.login_put(login("b", 50)).await.unwrap();
    w.store.login_put(login("c", 5)).await.unwrap();
    w.store.login_extend("a", NOW.plus_ms(60)).await.unwrap();
    w.store.login_sweep(NOW.plus_ms(5)).await.unwrap();
    assert!(w.store.login_get("a").await.unwrap() == Some(login("a", 60)));
    assert!(w.store.login_get("b").await.unwrap() == Some(login("b", 50)));
    assert!(w.store.login_get("c").await.unwrap().is_none());
    assert!(w.store.login_delete("a").await.unwrap());
    assert!(!w.store.login_delete("a").await.unwrap());
    assert!(w.store.login_get("a").await.unwrap().is_none());
}

async fn a_key_is_replaced_and_taken_back(w: World) {
    w.store.api_key_put(w.workspace, "h1", "demo", NOW).await.unwrap();
    w.store.api_key_put(w.workspace, "h2", "demo", NOW.plus_ms(1)).await.unwrap();
    assert!(w.store.api_key_get("h1").await.unwrap().is_none());
    let key = w.store.api_key_get("h2").await.unwrap().unwrap();
    assert_eq!((key.workspace, key.name.as_str()), (w.workspace, "demo"));
    assert!(w.store.api_keys(w.workspace).await.unwrap() == [key]);
    assert!(!w.store.api_key_delete(WorkspaceId(uuid()), "demo").await.unwrap());
    assert!(w.store.api_key_delete(w.workspace, "demo").await.unwrap());
    assert!(w.store.api_key_get("h2").await.unwrap().is_none());
}
