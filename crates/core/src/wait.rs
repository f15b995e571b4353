//! What a customer is told of a wait, with the numbers that the desk gives and no others.

use crate::{
    desk::Availability,
    time::{HOUR_MS, MINUTE_MS, Timestamp},
};

/// Nothing sensible is said of longer waits than this.
const LONGEST_MS: i64 = 14 * 24 * HOUR_MS;

/// Language, everybody is busy, the place in line, the usual wait, when people are back. `{n}` is
/// a number; `{t}` a span such as `25 min` or `14 h`, which is written alike in all of them.
const BUILT_IN: &[[&str; 5]] = &[
    [
        "en",
        "Everybody in our team is busy right now. You are in line and they will answer here.",
        "You are number {n} in line.",
        "The usual wait is about {t}.",
        "They are back in about {t}.",
    ],
    [
        "es",
        "Ahora mismo todo el equipo está ocupado. Su conversación está en cola y le responderán aquí.",
        "Su puesto en la cola es el {n}.",
        "La espera habitual es de unos {t}.",
        "Vuelven en unos {t}.",
    ],
    [
        "pt",
        "Agora toda a equipe está ocupada. Sua conversa está na fila e a resposta chegará aqui.",
        "Seu lugar na fila é o {n}.",
        "A espera costuma ser de cerca de {t}.",
        "A equipe volta em cerca de {t}.",
    ],
    [
        "fr",
        "Toute notre équipe est occupée en ce moment. Votre conversation est en attente et elle vous répondra ici.",
        "Votre place dans la file : {n}.",
        "L'attente habituelle est d'environ {t}.",
        "L'équipe revient dans environ {t}.",
    ],
    [
        "de",
        "Im Moment ist das ganze Team im Gespräch. Ihre Unterhaltung wartet dort, und die Antwort kommt hier.",
        "Sie sind Nummer {n} in der Reihe.",
        "Die Wartezeit beträgt meist etwa {t}.",
        "Das Team ist in etwa {t} wieder da.",
    ],
    [
        "it",
        "In questo momento tutto il team è occupato. La conversazione è in coda e riceverà qui la risposta.",
        "Il suo posto in coda è il {n}.",
        "L'attesa abituale è di circa {t}.",
        "Il team torna tra circa {t}.",
    ],
    [
        "nl",
        "Het hele team is nu bezet. Uw gesprek staat in de rij en u krijgt hier antwoord.",
        "U bent nummer {n} in de rij.",
        "De gebruikelijke wachttijd is ongeveer {t}.",
        "Het team is over ongeveer {t} terug.",
    ],
    [
        "pl",
        "Cały zespół jest teraz zajęty. Rozmowa czeka w kolejce, a odpowiedź przyjdzie tutaj.",
        "Miejsce w kolejce: {n}.",
        "Zwykle czeka się około {t}.",
        "Zespół wróci za około {t}.",
    ],
    [
        "tr",
        "Şu anda tüm ekibimiz meşgul. Görüşmeniz sırada, yanıt buraya gelecek.",
        "Sıradaki yeriniz: {n}.",
        "Olağan bekleme süresi yaklaşık {t}.",
        "Ekibimiz yaklaşık {t} sonra dönecek.",
    ],
    [
        "ar",
        "جميع أعضاء فريقنا مشغولون الآن. محادثتك في قائمة الانتظار وسيصلك الرد هنا.",
        "رقمك في قائمة الانتظار: {n}.",
        "مدة الانتظار المعتادة نحو {t}.",
        "سيعود الفريق بعد نحو {t}.",
    ],
    [
        "hi",
        "अभी हमारी पूरी टीम व्यस्त है। आपकी बातचीत कतार में है और जवाब यहीं आएगा।",
        "कतार में आपका स्थान: {n}.",
        "आम तौर पर लगभग {t} लगते हैं।",
        "टीम लगभग {t} में लौटेगी।",
    ],
    [
        "ja",
        "ただいま担当者は全員対応中です。順番にお待ちいただいており、こちらに返信いたします。",
        "順番は{n}番目です。",
        "通常の待ち時間は約{t}です。",
        "約{t}後に再開します。",
    ],
];

/// The sentences about a wait, in the first of the languages that we have.
///
/// `away` are the words for a closed desk and `stays` those for an AI that goes on meanwhile,
/// as the workspace has them.
pub fn words(
    languages: &[&str],
    there: &Availability,
    stays: Option<&str>,
    away: &str,
    now: Timestamp,
) -> String {
    let row = languages.iter().find_map(|language| BUILT_IN.iter().find(|row| row[0] == *language));
    let [_, busy, place, wait, back] = row.unwrap_or(&BUILT_IN[0]);
    let begin = stays.unwrap_or(if there.open { busy } else { away });
    let mut sentences = vec![begin.to_owned()];
    if there.open && stays.is_none() {
        sentences.extend(there.position.map(|n| place.replace("{n}", &n.to_string())));
        sentences.extend(there.wait_ms.and_then(span).map(|t| wait.replace("{t}", &t)));
    }
    let until = there.opens_at.filter(|_| !there.open).map(|at| at.since_ms(now));
    sentences.extend(until.and_then(span).map(|t| back.replace("{t}", &t)));
    sentences.join(" ")
}

/// A span for people, rounded up; none where it says nothing.
fn span(ms: i64) -> Option<String> {
    match ms {
        ..=0 => None,
        _ if ms > LONGEST_MS => None,
        _ if ms <= 90 * MINUTE_MS => Some(format!("{} min", rounded_up(ms, MINUTE_MS))),
        _ => Some(format!("{} h", rounded_up(ms, HOUR_MS))),
    }
}

fn rounded_up(ms: i64, unit_ms: i64) -> i64 {
    (ms + unit_ms - 1) / unit_ms
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_763_632_800_000);

    fn said(there: Availability, stays: Option<&str>) -> String {
        words(&["en"], &there, stays, "Away.", NOW)
    }

    #[test]
    fn only_what_the_desk_knows_is_told() {
        let open = Availability { open: true, ..Availability::default() };
        assert!(said(open, None).ends_with("answer here."));
        let known = Availability { position: Some(3), wait_ms: Some(61_000), ..open };
        assert!(
            said(known, None).ends_with("You are number 3 in line. The usual wait is about 2 min.")
        );
        let endless = Availability { wait_ms: Some(i64::MAX), ..open };
        assert!(said(endless, None).ends_with("answer here."));
    }

    #[test]
    fn a_closed_desk_says_when_it_opens() {
        let opens_at = Some(NOW.plus_ms(13 * HOUR_MS + 1));
        let closed = Availability { opens_at, position: Some(3), ..Availability::default() };
        assert_eq!(said(closed, None), "Away. They are back in about 14 h.");
        assert_eq!(said(closed, Some("I go on.")), "I go on. They are back in about 14 h.");
        let past = Availability { opens_at: Some(NOW), ..Availability::default() };
        assert_eq!(said(past, None), "Away.");
    }

    #[test]
    fn every_language_has_its_places_for_numbers() {
        for row in BUILT_IN {
            assert!(row[2].contains("{n}") && row[3].contains("{t}") && row[4].contains("{t}"));
            assert!(crate::texts::Texts::built_in(row[0]).is_some(), "{}", row[0]);
        }
    }
}
