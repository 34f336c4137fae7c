//! From the bytes of a file to typed shapes that know their places.
//!
//! `source` goes through a folder's files: `node` is YAML with places (`place`: within a scalar), `verify` holds it against the
//! fields that `shape` and `forms` name (`spans`: of time), `file` is what is then taken from it; `schema` tells editors
//! the same, `paths` are the same on every system, `redact` keeps secrets out of what is said, `offline` is for who has no
//! server. Begin with `source`.

pub(super) mod file;
pub(super) mod forms;
pub(super) mod node;
pub(super) mod offline;
pub(super) mod paths;
pub(super) mod place;
pub(super) mod redact;
pub(super) mod schema;
pub(super) mod shape;
pub(super) mod source;
pub(super) mod spans;
pub(super) mod verify;
