//! XML elements, written with everything escaped. Every document of every provider goes through
//! here.

use std::fmt::Display;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// An element with its attributes in order, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// An empty element.
    pub fn new(name: &'static str) -> Self {
        Element { name, attributes: Vec::new(), text: String::new(), children: Vec::new() }
    }

    /// With an attribute.
    pub fn attribute(mut self, name: &'static str, value: impl Display) -> Self {
        self.attributes.push((name, value.to_string()));
        self
    }

    /// With an attribute unless its value is empty.
    pub fn attribute_if(self, name: &'static str, value: &str) -> Self {
        if value.is_empty() { self } else { self.attribute(name, value) }
    }

    /// With a text before its children. Characters that XML cannot hold are left out.
    pub fn text(mut self, text: &str) -> Self {
        self.text = text.to_owned();
        self
    }

    /// With one more child.
    pub fn child(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    /// With more children.
    pub fn children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children);
        self
    }

    /// The document that this element is the root of.
    pub fn document(&self) -> String {
        let mut xml = Writer::new(Vec::with_capacity(512));
        let declaration = Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None));
        let written = xml.write_event(declaration).and_then(|()| self.write(&mut xml));
        // Writing into memory cannot fail, and the writer only gets text.
        let body = written.ok().and_then(|()| String::from_utf8(xml.into_inner()).ok());
        body.unwrap_or_default()
    }

    fn write(&self, xml: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        let mut start = BytesStart::new(self.name);
        for (name, value) in &self.attributes {
            start.push_attribute((*name, allowed(value).as_str()));
        }
        xml.write_event(Event::Start(start))?;
        if !self.text.is_empty() {
            xml.write_event(Event::Text(BytesText::new(&allowed(&self.text))))?;
        }
        for child in &self.children {
            child.write(xml)?;
        }
        xml.write_event(Event::End(BytesEnd::new(self.name)))
    }
}

/// A text without the characters that XML 1.0 cannot hold, not even escaped
/// (<https://www.w3.org/TR/xml/#charsets>).
fn allowed(text: &str) -> String {
    let fits = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(fits).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::Reader;

    use super::*;

    proptest! {
        #[test]
        fn any_text_comes_out_of_the_document_as_it_went_in(text in any::<String>()) {
            let document = Element::new("Say").attribute("note", &text).text(&text).document();
            let mut reader = Reader::from_str(&document);
            let (mut heard, mut noted, mut depth) = (String::new(), String::new(), 0);
            loop {
                match reader.read_event().expect("well-formed") {
                    Event::Start(start) => {
                        depth += 1;
                        let note = start.attributes().next().expect("one").expect("well-formed");
                        noted = note.unescape_value().expect("escaped").into_owned();
                    }
                    Event::Text(part) => heard.push_str(&part.decode().expect("UTF-8")),
                    Event::GeneralRef(name) => {
                        let name = name.decode().expect("UTF-8");
                        let resolved = quick_xml::escape::unescape(&format!("&{name};"))
                            .expect("known")
                            .into_owned();
                        heard.push_str(&resolved);
                    }
                    Event::Eof => break,
                    _ => {}
                }
            }
            prop_assert_eq!(depth, 1);
            // Parsers turn line ends into one form, and space in attributes into blanks.
            let blank = |text: &str| text.replace(['\r', '\n', '\t'], " ");
            let expected = allowed(&text);
            prop_assert_eq!(blank(&noted), blank(&expected));
            prop_assert_eq!(blank(&heard), blank(&expected));
        }
    }
}
