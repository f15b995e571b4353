//! Whom a send is for.

use serde_json::Value;

use super::Held;
use super::errors::GraphError;
use super::users::{User, digits, new_bsuid};
use crate::World;

/// A user, and how the send named them.
pub struct Recipient {
    pub input: String,
    pub user: usize,
    pub by_user_id: bool,
}

/// Finds who `to` or `recipient` names; an unknown number becomes somebody without WhatsApp.
pub fn find(world: &World, held: &mut Held, message: &Value) -> Result<Recipient, GraphError> {
    let prefer_user_id = world.switches.is("whatsapp.to_and_recipient", "recipient");
    let by_id = message["recipient"].as_str();
    let by_phone = message["to"].as_str().filter(|_| by_id.is_none() || !prefer_user_id);
    if let Some(input) = by_phone {
        let phone = digits(input);
        if !(5..=15).contains(&phone.len()) {
            return Err(GraphError::new(100, "The parameter to is not a phone number"));
        }
        if phone == world.whatsapp.account.display_phone_number {
            return Err(GraphError::new(131_021, "Recipient phone number cannot be the sender's"));
        }
        let user = held.users.find(&phone).or_else(|| held.users.add(stranger(world, &phone)));
        let user = user.ok_or_else(|| GraphError::new(131_026, "Message Undeliverable."))?;
        return Ok(Recipient { input: input.to_owned(), user, by_user_id: false });
    }
    let input = by_id.ok_or_else(|| GraphError::new(100, "The parameter to is required."))?;
    let user = held
        .users
        .find(input)
        .filter(|user| held.users.get(*user).is_some_and(|user| user.bsuid == input));
    let user = user.ok_or_else(|| {
        GraphError::new(131_009, "recipient is not a user id known to this business")
    })?;
    Ok(Recipient { input: input.to_owned(), user, by_user_id: true })
}

/// A number that nobody has created is not on WhatsApp.
fn stranger(world: &World, phone: &str) -> User {
    let unknown = User::new(new_bsuid(&world.whatsapp.ids));
    User { phone: Some(phone.to_owned()), on_whatsapp: false, allowed: false, ..unknown }
}
