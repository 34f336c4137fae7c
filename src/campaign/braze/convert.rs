//! From an input to what is built of it: which kind it is, names, and whom it shares a channel with.

use super::built::Built;
use super::existing::Existing;
use super::input::{self, Body, Source};
use super::report::{BY_HAND, Report};
use super::secrets::Secrets;
use super::url::Url;
use super::{block, catalog, fetches, messenger, names, page, webhook};
use crate::campaign::read::source::SourceFile;
use crate::diagnostic::{Diagnostic, Place, codes};
use crate::model::limits;

/// What a page's channel is called when nobody says it.
const PAGE: &str = "facebook-page";
const CAMPAIGN: &str = "braze-import";

/// How an input is converted.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The input, as reports call it.
    pub file: String,
    /// The campaign's name; with several variations, what theirs begin with.
    pub name: Option<String>,
    pub channel: Option<String>,
    /// What stands in the folder already.
    pub existing: Vec<SourceFile>,
}

/// The files that an input comes to.
#[derive(Debug)]
pub struct Imported {
    /// Relative to the campaign folder; channels first.
    pub files: Vec<SourceFile>,
    /// Channels that stand in the folder already, and are kept.
    pub kept: Vec<String>,
    pub report: Report,
}

/// One webhook under way.
pub(super) struct Draft {
    pub(super) source: Source,
    pub(super) campaign: String,
    pub(super) channel: String,
    pub(super) built: Built,
}

pub(super) struct Converter<'a> {
    pub(super) options: &'a Options,
    pub(super) secrets: Secrets,
    pub(super) report: Report,
    pub(super) drafts: Vec<Draft>,
    /// What channels send to, by which two are known to be one; with their names.
    pub(super) channels: Vec<(String, String)>,
    pub(super) existing: Existing<'a>,
    /// What was made, by kind and name, as far as texts may use it.
    pub(super) made: Vec<(&'static str, String)>,
    pub(super) files: Vec<SourceFile>,
    pub(super) kept: Vec<SourceFile>,
}

/// Converts a template, an export or a pasted request.
///
/// # Errors
/// Nothing can be made of it, with the place where that shows. It quotes nothing of the input.
pub fn convert(bytes: &[u8], options: &Options) -> Result<Imported, Box<Diagnostic>> {
    let text = decoded(bytes, &options.file)?;
    let mut converter = Converter {
        options,
        secrets: Secrets::default(),
        report: Report::default(),
        drafts: Vec::new(),
        channels: Vec::new(),
        existing: Existing::new(&options.existing),
        made: Vec::new(),
        files: Vec::new(),
        kept: Vec::new(),
    };
    converter.scan_text(text);
    if catalog::is_catalog(&options.file) {
        return converter.whole(text)?.catalog(text);
    }
    if let Some(block) = block::read(text) {
        return converter.whole(text)?.block(&block);
    }
    let capitals = options
        .name
        .as_ref()
        .filter(|name| **name != name.to_ascii_lowercase());
    if let Some(name) = capitals {
        let message = format!("`{name}` has capitals, and a campaign's name has none");
        return Err(input::refused(&options.file, text, 0, message));
    }
    let sources = input::read(&options.file, text, &mut converter.report)?;
    let n_headers = sources.iter().map(|source| source.headers.len()).max();
    let (n_most, n_headers_most) = (limits::IMPORT_WEBHOOKS_MAX, limits::IMPORT_HEADERS_MAX);
    if sources.len() > n_most || n_headers.is_some_and(|n| n > n_headers_most) {
        let message = format!("more than {n_most} webhooks, or {n_headers_most} headers of one");
        return Err(input::refused(&options.file, text, 0, message));
    }
    let is_one = sources.len() == 1;
    for source in sources {
        converter.draft(source, is_one)?;
    }
    converter.report.about("");
    converter.whole(text)?.finish()
}

fn decoded<'a>(bytes: &'a [u8], file: &str) -> Result<&'a str, Box<Diagnostic>> {
    let refused = |message: String, at: usize, hint: &str| {
        let before = String::from_utf8_lossy(&bytes[..at]);
        let mut problem = Diagnostic::error(codes::BRAZE_INPUT, message);
        let mut place = Place::of(file, &before, before.len()..before.len());
        place.snippet.clear();
        problem.place = Some(place);
        Err(Box::new(problem.hint(hint)))
    };
    if bytes.len() > limits::FILE_BYTES_MAX {
        let message = format!(
            "more than {} bytes: no file of a campaign may be as large",
            limits::FILE_BYTES_MAX
        );
        return refused(message, 0, "import one template at a time");
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => {
            let at = error.valid_up_to();
            refused(
                format!("byte {at} is not UTF-8"),
                at,
                "save the file as UTF-8",
            )
        }
    }
}

// === impl Converter ===

impl Converter<'_> {
    /// Unless there are more secrets than can be kept out of the files.
    fn whole(self, text: &str) -> Result<Self, Box<Diagnostic>> {
        if self.secrets.is_full() {
            let message = "so many secrets that they cannot all be kept out of the files";
            return Err(input::refused(&self.options.file, text, 0, message));
        }
        Ok(self)
    }

    pub(super) fn scan_text(&mut self, text: &str) {
        self.secrets.scan(text);
        fetches::keep_secrets(text, &mut self.secrets);
    }

    /// Finds names and builds one webhook.
    fn draft(&mut self, mut source: Source, is_one: bool) -> Result<(), Box<Diagnostic>> {
        self.scan(&source);
        let campaign = self.campaign(&source, is_one);
        self.report.about(if is_one { "" } else { &campaign });
        let target = target(&source);
        let page = if source.url.is_empty() {
            PAGE.to_owned()
        } else {
            names::resource(&Url::parse(&self.secrets.scrub(&source.url).0).name())
        };
        let likely = if target.is_some() {
            PAGE.to_owned()
        } else {
            page
        };
        let channel = self.channel(&source, &likely)?;
        let mut built = match &target {
            Some(target) => messenger::build(
                &source,
                target,
                &channel,
                &mut self.secrets,
                &mut self.report,
            ),
            None => webhook::build(&source, &channel, &mut self.secrets, &mut self.report),
        };
        let before = self.drafts.iter().find(|draft| draft.channel == channel);
        if before.is_some_and(|before| before.built.channel != built.channel) {
            let message = format!(
                "the channel `{channel}` reads the PSID of another variation from another attribute"
            );
            let problem = Diagnostic::error(BY_HAND, message).at("channel");
            built
                .campaign_problems
                .push(problem.hint("write a channel of its own, with its `psid_attribute`"));
        }
        // Everything that is left of the body is in what was built.
        source.body = Body::None;
        self.drafts.push(Draft {
            source,
            campaign,
            channel,
            built,
        });
        Ok(())
    }

    fn scan(&mut self, source: &Source) {
        let texts = [
            &source.url,
            &source.description,
            &source.name,
            &source.variation,
            &source.team,
        ];
        let headers = source
            .headers
            .iter()
            .flat_map(|(name, value)| [name, value]);
        for text in texts.into_iter().chain(headers).chain(&source.tags) {
            self.scan_text(text);
        }
        match &source.body {
            Body::None => {}
            Body::Text(text) => self.scan_text(text),
            Body::Tree(value) => value.leaves(&mut |text| self.scan_text(text)),
        }
    }

    /// A name that no other variation has.
    fn campaign(&self, source: &Source, is_one: bool) -> String {
        let (name, _) = self.secrets.scrub(&source.name);
        let own = match names::resource(&name) {
            name if name.is_empty() => names::resource(names::stem(&self.options.file)),
            name => name,
        };
        let base = match &self.options.name {
            Some(name) => name.clone(),
            None if own.is_empty() => CAMPAIGN.to_owned(),
            None => own,
        };
        let name = match names::resource(&self.secrets.scrub(&source.variation).0).as_str() {
            _ if is_one => base,
            "" => format!("{base}-variation"),
            variation => format!("{base}-{variation}"),
        };
        names::free(&name, |name| {
            self.drafts.iter().any(|draft| draft.campaign == name)
        })
    }

    /// The name of the channel, shared by all that send to the same place in the same way.
    fn channel(&mut self, source: &Source, likely: &str) -> Result<String, Box<Diagnostic>> {
        let identity = format!("{} {} {:?}", source.method, source.url, source.headers);
        if let Some((_, name)) = self.channels.iter().find(|(known, _)| *known == identity) {
            return Ok(name.clone());
        }
        let likely = if likely.is_empty() { "webhook" } else { likely };
        let base = self.options.channel.as_deref().unwrap_or(likely);
        let name = names::free(base, |name| {
            self.channels.iter().any(|(_, known)| known == name)
        });
        self.channels.push((identity, name.clone()));
        Ok(name)
    }
}

/// The page that a call goes to, if it goes to one.
fn target(source: &Source) -> Option<page::Target> {
    if !source.url.is_empty() {
        return page::target(&Url::parse(&source.url));
    }
    let is_message = match &source.body {
        Body::None => false,
        Body::Tree(value) => input::is_send_api(value),
        // Nothing else is read without a URL.
        Body::Text(_) => true,
    };
    is_message.then(page::somewhere)
}
