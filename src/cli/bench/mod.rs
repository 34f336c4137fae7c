//! `recado bench`: how fast this machine is, measured on the real server over real sockets.
//!
//! `subject` is the command, `stage` the server it drives, `measure` what is read off, `people` the users and
//! events it makes, `filters` what it asks of them; `upsert`, `evaluate`, `send`, `render`, `cases`,
//! `validate` and `plan` are the subjects, `texts` and `plain` what `render` renders, by us and by the library as it comes, `folder`
//! what `validate` and `plan` read. Begin with `upsert`.
//!
//! **Invariant:** every figure comes with the same work done plainly, in the same run on the same machine.

mod cases;
mod evaluate;
mod filters;
mod folder;
mod measure;
mod people;
mod plain;
mod plan;
mod render;
mod send;
mod stage;
mod subject;
mod texts;
mod upsert;
mod validate;

pub(super) use subject::Bench;
