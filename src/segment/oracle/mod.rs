//! The oracle: columns, rows and profiles against a naive walk with the parser's own interpreter.

mod agree;
mod generate;
mod moves;
mod walk;
