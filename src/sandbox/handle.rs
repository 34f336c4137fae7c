//! Steering a sandbox from the same process.

use std::sync::Arc;

use jiff::Timestamp;

use super::fault::Rule;
use super::limit::Limit;
use super::log::Accepted;
use super::person::{Person, Standing};
use super::settings::{Page, TokenState, UtilityTemplate};
use super::state::{Shared, State, Stats};

/// A sandbox's controls. Cloning is cheap; all clones steer the same sandbox.
#[derive(Debug, Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

// === impl Handle ===

impl Handle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Adds people, replacing who is already known by the same page and PSID.
    pub fn add_people(&self, people: impl IntoIterator<Item = Person>) {
        let mut state = self.shared.state.lock();
        for person in people {
            state.add(person);
        }
    }

    pub fn set_standing(&self, page: &str, psid: &str, standing: Standing) {
        self.shared.state.lock().person_mut(page, psid).standing = standing;
    }

    /// The person wrote to the page: the window is open for 24 hours from `at`.
    pub fn set_inbound(&self, page: &str, psid: &str, at: Timestamp) {
        let mut state = self.shared.state.lock();
        let person = state.person_mut(page, psid);
        person.last_inbound_at = Some(at);
        if person.standing == Standing::WindowClosed {
            person.standing = Standing::Open;
        }
    }

    /// Adds a page, replacing the one with the same token.
    pub fn add_page(&self, page: Page) {
        let mut state = self.shared.state.lock();
        state.pages.insert(page.token.clone(), page);
    }

    /// Does nothing for an unknown token.
    pub fn set_token(&self, token: &str, token_state: TokenState) {
        self.with_page(token, |page| page.token_state = token_state);
    }

    /// Every send of the token's page gets 10/1893063 from now on.
    pub fn restrict(&self, token: &str) {
        self.with_page(token, |page| page.restricted = true);
    }

    pub fn lift_restriction(&self, token: &str) {
        self.with_page(token, |page| page.restricted = false);
    }

    pub fn set_limit(&self, token: &str, limit: Option<Limit>) {
        self.with_page(token, |page| page.limit = limit);
    }

    pub fn approve(&self, template: UtilityTemplate) {
        self.shared.state.lock().templates.push(template);
    }

    /// Puts a fault on order, behind those that are.
    pub fn add_fault(&self, rule: Rule) {
        self.shared.state.lock().rules.push(rule);
    }

    pub fn clear_faults(&self) {
        self.shared.state.lock().rules.clear();
    }

    /// Lets the calls go that hang now.
    pub fn release(&self) {
        self.shared.state.lock().releases += 1;
        self.shared.released.notify_waiters();
    }

    /// Accepted messages in order, those after sequence `after`, at most `max`.
    pub fn messages_after(&self, after: u64, psid: Option<&str>, max: usize) -> Vec<Accepted> {
        self.shared.state.lock().log.read(after, psid, max)
    }

    /// Every message still in memory.
    pub fn messages(&self) -> Vec<Accepted> {
        self.messages_after(0, None, usize::MAX)
    }

    pub fn stats(&self) -> Stats {
        self.shared.state.lock().stats.clone()
    }

    /// Forgets messages, counts, people and faults; pages, templates and the log file stay, and
    /// sequences go on.
    pub fn clear(&self) {
        let mut state = self.shared.state.lock();
        state.log.clear();
        state.stats = Stats::default();
        state.people.clear();
        state.rules.clear();
    }

    /// Resolves once `n` messages were accepted since the start or the last clear.
    pub async fn accepted(&self, n: u64) {
        self.reached(|state| state.stats.accepted >= n).await;
    }

    /// Resolves once `n` calls came, hanging ones included.
    pub async fn called(&self, n: u64) {
        self.reached(|state| state.stats.calls >= n).await;
    }

    async fn reached(&self, is_reached: impl Fn(&State) -> bool) {
        loop {
            // Registered before the look: a call in between is not missed.
            let moved = self.shared.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if is_reached(&self.shared.state.lock()) {
                return;
            }
            moved.await;
        }
    }

    fn with_page(&self, token: &str, change: impl FnOnce(&mut Page)) {
        if let Some(page) = self.shared.state.lock().pages.get_mut(token) {
            change(page);
        }
    }
}
