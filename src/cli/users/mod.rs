//! `recado users`: importing, reading and deleting users.
//!
//! `rows` reads a file into numbered updates, `csv` (with `cells`) and `jsonl` know the two shapes, `import` streams
//! them. May import the client and `output`. Begin with `import`.
//!
//! **Invariant:** the same file is always cut into the same chunks, so that an import can be resumed.

mod cells;
mod csv;
mod export;
mod import;
mod jsonl;
mod one;
mod rows;

pub(super) use one::Users;
