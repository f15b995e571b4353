//! Words for the same thing in a shop's questions, in all languages: a customer who writes
//! "shipping" or "Versand" means the article that says "delivery".

use std::{collections::HashMap, sync::LazyLock};

use crate::detect::{is_slip_of, words};

/// Term, and what means it.
const CONCEPTS: &[(&str, &str)] = &[
    (
        "#delivery",
        "delivery|deliveries|deliver|delivered|shipping|shipment|shipped|ship|postage|dispatch|envio|envios|enviar|entrega|entregas|frete|livraison|livrer|livre_a|lieferung|lieferungen|liefern|liefert|versand|versandkosten|lieferzeit|spedizione|spedizioni|consegna|consegne|verzending|verzenden|levering|bezorging|bezorgen|leveren|dostawa|dostawy|dostawe|wysylka|wysylki|kargo|teslimat|توصيل|شحن|تسليم|डिलीवरी|डिलिवरी|शिपिंग|配送|送料|配達|発送",
    ),
    (
        "#parcel",
        "parcel|parcels|package|packages|packet|paquete|paquetes|pacote|encomenda|colis|paket|pakete|sendung|pacco|pacchi|pakket|pakje|paczka|paczki|paczke|paket|طرد|طرود|पार्सल|पैकेज|荷物|小包",
    ),
    (
        "#refund",
        "refund|refunds|refunded|money_back|reimburse|reimbursement|reimbursed|get_my_money|reembolso|reembolsos|reembolsar|devolucion_del_dinero|mi_dinero|meu_dinheiro|estorno|remboursement|rembourser|rembourse|ruckerstattung|rueckerstattung|erstattung|geld_zuruck|geld_zurueck|rimborso|rimborsi|terugbetaling|geld_terug|zwrot_pieniedzy|para_iadesi|para_iade|استرداد|استرجاع_فلوس|रिफंड|पैसे_वापस|paise_wapas|返金",
    ),
    (
        "#return",
        "return|returns|returned|returning|send_back|give_back|bring_back|devolucion|devoluciones|devolver|devuelvo|devolucao|retour|retours|retourner|renvoyer|rucksendung|ruecksendung|zuruckgeben|zurueckgeben|zuruckschicken|zurueckschicken|rucksenden|retoure|retouren|reso|resi|restituire|restituzione|retourneren|terugsturen|terugbrengen|zwrot|zwroty|zwrotu|zwrocic|iade|arja3|ارجاع|إرجاع|استرجاع|वापस|वापसी|wapas|返品",
    ),
    (
        "#exchange",
        "exchange|exchanges|exchanged|exchanging|swap|swapping|cambio|cambiar_por|cambiar_talla|cambiar_la_talla|troca|trocar|echange|echanger|umtausch|umtauschen|tauschen|sostituire|sostituzione|cambio_taglia|ruilen|omruilen|wymiana|wymienic|wymiane|degisim|degistirmek|استبدال|تبديل|एक्सचेंज|交換",
    ),
    (
        "#size",
        "size|sizes|sizing|talla|tallas|tamanho|taille|tailles|pointure|grosse|grossen|groesse|taglia|taglie|maat|maten|rozmiar|rozmiary|beden|numara|مقاس|مقاسات|साइज|साइज़|サイズ",
    ),
    (
        "#payment",
        "payment|payments|pay|paying|paid|pago|pagos|pagar|pagamento|pagamentos|paiement|payer|zahlung|bezahlen|zahlen|zahlungsarten|zahlungsmethoden|pagare|betaling|betalen|betaalmethoden|platnosc|platnosci|zaplacic|placic|odeme|odemek|odeyebilir|دفع|الدفع|भुगतान|पेमेंट|支払い|支払|お支払い",
    ),
    (
        "#card",
        "card|cards|credit_card|debit_card|tarjeta|tarjetas|cartao|carte|cartes|karte|karten|kreditkarte|carta|carte_di_credito|kaart|creditcard|karta|karty|karta_kredytowa|kart|kredi_karti|بطاقة|बطاقه|कार्ड|カード",
    ),
    (
        "#giftcard",
        "gift_card|gift_cards|giftcard|giftcards|gift_voucher|gift_vouchers|gift_certificate|tarjeta_regalo|tarjetas_regalo|cartao_presente|vale_presente|carte_cadeau|cartes_cadeaux|geschenkkarte|geschenkgutschein|carta_regalo|buono_regalo|cadeaubon|cadeaukaart|karta_podarunkowa|bon_podarunkowy|hediye_karti|بطاقة_هدية|गिफ्ट_कार्ड|ギフトカード|商品券",
    ),
    (
        "#cancel",
        "cancel|cancels|cancelled|canceled|cancelling|canceling|cancellation|call_off|cancelar|cancelacion|anular|cancelamento|annuler|annulation|stornieren|stornierung|abbestellen|annullare|annullamento|cancellare|annuleren|annulering|anulowac|anulowanie|iptal|الغاء|إلغاء|रद्द|कैंसिल|キャンセル|取り消し",
    ),
    (
        "#order",
        "order|orders|ordered|ordering|purchase|purchases|pedido|pedidos|orden|compra|commande|commandes|commander|bestellung|bestellungen|bestellt|ordine|ordini|bestelling|bestellingen|zamowienie|zamowienia|siparis|siparisim|siparisimi|طلب|طلبي|طلبية|ऑर्डर|आर्डर|注文",
    ),
    (
        "#track",
        "track|tracking|trace|where_is_my|wheres_my|where_my|rastrear|rastreo|seguimiento|donde_esta_mi|rastreamento|rastreio|onde_esta_o_meu|onde_esta_meu|suivi|suivre|ou_est_ma|ou_est_mon|sendungsverfolgung|verfolgen|wo_ist_mein|wo_ist_meine|wo_bleibt|tracciare|tracciamento|dov_e|dove_e_il_mio|volgen|waar_is_mijn|track_en_trace|sledzic|sledzenie|gdzie_jest_moj|gdzie_jest_moja|takip|nerede|تتبع|اين_طلبي|ट्रैक|追跡|どこ",
    ),
    (
        "#hours",
        "opening_hours|opening_times|business_hours|working_hours|open|opens|opening|close|closes|closed|closing|horario|horarios|abren|abre|abierto|abierta|abiertas|cierran|cierra|abertura|aberto|aberta|abrem|fecham|fecha|horaires|ouvert|ouverte|ouverts|ouvre|ouvrez|ouverture|ferme|fermez|offnungszeiten|oeffnungszeiten|geoffnet|geoeffnet|offnet|schliesst|orari|orario|aperto|aperti|aperta|apre|aprite|chiude|chiuso|openingstijden|geopend|gesloten|godziny_otwarcia|otwarte|otwarty|otwieracie|zamkniete|calisma_saatleri|acik|kacta_aciliyor|ساعات_العمل|مفتوح|खुला|खुलता|営業時間|開店|閉店",
    ),
    (
        "#store",
        "store|stores|shop|shops|branch|branches|tienda|tiendas|loja|lojas|magasin|magasins|boutique|boutiques|geschaft|geschafte|laden|filiale|filialen|negozio|negozi|winkel|winkels|sklep|sklepy|sklepu|magaza|magazaniz|متجر|محل|فرع|दुकान|स्टोर|店舗|お店",
    ),
    (
        "#address",
        "address|addresses|direccion|direcciones|domicilio|endereco|adresse|adressen|anschrift|lieferadresse|indirizzo|indirizzi|adres|adresu|adresy|adresimi|عنوان|पता|住所",
    ),
    (
        "#warranty",
        "warranty|warranties|guarantee|guaranteed|garantia|garantie|gewahrleistung|garanzia|gwarancja|gwarancji|gwarancje|garanti|ضمان|वारंटी|गारंटी|保証",
    ),
    (
        "#cost",
        "cost|costs|price|prices|fee|fees|charge|charges|expensive|cuesta|cuestan|coste|costo|precio|gastos|custa|custam|preco|taxa|coute|coutent|prix|frais|kostet|kosten|preis|preise|gebuhr|gebuhren|costa|costano|prezzo|prezzi|costi|kost|prijs|kosztuje|cena|ceny|koszt|koszty|ucret|ucreti|fiyat|سعر|تكلفة|كلفة|कीमत|शुल्क|खर्च|料金|値段|いくら",
    ),
    (
        "#wash",
        "wash|washing|washed|clean|cleaning|laundry|launder|lavar|lavo|lavado|lavagem|limpar|laver|lavage|nettoyer|waschen|waschmaschine|reinigen|lavare|lavaggio|pulire|wassen|schoonmaken|prac|wyprac|pranie|yikama|yikamak|yikanir|غسل|تنظيف|धोना|धोएं|洗濯|洗う",
    ),
    (
        "#member",
        "member|members|membership|loyalty|loyalty_programme|loyalty_program|club|points|socio|socios|fidelidad|puntos|fidelidade|pontos|membre|fidelite|mitglied|mitgliedschaft|treueprogramm|punkte|membro|fedelta|punti|lid|lidmaatschap|punten|czlonkostwo|punkty|uyelik|puan|عضوية|نقاط|सदस्यता|会員|ポイント",
    ),
    (
        "#invoice",
        "invoice|invoices|bill|billing|receipt|factura|facturas|recibo|fatura|nota_fiscal|facture|factures|rechnung|rechnungen|fattura|fatture|factuur|faktura|faktury|فاتورة|बिल|चालान|請求書|領収書",
    ),
    (
        "#privacy",
        "privacy|personal_data|data_protection|my_data|gdpr|datos_personales|mis_datos|dados_pessoais|meus_dados|donnees_personnelles|mes_donnees|datenschutz|meine_daten|personenbezogene|dati_personali|miei_dati|persoonsgegevens|mijn_gegevens|dane_osobowe|moje_dane|kisisel_verilerim|بياناتي|خصوصية|個人情報",
    ),
    (
        "#repair",
        "repair|repairs|repaired|fix|fixed|mend|mending|reparar|reparacion|consertar|conserto|reparer|reparation|reparieren|reparatur|riparare|riparazione|repareren|reparatie|naprawa|naprawic|tamir|onarim|اصلاح|मरम्मत|修理",
    ),
    (
        "#installments",
        "instalment|instalments|installment|installments|pay_later|monthly_payments|a_plazos|plazos|parcelas|parcelado|plusieurs_fois|ratenzahlung|raten|rate|termijnen|raty|ratach|taksit|تقسيط|किस्त|किश्तों|分割払い|分割",
    ),
    (
        "#newsletter",
        "newsletter|newsletters|unsubscribe|mailing_list|boletin|darme_de_baja|desabonner|abmelden|disiscrivermi|uitschrijven|wypisac|bulten",
    ),
    (
        "#unavailable",
        "out_of_stock|sold_out|agotado|esgotado|rupture_de_stock|ausverkauft|nicht_vorratig|esaurito|uitverkocht|niedostepny|wyprzedany|stokta_yok|在庫切れ",
    ),
    (
        "#account",
        "account|accounts|login|log_in|sign_in|password|passwords|cuenta|contrasena|conta|senha|compte|mot_de_passe|konto|passwort|account_aanmaken|wachtwoord|haslo|konta|hesap|hesabim|sifre|حساب|حسابي|كلمة_المرور|खाता|अकाउंट|पासवर्ड|アカウント|パスワード|ログイン",
    ),
    (
        "#complaint",
        "complaint|complaints|complain|queja|quejas|reclamacion|reclamo|reclamacao|queixa|plainte|reclamation|beschwerde|beschweren|reclami|klacht|klachten|reklamacja|skarga|sikayet|sikayetim|شكوى|شكوي|शिकायत|苦情|クレーム",
    ),
    (
        "#late",
        "late|delayed|delay|overdue|hasnt_arrived|not_arrived|didnt_arrive|retraso|retrasado|atraso|atrasado|retard|verspatung|verspatet|ritardo|vertraging|opoznienie|gecikme|gecikti|متاخر|تأخر|देर|देरी|遅れ",
    ),
];

/// Matters that half of all articles mention: they say little about what is asked.
const EVERYWHERE: &[&str] = &["#order", "#parcel", "#store", "#card", "#cost", "#late"];

/// By first word: the wordings, longest first.
static BY_FIRST: LazyLock<HashMap<String, Vec<Wording>>> = LazyLock::new(|| {
    let mut by_first: HashMap<String, Vec<Wording>> = HashMap::new();
    for (term, list) in CONCEPTS {
        for wording in list.split('|') {
            let words: Vec<String> = wording.split('_').flat_map(words::words).collect();
            let Some(first) = words.first().cloned() else { continue };
            by_first.entry(first).or_default().push(Wording { term, words });
        }
    }
    for wordings in by_first.values_mut() {
        wordings.sort_by_key(|wording| std::cmp::Reverse(wording.words.len()));
    }
    by_first
});

struct Wording {
    term: &'static str,
    words: Vec<String>,
}

/// The concept that begins at the position and where it ends; the longest wording wins.
pub fn at(words: &[String], at: usize) -> Option<(&'static str, usize)> {
    let rest = words.get(at..)?;
    let wordings = BY_FIRST.get(rest.first()?)?;
    let found = wordings.iter().find(|wording| rest.starts_with(&wording.words))?;
    Some((found.term, at + found.words.len()))
}

/// The word of a concept that a mistyped word means.
pub fn meant(word: &str) -> Option<&'static str> {
    let single = |wordings: &Vec<Wording>| wordings.iter().any(|wording| wording.words.len() == 1);
    let mut candidates: Vec<&'static str> = BY_FIRST
        .iter()
        .filter(|(known, wordings)| single(wordings) && is_slip_of(known, word))
        .map(|(known, _)| known.as_str())
        .collect();
    candidates.sort_unstable();
    candidates.first().copied()
}

/// Whether the term is a matter of the shop's that says what a question is about.
pub fn is_matter(term: &str) -> bool {
    term.starts_with('#') && !is_everywhere(term)
}

/// Whether half of all articles and questions hold the term.
pub fn is_everywhere(term: &str) -> bool {
    EVERYWHERE.contains(&term)
}
