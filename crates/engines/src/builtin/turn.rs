//! One turn: rules, politeness, search, or an honest "I don't know".

use baton_core::engine::{Decision, Snapshot, Turn};

use crate::{
    detect::{self, SmallTalk},
    knowledge::Index,
    replies,
    rules::{self, Heard},
};

pub fn turn(snapshot: &Snapshot, knowledge: &Index) -> Turn {
    let Some(heard) = rules::heard(snapshot) else {
        return Turn { decision: Decision::Wait, language: snapshot.language.clone(), tokens: 0 };
    };
    let decision = rules::first(snapshot, &heard)
        .or_else(|| polite(snapshot, &heard))
        .or_else(|| answer(&heard, knowledge))
        .unwrap_or_else(|| {
            rules::miss(snapshot, rules::dont_know(snapshot, &heard.language), Vec::new())
        });
    Turn { decision, language: Some(heard.language), tokens: 0 }
}

/// What mere politeness deserves.
fn polite(snapshot: &Snapshot, heard: &Heard) -> Option<Decision> {
    if rules::was_offered(snapshot) && detect::is_no(&heard.text) {
        return Some(say(replies::of(&heard.language).all_right));
    }
    let (kind, language) = detect::small_talk(&heard.text)?;
    let words = replies::of(language.unwrap_or(&heard.language));
    let answered = rules::last_answer(snapshot);
    Some(match kind {
        SmallTalk::Greeting => say(words.greeting),
        SmallTalk::Goodbye => Decision::Close,
        // Thanks for our "you are welcome" would never end.
        SmallTalk::Thanks if answered == Some(words.welcome) => Decision::Close,
        SmallTalk::Thanks => say(words.welcome),
        SmallTalk::Noted => Decision::Wait,
    })
}

fn say(text: &str) -> Decision {
    Decision::Reply {
        text: text.to_owned(),
        choices: Vec::new(),
        citations: Vec::new(),
        knew: true,
    }
}

fn answer(heard: &Heard, knowledge: &Index) -> Option<Decision> {
    let hit = knowledge.best(&heard.text, Some(&heard.language))?;
    let sentences = knowledge.extract(&heard.text, &hit);
    let passage = hit.passage;
    let source = replies::of(passage.language).source;
    Some(Decision::Reply {
        text: format!("{sentences}\n\n{source}: {}", passage.title),
        choices: Vec::new(),
        citations: vec![passage.citation()],
        knew: true,
    })
}
