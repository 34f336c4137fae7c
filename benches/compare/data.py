"""The users and events, the same for all three: made in DuckDB, handed to the others as JSON.

Every value comes from a digest of the row's number, so a seed and a start give the same data anywhere.
"""

SEED = 7
DAY = 86_400_000
# Recado evaluates at the wall clock, SQL at the start of the run. Nobody was seen and nothing happened so long
# before the end of a window that a filter asks for, so both mean the same people until so much later.
SLACK = 2 * 3_600_000

COUNTRIES = ["AR", "CL", "CO", "DE", "ES", "FR", "GB", "IN", "IT", "MX", "NL", "PE", "PL", "US"]
LANGUAGES = ["de", "en", "es", "fr", "it", "nl", "pl", "pt"]
DEVICES = ["android", "ios", "web"]
SOURCES = ["ads", "blog", "email", "event", "friend", "import", "partner", "press", "qr", "search", "shop", "social"]
TAGS = ["active", "beta", "churned", "coupon", "gift", "large", "lapsed", "local", "new", "refund", "vip", "wholesale"]
DOMAINS = ["gmail.com", "outlook.com"] + [f"mail-{n}.example" for n in range(38)]
EVENTS = ["order_placed"] + [f"event_{n:02}" for n in range(1, 20)]

ATTRIBUTES = [
    "country", "city", "first_name", "plan", "language", "device", "source", "timezone",
    "email", "phone", "messenger_id", "age", "n_orders", "score", "ltv", "basket",
    "opted_in", "is_tester", "last_seen", "tags",
]  # fmt: skip


def make(connection, n_users, n_events, start_ms):
    """Fills `users`, `events` and `profiles`, which are the users as JSON."""
    sql = connection.execute
    sql(f"create macro r(n, salt) as md5_number_lower(concat(n, ':', salt, ':{SEED}'))")
    # 53 bits are what a double holds.
    sql("create macro u(n, salt) as (r(n, salt) >> 11)::double / 9007199254740992.0")
    sql("create macro below(n, salt, m) as (r(n, salt) % m)::integer")
    sql("create macro pick(n, salt, items) as items[1 + below(n, salt, len(items))]")
    sql(
        "create macro outside(age, edge) as case when age > edge - "
        f"{SLACK} and age <= edge then age - {SLACK} else age end"
    )
    sql(f"""create table users as
        select no::integer as no,
            printf('%08x-0000-4000-8000-%012x', no, no) as id,
            case when u(no, 'country') < 0.1 then 'BR' when u(no, 'country') < 0.125 then 'PT'
                else pick(no, 'other country', {COUNTRIES}) end as country,
            printf('city-%04d', below(no, 'city', 5000)) as city,
            printf('name-%04d', below(no, 'first_name', 2000)) as first_name,
            case when u(no, 'plan') < 0.1 then 'pro' when u(no, 'plan') < 0.3 then 'basic'
                else 'free' end as plan,
            pick(no, 'language', {LANGUAGES}) as language,
            pick(no, 'device', {DEVICES}) as device,
            pick(no, 'source', {SOURCES}) as source,
            printf('UTC%+d', below(no, 'timezone', 24) - 11) as timezone,
            printf('user.%d@', no) || pick(no, 'email', {DOMAINS}) as email,
            printf('+55%09d', no * 7919 % 1000000000) as phone,
            case when below(no, 'messenger_id', 20) < 16
                then printf('%d', 1000000000000000 + no * 2654435761)
                when below(no, 'messenger_id', 20) = 16 then '' end as messenger_id,
            18 + below(no, 'age', 70) as age,
            below(no, 'n_orders', 40) as n_orders,
            below(no, 'score', 1000) as score,
            round(-45 * ln(1 - u(no, 'ltv')), 2) as ltv,
            round(5 + 195 * u(no, 'basket'), 2) as basket,
            u(no, 'opted_in') < 0.7 as opted_in,
            u(no, 'is_tester') < 0.01 as is_tester,
            epoch_ms({start_ms}
                - outside((u(no, 'last_seen') * 28.6 * {DAY})::bigint, {7 * DAY})) as last_seen,
            -- Steps of 5 round a list of 12 never meet the same tag twice.
            [{TAGS}[1 + (below(no, 'tags', 12) + 5 * step) % 12]
                for step in range(below(no, 'n_tags', 4))] as tags
        from range({n_users}) t(no)""")
    sql(f"""create table events as
        select below(no, 'user', {n_users}) as user_no,
            case when u(no, 'name') < 0.08 then 'order_placed'
                else pick(no, 'other name', {EVENTS[1:]}) end as name,
            epoch_ms({start_ms} - outside((u(no, 'at') * 90 * {DAY})::bigint, {30 * DAY})) as happened,
            case when u(no, 'name') < 0.08 then round(5 + 195 * u(no, 'total'), 2) end as total
        from range({n_events}) t(no)""")
    values = ", ".join(
        f"{name} := {rfc3339(name) if name == 'last_seen' else name}" for name in ATTRIBUTES
    )
    # Who has no messenger_id has no such key, rather than a null.
    sql(f"""create view profiles as select no, id,
        replace(to_json(struct_pack({values}))::varchar, '"messenger_id":null,', '') as attributes
        from users""")


def rfc3339(time):
    return f"strftime({time}, '%Y-%m-%dT%H:%M:%S.%gZ')"


def write_csv(connection, folder):
    """For `COPY`: users with their attributes as one JSON text, events with numbers for their users."""
    users, events = folder / "users.csv", folder / "events.csv"
    connection.execute(f"copy (select no, id, attributes from profiles) to '{users}' (header false)")
    connection.execute(
        f"""copy (select user_no, name, {rfc3339("happened")},
            case when total is null then '{{}}' else printf('{{"total":%s}}', total::varchar) end
            from events) to '{events}' (header false)"""
    )
    return users, events


def write_users(connection, file):
    connection.execute(
        f"copy (select id as external_id, attributes::json as attributes from profiles) to '{file}' (format json)"
    )


def write_events(connection, file):
    connection.execute(
        f"""copy (select id as external_id, name, {rfc3339("happened")} as time,
            case when total is null then '{{}}' else printf('{{"total":%s}}', total::varchar) end::json as properties
            from events join users on no = user_no) to '{file}' (format json)"""
    )
