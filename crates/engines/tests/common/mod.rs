//! What the engines' tests share: a clock that stands still and a snapshot to start from.

use std::{path::Path, sync::Arc};

use baton_core::{
    engine::{Line, Snapshot},
    ids::SessionId,
    inbox::ChannelKind,
    interactive::ChoiceLimits,
    message::AuthorKind,
    settings::{HandoffRules, Settings},
    time::{BoxFuture, Clock, Timestamp},
};
use baton_engines::{Deps, knowledge::Index};

pub struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(1_795_000_000_000)
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

pub fn deps() -> Deps {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/knowledge");
    Deps {
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
        clock: Arc::new(Still),
        development: true,
        knowledge: Arc::new(Index::load(&folder).unwrap()),
    }
}

/// A session in which the customer's last lines, `c:`, are unanswered; `a:` is the AI.
pub fn session(lines: &[&str]) -> Snapshot {
    let lines: Vec<Line> = lines
        .iter()
        .map(|line| {
            let (author, text) = line.split_once(':').unwrap();
            let author = if author == "c" { AuthorKind::Customer } else { AuthorKind::Ai };
            Line { author, text: text.trim().to_owned(), at: Timestamp(0) }
        })
        .collect();
    let unanswered = lines.iter().rev().take_while(|l| l.author == AuthorKind::Customer).count();
    Snapshot {
        session: SessionId::read("01890a5d-ac96-774b-bcce-b302099a8057").unwrap(),
        channel: ChannelKind::Whatsapp,
        choices: Some(ChoiceLimits {
            text_chars: 1_024,
            buttons: 3,
            button_chars: 20,
            rows: 10,
            row_chars: 24,
        }),
        contact_name: None,
        lines,
        unanswered,
        rules: HandoffRules::default(),
        classifications: Settings::default().classifications,
        language: None,
        default_language: "en".to_owned(),
        misses: 0,
        tokens_spent: 0,
        token_budget: 50_000,
    }
}
