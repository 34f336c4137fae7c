//! Values that are taken as they are written: only the indentation of their further lines changes.

use std::ops::Range;

use super::layout::{Layout, Result};
use crate::campaign::read::node::Node;

/// How deep in brackets one is, character by character.
#[derive(Default)]
struct Brackets {
    depth: usize,
    quote: Option<char>,
    /// The sign before was a backslash in double quotes.
    is_escaped: bool,
    last: char,
}

// === impl Layout ===

impl Layout<'_> {
    pub(super) fn scalar(&mut self, node: &Node, indent: usize) -> Result<()> {
        let span = node.span.clone();
        if span.start < self.at {
            return Err(self.unclear("an alias is not laid out"));
        }
        let header = self.source[self.at..span.start].trim_start();
        if header.starts_with(['|', '>']) {
            return self.block(span, indent);
        }
        self.trivia_before(span.start, indent + 2)?;
        let source = self.source;
        for (n, line) in source[span.clone()].split('\n').enumerate() {
            if n == 0 {
                self.out.push_str(line.trim_end());
            } else if line.trim().is_empty() {
                self.out.push('\n');
            } else {
                self.line(indent + 2, false);
                self.out.push_str(line.trim());
            }
        }
        self.at = span.end;
        Ok(())
    }

    /// A value may stand on a line below its key; it comes beside it, unless comments stand between.
    fn trivia_before(&mut self, to: usize, indent: usize) -> Result<()> {
        if self.source[self.at..to].contains('#') {
            self.trivia(to, indent)?;
            self.line(indent, false);
            return Ok(());
        }
        self.at += self.source[self.at..to].len() - self.source[self.at..to].trim_start().len();
        if self.at != to {
            return Err(self.unclear("an anchor or a tag is not laid out"));
        }
        self.out.push(' ');
        Ok(())
    }

    /// `|` or `>` with the lines below.
    fn block(&mut self, span: Range<usize>, indent: usize) -> Result<()> {
        let source = self.source;
        let head = &source[self.at..];
        let head = head.split('\n').next().unwrap_or_default();
        let sign = head.split_whitespace().next().unwrap_or_default();
        if sign.contains(|c: char| c.is_ascii_digit()) {
            return Err(self.unclear("a block with a number is not laid out"));
        }
        self.out.push(' ');
        self.out.push_str(head.trim());
        let from = self.at + head.len() + 1;
        let end = span.end.max(from).min(source.len());
        let mut lines: Vec<&str> = source[from.min(end)..end].split('\n').collect();
        while lines.last().is_some_and(|line| line.trim().is_empty()) {
            lines.pop();
        }
        let depth = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let inked = lines.iter().filter(|line| !line.trim().is_empty());
        let margin = inked.map(|line| depth(line)).min().unwrap_or(0);
        for line in &lines {
            match line.get(margin..).filter(|_| depth(line) >= margin) {
                Some(text) if !text.is_empty() => {
                    self.line(indent + 2, false);
                    self.out.push_str(text);
                }
                _ => self.out.push('\n'),
            }
        }
        // The break behind it belongs to what follows.
        let taken = lines.iter().map(|line| line.len() + 1).sum::<usize>();
        self.at = (from + taken).saturating_sub(1).min(source.len());
        Ok(())
    }

    /// `{…}` and `[…]` stay in their lines; further lines are indented by the brackets around them.
    pub(super) fn flow(&mut self, node: &Node, indent: usize) -> Result<()> {
        let start = node.span.start;
        let Some(lines) = self.flow_lines(start) else {
            return Err(self.unclear("this is not laid out"));
        };
        self.trivia_before(start, indent + 2)?;
        for (n, (line, depth)) in lines.iter().enumerate() {
            let text = self.source[line.clone()].trim();
            if n > 0 && text.is_empty() {
                continue;
            }
            if n > 0 {
                let closes = text.chars().take_while(|c| matches!(c, '}' | ']')).count();
                self.line(indent + 2 * depth.saturating_sub(closes), false);
            }
            self.out.push_str(text);
            self.at = line.end;
        }
        Ok(())
    }

    /// The lines up to the bracket that closes the one at `start`, each with how deep it begins.
    fn flow_lines(&self, start: usize) -> Option<Vec<(Range<usize>, usize)>> {
        let (mut brackets, mut lines, mut at) = (Brackets::default(), Vec::new(), start);
        for line in self.source[start..].split_inclusive('\n') {
            let depth = brackets.depth;
            brackets.last = '\n';
            for (end, c) in line.char_indices() {
                let is_comment = c == '#' && brackets.last.is_whitespace();
                if is_comment && brackets.quote.is_none() {
                    break;
                }
                brackets.step(c);
                if brackets.depth == 0 {
                    lines.push((at..at + end + c.len_utf8(), depth));
                    return Some(lines);
                }
            }
            lines.push((at..at + line.trim_end_matches('\n').len(), depth));
            at += line.len();
        }
        None
    }
}

// === impl Brackets ===

impl Brackets {
    fn step(&mut self, c: char) {
        let is_escaped = std::mem::take(&mut self.is_escaped);
        match (c, self.quote) {
            _ if is_escaped => {}
            ('\\', Some('"')) => self.is_escaped = true,
            (c, Some(open)) if c == open => self.quote = None,
            // Within a plain word a quote is a letter.
            ('"' | '\'', None) if !self.last.is_alphanumeric() => self.quote = Some(c),
            ('{' | '[', None) => self.depth += 1,
            ('}' | ']', None) => self.depth = self.depth.saturating_sub(1),
            // In quotes brackets are letters, and the rest is one everywhere.
            _ => {}
        }
        self.last = c;
    }
}
