//! `recado revisions`, `show`, `diff`, `rollback`, `export` and `drift`: what was applied, and going back to it.

mod ask;
mod compare;
mod diff;
mod drift;
mod export;
mod list;
mod rollback;
mod show;

pub(super) use diff::Diff;
pub(super) use drift::Drift;
pub(super) use export::Export;
pub(super) use list::Revisions;
pub(super) use rollback::Rollback;
pub(super) use show::Show;
