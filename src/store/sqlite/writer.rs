//! The one writer: a thread that runs everything that waits as one transaction with one fsync.
//!
//! A job is undone on its own when it fails, and leaves the others alone. Its answer is
//! given after the commit, and after the users in memory have changed.

use std::collections::HashMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::error::Failure;
use super::open;
use super::pending::Pending;
use super::sends::Deltas;
use super::users::Memory;
use crate::store::contract::{Error, Result};

/// Jobs that may wait: beyond it writers are told to come back, instead of growing a queue in memory.
const QUEUE_MAX: usize = 4_096;
/// Jobs of one transaction: bounds how long the first waits for the last.
const GROUP_MAX: usize = 1_024;
/// Changed users of one transaction: bounds its memory.
const GROUP_USERS_MAX: usize = 32_768;
/// How long nothing may come before the writer tidies up.
const IDLE: Duration = Duration::from_millis(200);
/// And between two rounds of it: a long log is folded as fast as the disk takes it, and a job waits for one round.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(2);
/// After a group of so many, the next one is not begun at once: under load its members come one by one as
/// their callers go on, and a transaction for a few costs as much as one for all.
const CROWD: usize = 8;
/// How long a crowd is waited for: less than what its fsyncs would take one by one.
const GATHER: Duration = Duration::from_millis(1);
/// After failures the writer rests for up to two to the power of this many idle rounds: about a minute.
const REST_MAX: u32 = 8;
/// What a caller is told to wait when the queue is full.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// What a job works on: the open transaction and what will change in memory once it is committed.
pub(super) struct Group<'a> {
    pub(super) connection: &'a Connection,
    pub(super) users: Pending,
    pub(super) deltas: Deltas,
    /// Why SQLite gave up the whole transaction, if it did.
    lost: Option<Failure>,
}

/// Runs in the transaction, or learns that there is none; what it returns runs after the commit.
type Job = Box<dyn FnOnce(Option<&mut Group<'_>>) -> Answer + Send>;
type Answer = Box<dyn FnOnce(std::result::Result<(), &Failure>) + Send>;

/// The writer's front: submits jobs and joins the thread.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Mutex<Option<Sender<Job>>>,
    room: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Leaves out idle rounds after failures, twice as many each time: a full disk must not fill the log too.
#[derive(Debug, Default)]
struct Rest {
    failures: u32,
    rounds: u32,
}

// === impl Writer ===

impl Writer {
    pub(super) fn start(connection: Connection, memory: Arc<Memory>) -> Result<Self> {
        let (jobs, waiting) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || run(&connection, &memory, &waiting))
            .map_err(|error| Error::Unavailable(error.into()))?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            room: Arc::new(Semaphore::new(QUEUE_MAX)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Runs `work` in the next transaction; [`Error::Busy`] when too much waits already.
    pub(super) async fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Group<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let room = Arc::clone(&self.room);
        let permit = room.try_acquire_owned().map_err(|_| Error::Busy {
            retry_after: RETRY_AFTER,
        })?;
        self.run(move |group| in_savepoint(group, work), permit)
            .await
    }

    /// As [`Writer::submit`], but waits for room: outcomes of deliveries must not be turned away.
    pub(super) async fn submit_patiently<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Group<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = self.patient_permit().await?;
        self.run(move |group| in_savepoint(group, work), permit)
            .await
    }

    /// As [`Writer::submit_patiently`], for work that writes with one statement, the last thing that can
    /// fail: SQLite undoes a statement by itself, and a savepoint costs as much as the work.
    pub(super) async fn submit_statement<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Group<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = self.patient_permit().await?;
        self.run(work, permit).await
    }

    async fn patient_permit(&self) -> Result<OwnedSemaphorePermit> {
        let room = Arc::clone(&self.room);
        room.acquire_owned().await.map_err(|_| Error::Closed)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Group<'_>) -> Result<T> + Send + 'static,
        permit: OwnedSemaphorePermit,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |group| {
            let done = match group {
                Some(group) => in_transaction(group, work),
                None => Err(Error::Unavailable("no transaction was begun".into())),
            };
            Box::new(move |committed| {
                drop(permit);
                let done = match committed {
                    Ok(()) => done,
                    Err(failure) => Err(failure.to_error()),
                };
                // The caller may have gone; what it asked for is done all the same.
                drop(answer.send(done));
            })
        });
        match &*self.jobs.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(jobs) => jobs.send(job).map_err(|_| Error::Closed)?,
            None => return Err(Error::Closed),
        }
        answered.await.map_err(|_| Error::Closed)?
    }

    /// Takes no more jobs, finishes those that wait, and ends the thread.
    pub(super) fn close(&self) {
        drop(
            self.jobs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the store's writer had panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

// === impl Rest ===

impl Rest {
    /// Answers how long to wait for a job before the next round.
    fn tidy(&mut self, connection: &Connection, memory: &Memory) -> Duration {
        if self.rounds > 0 {
            self.rounds -= 1;
            return IDLE;
        }
        match tidy(connection, memory) {
            Ok(has_more) => {
                self.failures = 0;
                if has_more { BETWEEN_ROUNDS } else { IDLE }
            }
            Err(error) => {
                give_up(connection, &error);
                self.failures += 1;
                self.rounds = 1 << self.failures.min(REST_MAX);
                IDLE
            }
        }
    }
}

fn run(connection: &Connection, memory: &Memory, waiting: &Receiver<Job>) {
    let (mut n_last, mut rest, mut wait) = (0, Rest::default(), IDLE);
    loop {
        match waiting.recv_timeout(wait) {
            Ok(first) => {
                if n_last >= CROWD {
                    std::thread::park_timeout(GATHER);
                }
                n_last = group(connection, memory, first, waiting);
                wait = IDLE;
            }
            Err(RecvTimeoutError::Timeout) => wait = rest.tidy(connection, memory),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let end = "PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)";
    if let Err(error) = connection.execute_batch(end) {
        tracing::warn!(%error, "the store was not tidied up at its end");
    }
}

/// One transaction: the first job and whatever waits behind it. Answers how many there were.
fn group(connection: &Connection, memory: &Memory, first: Job, waiting: &Receiver<Job>) -> usize {
    if let Err(error) = connection.execute_batch("BEGIN IMMEDIATE") {
        let failure = give_up(connection, &error.into());
        first(None)(Err(&failure));
        return 1;
    }
    let mut answers = Vec::new();
    let done = (|| {
        let mut group = Group {
            connection,
            users: memory.pending(),
            deltas: HashMap::new(),
            lost: None,
        };
        let mut next = Some(first);
        while let Some(job) = next {
            answers.push(job(Some(&mut group)));
            if let Some(failure) = group.lost {
                return Err(failure.to_error());
            }
            let has_room = answers.len() < GROUP_MAX && group.users.len() < GROUP_USERS_MAX;
            next = if has_room {
                waiting.try_recv().ok()
            } else {
                None
            };
        }
        super::sends::flush(connection, &mut group.deltas)?;
        let log = group.users.log(connection)?;
        let deeds = group.users.store_deeds(connection)?;
        let folded = memory.fold(connection, log.bytes)?;
        connection.execute_batch("COMMIT")?;
        Ok((group.users, deeds, log, folded))
    })();
    let committed = match done {
        Ok((users, deeds, log, folded)) => {
            memory.committed(&users, &deeds, &log, folded);
            Ok(())
        }
        Err(error) => Err(give_up(connection, &error)),
    };
    let n = answers.len();
    for answer in answers {
        answer(committed.as_ref().copied());
    }
    n
}

/// While nobody waits: folds what the log has gathered, and leaves nothing of who was deleted. Answers whether
/// there may be more to do.
pub(super) fn tidy(connection: &Connection, memory: &Memory) -> Result<bool> {
    let Some(blocks) = memory.idle_blocks() else {
        return Ok(false);
    };
    let has_more = !blocks.is_empty();
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let folded = memory.fold_blocks(connection, blocks)?;
    connection.execute_batch("COMMIT")?;
    memory.folded(folded);
    // The write-ahead log still has the pages as they were.
    if memory.has_folded_deletions() && open::empty_wal(connection)? {
        memory.erased();
    }
    Ok(has_more)
}

fn give_up(connection: &Connection, error: &Error) -> Failure {
    tracing::error!(%error, "a store transaction failed; nothing of it was written");
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a store transaction could not be rolled back");
    }
    Failure::from(error)
}

/// Notes when SQLite gave up the whole transaction, as it does on some errors, a full disk among them.
fn in_transaction<T>(
    group: &mut Group<'_>,
    work: impl FnOnce(&mut Group<'_>) -> Result<T>,
) -> Result<T> {
    let done = work(group);
    if group.connection.is_autocommit() {
        group.lost = Some(match &done {
            Err(error) => Failure::from(error),
            Ok(_) => Failure::Unavailable("the transaction was rolled back".into()),
        });
    }
    done
}

fn in_savepoint<T>(
    group: &mut Group<'_>,
    work: impl FnOnce(&mut Group<'_>) -> Result<T>,
) -> Result<T> {
    let connection = group.connection;
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    let (users, deltas) = (group.users.mark(), group.deltas.clone());
    let done = work(group);
    if done.is_err() && !connection.is_autocommit() {
        group.users.truncate(users);
        group.deltas = deltas;
        connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    if !connection.is_autocommit() {
        connection.prepare_cached("RELEASE job")?.execute([])?;
    }
    done
}
