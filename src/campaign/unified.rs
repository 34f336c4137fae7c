//! Two texts as one, with what came and what went.

use similar::{ChangeTag, TextDiff};

/// Lines that stay, shown around those that do not.
const CONTEXT: usize = 1;

/// Every line with ` `, `-` or `+` before it; `…` stands for lines between that stay. Empty when nothing differs.
pub fn unified(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let groups = diff.grouped_ops(CONTEXT);
    let mut out = String::new();
    for (at, group) in groups.iter().enumerate() {
        if at > 0 {
            out.push_str("…\n");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            out.push(match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            });
            out.push_str(change.value().trim_end_matches(['\n', '\r']));
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_stay_are_left_out() {
        let before = "a\nb\nc\nd\ne\nf\ng\n";
        let after = "a\nB\nc\nd\ne\nf\ng\nh";
        assert_eq!(unified(before, after), " a\n-b\n+B\n c\n…\n g\n+h\n");
        assert_eq!(unified("a", "a\n"), "-a\n+a\n");
        assert_eq!(unified("a", "a"), "");
        assert_eq!(unified("", "a\nb"), "+a\n+b\n");
    }
}
