//! What attributes users have.

use super::{Engine, Result};
use crate::audience::Attribute;

// === impl Engine ===

impl Engine {
    /// Every attribute path in order, and how many users there are.
    pub async fn attributes(&self) -> Result<(Vec<Attribute>, u64)> {
        let store = &self.parts.store;
        Ok((store.attributes().await?, store.count_users().await?))
    }
}
