//! Durable state behind one contract.
