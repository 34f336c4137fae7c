//! `abort_message`: no message, and why.

use std::io::Write;

use liquid_core::model::ValueView;
use liquid_core::{
    Error, Expression, Language, ParseTag, Renderable, Result, Runtime, TagReflection, TagTokenIter,
};

use crate::template::state::State;

/// What a message says that was not given a reason.
const NO_REASON: &str = "the template called abort_message";

#[derive(Debug, Clone, Copy)]
pub(in crate::template) struct AbortMessage;

#[derive(Debug)]
struct Abort {
    reason: Option<Expression>,
}

// === impl AbortMessage ===

impl ParseTag for AbortMessage {
    fn parse(&self, mut arguments: TagTokenIter<'_>, _: &Language) -> Result<Box<dyn Renderable>> {
        let reason = match arguments.next() {
            Some(token) => Some(token.expect_value().into_result()?),
            None => None,
        };
        arguments.expect_nothing()?;
        Ok(Box::new(Abort { reason }))
    }

    fn reflection(&self) -> &dyn TagReflection {
        self
    }
}

impl TagReflection for AbortMessage {
    fn tag(&self) -> &'static str {
        "abort_message"
    }

    fn description(&self) -> &'static str {
        ""
    }
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
