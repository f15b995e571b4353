//! Form-encoded bodies and queries, in which a name may come more than once.

use reqwest::Url;

/// Names and values in the order in which they came.
#[derive(Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `a=1&b=2`; what is not a pair is a name without a value.
    pub fn parse(text: &str) -> Self {
        let Some(mut url) = blank() else { return Self::default() };
        url.set_query(Some(text));
        Self(
            url.query_pairs()
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// The first value; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.given(name).filter(|value| !value.is_empty())
    }

    /// The first value, even if it is empty.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a repeated name.
    pub fn all(&self, name: &str) -> Vec<String> {
        let wanted = self.0.iter().filter(|(other, value)| other == name && !value.is_empty());
        wanted.map(|(_, value)| value.clone()).collect()
    }
}

/// Writes pairs as `a=1&b=2`.
pub fn encode(params: &[(String, String)]) -> String {
    let Some(mut url) = blank() else { return String::new() };
    url.query_pairs_mut().extend_pairs(params);
    url.query().unwrap_or_default().to_owned()
}

/// An address whose query does the encoding.
fn blank() -> Option<Url> {
    Url::parse("http://form.invalid/").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_survives_the_round_trip_with_repeats_and_empty_values() {
        let pairs =
            [("To", "+1 & 2"), ("MediaUrl", "https://a/?b=1#c"), ("MediaUrl", "x"), ("City", "")];
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let form = Form::parse(&encode(&pairs));
        assert_eq!(form.0, pairs);
        assert_eq!(form.all("MediaUrl").len(), 2);
        assert_eq!((form.get("City"), form.given("City")), (None, Some("")));
    }

    #[test]
    fn reserved_characters_of_other_clients_are_read() {
        let form = Form::parse("Body=a+b%26c'd&DateSent%3E=2026-11-20&DateSent<=2026-11-21");
        assert_eq!(form.get("Body"), Some("a b&c'd"));
        assert_eq!(form.get("DateSent>"), Some("2026-11-20"));
        assert_eq!(form.get("DateSent<"), Some("2026-11-21"));
    }
}
