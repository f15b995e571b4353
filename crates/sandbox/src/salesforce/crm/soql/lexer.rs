//! Words, texts and marks of a query.

/// What stands at a place of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A name, a path, a number or an instant.
    Word(String),
    Text(String),
    Mark(&'static str),
}

/// A token and where it begins, in characters.
#[derive(Clone, Debug)]
pub struct Placed {
    pub token: Token,
    pub at: usize,
}

const MARKS: [&str; 10] = ["<=", ">=", "!=", "<>", "=", "<", ">", "(", ")", ","];

/// The tokens of a query; the error says what is wrong and where.
pub fn tokens(text: &str) -> Result<Vec<Placed>, (String, usize)> {
    let letters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(letter) = letters.get(at).copied() {
        if letter.is_whitespace() {
            at += 1;
            continue;
        }
        let (token, end) = if letter == '\'' {
            quoted(&letters, at)?
        } else if is_word(letter, None) {
            word(&letters, at)
        } else {
            mark(&letters, at)?
        };
        found.push(Placed { token, at });
        at = end;
    }
    Ok(found)
}

/// Instants and negative numbers have marks that names do not.
fn is_word(letter: char, first: Option<char>) -> bool {
    let in_number = first.is_none_or(|first| first.is_ascii_digit() || first == '-');
    letter.is_alphanumeric() || "_.".contains(letter) || (in_number && "-+:".contains(letter))
}

fn word(letters: &[char], from: usize) -> (Token, usize) {
    let first = letters[from];
    let rest = letters[from + 1..].iter().take_while(|letter| is_word(**letter, Some(first)));
    let end = from + 1 + rest.count();
    (Token::Word(letters[from..end].iter().collect()), end)
}

fn mark(letters: &[char], from: usize) -> Result<(Token, usize), (String, usize)> {
    let fits = |mark: &&&str| {
        mark.chars().enumerate().all(|(index, one)| letters.get(from + index) == Some(&one))
    };
    let found = MARKS.iter().find(fits);
    let found = found.ok_or_else(|| (format!("unexpected token: '{}'", letters[from]), from))?;
    Ok((Token::Mark(found), from + found.len()))
}

/// A text in single quotes; a backslash escapes.
fn quoted(letters: &[char], from: usize) -> Result<(Token, usize), (String, usize)> {
    let (mut text, mut at) = (String::new(), from + 1);
    loop {
        match (letters.get(at), letters.get(at + 1)) {
            (Some('\''), _) => return Ok((Token::Text(text), at + 1)),
            (Some('\\'), Some(escaped)) => {
                text.push_str(&unescaped(*escaped).ok_or_else(|| {
                    (format!("Invalid string literal. Illegal character sequence '\\{escaped}' in string literal."), at)
                })?);
                at += 2;
            }
            (Some(letter), _) => {
                text.push(*letter);
                at += 1;
            }
            (None, _) => {
                return Err((
                    "line 1:0 mismatched character '<EOF>' expecting '''".to_owned(),
                    from,
                ));
            }
        }
    }
}

/// `\_` and `\%` keep their backslash, for LIKE.
fn unescaped(letter: char) -> Option<String> {
    let plain = match letter {
        'n' | 'N' => "\n",
        'r' | 'R' => "\r",
        't' | 'T' => "\t",
        'b' | 'B' => "\u{8}",
        'f' | 'F' => "\u{c}",
        '"' => "\"",
        '\'' => "'",
        '\\' => "\\",
        '_' => "\\_",
        '%' => "\\%",
        _ => return None,
    };
    Some(plain.to_owned())
}
