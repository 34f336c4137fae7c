//! Problems as workflow commands of GitHub Actions: annotations at the lines of a pull request.

use crate::api::pb::{Diagnostic, DiagnosticSeverity};

/// One command a problem, errors first: the platform shows only the first ten of each kind.
pub(super) fn commands(diagnostics: &[Diagnostic]) -> Vec<String> {
    let is_warning = |d: &&Diagnostic| d.severity() == DiagnosticSeverity::Warning;
    let warnings = diagnostics.iter().filter(is_warning);
    let errors = diagnostics.iter().filter(|d| !is_warning(d));
    let errors = errors.map(|d| command("error", d));
    errors
        .chain(warnings.map(|d| command("warning", d)))
        .collect()
}

fn command(kind: &str, d: &Diagnostic) -> String {
    let mut properties = Vec::new();
    if !d.file.is_empty() {
        properties.push(format!("file={}", property(&d.file)));
    }
    if d.line > 0 {
        let (line, column) = (d.line, d.column);
        properties.push(format!("line={line},endLine={line},col={column}"));
        properties.push(format!("endColumn={}", column + d.length));
    }
    properties.push(format!("title={}", property(&d.code)));
    let hint = match d.hint.as_str() {
        "" => String::new(),
        hint => format!("\n{hint}"),
    };
    let message = data(&format!("{}{hint}", d.message));
    format!("::{kind} {}::{message}", properties.join(","))
}

/// A break would end the command, and what follows could be another one.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_holds_cannot_end_a_command() {
        let diagnostic = Diagnostic {
            code: "unknown-key".to_owned(),
            severity: DiagnosticSeverity::Error.into(),
            message: "100% of `a`\n::error::b".to_owned(),
            file: "a,b:c%.yaml".to_owned(),
            line: 3,
            column: 5,
            length: 2,
            hint: "one\r\ntwo".to_owned(),
            ..Diagnostic::default()
        };
        assert_eq!(
            commands(&[diagnostic]),
            [
                "::error file=a%2Cb%3Ac%25.yaml,line=3,endLine=3,col=5,endColumn=7,title=unknown-key\
                 ::100%25 of `a`%0A::error::b%0Aone%0D%0Atwo"
            ]
        );
    }

    #[test]
    fn errors_come_first_and_what_has_no_place_has_none() {
        let of = |severity: DiagnosticSeverity, message: &str| Diagnostic {
            code: "x".to_owned(),
            severity: severity.into(),
            message: message.to_owned(),
            ..Diagnostic::default()
        };
        let found = [
            of(DiagnosticSeverity::Warning, "a"),
            of(DiagnosticSeverity::Error, "b"),
        ];
        assert_eq!(
            commands(&found),
            ["::error title=x::b", "::warning title=x::a"]
        );
    }
}
