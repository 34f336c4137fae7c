//! All codes, in one table: a diagnostic can have no other.

use super::{Code, Severity};

/// A code with what is known of it before it occurs.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub code: Code,
    /// What it is where nobody says otherwise.
    pub severity: Severity,
    pub subject: Subject,
    /// What `docs/codes` says of it.
    pub page: &'static str,
}

/// What problems of a code are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Files of the campaign folder, and what they say to each other.
    Files,
    Filters,
    Templates,
    /// Messages, as the platform wants them.
    Messages,
    /// What a plan finds in the users there are.
    Users,
    /// What a plan finds in what others have applied.
    Owners,
    /// Files of other systems.
    Imports,
}

macro_rules! codes {
    ($($subject:ident { $($severity:ident $constant:ident = $name:literal,)+ })+) => {
        $($(pub const $constant: Code = Code($name);)+)+

        /// By subject.
        pub static ALL: &[Known] = &[$($(
            Known {
                code: $constant,
                severity: Severity::$severity,
                subject: Subject::$subject,
                page: include_str!(concat!("../../docs/codes/", $name, ".md")),
            },
        )+)+];
    };
}

codes! {
    Files {
        Warning ATTRIBUTE_SPELLING = "attribute-spelling",
        Error CONTENT_BLOCK_CYCLE = "content-block-cycle",
        Error CONTENT_BLOCK_DEPTH = "content-block-depth",
        Error CSV_SYNTAX = "csv-syntax",
        Error DUPLICATE_DECLARATION = "duplicate-declaration",
        Error DUPLICATE_ITEM = "duplicate-item",
        Error DUPLICATE_KEY = "duplicate-key",
        Error DUPLICATE_RESOURCE = "duplicate-resource",
        Error FILE_ENCODING = "file-encoding",
        Error FILE_LIMIT = "file-limit",
        Error FILE_LINK = "file-link",
        Warning FILE_NAME = "file-name",
        Error FILE_PATH = "file-path",
        Error FILE_UNREADABLE = "file-unreadable",
        Error LITERAL_SECRET = "literal-secret",
        Error MISSING_KEY = "missing-key",
        Warning MISSING_OWNER = "missing-owner",
        Error MISSING_REFERENCE = "missing-reference",
        Warning NOT_AMONG_FILES = "not-among-files",
        Error NOT_SUPPORTED = "not-supported",
        Error SEGMENT_CYCLE = "segment-cycle",
        Error SEVERAL_DOCUMENTS = "several-documents",
        Error UNKNOWN_KEY = "unknown-key",
        Error WRONG_TYPE = "wrong-type",
        Error WRONG_VALUE = "wrong-value",
        Error YAML_SYNTAX = "yaml-syntax",
    }
    Filters {
        Warning FILTER_ALWAYS_FALSE = "filter-always-false",
        Warning FILTER_MIXED_LIST = "filter-mixed-list",
        Warning FILTER_NEGATION = "filter-negation",
        Error FILTER_NOT_SUPPORTED = "filter-not-supported",
        Error FILTER_REGEX = "filter-regex",
        Error FILTER_SYNTAX = "filter-syntax",
        Warning FILTER_TIME_TEXT = "filter-time-text",
        Error FILTER_TOO_DEEP = "filter-too-deep",
        Error FILTER_TOO_LONG = "filter-too-long",
        Error FILTER_TYPE = "filter-type",
        Warning FILTER_UNKNOWN_ATTRIBUTE = "filter-unknown-attribute",
        Warning FILTER_UNKNOWN_CAMPAIGN = "filter-unknown-campaign",
        Warning FILTER_UNKNOWN_EVENT = "filter-unknown-event",
        Error FILTER_UNKNOWN_FUNCTION = "filter-unknown-function",
        Error FILTER_UNKNOWN_NAME = "filter-unknown-name",
        Error FILTER_UNKNOWN_SEGMENT = "filter-unknown-segment",
    }
    Templates {
        Warning LIQUID_NO_DEFAULT = "liquid-no-default",
        Error LIQUID_SYNTAX = "liquid-syntax",
        Warning LIQUID_UNASSIGNED_NAME = "liquid-unassigned-name",
        Warning LIQUID_UNESCAPED_JSON = "liquid-unescaped-json",
        Warning LIQUID_UNKNOWN_ATTRIBUTE = "liquid-unknown-attribute",
        Error LIQUID_UNKNOWN_FILTER = "liquid-unknown-filter",
        Error LIQUID_UNKNOWN_NAME = "liquid-unknown-name",
        Error LIQUID_UNKNOWN_TAG = "liquid-unknown-tag",
        Error TEMPLATE_TOO_LONG = "template-too-long",
    }
    Messages {
        Warning MARKETING_WORDS = "marketing-words",
        Error MESSENGER_DEAD_TAG = "messenger-dead-tag",
        Error MESSENGER_LIMIT = "messenger-limit",
        Error MESSENGER_MISSING = "messenger-missing",
        Warning MESSENGER_NO_PSID = "messenger-no-psid",
        Error MESSENGER_REMOVED = "messenger-removed",
        Error MESSENGER_TYPE = "messenger-type",
        Error MESSENGER_UNKNOWN_KEY = "messenger-unknown-key",
        Error MESSENGER_VALUE = "messenger-value",
    }
    Users {
        Warning ATTRIBUTE_TYPE = "attribute-type",
        Warning FILTER_NEVER = "filter-never",
        Warning FILTER_TWO_SPELLINGS = "filter-two-spellings",
        Error POLICY_DENIED = "policy-denied",
        Warning POLICY_WARNED = "policy-warned",
    }
    Owners {
        Error OTHER_OWNER = "other-owner",
    }
    Imports {
        Error BRAZE_BY_HAND = "braze-by-hand",
        Error BRAZE_INPUT = "braze-input",
        Error BRAZE_TAKEN = "braze-taken",
    }
}

// === impl Known ===

impl Known {
    /// The page's first sentence.
    pub fn summary(&self) -> &'static str {
        self.page.lines().nth(2).unwrap_or_default()
    }
}

// === impl Subject ===

impl Subject {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Filters => "filters",
            Self::Templates => "templates",
            Self::Messages => "messages",
            Self::Users => "users",
            Self::Owners => "owners",
            Self::Imports => "imports",
        }
    }
}

/// The code of that name.
pub fn find(name: &str) -> Option<&'static Known> {
    ALL.iter().find(|known| known.code.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_stands_once_and_in_the_order_of_its_subject() {
        let keys = ALL.iter().map(|known| (known.subject, known.code.as_str()));
        let keys: Vec<_> = keys.collect();
        assert!(keys.is_sorted(), "{keys:?}");
        for known in ALL {
            let name = known.code.as_str();
            assert!(known.page.starts_with(&format!("# {name}\n\n")), "{name}");
            assert!(known.summary().ends_with('.'), "{name}");
            let named = ALL.iter().filter(|other| other.code == known.code);
            assert_eq!(named.count(), 1, "{}", known.code.as_str());
        }
    }
}
