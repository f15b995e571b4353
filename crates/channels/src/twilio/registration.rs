//! What carriers of the United States and Canada make of a number, from what Twilio says of its
//! registration. Each state is Twilio's own word ("A2P 10DLC", "Toll-Free verification", API
//! references of Usa2p, BrandRegistrations and Tollfree Verifications; checked 2026-11-20).

use baton_core::registration::{Light, Registration};

/// What Twilio says of a number.
#[derive(Debug)]
pub(super) enum Seen {
    /// Another country's number, or one of another kind.
    NotAsked,
    /// A toll-free number with its verification, where there is one.
    TollFree(Option<Verification>),
    /// A long code that is in no Messaging Service.
    NoService,
    /// A long code in a service that has no campaign.
    NoCampaign,
    /// A long code with its campaign and the campaign's brand.
    LongCode { campaign: Stage, brand: Option<Stage> },
}

/// One part of a registration.
#[derive(Debug)]
pub(super) struct Stage {
    pub status: String,
    /// Why it was refused.
    pub why: Option<String>,
}

/// The verification of a toll-free number.
pub(super) type Verification = Stage;

/// What is to be expected, and what to do.
pub(super) fn judge(seen: &Seen) -> Registration {
    match seen {
        Seen::NotAsked => registration(
            Light::Green,
            "This number needs no registration for the United States.",
            None,
            Vec::new(),
        ),
        Seen::TollFree(None) => registration(
            Light::Red,
            "This toll-free number is not verified: carriers refuse what it sends (30032).",
            Some(
                "Submit a toll-free verification at Twilio: Phone Numbers > Regulatory Compliance.",
            ),
            Vec::new(),
        ),
        Seen::TollFree(Some(verification)) => toll_free(verification),
        Seen::NoService => registration(
            Light::Red,
            "This number belongs to no campaign: carriers refuse what it sends (30034).",
            Some("Add it at Twilio to a Messaging Service that has an A2P 10DLC campaign."),
            Vec::new(),
        ),
        Seen::NoCampaign => registration(
            Light::Red,
            "The number's Messaging Service has no A2P 10DLC campaign: carriers refuse what it sends (30034).",
            Some("Register a brand and a campaign at Twilio: Messaging > Regulatory Compliance."),
            Vec::new(),
        ),
        Seen::LongCode { campaign, brand } => long_code(campaign, brand.as_ref()),
    }
}

fn toll_free(verification: &Verification) -> Registration {
    let parts = vec![part("Toll-free verification", verification)];
    match verification.status.as_str() {
        "TWILIO_APPROVED" => {
            registration(Light::Green, "This toll-free number is verified.", None, parts)
        }
        "PENDING_REVIEW" | "IN_REVIEW" => registration(
            Light::Amber,
            "The verification of this toll-free number is under review; until then carriers may refuse what it sends.",
            Some("Wait for the review, which takes a few days."),
            parts,
        ),
        _ => registration(
            Light::Red,
            "The verification of this toll-free number was rejected: carriers refuse what it sends (30032).",
            Some("Correct what the reason names at Twilio, and submit it again."),
            parts,
        ),
    }
}

fn long_code(campaign: &Stage, brand: Option<&Stage>) -> Registration {
    let mut parts = vec![part("Campaign", campaign)];
    parts.extend(brand.map(|brand| part("Brand", brand)));
    let of_brand = brand.map_or(Light::Red, |brand| match brand.status.as_str() {
        "APPROVED" => Light::Green,
        "PENDING" | "IN_REVIEW" => Light::Amber,
        _ => Light::Red,
    });
    let of_campaign = match campaign.status.as_str() {
        "VERIFIED" => Light::Green,
        "PENDING" | "IN_PROGRESS" => Light::Amber,
        _ => Light::Red,
    };
    let (summary, next) = match (of_brand, of_campaign) {
        (Light::Green, Light::Green) => {
            ("This number is registered: brand and campaign are approved.", None)
        }
        (Light::Red, _) => (
            "The brand behind this number is not approved: carriers refuse what it sends (30034).",
            Some("Correct the brand at Twilio: Messaging > Regulatory Compliance > Brands."),
        ),
        (_, Light::Red) => (
            "The campaign of this number was refused: carriers refuse what it sends (30034).",
            Some("Correct what the reason names at Twilio, and submit the campaign again."),
        ),
        _ => (
            "The registration of this number is under review; until then carriers refuse what it sends (30034).",
            Some("Wait for the review, which takes a few days up to some weeks."),
        ),
    };
    registration(of_brand.max(of_campaign), summary, next, parts)
}

fn part(name: &str, stage: &Stage) -> (String, String) {
    let state = match &stage.why {
        Some(why) => format!("{}: {why}", stage.status),
        None => stage.status.clone(),
    };
    (name.to_owned(), state)
}

fn registration(
    light: Light,
    summary: &str,
    next_step: Option<&str>,
    parts: Vec<(String, String)>,
) -> Registration {
    let (summary, next_step) = (summary.to_owned(), next_step.map(str::to_owned));
    Registration { light, summary, next_step, parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(status: &str) -> Stage {
        Stage { status: status.to_owned(), why: None }
    }

    #[test]
    fn only_what_is_approved_everywhere_is_green() {
        let long = |campaign: &str, brand: Option<&str>| {
            judge(&Seen::LongCode { campaign: stage(campaign), brand: brand.map(stage) }).light
        };
        let free = |status: &str| judge(&Seen::TollFree(Some(stage(status)))).light;
        for (is, wanted) in [
            (long("VERIFIED", Some("APPROVED")), Light::Green),
            (long("IN_PROGRESS", Some("APPROVED")), Light::Amber),
            (long("VERIFIED", Some("IN_REVIEW")), Light::Amber),
            (long("FAILED", Some("APPROVED")), Light::Red),
            (long("VERIFIED", Some("SUSPENDED")), Light::Red),
            (long("VERIFIED", None), Light::Red),
            (long("a word of tomorrow", Some("APPROVED")), Light::Red),
            (free("TWILIO_APPROVED"), Light::Green),
            (free("IN_REVIEW"), Light::Amber),
            (free("TWILIO_REJECTED"), Light::Red),
            (judge(&Seen::TollFree(None)).light, Light::Red),
            (judge(&Seen::NoService).light, Light::Red),
            (judge(&Seen::NoCampaign).light, Light::Red),
            (judge(&Seen::NotAsked).light, Light::Green),
        ] {
            assert_eq!(is, wanted);
        }
    }

    #[test]
    fn what_is_not_green_says_what_to_do_and_why() {
        let refused = Stage { status: "FAILED".to_owned(), why: Some("no opt-in".to_owned()) };
        let judged = judge(&Seen::LongCode { campaign: refused, brand: Some(stage("APPROVED")) });
        assert!(judged.next_step.is_some());
        assert_eq!(judged.parts[0], ("Campaign".to_owned(), "FAILED: no opt-in".to_owned()));
    }
}
