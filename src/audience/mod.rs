//! Users as columns in memory.
