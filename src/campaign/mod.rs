//! Campaign files: shape, meaning, plan.
