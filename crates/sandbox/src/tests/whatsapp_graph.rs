//! Short ways to the Graph API for the stories about it.

use super::*;

impl Stage {
    /// A call to the Graph API with our bearer, below the version.
    pub async fn graph(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = self.url(&format!("/v26.0/{path}"));
        let mut request =
            self.http.request(method, url).bearer_auth(&self.config.whatsapp.access_token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    /// Sends `content` of this type to the default customer.
    pub async fn send_kind(&self, kind: &str, content: Value) -> (u16, Value) {
        let body =
            json!({ "messaging_product": "whatsapp", "to": CUSTOMER, "type": kind, kind: content });
        self.send(body).await.unwrap()
    }

    pub fn number_id(&self) -> &str {
        &self.config.whatsapp.phone_number_id
    }

    pub fn waba_id(&self) -> &str {
        &self.config.whatsapp.waba_id
    }

    /// What the default customer's phone shows last.
    pub async fn last_on_phone(&self) -> Value {
        self.look("whatsapp/thread").await["messages"].as_array().unwrap().last().unwrap().clone()
    }

    /// The next webhook's change.
    pub async fn change(&mut self) -> Value {
        self.hook().await.json()["entry"][0]["changes"][0].clone()
    }
}
