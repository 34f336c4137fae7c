//! Filters: CEL text to a checked filter to a bitmap.
