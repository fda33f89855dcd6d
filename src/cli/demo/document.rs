//! What a provider reads in the service's answer to a call, as far as the demo's calls need it. Pure.

use quick_xml::Reader;
use quick_xml::events::Event;

/// What is to be done with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Somebody is rung.
    Dial,
    /// The caller may leave a message; then this address is told.
    Message {
        /// The address.
        action: String,
    },
    /// It is turned away, or ends after an announcement.
    Nothing,
}

/// The first verb that decides; what cannot be read asks for nothing.
pub fn asks(document: &str) -> Asks {
    let mut reader = Reader::from_str(document);
    loop {
        let element = match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => element,
            Ok(Event::Eof) | Err(_) => return Asks::Nothing,
            Ok(_) => continue,
        };
        match element.name().as_ref() {
            b"Dial" => return Asks::Dial,
            b"Record" => {
                let action = element.try_get_attribute("action").ok().flatten();
                let action = action.and_then(|action| action.unescape_value().ok());
                return match action {
                    Some(action) => Asks::Message { action: action.into_owned() },
                    None => Asks::Nothing,
                };
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_verb_that_decides_is_found() {
        let dial = "<?xml version=\"1.0\"?><Response><Say>Hello</Say><Dial action=\"x\"><Number>+1</Number></Dial></Response>";
        assert_eq!(asks(dial), Asks::Dial);
        let record =
            "<Response><Say>Closed</Say><Record action=\"http://h/v?a=1&amp;b=2\"/></Response>";
        assert_eq!(asks(record), Asks::Message { action: "http://h/v?a=1&b=2".to_owned() });
        for nothing in ["<Response/>", "<Response><Reject/></Response>", "<Record/>", "<", ""] {
            assert_eq!(asks(nothing), Asks::Nothing, "{nothing}");
        }
    }
}
