//! What a message may still use, and an output that ends.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Write};

use liquid_core::model::{KStringCow, Value, ValueView};
use liquid_core::{Error, Result};

use super::parse::first_line;
use crate::model::limits;

/// Bytes of a value that one step looks at.
const BYTES_PER_STEP: usize = 256;

/// The budget of one message: each of its texts takes from it, so that many leaves are worth no more than one.
#[derive(Debug)]
pub struct Budget(Cell<Left>);

/// What is left of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    steps: usize,
    iterations: usize,
    built: usize,
    written: usize,
    /// Once something was not there to be taken, nothing else is.
    spent: Option<Spent>,
}

#[derive(Debug, Clone, Copy)]
enum Spent {
    Steps,
    Iterations,
    Built,
    Written,
}

/// An output that ends at its bound.
pub(super) struct Limited<'a> {
    out: &'a mut Vec<u8>,
    most: usize,
    is_full: bool,
}

// === impl Budget ===

impl Budget {
    /// That of a message of which nothing is rendered yet.
    pub fn of_a_message() -> Self {
        Self(Cell::new(Left::default()))
    }

    pub(super) fn left(&self) -> Left {
        self.0.get()
    }

    pub(super) fn set(&self, left: Left) {
        self.0.set(left);
    }

    /// Pays for bytes of the message that no text is rendered for.
    pub(super) fn write(&self, bytes: usize) -> std::result::Result<(), String> {
        let mut left = self.left();
        let paid = left.write(bytes);
        self.set(left);
        paid.map_err(|error| first_line(&error.to_string()))
    }
}

// === impl Left ===

impl Left {
    /// Fails when something was not there to be taken, however long ago.
    pub(super) fn check(&self) -> Result<()> {
        self.spent.map_or(Ok(()), |spent| Err(spent.error()))
    }

    /// Pays for so many elements, reads and filters.
    pub(super) fn step(&mut self, n: usize) -> Result<()> {
        self.take(|left| &mut left.steps, n, Spent::Steps)
    }

    /// Pays for a look at a value, in steps: a name is one, a long text or list is more.
    pub(super) fn read(&mut self, value: &dyn ValueView) -> Result<()> {
        self.look(bytes(value))
    }

    /// As [`Self::read`], at so many bytes.
    pub(super) fn look(&mut self, bytes: usize) -> Result<()> {
        self.step(1 + bytes / BYTES_PER_STEP)
    }

    pub(super) fn iterate(&mut self) -> Result<()> {
        self.take(|left| &mut left.iterations, 1, Spent::Iterations)
    }

    /// Pays for a value of so many bytes, before it is built where that is possible.
    pub(super) fn build(&mut self, bytes: usize) -> Result<()> {
        self.take(|left| &mut left.built, bytes, Spent::Built)
    }

    /// Pays for bytes of the message itself.
    pub(super) fn write(&mut self, bytes: usize) -> Result<()> {
        self.take(|left| &mut left.written, bytes, Spent::Written)
    }

    /// Nothing is left, since a text outgrew its bound.
    pub(super) fn outgrow(&mut self) {
        self.spent.get_or_insert(Spent::Written);
    }

    /// Bytes that the message may still grow by.
    pub(super) fn writable(&self) -> usize {
        self.written
    }

    fn take(&mut self, of: fn(&mut Self) -> &mut usize, n: usize, spent: Spent) -> Result<()> {
        self.check()?;
        let left = of(self);
        if let Some(less) = left.checked_sub(n) {
            *left = less;
            return Ok(());
        }
        self.spent = Some(spent);
        Err(spent.error())
    }
}

impl Default for Left {
    fn default() -> Self {
        Self {
            steps: limits::RENDER_STEPS_MAX,
            iterations: limits::RENDER_ITERATIONS_MAX,
            built: limits::RENDER_BUILT_BYTES_MAX,
            written: limits::RENDERED_BYTES_MAX,
            spent: None,
        }
    }
}

// === impl Spent ===

impl Spent {
    fn error(self) -> Error {
        let message = match self {
            Self::Steps => format!("more than {} steps of Liquid", limits::RENDER_STEPS_MAX),
            Self::Iterations => format!(
                "more than {} loop iterations",
                limits::RENDER_ITERATIONS_MAX
            ),
            Self::Built => format!(
                "its values grow over {} bytes in all",
                limits::RENDER_BUILT_BYTES_MAX
            ),
            Self::Written => format!("the text grows over {} bytes", limits::RENDERED_BYTES_MAX),
        };
        Error::with_msg(message)
    }
}

// === impl Limited ===

impl<'a> Limited<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, most: usize) -> Self {
        Self {
            out,
            most,
            is_full: false,
        }
    }

    /// Whether something did not fit: the library's error does not say so.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }
}

impl Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.out.len() + bytes.len() > self.most {
            self.is_full = true;
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

/// What a writer that is full makes of a text; the budget knows more of it.
pub(super) fn overgrown() -> Error {
    Error::with_msg("the text grows too large")
}

/// What a JSON text may take once it is read, at most: seven bytes can make an object.
pub(super) fn json_bytes(text: &str) -> usize {
    let each = |c: char| match c {
        ',' => size_of::<Value>(),
        '{' | '[' => 3 * size_of::<Value>(),
        _ => 1,
    };
    text.chars().map(each).sum()
}

/// About what a value takes, everything in it counted.
pub(super) fn bytes(value: &dyn ValueView) -> usize {
    const EACH: usize = size_of::<Value>();
    if let Some(list) = value.as_array() {
        return EACH + list.values().map(bytes).sum::<usize>();
    }
    if let Some(object) = value.as_object() {
        let fields = object.iter();
        // A table with room to grow, and a key for each value.
        let field = |(key, item): (KStringCow<'_>, _)| EACH + key.len() + bytes(item);
        return 3 * EACH + fields.map(field).sum::<usize>();
    }
    // A number or a boolean takes no more than that.
    match value.type_name() {
        "string" => EACH + value.to_kstr().len(),
        _ => EACH,
    }
}
