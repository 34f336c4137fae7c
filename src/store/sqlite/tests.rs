//! Histories, fold points and reopening against a naive store.
