//! Server-sent events as they are read from bytes in any pieces (HTML Living Standard, 9.2.6).
//!
//! Only what has not come to its end is kept, so that a quiet stream holds nothing.

/// One event.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Event {
    /// Its kind, where it names one.
    pub kind: String,
    /// The lines of its data, with line ends between them.
    pub data: String,
    /// Its id, where it has one of its own.
    pub id: Option<String>,
}

/// A line or an event is longer than it may be.
#[derive(PartialEq, Eq, Debug)]
pub struct TooLong;

/// What has come of the next event.
#[derive(Default)]
pub struct Parser {
    line: Vec<u8>,
    event: Event,
    any: bool,
    /// The last byte was a carriage return: a line feed right after it belongs to it.
    after_return: bool,
    max_bytes: usize,
}

impl Parser {
    /// Takes events of so many bytes at most.
    pub fn new(max_bytes: usize) -> Self {
        Self { max_bytes, ..Self::default() }
    }

    /// Reads a piece; the events that came to their end.
    ///
    /// # Errors
    /// An event is longer than the bound.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' if self.after_return => self.after_return = false,
                b'\n' | b'\r' => {
                    self.after_return = *byte == b'\r';
                    events.extend(self.end_line());
                }
                other => {
                    self.after_return = false;
                    if self.line.len() + self.event.data.len() >= self.max_bytes {
                        return Err(TooLong);
                    }
                    self.line.push(*other);
                }
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.any).then_some(event);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.kind),
            "data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            "id" if !value.contains('\0') => self.event.id = Some(value.to_owned()),
            _ => return None,
        }
        self.any = true;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, id: &str, data: &str) -> Event {
        Event { kind: kind.to_owned(), id: Some(id.to_owned()), data: data.to_owned() }
    }

    fn read(pieces: &[&[u8]]) -> Vec<Event> {
        let mut parser = Parser::new(1_000);
        pieces.iter().flat_map(|piece| parser.push(piece).unwrap()).collect()
    }

    const STREAM: &str = ":hello\nevent: CONVERSATION_MESSAGE\nid: 7\ndata: {\"a\":\"çà 🎉\",\ndata:\"b\":1}\n\n\
                          event:ping\nid:8\ndata: 0\n\nretry: 10\n\nevent: X\nid: 9\ndata: 1\n\n";

    fn expected() -> Vec<Event> {
        vec![
            event("CONVERSATION_MESSAGE", "7", "{\"a\":\"çà 🎉\",\n\"b\":1}"),
            event("ping", "8", "0"),
            event("X", "9", "1"),
        ]
    }

    #[test]
    fn any_line_end_and_any_cut_brings_the_same_events() {
        for end in ["\n", "\r\n", "\r"] {
            let text = STREAM.replace('\n', end);
            let bytes = text.as_bytes();
            for first in 0..=bytes.len() {
                let (a, rest) = bytes.split_at(first);
                assert_eq!(read(&[a, rest]), expected(), "{end:?} cut at {first}");
                for second in (0..=rest.len()).step_by(7) {
                    let (b, c) = rest.split_at(second);
                    assert_eq!(read(&[a, b, c]), expected(), "{end:?} at {first} and {second}");
                }
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(read(&single), expected(), "{end:?} byte by byte");
        }
    }

    #[test]
    fn an_event_without_its_empty_line_is_not_one() {
        for cut in 1..STREAM.len() {
            let whole = read(&[&STREAM.as_bytes()[..cut]]);
            assert!(expected().starts_with(&whole), "cut at {cut}: {whole:?}");
        }
    }

    #[test]
    fn a_line_that_never_ends_is_refused() {
        let mut parser = Parser::new(10);
        assert_eq!(parser.push(b"data: 1234"), Ok(vec![]));
        assert_eq!(parser.push(b"5"), Err(TooLong));
        let mut parser = Parser::new(10);
        let many = "data: 12\n".repeat(9);
        assert_eq!(parser.push(many.as_bytes()), Err(TooLong));
    }

    #[test]
    fn nothing_is_kept_between_events() {
        let mut parser = Parser::new(100_000);
        parser.push(format!("data: {}\n\n", "x".repeat(90_000)).as_bytes()).unwrap();
        assert_eq!((parser.line.capacity(), parser.event.data.capacity()), (0, 0));
    }
}
