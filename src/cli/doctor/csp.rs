//! Whether the content security policy of a page lets the snippet run and speak.

use content_security_policy::{
    CheckResult, CspList, Destination, Initiator, ParserMetadata, PolicyDisposition, PolicySource,
    Request,
};
use reqwest::header::{CONTENT_SECURITY_POLICY, HeaderMap};
use url::Url;

use super::tag::Tag;

/// The policies in force on a page, of its headers and its `<meta>` elements.
pub(super) struct Policies {
    list: CspList,
    page: Url,
}

impl Policies {
    pub(super) fn of(page: &Url, headers: &HeaderMap, metas: &[String]) -> Self {
        let enforce = PolicyDisposition::Enforce;
        let mut list = CspList(Vec::new());
        for header in headers.get_all(CONTENT_SECURITY_POLICY) {
            if let Ok(text) = header.to_str() {
                list.append(CspList::parse(text, PolicySource::Header, enforce));
            }
        }
        for meta in metas {
            list.append(CspList::parse(meta, PolicySource::Meta, enforce));
        }
        Policies { list, page: page.clone() }
    }

    /// The directive that keeps the script from being loaded, if one does.
    pub(super) fn against_script(&self, tag: &Tag) -> Option<String> {
        self.against(Request {
            nonce: tag.nonce.clone(),
            integrity_metadata: tag.integrity.clone().unwrap_or_default(),
            parser_metadata: ParserMetadata::ParserInserted,
            ..self.request(&tag.src, Destination::Script, Initiator::None)
        })
    }

    /// The directive that keeps the snippet from asking the service, if one does.
    pub(super) fn against_connection(&self, url: &Url) -> Option<String> {
        self.against(self.request(url, Destination::None, Initiator::Fetch))
    }

    fn request(&self, url: &Url, destination: Destination, initiator: Initiator) -> Request {
        Request {
            url: url.clone(),
            current_url: url.clone(),
            origin: self.page.origin(),
            redirect_count: 0,
            destination,
            initiator,
            nonce: String::new(),
            integrity_metadata: String::new(),
            parser_metadata: ParserMetadata::None,
        }
    }

    fn against(&self, request: Request) -> Option<String> {
        let (result, violations) = self.list.should_request_be_blocked(&request);
        let blocked = result == CheckResult::Blocked;
        blocked.then(|| {
            let directive = violations.into_iter().next().map(|violation| violation.directive);
            let text = |name: String, value: Vec<String>| format!("{name} {}", value.join(" "));
            directive.map_or_else(String::new, |directive| text(directive.name, directive.value))
        })
    }
}
