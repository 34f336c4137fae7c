//! From two sets to what lies between them.
//!
//! `plan` compares documents, `uses` says what names what, `reach` whom that brings in, `grounds` what must not move until a plan is
//! applied, `renames` what is the same under another name, `unified` how
//! texts differ, `mask` what of a person is not shown, `policy` what Settings say of it all. Begin with `plan`.

mod grounds;
pub(super) mod mask;
pub(super) mod plan;
pub(super) mod policy;
pub(super) mod reach;
pub(super) mod renames;
pub(super) mod unified;
pub(super) mod uses;
