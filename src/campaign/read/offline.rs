//! Files without a server: what others have applied is given as files, or not known.

use std::collections::BTreeSet;

use super::source::{Asked, Loaded, SourceFile, checked, sifted};
use crate::campaign::check::beside::Beside;
use crate::diagnostic::Diagnostic;
use crate::model::resource::Document;

/// How files are looked at without a server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offline<'a> {
    /// There are files that could not be read, and what is missing may stand there.
    pub is_part: bool,
    /// Texts and filters tell what cases reach of them; they are slower than others.
    pub is_covered: bool,
    /// What counts as applied by other owners; it is neither tested nor told of. Without it, what is missing may be theirs.
    pub others: Option<&'a [Document]>,
}

/// As [`load`](super::source::load), as far as it is known without a server.
///
/// # Errors
/// As [`load`](super::source::load); nothing of what others own.
pub fn load_offline(files: &[SourceFile], offline: Offline<'_>) -> Result<Loaded, Vec<Diagnostic>> {
    let asked = Asked {
        is_part: offline.is_part,
        is_covered: offline.is_covered,
        is_of_others_muted: true,
    };
    let takeovers = BTreeSet::new();
    let beside = offline.others.map(|applied| Beside {
        applied,
        prune: false,
        takeovers: &takeovers,
    });
    sifted(checked(files, asked, beside)?)
}
