//! The published set of filters, over the users and events of `people`.

/// A filter and what it stands for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Published {
    pub(super) name: &'static str,
    pub(super) cel: &'static str,
}

/// What nearly every campaign asks: who can be reached, in some countries, of some age.
pub(super) const THREE_CLAUSES: &str =
    r#"!blank(user.messenger_id) && user.country in ["BR", "PT"] && user.age > 30"#;

pub(super) const PUBLISHED: [Published; 9] = [
    Published {
        name: "three_clauses",
        cel: THREE_CLAUSES,
    },
    Published {
        name: "equality",
        cel: r#"user.country == "BR""#,
    },
    Published {
        name: "range",
        cel: "user.ltv >= 20 && user.ltv < 100",
    },
    Published {
        name: "list",
        cel: r#""vip" in user.tags"#,
    },
    Published {
        name: "regex_low_cardinality",
        cel: r#"user.city.matches("^city-0[0-4][0-9]+$")"#,
    },
    Published {
        name: "regex_unique",
        cel: r#"user.email.matches("^user[.][0-9]*7@(gmail|outlook)[.]com$")"#,
    },
    Published {
        name: "event_count_30_days",
        cel: r#"count("order_placed", days(30)) >= 2"#,
    },
    Published {
        name: "nested",
        cel: r#"((user.plan == "pro" || user.ltv >= 100) && (user.age < 30 || user.n_orders > 20)) || (user.is_tester && !(user.device == "web"))"#,
    },
    Published {
        name: "negated",
        cel: r#"!(user.country in ["BR", "PT"]) && !("churned" in user.tags)"#,
    },
];
