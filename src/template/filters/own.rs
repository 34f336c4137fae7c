//! Filters of ours: a name, how many arguments, and a function.

use std::fmt;

use liquid_core::model::{KStringCow, Value, ValueCow, ValueView};
use liquid_core::parser::{
    Filter, FilterArguments, FilterReflection, ParameterReflection, ParseFilter,
};
use liquid_core::{Error, Expression, Result, Runtime};

use super::{crypto, date, json, list, number, text, url};
use crate::template::budget::Left;
use crate::template::language::FILTERS;
use crate::template::state::State;

/// What a filter of ours works on besides its input.
pub(super) struct Call<'a> {
    pub(super) args: Vec<ValueCow<'a>>,
    pub(super) now: Option<jiff::Timestamp>,
    pub(super) budget: &'a mut Left,
}

// === impl Call ===

impl Call<'_> {
    /// An argument as a text; nothing when it is absent.
    pub(super) fn text(&self, at: usize) -> KStringCow<'_> {
        let arg = self.args.get(at);
        arg.map(ValueView::to_kstr).unwrap_or_default()
    }
}

type Body = fn(&dyn ValueView, &mut Call<'_>) -> Result<Value>;

/// A filter of ours: its name, how many arguments it takes, and what it does.
#[derive(Clone, Copy)]
pub(in crate::template) struct Own {
    name: &'static str,
    least: usize,
    most: usize,
    /// A named argument, which follows the others.
    named: Option<&'static str>,
    /// What it is given takes the place of an absent input, which is then no gap in the text.
    fills: bool,
    body: Body,
}

/// An own filter with its arguments.
struct Applied {
    own: Own,
    args: Vec<Expression>,
}

/// Our filters by name.
pub(in crate::template) fn own(name: &str) -> Option<Own> {
    let (least, most, body): (usize, usize, Body) = match name {
        "abs" => (0, 0, number::abs),
        "plus" => (1, 1, number::plus),
        "minus" => (1, 1, number::minus),
        "times" => (1, 1, number::times),
        "divided_by" => (1, 1, number::divided_by),
        "modulo" => (1, 1, number::modulo),
        "money" => (0, 0, number::money),
        "number_with_delimiter" => (0, 0, number::number_with_delimiter),
        "capitalize" => (0, 0, text::capitalize),
        "default" => (1, 1, text::default),
        "join" => (0, 1, list::join),
        "concat" => (1, 1, list::concat),
        "map" => (1, 1, list::map),
        "uniq" => (0, 0, list::uniq),
        "split" => (1, 1, text::split),
        "newline_to_br" => (0, 0, text::newline_to_br),
        "truncatewords" => (0, 2, text::truncatewords),
        "ceil" => (0, 0, number::ceil),
        "floor" => (0, 0, number::floor),
        "round" => (0, 1, number::round),
        "at_least" => (1, 1, number::at_least),
        "at_most" => (1, 1, number::at_most),
        "json_escape" => (0, 0, json::json_escape),
        "json_parse" => (0, 0, json::json_parse),
        "as_json_string" => (0, 0, json::as_json_string),
        "property_accessor" => (1, 1, json::property_accessor),
        "replace" => (1, 2, text::replace),
        "size" => (0, 0, text::size),
        "date" => (1, 1, date::date),
        "time_zone" => (1, 1, date::time_zone),
        "md5" => (0, 0, crypto::md5),
        "sha1" => (0, 0, crypto::sha1),
        "sha2" => (0, 0, crypto::sha2),
        "hmac_sha1" | "hmac_sha1_hex" => (1, 1, crypto::hmac_sha1_hex),
        "hmac_sha1_base64" => (1, 1, crypto::hmac_sha1_base64),
        "hmac_sha256" | "hmac_sha256_hex" => (1, 1, crypto::hmac_sha256_hex),
        "hmac_sha256_base64" => (1, 1, crypto::hmac_sha256_base64),
        "hmac_sha512" => (1, 1, crypto::hmac_sha512),
        "base64" | "base64_encode" => (0, 0, crypto::base64_encode),
        "url_encode" => (0, 0, url::url_encode),
        "url_escape" => (0, 0, url::url_escape),
        "url_param_escape" => (0, 0, url::url_param_escape),
        _ => return None,
    };
    let name = FILTERS.into_iter().find(|known| *known == name)?;
    Some(Own {
        name,
        least,
        most,
        named: (name == "default").then_some("allow_false"),
        fills: name == "default",
        body,
    })
}

// === impl Own ===

impl ParseFilter for Own {
    fn parse(&self, arguments: FilterArguments<'_>) -> Result<Box<dyn Filter>> {
        let mut args: Vec<Expression> = arguments.positional.collect();
        if args.len() < self.least || args.len() > self.most {
            let takes = match (self.least, self.most) {
                (0, 0) => "no arguments".to_owned(),
                (1, 1) => "one argument".to_owned(),
                (least, most) => format!("{least} to {most} arguments"),
            };
            return Err(Error::with_msg(format!(
                "`{}` takes {takes}, not {}",
                self.name,
                args.len()
            )));
        }
        for (name, value) in arguments.keyword {
            if self.named != Some(name) || args.len() > self.most {
                let message = format!("`{}` takes no argument `{name}`", self.name);
                return Err(Error::with_msg(message));
            }
            args.push(value);
        }
        Ok(Box::new(Applied { own: *self, args }))
    }

    fn reflection(&self) -> &dyn FilterReflection {
        self
    }
}

impl FilterReflection for Own {
    fn name(&self) -> &str {
        self.name
    }

    fn description(&self) -> &'static str {
        ""
    }

    fn positional_parameters(&self) -> &'static [ParameterReflection] {
        &[]
    }

    fn keyword_parameters(&self) -> &'static [ParameterReflection] {
        &[]
    }
}

// === impl Applied ===

impl Filter for Applied {
    fn evaluate(&self, input: &dyn ValueView, runtime: &dyn Runtime) -> Result<Value> {
        // Before the argument is read: that is absent on its own account.
        if self.own.fills && input.query_state(liquid_core::model::State::DefaultValue) {
            runtime.registers().get_mut::<State>().misses.fill();
        }
        let args = self
            .args
            .iter()
            .map(|arg| arg.evaluate(runtime))
            .collect::<Result<_>>()?;
        let mut state = runtime.registers().get_mut::<State>();
        (self.own.body)(
            input,
            &mut Call {
                args,
                now: state.now,
                budget: &mut state.budget,
            },
        )
    }
}

impl fmt::Debug for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.own.name)
    }
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.own.name)
    }
}
