//! What a page consists of, as far as the snippet looks at it.

use scraper::node::{Element, Node};
use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::tag::Tag;

/// Attributes that the snippet reads besides those a site names.
const ATTRIBUTES: [&str; 4] = ["aria-label", "title", "alt", "placeholder"];
/// Where the scripts of Google's, Tealium's, Adobe's, Piwik PRO's and Matomo's tag managers come from.
const TAG_MANAGERS: [&str; 5] = [
    "googletagmanager.com/gtm.js",
    "tags.tiqcdn.com/",
    "assets.adobedtm.com/",
    "containers.piwik.pro/",
    "/js/container_",
];
/// Elements whose text the snippet leaves alone.
const LEFT_ALONE: [&str; 11] = [
    "head", "script", "style", "noscript", "template", "textarea", "select", "option", "iframe",
    "object", "svg",
];
/// Elements inside of which a line of text goes on.
const INLINE: [&str; 26] = [
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
    "ins", "kbd", "label", "mark", "q", "s", "small", "span", "strong", "sub", "sup", "u",
];

/// What was found in a page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The tags of the snippet.
    pub(super) tags: Vec<Tag>,
    /// Policies in `<meta>` elements.
    pub(super) policies: Vec<String>,
    /// Whether it loads a tag manager, which may bring the snippet along.
    pub(super) has_tag_manager: bool,
    /// Lines of text, each with the texts of the elements inside of it.
    pub(super) lines: Vec<String>,
    /// What the links dial.
    pub(super) links: Vec<String>,
    /// Values of attributes, by name.
    pub(super) attributes: Vec<(String, String)>,
    /// Targets that elements name, with what these hold now.
    pub(super) marked: Vec<(String, String)>,
}

impl Page {
    /// Reads the page that came from `url`.
    pub(super) fn read(html: &str, url: &Url) -> Self {
        let html = Html::parse_document(html);
        let mut page = Page::default();
        let base = first(&html, "base[href]").and_then(|base| url.join(base.attr("href")?).ok());
        let base = base.unwrap_or_else(|| url.clone());
        for script in all(&html, "script") {
            page.tags.extend(Tag::read(script, &base));
            let text = script.text().chain(script.attr("src")).collect::<String>();
            page.has_tag_manager |= TAG_MANAGERS.iter().any(|known| text.contains(known));
        }
        for meta in all(&html, "head meta[http-equiv]") {
            let name = meta.attr("http-equiv").unwrap_or_default();
            if name.eq_ignore_ascii_case("content-security-policy") {
                page.policies.extend(meta.attr("content").map(str::to_owned));
            }
        }
        page.walk(html.root_element());
        page
    }

    /// Collects what stands in `root`. A stack instead of recursion: pages nest as deep as they like.
    fn walk(&mut self, root: ElementRef<'_>) {
        let mut line = String::new();
        for edge in Walk::over(root) {
            match edge {
                Edge::Text(text) => line.push_str(text),
                Edge::Break => self.end_line(&mut line),
                Edge::Element(element) => {
                    if !INLINE.contains(&element.value().name()) {
                        self.end_line(&mut line);
                    }
                    self.element(element);
                }
            }
        }
        self.end_line(&mut line);
    }

    fn end_line(&mut self, line: &mut String) {
        if line.chars().any(char::is_alphanumeric) {
            self.lines.push(std::mem::take(line));
        } else {
            line.clear();
        }
    }

    fn element(&mut self, element: ElementRef<'_>) {
        let value = element.value();
        if let Some(href) = value.attr("href").filter(|_| value.name() == "a") {
            let scheme = href.trim_start().split(':').next().unwrap_or_default();
            if scheme.eq_ignore_ascii_case("tel") || scheme.eq_ignore_ascii_case("callto") {
                self.links.push(href.trim().to_owned());
            }
        }
        if let Some(target) = value.attr("data-ringtrace") {
            self.marked.push((target.to_owned(), element.text().collect::<String>()));
        }
        let read = |name: &str| ATTRIBUTES.contains(&name) || name.starts_with("data-");
        let attributes = value.attrs().filter(|(name, _)| read(name));
        self.attributes.extend(attributes.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}

fn all<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    let selector = Selector::parse(selector);
    selector.map(|selector| html.select(&selector).collect()).unwrap_or_default()
}

fn first<'a>(html: &'a Html, selector: &str) -> Option<ElementRef<'a>> {
    all(html, selector).into_iter().next()
}

fn is_left_alone(element: &Element) -> bool {
    LEFT_ALONE.contains(&element.name())
        || element.attr("data-ringtrace") == Some("ignore")
        || element.attr("contenteditable").is_some_and(|text| !text.eq_ignore_ascii_case("false"))
}

/// One step of the way through a page.
enum Edge<'a> {
    /// Text of the line that runs.
    Text(&'a str),
    /// The line ends.
    Break,
    /// An element begins.
    Element(ElementRef<'a>),
}

/// The way through a page in the order in which it is read, around what is left alone.
struct Walk<'a> {
    inner: ego_tree::iter::Traverse<'a, Node>,
    /// The element that is passed by.
    around: Option<ego_tree::NodeId>,
}

impl<'a> Walk<'a> {
    fn over(root: ElementRef<'a>) -> Self {
        Walk { inner: root.traverse(), around: None }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Edge<'a>;

    fn next(&mut self) -> Option<Edge<'a>> {
        use ego_tree::iter::Edge::{Close, Open};
        for edge in self.inner.by_ref() {
            match (edge, self.around) {
                (Close(node), Some(around)) if node.id() == around => self.around = None,
                (_, Some(_)) => {}
                (Open(node), None) => match node.value() {
                    Node::Text(text) => return Some(Edge::Text(text)),
                    Node::Element(element) if is_left_alone(element) => {
                        self.around = Some(node.id());
                        return Some(Edge::Break);
                    }
                    Node::Element(_) => return ElementRef::wrap(node).map(Edge::Element),
                    _ => {}
                },
                (Close(node), None) => {
                    let ends =
                        node.value().as_element().is_some_and(|e| !INLINE.contains(&e.name()));
                    if ends {
                        return Some(Edge::Break);
                    }
                }
            }
        }
        None
    }
}
