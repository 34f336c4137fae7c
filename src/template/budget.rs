//! What a render may still use. Kept in the runtime's registers, so that tags and filters share it.

use std::io::{self, Write};

use liquid_core::{Error, Result};

use crate::model::limits;

/// What is left, and what stopped the render.
#[derive(Debug)]
pub(super) struct Budget {
    iterations: u32,
    bytes: usize,
    /// Set by `abort_message`.
    pub(super) aborted: Option<String>,
}

/// An output that ends at its bound.
pub(super) struct Limited<'a> {
    out: &'a mut Vec<u8>,
}

// === impl Budget ===

impl Default for Budget {
    fn default() -> Self {
        Self {
            iterations: limits::RENDER_ITERATIONS_MAX,
            // Values may be built and thrown away on the way to a text.
            bytes: 4 * limits::RENDERED_BYTES_MAX,
            aborted: None,
        }
    }
}

impl Budget {
    pub(super) fn iterate(&mut self) -> Result<()> {
        self.iterations = self.iterations.checked_sub(1).ok_or_else(|| {
            Error::with_msg(format!(
                "more than {} loop iterations",
                limits::RENDER_ITERATIONS_MAX
            ))
        })?;
        Ok(())
    }

    /// Pays for a value of so many bytes, before it is built where that is possible.
    pub(super) fn build(&mut self, bytes: usize) -> Result<()> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(too_large)?;
        Ok(())
    }
}

// === impl Limited ===

impl<'a> Limited<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }
}

impl Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.out.len() + bytes.len() > limits::RENDERED_BYTES_MAX {
            return Err(io::Error::other("too large"));
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn too_large() -> Error {
    Error::with_msg(format!(
        "the text grows over {} bytes",
        limits::RENDERED_BYTES_MAX
    ))
}
