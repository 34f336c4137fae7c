//! `recado import`: campaign files from what other systems export.
//!
//! `braze` reads and reports, `write` puts files into a folder. May import `campaign` and `output`. Begin with
//! `command`.
//!
//! **Invariant:** either all files are written or none, and none that stands there already unless `--force` says so.

mod braze;
mod command;
mod write;

pub(super) use command::Import;
