//! The words that Baton itself says to customers.

use serde::{Deserialize, Serialize};

/// One language's words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// A person has been asked to take over.
    pub connecting: String,
    /// No person can be reached; the AI goes on.
    pub unreachable: String,
    /// The desk is closed now; the conversation waits there.
    pub out_of_hours: String,
    /// Who we are and how to stop, for HELP where carriers demand it; `{name}` becomes the
    /// inbox's name. None: the built-in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What opens a list of answers to tap, at most 20 characters. None: the built-in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choose: Option<String>,
}

/// Language, connecting, unreachable, out of hours, help, choose.
const BUILT_IN: &[(&str, &str, &str, &str, &str, &str)] = &[
    (
        "en",
        "I am connecting you with a colleague. Please stay here; they will see everything you wrote.",
        "I could not reach a colleague just now. I will go on helping you as well as I can.",
        "Our team is away at the moment. Your conversation is waiting for them and they will answer here.",
        "{name}: support by text message. Write your question here and we will answer. Reply STOP to get no more messages. Message and data rates may apply.",
        "Choose",
    ),
    (
        "es",
        "Le pongo en contacto con una persona del equipo. Quédese aquí: verá todo lo que ha escrito.",
        "Ahora mismo no he podido localizar a nadie del equipo. Sigo ayudándole en lo que pueda.",
        "Nuestro equipo no está disponible en este momento. Su conversación queda en espera y le responderán aquí.",
        "{name}: atención por mensaje de texto. Escriba aquí su pregunta y le responderemos. Responda STOP para no recibir más mensajes. Pueden aplicarse tarifas de mensajes y datos.",
        "Elegir",
    ),
    (
        "pt",
        "Vou passar você para uma pessoa da equipe. Fique por aqui: ela verá tudo o que você escreveu.",
        "Não consegui falar com ninguém da equipe agora. Continuo ajudando no que puder.",
        "Nossa equipe não está disponível no momento. Sua conversa fica na fila e a resposta chegará aqui.",
        "{name}: atendimento por mensagem de texto. Escreva sua pergunta aqui e responderemos. Responda STOP para não receber mais mensagens. Podem ser cobradas tarifas de mensagens e dados.",
        "Escolher",
    ),
    (
        "fr",
        "Je vous mets en relation avec un collègue. Restez ici : il verra tout ce que vous avez écrit.",
        "Je n'ai pas pu joindre de collègue pour le moment. Je continue à vous aider de mon mieux.",
        "Notre équipe est absente pour le moment. Votre conversation est en attente et elle vous répondra ici.",
        "{name} : assistance par SMS. Écrivez votre question ici et nous vous répondrons. Répondez STOP pour ne plus recevoir de messages. Des frais de messagerie et de données peuvent s'appliquer.",
        "Choisir",
    ),
    (
        "de",
        "Ich verbinde Sie mit einer Kollegin oder einem Kollegen. Bleiben Sie hier, alles Geschriebene ist dort zu sehen.",
        "Ich konnte gerade niemanden erreichen. Ich helfe Ihnen weiter, so gut ich kann.",
        "Unser Team ist gerade nicht da. Ihre Unterhaltung wartet dort, und die Antwort kommt hier.",
        "{name}: Hilfe per SMS. Schreiben Sie Ihre Frage hier, wir antworten. Mit STOP erhalten Sie keine Nachrichten mehr. Es können Kosten für Nachrichten und Daten anfallen.",
        "Auswählen",
    ),
    (
        "it",
        "La metto in contatto con un collega. Resti qui: vedrà tutto ciò che ha scritto.",
        "Al momento non sono riuscito a raggiungere un collega. Continuo ad aiutarla come posso.",
        "Il nostro team non è disponibile in questo momento. La conversazione resta in attesa e riceverà qui la risposta.",
        "{name}: assistenza via SMS. Scriva qui la sua domanda e le risponderemo. Risponda STOP per non ricevere altri messaggi. Possono applicarsi costi per messaggi e dati.",
        "Scegliere",
    ),
    (
        "nl",
        "Ik verbind u door met een collega. Blijf hier; alles wat u schreef is daar te zien.",
        "Ik kon nu geen collega bereiken. Ik help u verder zo goed als ik kan.",
        "Ons team is op dit moment afwezig. Uw gesprek wacht daar en u krijgt hier antwoord.",
        "{name}: hulp via sms. Stel hier uw vraag en wij antwoorden. Antwoord STOP om geen berichten meer te ontvangen. Er kunnen kosten voor berichten en data gelden.",
        "Kiezen",
    ),
    (
        "pl",
        "Łączę z osobą z naszego zespołu. Proszę zostać na czacie, zobaczy ona wszystko, co zostało napisane.",
        "Nie udało mi się teraz nikogo zastać. Pomagam dalej najlepiej, jak potrafię.",
        "Naszego zespołu teraz nie ma. Rozmowa czeka na nich, a odpowiedź przyjdzie tutaj.",
        "{name}: pomoc przez SMS. Proszę napisać tu pytanie, odpowiemy. Odpowiedź STOP kończy otrzymywanie wiadomości. Operator może pobrać opłaty za wiadomości i dane.",
        "Wybierz",
    ),
    (
        "tr",
        "Sizi bir ekip arkadaşımıza bağlıyorum. Lütfen burada kalın, yazdığınız her şeyi görecek.",
        "Şu anda bir ekip arkadaşımıza ulaşamadım. Elimden geldiğince yardımcı olmaya devam ediyorum.",
        "Ekibimiz şu anda burada değil. Görüşmeniz onları bekliyor, yanıt buraya gelecek.",
        "{name}: SMS ile destek. Sorunuzu buraya yazın, yanıtlayalım. Mesaj almamak için STOP yazın. Mesaj ve veri ücretleri uygulanabilir.",
        "Seç",
    ),
    (
        "ar",
        "سأصلك بأحد الزملاء. ابقَ هنا من فضلك، وسيرى كل ما كتبته.",
        "لم أتمكن من الوصول إلى أحد الزملاء الآن. سأواصل مساعدتك قدر استطاعتي.",
        "فريقنا غير متاح حاليًا. محادثتك بانتظارهم وسيصلك الرد هنا.",
        "{name}: الدعم عبر الرسائل النصية. اكتب سؤالك هنا وسنجيبك. أرسل STOP لإيقاف الرسائل. قد تُطبق رسوم الرسائل والبيانات.",
        "اختر",
    ),
    (
        "hi",
        "मैं आपको हमारी टीम के एक सदस्य से जोड़ रहा हूँ। कृपया यहीं रहें, वे आपका लिखा सब कुछ देखेंगे।",
        "अभी टीम में किसी से संपर्क नहीं हो सका। मैं जितना हो सके आपकी मदद करता रहूँगा।",
        "हमारी टीम अभी उपलब्ध नहीं है। आपकी बातचीत उनके पास है और जवाब यहीं आएगा।",
        "{name}: संदेश द्वारा सहायता। अपना प्रश्न यहीं लिखें, हम उत्तर देंगे। संदेश बंद करने के लिए STOP भेजें। संदेश और डेटा शुल्क लग सकते हैं।",
        "चुनें",
    ),
    (
        "ja",
        "担当者におつなぎします。このままお待ちください。これまでの内容は担当者にも伝わります。",
        "ただいま担当者につながりませんでした。引き続きできる限りお手伝いします。",
        "ただいま担当者は不在です。お問い合わせはお預かりしており、こちらに返信いたします。",
        "{name}：メッセージでのお問い合わせ窓口です。ご質問をこちらにお書きください。配信停止はSTOPと返信してください。通信料がかかる場合があります。",
        "選ぶ",
    ),
];

impl Texts {
    /// The built-in words of a language (ISO 639-1).
    pub fn built_in(language: &str) -> Option<Self> {
        BUILT_IN.iter().find(|row| row.0 == language).map(|row| Self {
            connecting: row.1.to_owned(),
            unreachable: row.2.to_owned(),
            out_of_hours: row.3.to_owned(),
            help: Some(row.4.to_owned()),
            choose: Some(row.5.to_owned()),
        })
    }

    /// The words when nothing else fits.
    pub fn english() -> Self {
        Self {
            connecting: BUILT_IN[0].1.to_owned(),
            unreachable: BUILT_IN[0].2.to_owned(),
            out_of_hours: BUILT_IN[0].3.to_owned(),
            help: Some(BUILT_IN[0].4.to_owned()),
            choose: Some(BUILT_IN[0].5.to_owned()),
        }
    }
}
