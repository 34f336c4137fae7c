//! Importing users as numbered chunks, each applied once.

use crate::engine::users::{Checked, Item, check_size};
use crate::engine::{Engine, Error, Respelt, Result, spellings};
use crate::model::id::ImportId;
use crate::store::contract::{ImportProgress, Imported, UpsertReport};

/// What became of a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    pub progress: ImportProgress,
    /// Empty for a chunk that was durable before.
    pub report: UpsertReport,
    pub is_repeated: bool,
    /// What it spells in another way than others do.
    pub respelt: Vec<Respelt>,
}

// === impl Engine ===

impl Engine {
    /// Where the import stands: the chunk after `sequence` is expected next.
    pub async fn start_import(&self, import: &ImportId) -> Result<ImportProgress> {
        Ok(self.parts.store.import_progress(import).await?)
    }

    /// Ends the import and answers its totals; its name is free then.
    pub async fn finish_import(&self, import: &ImportId) -> Result<ImportProgress> {
        Ok(self.parts.store.finish_import(import).await?)
    }

    /// Applies chunk `sequence`, from 1. A bad item never refuses its chunk.
    pub async fn import_chunk(
        &self,
        import: &ImportId,
        sequence: u64,
        items: Vec<Item>,
    ) -> Result<Chunk> {
        check_size("chunk.users", items.len())?;
        let mut checked: Checked = self.check_items(items);
        let updates = checked.take();
        let names = spellings::names(&updates);
        let refused = checked.n_refused();
        let imported = self
            .parts
            .store
            .import_chunk(import, sequence, updates, refused)
            .await?;
        match imported {
            Imported::Applied { report, progress } => Ok(Chunk {
                progress,
                report: checked.report(report),
                is_repeated: false,
                respelt: self.respelt(names).await,
            }),
            Imported::Repeated { progress } => Ok(Chunk {
                progress,
                report: UpsertReport::new(),
                is_repeated: true,
                respelt: Vec::new(),
            }),
            Imported::OutOfOrder { progress } => Err(Error::invalid(
                "chunk.sequence",
                format!("is {sequence}; {} is expected next", progress.sequence + 1),
            )),
        }
    }
}
