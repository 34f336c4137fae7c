//! `abort_message`: no message, and why.

use std::io::Write;

use liquid_core::model::ValueView;
use liquid_core::{Error, Expression, Renderable, Result, Runtime, TagTokenIter};

use super::block::Tag;
use crate::template::state::State;

/// What a message says that was not given a reason.
const NO_REASON: &str = "the template called abort_message";

pub(in crate::template) const ABORT_MESSAGE: Tag = Tag {
    name: "abort_message",
    parse: abort,
};

#[derive(Debug)]
struct Abort {
    reason: Option<Expression>,
}

fn abort(mut arguments: TagTokenIter<'_>) -> Result<Box<dyn Renderable>> {
    let reason = match arguments.next() {
        Some(token) => Some(token.expect_value().into_result()?),
        None => None,
    };
    arguments.expect_nothing()?;
    Ok(Box::new(Abort { reason }))
}

impl Renderable for Abort {
    fn render_to(&self, _: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let reason = match &self.reason {
            Some(reason) => reason
                .evaluate(runtime)?
                .to_kstr()
                .chars()
                .take(200)
                .collect(),
            None => NO_REASON.to_owned(),
        };
        runtime.registers().get_mut::<State>().aborted = Some(reason);
        Err(Error::with_msg("aborted"))
    }
}
