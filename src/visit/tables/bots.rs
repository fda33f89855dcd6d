//! The programs of `config/bots.toml` and `config/crawlers.tsv`, by words of their user agents.
//!
//! All words are one automaton that reads an agent once; a word that needs more than to stand there
//! (its case, a place, what comes next) is verified only where it was found. An ordinary browser has
//! none of them: that is one pass of some hundred nanoseconds, however long the lists are.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind, literal::Extractor};
use serde::Deserialize;
use serde::de::value::StrDeserializer;

use crate::visit::bot::{Bot, BotKind, Why};
use crate::visit::tables::{TablesError, read};

const CRAWLERS: &str = "crawlers.tsv";
const WORDS: &str = "bots.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsFile {
    bot: Vec<WordsEntry>,
    browser: Browser,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsEntry {
    kind: BotKind,
    words: Vec<String>,
    /// Whole words in which one of `words` means nothing (`cubot`).
    #[serde(default)]
    except: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Browser {
    words: Vec<String>,
}

/// One line of a list.
#[derive(Debug)]
struct Rule {
    kind: BotKind,
    list: &'static str,
    line: String,
    check: Check,
    except: Vec<String>,
}

/// What must hold where a word was found.
#[derive(Debug)]
enum Check {
    /// Nothing more, in any case.
    AnyCase,
    /// These very letters.
    Exact(String),
    /// The whole expression.
    Regex(Box<Regex>),
}

/// The words of all lists.
#[derive(Debug)]
pub struct BotTable {
    set: AhoCorasick,
    /// For each pattern of the set, the rule it belongs to; `None`: a word that browsers have.
    owner: Vec<Option<usize>>,
    /// In the order in which they decide.
    rules: Vec<Rule>,
}

impl BotTable {
    /// Reads the compiled-in lists.
    pub fn load() -> Result<Self, TablesError> {
        let file: WordsFile = read(WORDS, include_str!("../../../config/bots.toml"))?;
        let crawlers = include_str!("../../../config/crawlers.tsv");
        let mut lists = Lists::default();
        for line in crawlers.lines().filter(|line| !line.starts_with('#')) {
            let (kind, pattern) = listed(line).ok_or_else(|| unreadable(CRAWLERS, line))?;
            lists.add(kind, CRAWLERS, pattern, &[])?;
        }
        for WordsEntry { kind, words, except } in &file.bot {
            for line in words {
                lists.add(*kind, WORDS, line, except)?;
            }
        }
        let Lists { mut patterns, rules } = lists;
        patterns.extend(file.browser.words.into_iter().map(|word| (word, None)));
        let (words, owner): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
        let set = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&words)
            .map_err(|error| unreadable(WORDS, &error.to_string()))?;
        Ok(BotTable { set, owner, rules })
    }

    /// The program that this user agent tells of: the first line of the lists that fits, else
    /// whatever has no word of a browser.
    pub fn agent(&self, user_agent: &str) -> Option<Bot<'_>> {
        let (rule, is_browser) = self.find(user_agent);
        let stranger = || Bot {
            kind: BotKind::Tool,
            why: Why { of: "user_agent", list: WORDS, line: "no word of [browser]" },
        };
        let listed = rule.map(|rule| rule.verdict("user_agent"));
        listed.or_else(|| (!is_browser).then(stranger))
    }

    /// The program that these hinted brands tell of.
    pub fn brand(&self, brands: &str) -> Option<Bot<'_>> {
        if brands.is_empty() {
            return None;
        }
        self.find(brands).0.map(|rule| rule.verdict("client_hints"))
    }

    /// The first rule that fits, and whether any word of a browser is there.
    fn find(&self, text: &str) -> (Option<&Rule>, bool) {
        let mut best = self.rules.len();
        let mut is_browser = false;
        let mut model = None;
        for found in self.set.find_overlapping_iter(text) {
            let Some(rule) = self.owner[found.pattern().as_usize()] else {
                is_browser = true;
                continue;
            };
            if rule < best {
                let model = model.get_or_insert_with(|| android_model(text));
                if self.rules[rule].holds(text, found.range(), model) {
                    best = rule;
                }
            }
        }
        (self.rules.get(best), is_browser)
    }
}

/// The lists while they are read.
#[derive(Default)]
struct Lists {
    /// Each word of the set with its rule.
    patterns: Vec<(String, Option<usize>)>,
    rules: Vec<Rule>,
}

impl Lists {
    /// Adds one line. Own words are compared in any case, the public list's in their own.
    fn add(
        &mut self,
        kind: BotKind,
        list: &'static str,
        line: &str,
        except: &[String],
    ) -> Result<(), TablesError> {
        let compiled = compile(line, list == WORDS);
        let (words, check) = compiled.ok_or_else(|| unreadable(list, line))?;
        let rule = self.rules.len();
        self.patterns.extend(words.into_iter().map(|word| (word, Some(rule))));
        self.rules.push(Rule { kind, list, line: line.to_owned(), check, except: except.to_vec() });
        Ok(())
    }
}

impl Rule {
    /// Whether the rule fits `text`, whose `found` is one of its words; the name of a phone proves
    /// nothing.
    fn holds(&self, text: &str, found: Range<usize>, model: &Range<usize>) -> bool {
        let counts = |found: Range<usize>| {
            let in_model = model.start <= found.start && found.end <= model.end;
            !in_model && !self.excepts(word_around(text, found))
        };
        match &self.check {
            Check::AnyCase => counts(found),
            Check::Exact(letters) => text.get(found.clone()) == Some(letters) && counts(found),
            Check::Regex(regex) => regex.find_iter(text).any(|found| counts(found.range())),
        }
    }

    fn excepts(&self, word: &str) -> bool {
        self.except.iter().any(|except| except.eq_ignore_ascii_case(word))
    }

    fn verdict(&self, of: &'static str) -> Bot<'_> {
        Bot { kind: self.kind, why: Why { of, list: self.list, line: &self.line } }
    }
}

/// Kind and pattern of `crawler<TAB>Googlebot/`.
fn listed(line: &str) -> Option<(BotKind, &str)> {
    let (kind, pattern) = line.split_once('\t')?;
    let kind = StrDeserializer::<serde::de::value::Error>::new(kind);
    Some((BotKind::deserialize(kind).ok()?, pattern))
}

/// The words one of which stands wherever `pattern` fits, and what is left to verify there. `None`
/// when it is no expression, or begins with no letters.
fn compile(pattern: &str, any_case: bool) -> Option<(Vec<String>, Check)> {
    let hir = regex_syntax::parse(pattern).ok()?;
    if let Some(letters) = literal(&hir) {
        let check = if any_case { Check::AnyCase } else { Check::Exact(letters.clone()) };
        return Some((vec![letters], check));
    }
    let found = Extractor::new().extract(&hir);
    let text =
        |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok().filter(|word| !word.is_empty());
    let words: Vec<String> =
        found.literals()?.iter().map(|word| text(word.as_bytes())).collect::<Option<_>>()?;
    let regex = RegexBuilder::new(pattern).case_insensitive(any_case).build().ok()?;
    (!words.is_empty()).then(|| (words, Check::Regex(Box::new(regex))))
}

fn unreadable(list: &'static str, line: &str) -> TablesError {
    TablesError::Line(list, line.to_owned())
}

fn literal(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(found) => String::from_utf8(found.0.to_vec()).ok(),
        _ => None,
    }
}

/// Where an Android agent names the phone (`…; Android 14; SM-X910 Build/…` and up to the `;` or `)`
/// without a build): phones are called Spider, Sonic and CUBOT. Empty where there is none.
fn android_model(agent: &str) -> Range<usize> {
    let Some(android) = agent.find("Android") else { return 0..0 };
    let ends = |from: usize, at: &[char]| agent[from..].find(at).map(|length| from + length);
    let comment = ends(android, &[')']).unwrap_or(agent.len());
    let Some(start) = ends(android, &[';']).filter(|start| *start < comment) else { return 0..0 };
    let build = agent[start..].find(" Build").map(|length| start + length);
    let end = build.unwrap_or_else(|| ends(start + 1, &[';', ')']).unwrap_or(agent.len()));
    start..end
}

/// The letters and digits that `found` is part of.
fn word_around(text: &str, found: Range<usize>) -> &str {
    let bytes = text.as_bytes();
    let is_part = |at: &usize| bytes[*at].is_ascii_alphanumeric();
    let start = (0..found.start).rev().take_while(is_part).last().unwrap_or(found.start);
    let end = (found.end..bytes.len()).take_while(is_part).last().map_or(found.end, |at| at + 1);
    text.get(start..end).unwrap_or("")
}
