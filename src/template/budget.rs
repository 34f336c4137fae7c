//! What a render may still use, and an output that ends.

use std::fmt;
use std::io::{self, Write};

use liquid_core::{Error, Result};

use crate::model::limits;

/// What is left.
#[derive(Debug)]
pub(super) struct Budget {
    iterations: u32,
    bytes: usize,
}

/// An output that ends at its bound.
pub(super) struct Limited<'a> {
    out: &'a mut Vec<u8>,
}

// === impl Budget ===

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            iterations: limits::RENDER_ITERATIONS_MAX,
            // Values may be built and thrown away on the way to a text.
            bytes: 4 * limits::RENDERED_BYTES_MAX,
        }
    }

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
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.out.len() + bytes.len() > limits::RENDERED_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// Without the detour of the provided one, which keeps each part's error.
    fn write_fmt(&mut self, args: fmt::Arguments<'_>) -> io::Result<()> {
        fmt::Write::write_fmt(self, args).map_err(|_| io::ErrorKind::FileTooLarge.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Write for Limited<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.write_all(text.as_bytes()).map_err(|_| fmt::Error)
    }
}

fn too_large() -> Error {
    Error::with_msg(format!(
        "the text grows over {} bytes",
        limits::RENDERED_BYTES_MAX
    ))
}
