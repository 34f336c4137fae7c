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

/// What was changed, without what stays around it: the same for two pairs of texts in which the same words were.
pub fn edits(before: &str, after: &str) -> Vec<String> {
    let diff = TextDiff::from_words(before, after);
    let mut edits: Vec<String> = Vec::new();
    let mut last = ChangeTag::Equal;
    for change in diff.iter_all_changes() {
        let mark = match change.tag() {
            ChangeTag::Equal => None,
            ChangeTag::Delete => Some('-'),
            ChangeTag::Insert => Some('+'),
        };
        match (mark, edits.last_mut()) {
            (Some(_), Some(edit)) if change.tag() == last => edit.push_str(change.value()),
            (Some(mark), _) => edits.push(format!("{mark}{}", change.value())),
            (None, _) => {}
        }
        last = change.tag();
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_edit_of_different_texts_is_the_same() {
        let of_ana = edits(
            "Hi Ana, the shop in Rome is open",
            "Hi Ana, our big shop in Rome is open",
        );
        let of_bea = edits(
            "Hi Bea Li, the shop in Oslo is open",
            "Hi Bea Li, our big shop in Oslo is open",
        );
        assert_eq!(of_ana, ["-the", "+our big"]);
        assert_eq!(of_ana, of_bea);
        assert_ne!(of_ana, edits("in Rome is open", "in Rome is shut"));
        assert!(edits("a", "a").is_empty());
    }

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
