//! The words of an e-mail or a note, as a chat can show them: nothing that runs, links as text,
//! without the thread that is quoted below an answer.

/// What is read of one text; the rest is left out.
const MAX_BYTES: usize = 1024 * 1024;

/// Elements whose content nobody reads.
const UNSEEN: &[&str] = &["script", "style", "head", "title", "template", "noscript", "object"];
/// Elements that begin a line and end one.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "tr",
    "li",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "table",
    "blockquote",
    "pre",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "section",
    "article",
    "header",
    "footer",
    "address",
    "center",
];
/// What mail programs write into the element that begins the quoted thread.
const QUOTE_MARKS: &[&str] =
    &["divrplyfwdmsg", "appendonsend", "gmail_quote", "yahoo_quoted", "moz-cite-prefix"];

/// What was written anew: the words above the quoted thread, or all of them where nothing
/// stands above it.
pub fn answer(body: &str) -> String {
    let body = clip(body);
    let fresh = above_quote(&to_text(body, true));
    if fresh.is_empty() { to_text(body, false) } else { fresh }
}

fn clip(text: &str) -> &str {
    let end = text.floor_char_boundary(MAX_BYTES.min(text.len()));
    &text[..end]
}

/// Lines under way.
#[derive(Default)]
struct Page {
    lines: Vec<String>,
    line: String,
    /// The address of the link that is open, and where its words begin in the line.
    link: Option<(String, usize)>,
}

impl Page {
    /// Words with their spaces folded, as a browser shows them.
    fn words(&mut self, text: &str) {
        for c in decode(text).chars().filter(|c| is_shown(*c)) {
            match c {
                '\u{a0}' => self.line.push(' '),
                c if c.is_whitespace() => {
                    if !self.line.is_empty() && !self.line.ends_with(' ') {
                        self.line.push(' ');
                    }
                }
                c => self.line.push(c),
            }
        }
    }

    fn end_line(&mut self) {
        self.end_link();
        self.lines.push(std::mem::take(&mut self.line).trim().to_owned());
    }

    fn end_block(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
    }

    fn end_link(&mut self) {
        let Some((address, from)) = self.link.take() else { return };
        let words = self.line.get(from..).unwrap_or_default().trim();
        let bare = address.trim_start_matches("mailto:").trim_start_matches("tel:");
        if words.trim_end_matches('/') != bare.trim_end_matches('/') {
            let shown = if words.is_empty() { bare.to_owned() } else { format!(" ({bare})") };
            self.line.push_str(&shown);
        }
    }

    /// At most one empty line in a row.
    fn text(mut self) -> String {
        self.end_block();
        let mut text = String::new();
        for line in self.lines {
            if !line.is_empty() || !text.ends_with("\n\n") {
                text.push_str(&line);
                text.push('\n');
            }
        }
        text.trim().to_owned()
    }
}

/// The words of HTML. Plain text keeps its lines.
fn to_text(body: &str, stop_at_quote: bool) -> String {
    let lower = body.to_ascii_lowercase();
    let is_html = lower.contains("</") || lower.contains("<br") || lower.contains("<p>");
    if !is_html {
        let lines: String = body.replace("\r\n", "\n").chars().filter(|c| is_shown(*c)).collect();
        return lines.trim().to_owned();
    }
    let mut page = Page::default();
    let mut at = 0;
    while let Some(open) = lower[at..].find('<').map(|found| at + found) {
        page.words(&body[at..open]);
        let Some((name, end)) = tag(&lower, open) else {
            // A sign in a sentence.
            page.words(&body[open..=open]);
            at = open + 1;
            continue;
        };
        let inside = &lower[open..end];
        if stop_at_quote && begins_quote(name, inside) {
            return page.text();
        }
        at = if UNSEEN.contains(&name) { after_element(&lower, name, end) } else { end };
        element(&mut page, name, &body[open..end], inside);
    }
    page.words(&body[at..]);
    page.text()
}

/// The name of the tag at `open`, with its slash, and where it ends. Comments have no name.
fn tag(lower: &str, open: usize) -> Option<(&str, usize)> {
    let rest = &lower[open..];
    if rest.starts_with("<!--") {
        return Some(("", rest.find("-->").map_or(lower.len(), |end| open + end + 3)));
    }
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '!' | '?' | '/');
    let length = rest[1..].find(|c: char| !named(c)).unwrap_or(rest.len() - 1);
    let name = rest[1..=length].trim_end_matches('/');
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c)) {
        return None;
    }
    let quoted_end = || {
        let mut quote = None;
        rest.bytes().position(|byte| match (quote, byte) {
            (None, b'"' | b'\'') => {
                quote = Some(byte);
                false
            }
            (Some(open), byte) if open == byte => {
                quote = None;
                false
            }
            (None, b'>') => true,
            _ => false,
        })
    };
    // A quotation mark that is never closed must not swallow the rest.
    let end = quoted_end().or_else(|| rest.find('>'))?;
    Some((name, open + end + 1))
}

fn begins_quote(name: &str, inside: &str) -> bool {
    name == "blockquote" || QUOTE_MARKS.iter().any(|mark| inside.contains(mark))
}

/// Where an element ends whose content is left out.
fn after_element(lower: &str, name: &str, from: usize) -> usize {
    let close = format!("</{name}");
    let Some(start) = lower[from..].find(&close) else { return lower.len() };
    let start = from + start;
    lower[start..].find('>').map_or(lower.len(), |end| start + end + 1)
}

fn element(page: &mut Page, name: &str, inside: &str, lower: &str) {
    match name {
        "br" => page.end_line(),
        "a" => {
            page.end_link();
            page.link = address(inside, lower).map(|address| (address, page.line.len()));
        }
        "/a" => page.end_link(),
        "td" | "th" => page.words(" "),
        "li" => {
            page.end_block();
            page.line.push_str("- ");
        }
        name if BLOCKS.contains(&name.trim_start_matches('/')) => page.end_block(),
        _ => {}
    }
}

/// Where a link leads: only what a person could open from a chat.
fn address(inside: &str, lower: &str) -> Option<String> {
    let at = lower.find("href=")? + "href=".len();
    let rest = &inside[at..];
    let value = match rest.chars().next()? {
        quote @ ('"' | '\'') => rest[1..].split(quote).next()?,
        _ => rest.split(|c: char| c.is_whitespace() || c == '>').next()?,
    };
    let value = decode(value.trim());
    let known = ["http://", "https://", "mailto:", "tel:"];
    let leads = known.iter().any(|start| value.to_ascii_lowercase().starts_with(start));
    let plain = !value.contains(|c: char| c.is_whitespace() || c.is_control());
    (leads && plain).then_some(value)
}

/// Neither a control character nor one that is invisible or turns the direction.
fn is_shown(c: char) -> bool {
    c.is_whitespace()
        || !(c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

/// Latin-1 letters and signs from U+00A0 on, by their names in HTML.
const LATIN_1: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg \
    macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 \
    iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave \
    Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc \
    Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc \
    euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave \
    uacute ucirc uuml yacute thorn yuml";
/// Other names that mail programs write.
const NAMES: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("euro", '€'),
    ("hellip", '…'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("bull", '•'),
    ("trade", '™'),
];
/// The longest name of a character.
const NAME_MAX: usize = 10;

/// Characters that are written by name or number.
fn decode(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(NAME_MAX).position(|byte| byte == b';');
        match end.and_then(|end| Some((named(&rest[1..end])?, end))) {
            Some((c, end)) => {
                plain.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn named(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    let other = NAMES.iter().find(|(known, _)| *known == name).map(|(_, c)| *c);
    other.or_else(|| {
        let at = LATIN_1.split_whitespace().position(|known| known == name)?;
        char::from_u32(0xa0 + u32::try_from(at).ok()?)
    })
}

/// First words of the heading of a quoted message, as mail programs write it.
const FROM: &[&str] =
    &["From", "Von", "De", "Da", "Van", "Från", "Fra", "Od", "От", "发件人", "差出人"];
/// Words of the lines that follow it.
const HEADINGS: &[&str] = &[
    "Sent",
    "Date",
    "To",
    "Subject",
    "Gesendet",
    "Datum",
    "An",
    "Betreff",
    "Envoyé",
    "À",
    "Objet",
    "Enviado",
    "Fecha",
    "Para",
    "Asunto",
    "Inviato",
    "A",
    "Oggetto",
    "Verzonden",
    "Aan",
    "Onderwerp",
    "Data",
    "Skickat",
    "Till",
    "Ämne",
    "Sendt",
    "Til",
    "Emne",
    "Дата",
    "Кому",
    "发送时间",
    "送信日時",
];
/// Words at the end of the line that introduces a quoted message.
const WROTE: &[&str] = &[
    "wrote:",
    "schrieb:",
    "a écrit :",
    "a écrit:",
    "escribió:",
    "escreveu:",
    "ha scritto:",
    "schreef:",
    "skrev:",
];
/// So many lines after its first word a heading is still looked for.
const HEADING_LINES: usize = 4;
/// A line of so many signs parts an answer from what is quoted.
const RULE_SIGNS: usize = 10;

/// The lines above the first that begins a quoted message.
fn above_quote(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let quote = (0..lines.len()).find(|at| is_quote(&lines[*at..]));
    lines[..quote.unwrap_or(lines.len())].join("\n").trim().to_owned()
}

fn is_quote(lines: &[&str]) -> bool {
    let [line, after @ ..] = lines else { return false };
    let dashed =
        line.starts_with("---") && line.ends_with("---") && line.contains(char::is_alphabetic);
    let ruled = line.len() >= RULE_SIGNS && line.chars().all(|c| c == '_');
    let next = after.first().copied().unwrap_or_default();
    let introduces = WROTE.iter().any(|end| line.ends_with(end))
        || (line.starts_with("On ") && !line.ends_with('.') && next.ends_with("wrote:"));
    let headed = has_word(line, FROM)
        && after.iter().take(HEADING_LINES).any(|line| has_word(line, HEADINGS));
    line.starts_with('>') || dashed || ruled || introduces || headed
}

/// Whether a line begins with one of the words and a colon.
fn has_word(line: &str, words: &[&str]) -> bool {
    line.split_once([':', '：'])
        .is_some_and(|(head, _)| words.contains(&head.trim_matches(['*', ' '])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_the_words_that_a_person_reads() {
        for (html, text) in [
            (
                "<p>Hello&nbsp;Maria,</p><p>it is <b>on</b>\n its way.</p>",
                "Hello Maria,\nit is on its way.",
            ),
            ("<div>one<br>two</div><div><br></div><div>three</div>", "one\ntwo\n\nthree"),
            ("<ul><li>red</li><li>blue</li></ul>", "- red\n- blue"),
            ("<table><tr><td>Order</td><td>17</td></tr></table>", "Order 17"),
            (
                "see <a href=\"https://a.example/x?a=1&amp;b=2\">the page</a>!",
                "see the page (https://a.example/x?a=1&b=2)!",
            ),
            ("<a href='https://a.example/'>https://a.example</a>", "https://a.example"),
            ("<p>mail <a href=\"mailto:m@a.example\">m@a.example</a></p>", "mail m@a.example"),
            (
                "<p>Gr&uuml;&szlig;e &#8364;5 &#x1F600; &euro;6 &unknown; A&B</p>",
                "Grüße €5 😀 €6 &unknown; A&B",
            ),
            ("plain text\r\nwith 3 < 5 lines\n", "plain text\nwith 3 < 5 lines"),
            ("<p>1 < 2 and 3 > 2</p>", "1 < 2 and 3 > 2"),
            ("", ""),
        ] {
            assert_eq!(answer(html), text, "{html}");
        }
    }

    #[test]
    fn nothing_that_a_browser_would_run_is_left() {
        for html in [
            "<p>hi</p><script>alert(1)</script>",
            "<style>p{}</style><p onclick=\"alert(1)\">hi</p>",
            "<head><title>x</title></head><p>hi<img src=x onerror=alert(1)></p>",
            "<p><a href=\"javascript:alert(1)\">hi</a></p>",
            "<p><a href=' data:text/html,x'>hi</a></p>",
            "<p>hi</p><SCRIPT>alert(1)",
            "<!-- a > b --><p>hi</p><!-- never closed",
            "<p title=\"a>b\">hi</p>",
        ] {
            assert_eq!(answer(html), "hi", "{html}");
        }
    }

    #[test]
    fn the_quoted_thread_is_left_out() {
        for body in [
            "<p>Yes.</p><div id=\"divRplyFwdMsg\"><b>From:</b> M</div><p>old</p>",
            "<div>Yes.</div><div class=\"gmail_quote\">On Monday M wrote:<blockquote>old</blockquote></div>",
            "<p>Yes.</p><hr><p><b>From:</b> M<br><b>Sent:</b> Monday<br><b>To:</b> us</p><p>old</p>",
            "<p>Yes.</p><p>------------------- Original Message -------------------</p><p>old</p>",
            "<p>Yes.</p><p><b>Von:</b> M</p><p><b>Gesendet:</b> Montag</p><p>alt</p>",
            "Yes.\n\nOn Mon, 3 Nov 2026, Maria <m@a.example>\nwrote:\n> old",
            "Yes.\n> old",
            "Yes.\n________________________________\nold",
        ] {
            assert_eq!(answer(body), "Yes.", "{body}");
        }
    }

    #[test]
    fn an_answer_below_the_quote_is_not_lost() {
        assert_eq!(answer("<blockquote>old</blockquote><p>Yes.</p>"), "old\nYes.");
        assert_eq!(
            answer("From here on: To: be honest, yes."),
            "From here on: To: be honest, yes."
        );
    }

    #[test]
    fn hostile_markup_costs_no_more_than_its_length() {
        for part in ["<", "<a \"", "<script", "&", "<!--", "<a href='"] {
            let hostile = part.repeat(300_000 / part.len());
            assert!(answer(&format!("{hostile}</p>")).len() <= hostile.len() + 4);
        }
    }
}
