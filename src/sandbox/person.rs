//! People as a page sees them, and whether a message may reach them.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// The standard window after an inbound message.
const WINDOW: Duration = Duration::from_hours(24);
/// The window of the `HUMAN_AGENT` tag.
const HUMAN_WINDOW: Duration = Duration::from_hours(7 * 24);

/// One person as one page sees them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub page: String,
    pub psid: String,
    #[serde(default)]
    pub standing: Standing,
    /// The last message they sent to the page. When known, the window closes 24 hours later; when not,
    /// it does not close by itself.
    #[serde(default)]
    pub last_inbound_at: Option<Timestamp>,
}

/// What stands between a page and a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    #[default]
    Open,
    /// 10/2018278, except for `HUMAN_AGENT` and utility messages.
    WindowClosed,
    /// 551/1545041.
    Blocked,
    /// 10/2018108.
    Unreachable,
    /// 100/2018001: deleted, or another page's PSID.
    Unknown,
    /// 200/2018028.
    NotTester,
    /// 10/1893015.
    TopicStopped,
    /// 10/2018300.
    OtherApp,
    /// 10/1893063.
    PageRestricted,
}

/// Which door out of the window a message takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Standard,
    HumanAgent,
    Utility,
}

// === impl Person ===

impl Person {
    pub fn new(page: impl Into<String>, psid: impl Into<String>) -> Self {
        Self {
            page: page.into(),
            psid: psid.into(),
            standing: Standing::Open,
            last_inbound_at: None,
        }
    }

    #[must_use]
    pub fn standing(mut self, standing: Standing) -> Self {
        self.standing = standing;
        self
    }

    #[must_use]
    pub fn last_inbound_at(mut self, at: Timestamp) -> Self {
        self.last_inbound_at = Some(at);
        self
    }

    pub(super) fn admits(&self, way: Way, now: Timestamp) -> Result<(), Refusal> {
        match self.standing {
            Standing::Open | Standing::WindowClosed if self.is_within(way, now) => Ok(()),
            standing => Err(refusal(standing)),
        }
    }

    fn is_within(&self, way: Way, now: Timestamp) -> bool {
        let closed = self.standing == Standing::WindowClosed;
        let within = |span: Duration| {
            self.last_inbound_at
                .is_none_or(|at| now < crate::clock::after(at, span))
        };
        match way {
            Way::Standard => !closed && within(WINDOW),
            Way::HumanAgent => within(HUMAN_WINDOW),
            Way::Utility => true,
        }
    }
}

pub(super) fn refusal(standing: Standing) -> Refusal {
    match standing {
        // An open person is only refused because the window has run out.
        Standing::Open | Standing::WindowClosed => Refusal::sub(
            10,
            2_018_278,
            "(#10) This message is sent outside of allowed window.",
        ),
        Standing::Blocked => Refusal::sub(
            551,
            1_545_041,
            "(#551) This person isn't available right now.",
        ),
        Standing::Unreachable => Refusal::sub(
            10,
            2_018_108,
            "(#10) This person can't receive messages from you.",
        ),
        Standing::Unknown => Refusal::sub(100, 2_018_001, "(#100) No matching user found"),
        Standing::NotTester => Refusal::sub(
            200,
            2_018_028,
            "(#200) Cannot message users who are not admins, developers or testers of the app until \
             pages_messaging permission is reviewed and the app is live.",
        ),
        Standing::TopicStopped => Refusal::sub(
            10,
            1_893_015,
            "(#10) This person has stopped notifications for this topic.",
        ),
        Standing::OtherApp => Refusal::sub(
            10,
            2_018_300,
            "(#10) Message not sent because another app is controlling this thread now.",
        ),
        Standing::PageRestricted => Refusal::sub(
            10,
            1_893_063,
            "(#10) The Page is temporarily restricted from sending messages.",
        ),
    }
}
