//! `recado attributes`: what users have, what is declared of it, and a first file from what is there.
//!
//! May import the client and `output`. Begin with `list`; `init` writes the file.
//!
//! **Invariant:** no value of any user is read: names and types are enough.

mod init;
mod list;

pub(super) use list::Attributes;
