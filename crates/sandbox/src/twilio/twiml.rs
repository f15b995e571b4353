//! What a receiver's TwiML tells Twilio to do: as much of XML as `<Response>` with `<Message>` needs.

use super::errors::title;

/// Messages that one answer may hold.
const MAX_REPLIES: usize = 10;

/// One `<Message>`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reply {
    pub body: String,
    pub media: Vec<String>,
    /// The attribute `to`; whoever wrote if absent.
    pub to: Option<String>,
    pub status_callback: Option<String>,
}

/// The replies in an answer, or the code and reason of a complaint.
pub fn read(content_type: &str, body: &str) -> Result<Vec<Reply>, (i64, String)> {
    if body.trim().is_empty() {
        return Ok(Vec::new());
    }
    match content_type.split(';').next().unwrap_or_default().trim() {
        "text/xml" | "application/xml" | "text/html" => document(body),
        "text/plain" => Ok(vec![Reply { body: body.trim().to_owned(), ..Reply::default() }]),
        other => Err((12_300, format!("{}: {other}", title(12_300)))),
    }
}

fn document(body: &str) -> Result<Vec<Reply>, (i64, String)> {
    let broken = |reason: &str| (12_100, format!("{}: {reason}", title(12_100)));
    let mut rest = body.trim_start_matches('\u{feff}').trim();
    let mut open: Vec<String> = Vec::new();
    let mut replies: Vec<Reply> = Vec::new();
    let mut seen_root = false;
    while !rest.is_empty() {
        let Some(at) = rest.find('<') else {
            return Err(broken("text after the end"));
        };
        let (text, tag) = rest.split_at(at);
        say(&open, &mut replies, &unescape(text).ok_or_else(|| broken("unknown entity"))?);
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->").ok_or_else(|| broken("open comment"))?.1;
            continue;
        }
        let (inside, after) = tag[1..].split_once('>').ok_or_else(|| broken("open tag"))?;
        rest = after;
        if inside.starts_with('?') || inside.starts_with('!') {
            continue;
        }
        if let Some(name) = inside.strip_prefix('/') {
            if open.pop().as_deref() != Some(name.trim()) {
                return Err(broken("tags do not match"));
            }
            continue;
        }
        let (name, attributes, closed) = tag_parts(inside);
        if open.is_empty() && (seen_root || name != "Response") {
            return Err(broken("the root must be one Response"));
        }
        seen_root = true;
        begin(&open, &mut replies, name, attributes)?;
        if !closed {
            open.push(name.to_owned());
        }
    }
    if !seen_root || !open.is_empty() {
        return Err(broken("the document is not complete"));
    }
    Ok(replies)
}

fn tag_parts(inside: &str) -> (&str, &str, bool) {
    let closed = inside.ends_with('/');
    let inside = inside.trim_end_matches('/').trim();
    let (name, attributes) = inside.split_once(|c: char| c.is_whitespace()).unwrap_or((inside, ""));
    (name, attributes, closed)
}

fn begin(
    open: &[String],
    replies: &mut Vec<Reply>,
    name: &str,
    attributes: &str,
) -> Result<(), (i64, String)> {
    let path: Vec<&str> = open.iter().map(String::as_str).collect();
    match (path.as_slice(), name) {
        ([], "Response") => {}
        (["Response"], "Message") if replies.len() < MAX_REPLIES => replies.push(Reply {
            to: attribute(attributes, "to"),
            status_callback: attribute(attributes, "statusCallback"),
            ..Reply::default()
        }),
        (["Response", "Message"], "Body") => {}
        (["Response", "Message"], "Media") => {
            if let Some(reply) = replies.last_mut() {
                reply.media.push(String::new());
            }
        }
        _ => return Err((12_200, format!("{}: {name}", title(12_200)))),
    }
    Ok(())
}

/// Gives a text to the element in which it stands.
fn say(open: &[String], replies: &mut [Reply], text: &str) {
    let text = text.trim();
    let Some(reply) = replies.last_mut().filter(|_| !text.is_empty()) else { return };
    match open.last().map(String::as_str) {
        Some("Message" | "Body") => reply.body.push_str(text),
        Some("Media") => {
            if let Some(media) = reply.media.last_mut() {
                media.push_str(text);
            }
        }
        _ => {}
    }
}

fn attribute(attributes: &str, name: &str) -> Option<String> {
    let start = attributes.find(&format!("{name}="))? + name.len() + 1;
    let quoted = &attributes[start..];
    let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    unescape(quoted[1..].split(quote).next()?)
}

fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        let (name, after) = entity.split_once(';')?;
        plain.push_str(before);
        plain.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)?
            }
        });
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xml(body: &str) -> Result<Vec<Reply>, i64> {
        read("text/xml; charset=utf-8", body).map_err(|(code, _)| code)
    }

    #[test]
    fn an_empty_answer_asks_for_nothing() {
        assert_eq!(xml(""), Ok(vec![]));
        assert_eq!(xml("<Response/>"), Ok(vec![]));
        assert_eq!(xml("<?xml version=\"1.0\"?>\n<!-- x --><Response>\n</Response>\n"), Ok(vec![]));
        assert_eq!(read("application/json", ""), Ok(vec![]));
    }

    #[test]
    fn messages_are_read_with_bodies_media_and_attributes() {
        let body = "<Response><Message to=\"+15550100002\" statusCallback='https://a/?b=1&amp;c=2'>\
            <Body>a &lt;b&gt; &#x20AC;</Body><Media>https://a/b.png</Media></Message><Message>two</Message></Response>";
        let first = Reply {
            body: "a <b> €".to_owned(),
            media: vec!["https://a/b.png".to_owned()],
            to: Some("+15550100002".to_owned()),
            status_callback: Some("https://a/?b=1&c=2".to_owned()),
        };
        let second = Reply { body: "two".to_owned(), ..Reply::default() };
        assert_eq!(xml(body), Ok(vec![first, second]));
    }

    #[test]
    fn what_is_not_twiml_is_named_by_its_code() {
        assert_eq!(xml("<Response>"), Err(12_100));
        assert_eq!(xml("<Response></Message>"), Err(12_100));
        assert_eq!(xml("<Answer/>"), Err(12_100));
        assert_eq!(xml("hello"), Err(12_100));
        assert_eq!(xml("<Response>a & b</Response>"), Err(12_100));
        assert_eq!(xml("<Response><Dance/></Response>"), Err(12_200));
        assert_eq!(read("application/json", "{}").map_err(|(code, _)| code), Err(12_300));
        assert_eq!(read("text/plain", "hi").map(|replies| replies.len()), Ok(1));
    }
}
