//! `recado import`: campaign files from what other systems export.
//!
//! `braze` reads and reports. May import `campaign` and `output`. Begin with
//! `command`.
//!
//! **Invariant:** either all files are written or none, and none that stands there already unless `--force` says so.

mod braze;
mod command;

pub(super) use command::Import;
