use super::*;

const HOUR_MS: i64 = 3_600_000;

impl Stand {
    /// A core token with these scopes.
    async fn core_token(&self) -> String {
        let claims = json!({
            "iss": self.account.consumer_key,
            "sub": self.account.username,
            "aud": self.url("salesforce"),
            "exp": START_MS / 1_000 + 180,
        });
        let key = EncodingKey::from_rsa_pem(self.account.core_private_key_pem.as_bytes()).unwrap();
        let assertion = encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap();
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", &assertion),
        ];
        let url = self.url("salesforce/services/oauth2/token");
        let answer = self.http.post(url).form(&form).send().await.unwrap();
        let body: Value = answer.json().await.unwrap();
        body["access_token"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
    }

    async fn import(&self, token: &str, body: &Value) -> (u16, Value) {
        self.import_with(token, body, &[]).await
    }

    async fn import_with(
        &self,
        token: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> (u16, Value) {
        let mut all = vec![
            ("OrgId", self.account.org_id_15.as_str()),
            ("AuthorizationContext", &self.account.connected_app),
            ("AuthorizationContextType", "EmbeddedMessagingChannel"),
            ("RequestId", "f7904eb6-5352-4c5e-adf6-5f100572cf5d"),
        ];
        for (name, value) in headers {
            all.retain(|(known, _)| known != name);
            all.push((name, value));
        }
        let url = self.url("salesforce/api/v1/conversationHistory");
        let mut request = self.http.post(url).bearer_auth(token).json(body);
        for (name, value) in all {
            request = request.header(name, value);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    fn batch(&self, session: &str, lines: &[(&str, &str)]) -> Value {
        let entry = |(at, (role, text)): (usize, &(&str, &str))| {
            let id = self.guid();
            let app_type = if *role == "EndUser" { "iamessage" } else { "custom" };
            json!({
                "clientTimestamp": START_MS - HOUR_MS + at as i64,
                "sender": { "role": role, "appType": app_type, "subject": role.to_lowercase() },
                "entryPayload": {
                    "entryType": "Message",
                    "id": id,
                    "abstractMessage": {
                        "id": id,
                        "messageType": "StaticContentMessage",
                        "staticContent": { "formatType": "Text", "text": text },
                    },
                },
            })
        };
        let person = |role: &str, app_type: &str, left: Value| {
            json!({
                "displayName": role,
                "participant": { "role": role, "appType": app_type, "subject": role.to_lowercase() },
                "joinedTime": START_MS - 2 * HOUR_MS,
                "leftTime": left,
            })
        };
        json!({
            "channelAddressIdentifier": self.account.channel_address,
            "conversationParticipants": [
                person("EndUser", "iamessage", Value::Null),
                person("Chatbot", "custom", json!(START_MS)),
            ],
            "conversationEntries": lines.iter().enumerate().map(entry).collect::<Vec<_>>(),
            "messagingSession": {
                "messagingSessionRequestType": "AttachMessagingSession",
                "payload": { "sessionId": session },
            },
        })
    }
}

#[tokio::test]
async fn a_transcript_is_attached_to_its_session() {
    let stand = Stand::new().await;
    let talk = stand.talk("ana").await;
    let token = stand.core_token().await;
    let body = stand.batch(&talk.session, &[("EndUser", "where is it"), ("Chatbot", "one moment")]);
    let (status, answer) = stand.import(&token, &body).await;
    assert_eq!(status, 202, "{answer}");
    assert_eq!(answer["conversationIdentifier"], talk.id);
    assert_eq!(answer["messagingSessionId"], talk.session);
    let thread = stand.thread(&talk.id).await;
    let lines: Vec<_> = thread["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["author"].as_str().unwrap(), line["text"].as_str().unwrap()))
        .collect();
    assert_eq!(lines, [("customer", "where is it"), ("automated", "one moment")]);
    assert!(thread["start_message"]["message"].as_str().unwrap().ends_with("Chatbot: one moment"));
    let (status, answer) = stand.import(&token, &body).await;
    assert_eq!((status, &answer["code"]), (400, &json!(10073)));
    let short = &talk.session[..15];
    let body = stand.batch(short, &[("EndUser", "hello")]);
    assert_eq!(stand.import(&token, &body).await.0, 202);
}

#[tokio::test]
async fn imported_lines_come_on_the_stream_by_switch() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    let token = stand.core_token().await;
    stand.switch("history_on_stream", "yes").await;
    let body = stand.batch(&talk.session, &[("Chatbot", "one moment")]);
    stand.import(&token, &body).await;
    let event = talk.events.next().await;
    assert_eq!(
        (event.text().as_str(), &event.entry()["sender"]["role"]),
        ("one moment", &json!("Chatbot"))
    );
    assert_eq!(event.entry()["clientTimestamp"], START_MS - HOUR_MS);
}

#[tokio::test]
async fn an_import_is_for_this_organisation_and_its_app() {
    let stand = Stand::new().await;
    let talk = stand.talk("ana").await;
    let token = stand.core_token().await;
    let body = stand.batch(&talk.session, &[("EndUser", "x")]);
    let code = async |headers: &[(&str, &str)]| {
        let (status, answer) = stand.import_with(&token, &body, headers).await;
        (status, answer["code"].as_u64().unwrap())
    };
    assert_eq!(stand.import("wrong", &body).await.1["code"], 10004);
    assert_eq!(code(&[("OrgId", &stand.account.org_id_18)]).await, (400, 10005));
    assert_eq!(code(&[("AuthorizationContext", "Other")]).await, (400, 10005));
    assert_eq!(
        code(&[("AuthorizationContextType", "ConversationChannelDefinition")]).await,
        (400, 10005)
    );
    assert_eq!(code(&[("RequestId", "")]).await, (400, 10100));
    stand.switch("history", "not_permitted").await;
    assert_eq!(code(&[]).await, (403, 10057));
    stand.switch("history", "absent").await;
    assert_eq!(code(&[]).await.0, 404);
}

#[tokio::test]
async fn each_rule_of_an_import_has_its_code() {
    let stand = Stand::new().await;
    let talk = stand.talk("ana").await;
    let token = stand.core_token().await;
    let people = "/conversationParticipants";
    let entry = "/conversationEntries/0";
    for (pointer, value, code) in [
        ("/channelAddressIdentifier".to_owned(), json!("x"), 10017),
        (format!("{people}/0/participant/role"), json!("Chatbot"), 10066),
        (format!("{people}/0/participant/role"), json!("Agent"), 10043),
        (format!("{people}/0/participant/appType"), json!("custom"), 10054),
        (format!("{people}/0/participant/subject"), json!(""), 10054),
        (format!("{people}/0/leftTime"), json!(START_MS), 10065),
        (format!("{people}/1/leftTime"), Value::Null, 10066),
        (format!("{people}/1/leftTime"), json!(START_MS - 3 * HOUR_MS), 10067),
        (format!("{people}/1"), stand.batch("", &[])["conversationParticipants"][0].clone(), 10044),
        (format!("{entry}/entryPayload/id"), json!("other"), 10060),
        (format!("{entry}/entryPayload/id"), Value::Null, 10059),
        (format!("{entry}/entryPayload/entryType"), json!("Note"), 10045),
        (format!("{entry}/sender/subject"), json!("nobody"), 10068),
        (format!("{entry}/clientTimestamp"), json!(START_MS - 25 * HOUR_MS), 10046),
        (format!("{entry}/clientTimestamp"), json!(START_MS + 1), 10046),
        (format!("{entry}/clientTimestamp"), json!(START_MS - 3 * HOUR_MS), 10074),
        (
            format!("{entry}/entryPayload/abstractMessage/messageType"),
            json!("ChoicesMessage"),
            10062,
        ),
        (format!("{entry}/entryPayload/abstractMessage/staticContent/text"), json!(""), 10045),
        ("/messagingSession".to_owned(), Value::Null, 10063),
        ("/messagingSession/payload/sessionId".to_owned(), json!("500000000000001"), 10072),
        ("/messagingSession/payload/sessionId".to_owned(), json!("0Mw000000000001"), 10071),
    ] {
        let mut body = stand.batch(&talk.session, &[("EndUser", "a"), ("Chatbot", "b")]);
        *body.pointer_mut(&pointer).unwrap() = value;
        let (status, answer) = stand.import(&token, &body).await;
        assert_eq!((status, &answer["code"]), (400, &json!(code)), "{pointer}");
    }
    let six: Vec<_> = (0..6).map(|_| ("EndUser", "x")).collect();
    let body = stand.batch(&talk.session, &six);
    assert_eq!(stand.import(&token, &body).await.1["code"], 10100);
    stand.switch("history_batch", "25").await;
    assert_eq!(stand.import(&token, &body).await.0, 202);
    let mut twice = stand.batch(&talk.session, &[("EndUser", "a"), ("EndUser", "b")]);
    twice["conversationEntries"][1] = twice["conversationEntries"][0].clone();
    assert_eq!(stand.import(&token, &twice).await.1["code"], 10073);
    assert_eq!(stand.thread(&talk.id).await["history"].as_array().unwrap().len(), 6);
}
