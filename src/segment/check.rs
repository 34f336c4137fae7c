//! What type a term has, as far as the text and the declarations tell.

use crate::audience::Measure;
use crate::model::Value;
use crate::model::value::Type;

use super::declared::Declared;
use super::tree::{Op, Term};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only the data tells.
    Any,
    Is(Type),
    Span,
}

// === impl Kind ===

impl Kind {
    /// `elements` are those of the lists around the term, the outermost first.
    pub(super) fn of(term: &Term, declared: &Declared, elements: &[(String, Self)]) -> Self {
        let of = |term: &Term| Self::of(term, declared, elements);
        match term {
            Term::Literal(value) => Self::Is(value.type_of()),
            Term::Span(_) => Self::Span,
            Term::Path(path) => declared.get(path).map_or(Self::Any, |kind| Self::Is(*kind)),
            Term::Id => Self::Is(Type::String),
            Term::Bucket | Term::Size(_) => Self::Is(Type::Int),
            Term::Events(events) => Self::Is(match events.measure {
                Measure::Count => Type::Int,
                Measure::First | Measure::Last => Type::Timestamp,
                Measure::Sum(_) => Type::Double,
            }),
            Term::Now | Term::Timestamp(_) => Self::Is(Type::Timestamp),
            Term::Var(depth, keys) if keys.is_empty() => {
                let element = elements.iter().rev().nth(*depth);
                element.map_or(Self::Any, |(_, kind)| *kind)
            }
            Term::Var(..) => Self::Any,
            Term::List(_) => Self::Is(Type::List),
            Term::Plus(a, b) => match (of(a), of(b)) {
                (Self::Span, Self::Span) => Self::Span,
                _ => Self::Is(Type::Timestamp),
            },
            Term::Minus(a, b) => match (of(a), of(b)) {
                (_, Self::Is(Type::Timestamp)) | (Self::Span, _) => Self::Span,
                (_, Self::Span) => Self::Is(Type::Timestamp),
                _ => Self::Any,
            },
        }
    }

    pub(super) fn can_be(self, kinds: &[Type]) -> bool {
        match self {
            Self::Any => true,
            Self::Is(kind) => kinds.contains(&kind),
            Self::Span => false,
        }
    }

    /// Whether the comparison can have an answer.
    pub(super) fn compares(self, op: Op, other: Self) -> bool {
        let is_number = |kind| matches!(kind, Self::Is(Type::Int | Type::Double));
        let is_ordered = |kind| !matches!(kind, Self::Is(Type::List | Type::Object));
        let is_same = match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (a, b) => a == b || is_number(a) && is_number(b),
        };
        is_same && (op.is_equality() || is_ordered(self) && is_ordered(other))
    }

    /// `a string`, `an int`.
    pub(super) fn one(self) -> String {
        let name = self.name();
        let article = if name.starts_with(['i', 'o']) {
            "an"
        } else {
            "a"
        };
        format!("{article} {name}")
    }

    pub(super) fn name(self) -> String {
        match self {
            Self::Any => "value".into(),
            Self::Is(kind) => kind.to_string(),
            Self::Span => "duration".into(),
        }
    }
}

/// How the literal could be written to be of the other side's type.
pub(super) fn rewrite(literal: &Term, wanted: Kind) -> Option<String> {
    let Term::Literal(value) = literal else {
        return None;
    };
    match (value, wanted) {
        (Value::String(text), Kind::Is(Type::Int | Type::Double)) => text
            .parse::<f64>()
            .ok()
            .map(|_| format!("write the number without quotes: `{text}`")),
        (Value::Int(n), Kind::Is(Type::String)) => Some(format!("write `\"{n}\"`")),
        (Value::String(text), Kind::Is(Type::Timestamp)) => {
            Some(format!("write `timestamp({text:?})`"))
        }
        _ => None,
    }
}

/// `36h`, `1h30m`, `250ms`, `-1.5s`: nanoseconds.
pub(super) fn span(text: &str) -> Option<i128> {
    const UNITS: [(&str, i128); 7] = [
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    let (is_negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut sum = 0_i128;
    loop {
        let n_digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(n_digits);
        let n_unit = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(n_unit);
        let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && part.is_empty() || whole.len() > 15 || part.len() > 9 {
            return None;
        }
        let whole: i128 = if whole.is_empty() {
            0
        } else {
            whole.parse().ok()?
        };
        let fraction: i128 = if part.is_empty() {
            0
        } else {
            part.parse().ok()?
        };
        let scale = 10_i128.pow(u32::try_from(part.len()).ok()?);
        sum += whole * nanos + fraction * nanos / scale;
        rest = tail;
        if rest.is_empty() {
            return Some(if is_negative { -sum } else { sum });
        }
    }
}
