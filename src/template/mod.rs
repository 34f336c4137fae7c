//! Liquid in the leaves of message trees.
