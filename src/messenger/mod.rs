//! The Send API: bodies and limits, and what its answers mean.
