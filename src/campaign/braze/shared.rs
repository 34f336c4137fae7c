//! What templates want of a folder besides their message: content blocks, catalogs, and hosts to fetch from.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::convert::Converter;
use super::fetches::Sources;
use super::names;
use super::reads::each_text;
use super::yaml::{self, Entry, Yaml};
use crate::campaign::read::source::SourceFile;
use crate::template::{self, Access, References};

/// Where the settings go, when there are none.
const SETTINGS: &str = "settings.yaml";
/// For a hand to replace: Braze keeps user names to itself.
const USERNAME: &str = "USERNAME";

// === impl Converter ===

impl Converter<'_> {
    /// Says what is missing of what these texts use, and writes settings when there are none.
    pub(super) fn share(&mut self, entries: &[Entry]) {
        let (mut used, mut sources) = (References::default(), Sources::default());
        each_text(entries, &mut |_, text| {
            if text.contains('{') {
                used.add(&template::references(text));
                sources.add(text);
            }
        });
        self.missing(&used);
        let settings = self.existing.of_kind("Settings").next();
        let settings =
            settings.map(|(file, json)| (file.path.clone(), json["connected_content"].clone()));
        match settings {
            Some((path, content)) => self.allow(&path, &content, &sources),
            None if sources.hosts.is_empty() => {
                if sources.has_unknown {
                    self.report.next(
                        "write Settings with the hosts that connected content may come from: here Liquid makes them",
                    );
                }
            }
            None => self.settings(&sources),
        }
    }

    fn missing(&mut self, used: &References) {
        let made = |kind: &str, name: &str| {
            let is_there = self.existing.find(kind, name).is_some();
            is_there || self.made.iter().any(|one| one == &(kind, name.to_owned()))
        };
        let blocks = used
            .blocks
            .iter()
            .filter(|name| !made("ContentBlock", name));
        let catalogs = used.catalogs.iter().filter(|name| !made("Catalog", name));
        let blocks = blocks.map(|name| {
            format!(
                "create the ContentBlock `{name}`: paste its text, or import what /content_blocks/info answers for it"
            )
        });
        let catalogs = catalogs.map(|name| {
            format!("create the Catalog `{name}`: `recado import braze {name}.csv` makes it of its CSV export")
        });
        let lines: Vec<_> = blocks.chain(catalogs).collect();
        for line in lines {
            self.report.next(line);
        }
    }

    /// There are settings: a hand adds to them.
    fn allow(&mut self, path: &str, content: &Json, sources: &Sources) {
        let hosts = content["hosts"].as_array().into_iter().flatten();
        let access = Access {
            hosts: hosts.filter_map(Json::as_str).map(str::to_owned).collect(),
            ..Access::default()
        };
        let hosts: BTreeSet<_> = sources
            .hosts
            .iter()
            .filter(|host| !access.allows(host))
            .collect();
        let known = &content["credentials"];
        let credentials = sources.credentials.keys();
        let credentials: Vec<_> = credentials
            .filter(|name| known[name.as_str()].is_null())
            .collect();
        for host in hosts {
            self.report.next(format!(
                "add the host `{host}` to `connected_content.hosts` in `{path}`"
            ));
        }
        for name in credentials {
            let variable = names::variable(name, "password");
            let hosts = sources.hosts_of(name).join(", ");
            self.report.next(format!(
                "add to `connected_content.credentials` in `{path}`: `{name}: {{hosts: [{hosts}], username: {USERNAME}, \
                 password: {{env: {variable}}}}}`, with its user name, and set `{variable}` where `recado serve` runs"
            ));
        }
        if sources.has_unknown {
            self.report.next(format!(
                "see that `{path}` allows the hosts of connected content that Liquid makes"
            ));
        }
    }

    fn settings(&mut self, sources: &Sources) {
        let hosts: Vec<String> = sources.hosts.iter().cloned().collect();
        let mut content = vec![Entry::new("hosts", yaml::labels(&hosts))];
        let credentials = sources.credentials.keys().map(|name| {
            let variable = names::variable(name, "password");
            self.report.next(format!(
                "write the user name of the credential `{name}` into `{SETTINGS}`, and set `{variable}` to its password \
                 where `recado serve` runs"
            ));
            let parts = vec![
                Entry::new("hosts", yaml::labels(&sources.hosts_of(name))),
                Entry::text("username", USERNAME),
                Entry::bare("password", format!("{{env: {variable}}}")),
            ];
            Entry::new(name, Yaml::Map(parts))
        });
        let credentials: Vec<_> = credentials.collect();
        if !credentials.is_empty() {
            content.push(Entry::new("credentials", Yaml::Map(credentials)));
        }
        let entries = vec![
            Entry::text("kind", "Settings"),
            Entry::text("name", "settings"),
            Entry::new("connected_content", Yaml::Map(content)),
        ];
        self.files.push(SourceFile {
            path: SETTINGS.to_owned(),
            text: yaml::write(&[], &entries),
        });
        let hosts: Vec<_> = hosts.iter().map(|host| format!("`{host}`")).collect();
        self.report.changed(format!(
            "connected content is allowed by `{SETTINGS}`, from {} alone",
            hosts.join(", ")
        ));
        if sources.has_unknown {
            self.report.next(format!(
                "add to `{SETTINGS}` the hosts of connected content that Liquid makes"
            ));
        }
    }
}
