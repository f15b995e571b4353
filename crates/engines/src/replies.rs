//! The sentences that engines say by themselves.

/// One language's sentences.
pub struct Replies {
    language: &'static str,
    /// To a mere greeting.
    pub greeting: &'static str,
    /// To mere thanks.
    pub welcome: &'static str,
    /// To a no after our offer.
    pub all_right: &'static str,
    /// The articles say nothing about it.
    pub dont_know: &'static str,
    /// The offer that follows it.
    pub offer: &'static str,
    /// Its answers to tap.
    pub yes: &'static str,
    pub no: &'static str,
    /// The workspace hands nobody over on request.
    pub no_person: &'static str,
    /// Before the article's title.
    pub source: &'static str,
}

const ALL: &[Replies] = &[
    Replies {
        language: "en",
        greeting: "Hello! How can I help you?",
        welcome: "You are welcome! Is there anything else I can help with?",
        all_right: "All right. What else can I help you with?",
        dont_know: "I'm sorry, I don't know the answer to that.",
        offer: "Shall I connect you with a colleague?",
        yes: "Yes",
        no: "No",
        no_person: "I am an automatic assistant, and I cannot connect you with a person here. I will gladly help as well as I can.",
        source: "Source",
    },
    Replies {
        language: "es",
        greeting: "¡Hola! ¿En qué puedo ayudarle?",
        welcome: "¡De nada! ¿Puedo ayudarle en algo más?",
        all_right: "De acuerdo. ¿En qué más puedo ayudarle?",
        dont_know: "Lo siento, no sé la respuesta a eso.",
        offer: "¿Le pongo en contacto con una persona del equipo?",
        yes: "Sí",
        no: "No",
        no_person: "Soy un asistente automático y aquí no puedo ponerle en contacto con una persona. Le ayudo con gusto en lo que pueda.",
        source: "Fuente",
    },
    Replies {
        language: "pt",
        greeting: "Olá! Como posso ajudar?",
        welcome: "De nada! Posso ajudar em mais alguma coisa?",
        all_right: "Certo. Em que mais posso ajudar?",
        dont_know: "Desculpe, não sei a resposta para isso.",
        offer: "Quer que eu passe você para uma pessoa da equipe?",
        yes: "Sim",
        no: "Não",
        no_person: "Sou um assistente automático e não consigo passar você para uma pessoa por aqui. Ajudo com prazer no que puder.",
        source: "Fonte",
    },
    Replies {
        language: "fr",
        greeting: "Bonjour ! Comment puis-je vous aider ?",
        welcome: "Avec plaisir ! Puis-je vous aider pour autre chose ?",
        all_right: "Très bien. Que puis-je faire d'autre pour vous ?",
        dont_know: "Désolé, je ne connais pas la réponse à cette question.",
        offer: "Voulez-vous que je vous mette en relation avec un collègue ?",
        yes: "Oui",
        no: "Non",
        no_person: "Je suis un assistant automatique et je ne peux pas vous mettre en relation avec une personne ici. Je vous aide volontiers de mon mieux.",
        source: "Source",
    },
    Replies {
        language: "de",
        greeting: "Hallo! Wie kann ich helfen?",
        welcome: "Gern geschehen! Kann ich sonst noch helfen?",
        all_right: "In Ordnung. Womit kann ich sonst helfen?",
        dont_know: "Das weiß ich leider nicht.",
        offer: "Soll ich Sie mit einer Kollegin oder einem Kollegen verbinden?",
        yes: "Ja",
        no: "Nein",
        no_person: "Ich bin ein automatischer Assistent und kann Sie hier nicht mit einem Menschen verbinden. Ich helfe gern, so gut ich kann.",
        source: "Quelle",
    },
    Replies {
        language: "it",
        greeting: "Salve! Come posso aiutarla?",
        welcome: "Prego! Posso aiutarla con altro?",
        all_right: "Va bene. In cos'altro posso aiutarla?",
        dont_know: "Mi dispiace, non conosco la risposta.",
        offer: "Vuole che la metta in contatto con un collega?",
        yes: "Sì",
        no: "No",
        no_person: "Sono un assistente automatico e qui non posso metterla in contatto con una persona. La aiuto volentieri come posso.",
        source: "Fonte",
    },
    Replies {
        language: "nl",
        greeting: "Hallo! Waarmee kan ik u helpen?",
        welcome: "Graag gedaan! Kan ik nog ergens mee helpen?",
        all_right: "Prima. Waarmee kan ik u verder helpen?",
        dont_know: "Sorry, daar weet ik het antwoord niet op.",
        offer: "Zal ik u doorverbinden met een collega?",
        yes: "Ja",
        no: "Nee",
        no_person: "Ik ben een automatische assistent en kan u hier niet met een mens doorverbinden. Ik help u graag zo goed als ik kan.",
        source: "Bron",
    },
    Replies {
        language: "pl",
        greeting: "Dzień dobry! W czym mogę pomóc?",
        welcome: "Proszę bardzo! Czy mogę pomóc w czymś jeszcze?",
        all_right: "Dobrze. W czym jeszcze mogę pomóc?",
        dont_know: "Przepraszam, nie znam odpowiedzi na to pytanie.",
        offer: "Czy połączyć z osobą z naszego zespołu?",
        yes: "Tak",
        no: "Nie",
        no_person: "Jestem automatycznym asystentem i nie mogę tutaj połączyć z człowiekiem. Chętnie pomogę najlepiej, jak potrafię.",
        source: "Źródło",
    },
    Replies {
        language: "tr",
        greeting: "Merhaba! Size nasıl yardımcı olabilirim?",
        welcome: "Rica ederim! Başka bir konuda yardımcı olabilir miyim?",
        all_right: "Peki. Başka nasıl yardımcı olabilirim?",
        dont_know: "Üzgünüm, bunun cevabını bilmiyorum.",
        offer: "Sizi bir ekip arkadaşımıza bağlayayım mı?",
        yes: "Evet",
        no: "Hayır",
        no_person: "Ben otomatik bir asistanım ve sizi buradan bir kişiye bağlayamıyorum. Elimden geldiğince memnuniyetle yardımcı olurum.",
        source: "Kaynak",
    },
    Replies {
        language: "ar",
        greeting: "مرحبًا! كيف يمكنني مساعدتك؟",
        welcome: "على الرحب والسعة! هل يمكنني مساعدتك في شيء آخر؟",
        all_right: "حسنًا. بماذا يمكنني مساعدتك أيضًا؟",
        dont_know: "عذرًا، لا أعرف الإجابة عن ذلك.",
        offer: "هل تريد أن أصلك بأحد الزملاء؟",
        yes: "نعم",
        no: "لا",
        no_person: "أنا مساعد آلي ولا يمكنني وصلك بشخص من هنا. يسعدني أن أساعدك قدر استطاعتي.",
        source: "المصدر",
    },
    Replies {
        language: "hi",
        greeting: "नमस्ते! मैं आपकी क्या मदद कर सकता हूँ?",
        welcome: "आपका स्वागत है! क्या मैं और कोई मदद कर सकता हूँ?",
        all_right: "ठीक है। मैं और क्या मदद कर सकता हूँ?",
        dont_know: "क्षमा करें, मुझे इसका उत्तर नहीं पता।",
        offer: "क्या मैं आपको हमारी टीम के किसी सदस्य से जोड़ दूँ?",
        yes: "हाँ",
        no: "नहीं",
        no_person: "मैं एक स्वचालित सहायक हूँ और यहाँ से आपको किसी व्यक्ति से नहीं जोड़ सकता। मैं जितना हो सके मदद करूँगा।",
        source: "स्रोत",
    },
    Replies {
        language: "ja",
        greeting: "こんにちは。どのようなご用件でしょうか。",
        welcome: "どういたしまして。ほかにお手伝いできることはありますか。",
        all_right: "承知しました。ほかにお手伝いできることはありますか。",
        dont_know: "申し訳ありませんが、その答えはわかりません。",
        offer: "担当者におつなぎしましょうか。",
        yes: "はい",
        no: "いいえ",
        no_person: "こちらは自動アシスタントで、ここから担当者におつなぎすることはできません。できる限りお手伝いします。",
        source: "出典",
    },
];

/// The sentences of a language; English where it is none of ours.
pub fn of(language: &str) -> &'static Replies {
    ALL.iter().find(|replies| replies.language == language).unwrap_or(&ALL[0])
}

/// Whether a text holds our offer of a person, in any language.
pub fn offers_person(text: &str) -> bool {
    ALL.iter().any(|replies| text.contains(replies.offer))
}

/// The answers to tap below a text that offers a person; none below any other.
pub fn choices(text: &str) -> Vec<String> {
    let offered = ALL.iter().find(|replies| text.contains(replies.offer));
    offered.map(|words| [words.yes, words.no].map(str::to_owned).to_vec()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect;

    #[test]
    fn what_is_tapped_is_understood() {
        for words in ALL {
            assert!(detect::is_yes(words.yes), "{}", words.yes);
            assert!(detect::is_no(words.no), "{}", words.no);
            assert!(!detect::is_yes(words.no) && !detect::is_no(words.yes), "{}", words.language);
            assert_eq!(choices(words.offer), [words.yes, words.no]);
        }
    }
}
