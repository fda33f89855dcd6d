//! Our route → TwiML (telephony facts §2.2). Everything goes through the XML writer, which escapes.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::call::providers::Document;
use crate::call::routing::Route;

const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// Forwards the call.
///
/// `answerOnBridge`: the caller hears it ring, and is not billed as answered, until the
/// destination answers. No `callerId`: the destination sees the caller's own number.
pub fn forward(route: &Route) -> Document {
    document(|xml| {
        xml.create_element("Dial")
            .with_attribute(("timeout", route.timeout_s.to_string().as_str()))
            .with_attribute(("answerOnBridge", "true"))
            .with_attribute(("action", format!("{}/dial", route.report_to).as_str()))
            .with_attribute(("method", "POST"))
            .write_inner_content(|xml| {
                xml.create_element("Number")
                    .with_attribute(("statusCallback", format!("{}/leg", route.report_to).as_str()))
                    .with_attribute(("statusCallbackMethod", "POST"))
                    .with_attribute(("statusCallbackEvent", "ringing answered completed"))
                    .write_text_content(BytesText::new(route.to.as_str()))?;
                Ok(())
            })?;
        Ok(())
    })
}

/// Nothing more to do.
pub fn end() -> Document {
    document(|_| Ok(()))
}

fn document(content: impl FnOnce(&mut Writer<Vec<u8>>) -> std::io::Result<()>) -> Document {
    let mut xml = Writer::new(Vec::with_capacity(512));
    let written = xml
        .write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))
        .and_then(|()| xml.create_element("Response").write_inner_content(content).map(|_| ()));
    // Writing into memory cannot fail, and the writer only gets text.
    let body = written.ok().and_then(|()| String::from_utf8(xml.into_inner()).ok());
    Document { content_type: CONTENT_TYPE, body: body.unwrap_or_default() }
}
