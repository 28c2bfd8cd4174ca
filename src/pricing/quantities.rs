//! What is priced: messages, recipients and bytes to recipients of one billing month, as exact numbers.

use rust_decimal::Decimal;

use crate::money::MoneyError;
use crate::units::{Megabyte, MessageSize};

/// What a meter counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Metered {
    /// Messages handed in, however many recipients they have.
    Messages,
    /// Recipients of all messages.
    Recipients,
    /// Megabytes of message size times recipients.
    Megabytes,
}

impl Metered {
    /// All kinds with their words in price files.
    pub const ALL: [Metered; 3] = [Metered::Messages, Metered::Recipients, Metered::Megabytes];

    /// The word in price files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Metered::Messages => "messages",
            Metered::Recipients => "recipients",
            Metered::Megabytes => "megabytes",
        }
    }
}

/// The usage of one billing month. Decimals, since typed means need not give whole numbers; measured usage is
/// whole and its sums over groups are exact.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Quantities {
    /// Messages handed in.
    pub messages: Decimal,
    /// Recipients of all messages.
    pub recipients: Decimal,
    /// The sum of message size in bytes times recipients.
    pub recipient_bytes: Decimal,
    /// Megabytes to recipients that the service itself stated and that are in no bytes: charged as they are.
    pub recipient_megabytes: Decimal,
}

impl Quantities {
    /// Measured usage; an error beyond the 28 digits of a decimal.
    pub fn measured(messages: u64, recipients: u64, recipient_bytes: u128) -> Result<Quantities, MoneyError> {
        let bytes = i128::try_from(recipient_bytes).map_err(|_| MoneyError::Overflow)?;
        let recipient_bytes =
            Decimal::try_from_i128_with_scale(bytes, 0).map_err(|_| MoneyError::Overflow)?;
        let (messages, recipients) = (messages.into(), recipients.into());
        Ok(Quantities { messages, recipients, recipient_bytes, ..Quantities::default() })
    }

    /// Typed usage: messages of one size with a mean number of recipients.
    pub fn typed(
        messages: Decimal,
        recipients_per_message: Decimal,
        size: MessageSize,
    ) -> Result<Quantities, MoneyError> {
        let recipients = messages.checked_mul(recipients_per_message).ok_or(MoneyError::Overflow)?;
        let bytes = recipients.checked_mul(Decimal::from(size.in_bytes()));
        let recipient_bytes = bytes.ok_or(MoneyError::Overflow)?;
        Ok(Quantities { messages, recipients, recipient_bytes, ..Quantities::default() })
    }

    /// The quantity that a meter counts; megabytes are divided here, once.
    pub fn of(&self, metered: Metered, megabyte: Megabyte) -> Result<Decimal, MoneyError> {
        match metered {
            Metered::Messages => Ok(self.messages),
            Metered::Recipients => Ok(self.recipients),
            Metered::Megabytes => {
                let quantity = self.recipient_bytes.checked_div(Decimal::from(megabyte.in_bytes()));
                let quantity = quantity.and_then(|quantity| quantity.checked_add(self.recipient_megabytes));
                quantity.map(|quantity| quantity.normalize()).ok_or(MoneyError::Overflow)
            }
        }
    }

    /// The sum of two.
    pub fn checked_add(&self, other: &Quantities) -> Result<Quantities, MoneyError> {
        let add = |a: Decimal, b: Decimal| a.checked_add(b).ok_or(MoneyError::Overflow);
        Ok(Quantities {
            messages: add(self.messages, other.messages)?,
            recipients: add(self.recipients, other.recipients)?,
            recipient_bytes: add(self.recipient_bytes, other.recipient_bytes)?,
            recipient_megabytes: add(self.recipient_megabytes, other.recipient_megabytes)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn megabytes_that_the_service_states_are_charged_whatever_a_megabyte_is() {
        let bytes = Quantities::measured(1, 2, 2_000_000).unwrap();
        let stated = Quantities { recipient_megabytes: Decimal::new(26_019, 6), ..Quantities::default() };
        let both = bytes.checked_add(&stated).unwrap();
        let charged = |megabyte| both.of(Metered::Megabytes, megabyte).unwrap().to_string();
        assert_eq!(charged(Megabyte::Decimal), "2.026019");
        assert_eq!(charged(Megabyte::Binary), "1.9333676328125");
    }
}
