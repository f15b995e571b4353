use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use baton_core::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use serde_json::json;

use super::world::{EMAIL, PASSWORD, World, bearer, json_request};
use crate::{SystemRandom, setup_link};

fn with_cookie(method: &str, path: &str, cookie: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header(header::COOKIE, cookie)
}

async fn me(world: &World, cookie: &str) -> StatusCode {
    let request = with_cookie("GET", "/api/me", cookie).body(Body::empty()).unwrap();
    world.send(request).await.status
}

#[tokio::test]
async fn the_setup_link_makes_one_administrator() {
    let world = World::new().await;
    let wrong = json!({"token": "x", "email": EMAIL, "name": "Ada", "password": PASSWORD});
    let refused = world.post("/api/setup", &wrong).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "wrong_token"));

    let done = world.set_up().await;
    let body = done.json();
    assert_eq!(body["user"]["email"], EMAIL);
    assert_eq!(body["workspace"]["name"], "Parcel House");
    let line = done.headers[header::SET_COOKIE].to_str().unwrap();
    for part in ["baton_session=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert_eq!(me(&world, &done.cookie()).await, StatusCode::OK);

    let again = world.post("/api/setup", &wrong).await;
    assert_eq!((again.status, again.code().as_str()), (StatusCode::GONE, "setup_done"));
    let link = setup_link(world.hub.store(), &SystemRandom, now(&world), "https://hub.example");
    assert_eq!(link.await, Ok(None), "no link once there is a user");
}

fn now(world: &World) -> baton_core::time::Timestamp {
    baton_core::time::Clock::now(&*world.wall)
}

#[tokio::test]
async fn a_setup_link_ends_with_the_next_one_and_after_a_day() {
    let world = World::new().await;
    let form = |link: &str| {
        let token = link.rsplit_once('#').unwrap().1;
        json!({"token": token, "email": EMAIL, "name": "Ada", "password": PASSWORD})
    };
    let first = world.setup.clone().unwrap();
    let store = world.hub.store();
    let url = "https://hub.example";
    let second = setup_link(store, &SystemRandom, now(&world), url).await.unwrap().unwrap();
    assert_eq!(world.post("/api/setup", &form(&first)).await.status, StatusCode::FORBIDDEN);
    world.wall.advance(DAY_MS);
    assert_eq!(world.post("/api/setup", &form(&second)).await.status, StatusCode::FORBIDDEN);
    let third = setup_link(store, &SystemRandom, now(&world), url).await.unwrap().unwrap();
    assert_eq!(world.post("/api/setup", &form(&third)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn signing_in_needs_the_right_password() {
    let world = World::new().await;
    world.set_up().await;
    let wrong = world.log_in("not the password").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let stranger = json!({"email": "eve@example.com", "password": PASSWORD});
    let stranger = world.post("/api/login", &stranger).await;
    let same = |reply: &super::world::Reply| {
        let mut body = reply.json();
        body["error"]["id"] = json!(null);
        (reply.status, body)
    };
    assert_eq!(same(&wrong), same(&stranger), "nothing tells whether the account exists");

    let right = world.log_in(PASSWORD).await;
    assert_eq!(right.status, StatusCode::OK);
    assert_eq!(me(&world, &right.cookie()).await, StatusCode::OK);
    let upper = json!({"email": " ADA@Example.com", "password": PASSWORD});
    assert_eq!(world.post("/api/login", &upper).await.status, StatusCode::OK);
}

#[tokio::test]
async fn guessing_is_limited_whatever_succeeds_in_between() {
    let world = World::new().await;
    world.set_up().await;
    for n in 0..10 {
        if n % 3 == 0 {
            assert_eq!(world.log_in(PASSWORD).await.status, StatusCode::OK);
        }
        assert_eq!(world.log_in("wrong").await.status, StatusCode::UNAUTHORIZED);
    }
    let limited = world.log_in(PASSWORD).await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(limited.code(), "too_many_attempts");
    assert_eq!(limited.headers[header::RETRY_AFTER], "900");
    world.wall.advance(15 * MINUTE_MS);
    assert_eq!(world.log_in(PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_cookie_needs_the_csrf_token_to_change_anything() {
    let world = World::new().await;
    let signed_in = world.set_up().await;
    let (cookie, csrf) = (signed_in.cookie(), signed_in.json()["csrf"].clone());
    let out = |csrf: Option<&str>| {
        let mut request = with_cookie("POST", "/api/logout", &cookie);
        if let Some(csrf) = csrf {
            request = request.header("x-csrf-token", csrf);
        }
        world.send(request.body(Body::empty()).unwrap())
    };
    for wrong in [None, Some(""), Some("wrong")] {
        let reply = out(wrong).await;
        assert_eq!((reply.status, reply.code().as_str()), (StatusCode::FORBIDDEN, "csrf"));
    }
    assert_eq!(me(&world, &cookie).await, StatusCode::OK);
    let done = out(csrf.as_str()).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    assert!(done.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(me(&world, &cookie).await, StatusCode::UNAUTHORIZED, "the old cookie is dead");
}

#[tokio::test]
async fn tampered_cookies_count_for_nothing() {
    let world = World::new().await;
    let cookie = world.set_up().await.cookie();
    let flipped =
        format!("{}{}", &cookie[..cookie.len() - 1], if cookie.ends_with('A') { 'B' } else { 'A' });
    let twice = format!("{cookie}; {cookie}");
    let long = format!("baton_session={}", "A".repeat(5_000));
    for bad in [flipped.as_str(), &twice, &long, "baton_session=", "baton_session=' or 1=1"] {
        assert_eq!(me(&world, bad).await, StatusCode::UNAUTHORIZED, "{bad:.40}");
    }
    let among_others = format!("theme=dark; {cookie}; other=1");
    assert_eq!(me(&world, &among_others).await, StatusCode::OK);
}

#[tokio::test]
async fn signing_in_again_ends_the_sign_in_brought_along() {
    let world = World::new().await;
    let fixed = world.set_up().await.cookie();
    let body = json!({"email": EMAIL, "password": PASSWORD});
    let mut request = json_request("/api/login", &body);
    request.headers_mut().insert(header::COOKIE, fixed.parse().unwrap());
    let fresh = world.send(request).await.cookie();
    assert_ne!(fresh, fixed);
    assert_eq!(me(&world, &fixed).await, StatusCode::UNAUTHORIZED);
    assert_eq!(me(&world, &fresh).await, StatusCode::OK);
}

#[tokio::test]
async fn a_sign_in_ends_when_idle_and_after_a_week() {
    let world = World::new().await;
    let idle = world.set_up().await.cookie();
    world.wall.advance(11 * HOUR_MS);
    assert_eq!(me(&world, &idle).await, StatusCode::OK);
    world.wall.advance(11 * HOUR_MS);
    assert_eq!(me(&world, &idle).await, StatusCode::OK, "use keeps it");
    world.wall.advance(12 * HOUR_MS);
    assert_eq!(me(&world, &idle).await, StatusCode::UNAUTHORIZED);

    let busy = world.log_in(PASSWORD).await.cookie();
    for _ in 0..15 {
        assert_eq!(me(&world, &busy).await, StatusCode::OK);
        world.wall.advance(11 * HOUR_MS);
    }
    assert_eq!(me(&world, &busy).await, StatusCode::OK);
    world.wall.advance(3 * HOUR_MS);
    assert_eq!(me(&world, &busy).await, StatusCode::UNAUTHORIZED, "seven days are over");
}

#[tokio::test]
async fn an_api_key_needs_no_csrf_and_belongs_to_one_workspace() {
    let world = World::new().await;
    assert!(world.key.starts_with("baton_") && world.key.len() == 49);
    let ours = world.get("/api/me").await.json();
    assert_eq!(ours["workspace"]["name"], "Parcel House");
    assert_eq!((&ours["user"], &ours["csrf"]), (&json!(null), &json!(null)));
    let theirs = world.get_as(&world.their_key, "/api/me").await.json();
    assert_eq!(theirs["workspace"]["name"], "Other House");
    let out = bearer(Request::post("/api/logout"), &world.key).body(Body::empty()).unwrap();
    assert_eq!(world.send(out).await.status, StatusCode::NO_CONTENT);
    for bad in ["", "baton_", &world.key[..48], &"x".repeat(10_000)] {
        let reply = world.get_as(bad, "/api/me").await;
        assert_eq!((reply.status, reply.code().as_str()), (StatusCode::UNAUTHORIZED, "signed_out"));
    }
}

#[tokio::test]
async fn a_wrong_key_is_not_saved_by_a_right_cookie() {
    let world = World::new().await;
    let cookie = world.set_up().await.cookie();
    let request = bearer(with_cookie("GET", "/api/me", &cookie), "baton_wrong");
    let reply = world.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn bad_forms_are_refused_with_words() {
    let world = World::new().await;
    let good = json!({"email": EMAIL, "password": PASSWORD});
    let mut unknown = good.clone();
    unknown["role"] = json!("owner");
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases = [
        (unknown.to_string(), StatusCode::BAD_REQUEST),
        (json!({"email": EMAIL}).to_string(), StatusCode::BAD_REQUEST),
        (json!({"email": 7, "password": []}).to_string(), StatusCode::BAD_REQUEST),
        ("{".to_owned(), StatusCode::BAD_REQUEST),
        ("\"\\ud800\"".to_owned(), StatusCode::BAD_REQUEST),
        (deep[..60_000].to_owned(), StatusCode::BAD_REQUEST),
        (deep, StatusCode::PAYLOAD_TOO_LARGE),
    ];
    for (body, expected) in cases {
        let mut request = json_request("/api/login", &good);
        *request.body_mut() = Body::from(body.clone());
        let reply = world.send(request).await;
        assert_eq!(reply.status, expected, "{body:.60} {}", reply.text());
        assert!(!reply.text().contains("serde"), "{}", reply.text());
        reply.code();
    }
    let form = Request::post("/api/login").header(header::CONTENT_TYPE, "text/plain");
    let form = world.send(form.body(Body::from(good.to_string())).unwrap()).await;
    assert_eq!(form.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let link = world.setup.clone().unwrap();
    let token = link.rsplit_once('#').unwrap().1;
    let weak = json!({"token": token, "email": EMAIL, "name": "Ada", "password": "short"});
    let weak = world.post("/api/setup", &weak).await;
    assert!(weak.status == StatusCode::BAD_REQUEST && weak.text().contains("12 characters"));
    world.set_up().await;
}
