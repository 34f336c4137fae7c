//! Every bound, with its reason. Going over one is a clear error that names it, never a slow death.

use std::time::Duration;

// -- users --

/// Longest external id, in bytes: room for a UUID, an e-mail address or a hashed key.
pub const EXTERNAL_ID_BYTES_MAX: usize = 256;
/// Longest attribute name, in bytes: Braze's bound, so that imports fit.
pub const ATTRIBUTE_NAME_BYTES_MAX: usize = 255;
/// Longest string value, in bytes: attributes are facts about a person, not documents.
pub const STRING_BYTES_MAX: usize = 4 * 1024;
/// Most elements in a list: Braze's newest bound.
pub const LIST_ITEMS_MAX: usize = 500;
/// Most names in one update, of all its parts: what is merged is compared with each other.
pub const UPDATE_NAMES_MAX: usize = 10_000;
/// Deepest nesting of lists and objects below an attribute.
pub const NESTING_MAX: usize = 8;
/// Most keys in one object.
pub const OBJECT_KEYS_MAX: usize = 256;
/// Largest profile, in bytes, counted as names and values together: a page of text; a million such users
/// still fit in a machine's memory.
pub const PROFILE_BYTES_MAX: usize = 64 * 1024;
/// Most distinct attribute paths over all users: each is a column, and a column has a fixed cost.
pub const COLUMNS_MAX: usize = 10_000;
/// Most users in one `UpsertUsers` call or one chunk of an import.
pub const BATCH_USERS_MAX: usize = 1_000;
/// Integers beyond this are not exact as JSON numbers: they are refused rather than bent. 2^53 itself is
/// one of them, since 2^53 + 1 arrives as it.
pub const EXACT_INTEGER_MAX: i64 = (1 << 53) - 1;

// -- events --

/// Most events in one `TrackEvents` call.
pub const BATCH_EVENTS_MAX: usize = 1_000;
/// Largest properties of one event, in bytes, counted as names and values together.
pub const EVENT_PROPERTIES_BYTES_MAX: usize = 16 * 1024;
/// How far in the future an event may be: clocks of callers differ.
pub const EVENT_FUTURE_MAX: Duration = Duration::from_mins(5);
/// How long events are kept when nothing is declared: a year and some weeks, to compare with last year's season.
pub const EVENT_RETENTION_DEFAULT: Duration = Duration::from_hours(400 * 24);
/// Shortest declared retention, and the longest: ten years.
pub const EVENT_RETENTION_MIN: Duration = Duration::from_hours(1);
pub const EVENT_RETENTION_MAX: Duration = Duration::from_hours(3_660 * 24);
/// Most event names over all users: each is a column.
pub const EVENT_NAMES_MAX: usize = 1_000;
/// Most properties of one event name that are numbers: each is a column of what filters can sum.
pub const EVENT_NUMBERS_MAX: usize = 32;
/// Most events of one name that are kept of one user: a count beyond it says nothing more about a person.
pub const EVENTS_PER_USER_MAX: usize = 10_000;

// -- filters --

/// Longest filter text, in bytes: long `&&` chains parse into deep trees.
pub const FILTER_BYTES_MAX: usize = 16 * 1024;
/// Deepest filter tree.
pub const FILTER_DEPTH_MAX: usize = 64;
/// Most nodes in a filter.
pub const FILTER_NODES_MAX: usize = 2_000;
/// Deepest nesting of `exists` and `all`: each multiplies by the length of a list.
pub const FILTER_LOOPS_MAX: usize = 2;
/// Most constants about one attribute for which a filter is looked through for contradictions: each is tried.
pub const FILTER_TRIED_MAX: usize = 64;
/// Most nodes in a filter together with the segments that it names, each as often as it is named.
pub const FILTER_WEIGHT_MAX: usize = 10_000;
/// How deep segments may name segments: each is judged within the one that names it.
pub const FILTER_SEGMENTS_DEPTH_MAX: usize = 16;
/// Most segments that one user is checked against at once.
pub const MEMBERSHIPS_MAX: usize = 100;
/// Most regular expressions in a filter: a short one may take several milliseconds to compile.
pub const FILTER_PATTERNS_MAX: usize = 32;
/// Largest compiled regular expression, in bytes of its program.
pub const REGEX_BYTES_MAX: usize = 256 * 1024;

// -- following segments --

/// Sizes kept of one segment: every hour of 400 days, so that a year can be compared with the one before.
pub const SIZES_KEPT_MAX: usize = 400 * 24;
/// And how long each is kept: the same span, for segments that are not recorded any more too.
pub const SIZES_KEPT_FOR: Duration = Duration::from_hours(400 * 24);
/// Segments watched at once: each takes a bit a user, and what its watchers may still ask for.
pub const WATCHED_SEGMENTS_MAX: usize = 64;
/// Ids of one step of a watched segment: a change of all users is told in parts, each a moment's work.
pub const STEP_IDS_MAX: usize = 20_000;
/// Ids of past steps kept for watchers that read slowly or come back: some seconds of the fastest change,
/// and about ten megabytes.
pub const STEPS_IDS_MAX: usize = 200_000;

// -- files --

/// Largest campaign file, in bytes.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;
/// Problems that are reported at once: who sees so many mends the first and asks again.
pub const DIAGNOSTICS_MAX: usize = 1_000;
/// Problems that are told of one text: each makes a way on through the rest of it.
pub const TEXT_PROBLEMS_MAX: usize = 100;
/// Times that a text with mistakes is parsed again for further ones: each goes through all of it.
pub const TEXT_PARSES_MAX: usize = 10;
/// Largest sum of the words that Settings call marketing, in bytes: they are one pattern, tried on every text.
pub const MARKETING_WORDS_BYTES_MAX: usize = 4 * 1024;
/// Most files in a folder of campaigns.
pub const FILES_MAX: usize = 2_000;
/// Largest sum of all files in one plan, in bytes: below the gRPC message bound.
pub const FILES_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Deepest YAML nesting.
pub const YAML_DEPTH_MAX: usize = 64;
/// Most YAML nodes in one file, aliases expanded: stops alias bombs.
pub const YAML_NODES_MAX: usize = 50_000;
/// Most cases of one document's `tests`, all combinations and users counted: a matrix multiplies quickly.
pub const CASES_MAX: usize = 2_000;
/// Largest sum of a case's texts over its combinations and users, in bytes: as much as all files together may have.
pub const CASE_BYTES_MAX: usize = FILES_BYTES_MAX;
/// Longest resource name.
pub const NAME_BYTES_MAX: usize = 100;

// -- plans --

/// How old a saved plan may be where nobody says otherwise: a review that began yesterday.
pub const PLAN_AGE_DEFAULT: Duration = Duration::from_hours(24);
/// Shortest and longest age that may be asked for.
pub const PLAN_AGE_MIN: Duration = Duration::from_secs(1);
pub const PLAN_AGE_MAX: Duration = Duration::from_hours(90 * 24);
/// How far an audience may have moved since its plan, in percent, where Settings do not say.
pub const AUDIENCE_DRIFT_PERCENT: u32 = 20;
/// The most that Settings may say: beyond it nothing is held back.
pub const AUDIENCE_DRIFT_PERCENT_MAX: u32 = 1_000;
/// So many people more or fewer are no drift, whatever their share: a small audience doubles easily.
pub const AUDIENCE_DRIFT_PEOPLE: u64 = 10;
/// How much of an owner's campaigns one apply may delete, in percent, where Settings do not say; and how many always.
pub const DELETES_PERCENT: u32 = 30;
pub const DELETES_FEW: u64 = 3;
/// How many campaigns may be new in one apply, where Settings do not say: more than a team writes at once.
pub const STARTS: u64 = 50;
/// How much of two resources must be the same for one to be the other renamed, in percent of their characters.
pub const RENAME_ALIKE_PERCENT: usize = 80;
/// Pairs that are compared to find renames, and the largest together, in bytes: beyond them nobody renamed by hand.
pub const RENAME_PAIRS_MAX: usize = 2_500;
pub const RENAME_BYTES_MAX: usize = 64 * 1024;
/// Largest file with a saved plan, in bytes: all files of a folder, each character of theirs escaped, and the audiences.
pub const PLAN_FILE_BYTES_MAX: u64 = 48 * 1024 * 1024;
/// Most exceptions that one apply names: each was looked at.
pub const ALLOWED_MAX: usize = 100;
/// Longest author and commit of a revision, in bytes.
pub const REVISION_NAME_BYTES_MAX: usize = 200;
/// Longest message of a revision, in bytes.
pub const REVISION_MESSAGE_BYTES_MAX: usize = 2_000;
/// Revisions that are looked through for the one that a saved plan made: who asks again does so soon.
pub const APPLIED_BEFORE_MAX: usize = 1_000;
/// Revisions and resources that a refused plan names as what moved: who sees so many plans again.
pub const MOVED_REVISIONS_MAX: usize = 5;
pub const MOVED_RESOURCES_MAX: usize = 10;

/// Most bytes that are applied, of all owners together: an export of them fits one answer.
pub const APPLIED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Resources that are named as users of one that changes, and changes that reach one campaign: of more, how many.
pub const NAMED_MAX: usize = 20;
/// Texts of fields in one plan, in bytes: beside all else that it says it must fit in an answer.
pub const FIELDS_SHOWN_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Ids of who enters and of who leaves an audience that a plan shows: enough to look some of them up.
pub const DELTA_IDS_MAX: usize = 5;
/// Crowds that a plan puts together to say how many people share a block, template or channel: a second or two of a
/// million users.
pub const SHARED_CROWDS_MAX: usize = 50_000;
/// Plans that are made at once, and those that wait for it: each takes processors and memory.
pub const PLANS_MAX: usize = 2;
pub const PLANS_WAITING_MAX: usize = 32;
/// Bytes of sets that a plan keeps while it compares audiences: a few hundred of a million users each.
pub const COMPARED_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Users of one campaign for whom its message is made before and after a change.
pub const RENDER_USERS_MAX: usize = 200;
/// And of all campaigns of one plan: some seconds of rendering. Each campaign then has fewer.
pub const RENDERS_MAX: usize = 20_000;
/// How long a plan makes messages: what was not made by then is not sampled.
pub const RENDERS_TIME: Duration = Duration::from_secs(10);
/// Different changes of one campaign's message that a plan shows; others are counted.
pub const RENDER_DIFFS_MAX: usize = 3;
/// Longest text of a message in a plan, in bytes: the rest is cut.
pub const RENDER_SHOWN_BYTES_MAX: usize = 4 * 1024;
/// Texts of messages in one plan, in bytes: it must fit in an answer and be read by somebody.
pub const RENDERS_SHOWN_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Most policies: each is asked of every change.
pub const POLICIES_MAX: usize = 100;
/// Days of past sends from which a plan says how many messages a campaign sends a day.
pub const PAST_DAYS: u32 = 7;
/// Sends of a campaign that are looked at for that.
pub const PAST_SENDS_MAX: usize = 1_000;

// -- templates --

/// Longest Liquid text, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 64 * 1024;
/// Most blanks and line ends in a row in a text: for each of them the parser looks to the end of the run.
pub const TEMPLATE_BLANKS_MAX: usize = 128;
/// Longest message that may be rendered, in bytes, all its texts together.
pub const RENDERED_BYTES_MAX: usize = 256 * 1024;
/// Most loop iterations in the texts of one message.
pub const RENDER_ITERATIONS_MAX: usize = 10_000;
/// Most elements, reads and filters in the texts of one message, a long value counted as several: less
/// than half a second.
pub const RENDER_STEPS_MAX: usize = 500_000;
/// What the texts of one message may build on the way to it, in bytes: values may be made and thrown away, and the
/// largest answer with connected content is among them.
pub const RENDER_BUILT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What all `message_extras` of a message may add to a delivery's record, keys and values together, as in Braze.
pub const MESSAGE_EXTRAS_BYTES_MAX: usize = 1024;
/// Most comparisons in one condition: they are judged one within the other.
pub const CONDITION_TERMS_MAX: usize = 100;
/// How deep content blocks may use content blocks: Braze stops at two, and more than a few nobody can follow.
pub const CONTENT_BLOCK_DEPTH_MAX: usize = 8;
/// Ids in one `catalog_items`, as in Braze.
pub const CATALOG_IDS_MAX: usize = 3;
/// Most items of one catalog.
pub const CATALOG_ITEMS_MAX: usize = 50_000;
/// Most nodes of a rendered message, those of repeated nodes counted each time.
pub const RENDERED_NODES_MAX: usize = 10_000;
/// Calls for connected content that one message may need: each may take its whole time, one after the other,
/// and the delivery's lease must outlast them.
pub const CONTENT_CALLS_MAX: usize = 10;
/// How long one call for connected content may take, as in Braze.
pub const CONTENT_TIMEOUT: Duration = Duration::from_secs(2);
/// Most credentials in Settings: each is looked up at every start.
pub const CREDENTIALS_MAX: usize = 100;
/// Largest answer with connected content, in bytes, as in Braze.
pub const CONTENT_BYTES_MAX: usize = 1024 * 1024;
/// Shortest and longest time for which an answer is used again, as in Braze.
pub const CONTENT_CACHED_MIN: Duration = Duration::from_mins(5);
pub const CONTENT_CACHED_MAX: Duration = Duration::from_hours(4);
/// Bytes of answers that are kept for that, and how many.
pub const CONTENT_CACHE_BYTES_MAX: usize = 64 * 1024 * 1024;
pub const CONTENT_CACHE_ENTRIES_MAX: usize = 10_000;
/// Deepest nesting of Liquid blocks.
pub const TEMPLATE_DEPTH_MAX: usize = 32;
/// Deepest nesting of brackets in one tag or output, `a[b[c]]`: they are read one within the other.
pub const BRACKET_DEPTH_MAX: usize = 16;
/// Longest path, `a.b[0].c`, in steps: more than anything nests.
pub const PATH_STEPS_MAX: usize = 64;
/// Most headers, and most fields of a form, in one call for connected content.
pub const CONTENT_FIELDS_MAX: usize = 100;
/// Most characters of an author's text that a message quotes, and of a name that is absent.
pub const QUOTED_CHARS_MAX: usize = 120;

// -- sends --

/// Most recipients named in one `SendCampaign` call; an audience has no bound.
pub const RECIPIENTS_MAX: usize = 10_000;
/// Largest `trigger_properties` of one recipient, in bytes of JSON.
pub const TRIGGER_PROPERTIES_BYTES_MAX: usize = 16 * 1024;
/// Names that a send counts the misses of, one by one: a report of more is read by nobody, and each is a row that
/// outcomes write to. What comes beyond them is counted together.
pub const SEND_MISSES_MAX: usize = 100;
/// Longest name of a miss, in bytes: an attribute's longest name with a namespace in front.
pub const MISS_BYTES_MAX: usize = 300;
/// Longest `request_id`.
pub const REQUEST_ID_BYTES_MAX: usize = 128;
/// Deliveries stored in one transaction while a send fans out.
pub const ENQUEUE_CHUNK: usize = 5_000;
/// Deliveries of one channel that may be in flight at once: bounds sockets and what a crash can leave `unknown`.
pub const IN_FLIGHT_MAX: usize = 512;
/// Attempts before a temporary failure becomes final.
pub const ATTEMPTS_MAX: u32 = 6;
/// Messages a second to one Messenger page: above it Meta calls the page "high volume" and may stop it.
pub const PAGE_PACE_PER_SECOND: u32 = 40;
/// Response bytes kept from an endpoint.
pub const RESPONSE_BYTES_MAX: usize = 64 * 1024;
/// How long one HTTP call may take.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest time-out of one call that a channel may ask for: it must be over before the lease is.
pub const CALL_TIMEOUT_MAX: Duration = Duration::from_secs(45);
/// And the shortest: below it no call over a network would ever be answered in time.
pub const CALL_TIMEOUT_MIN: Duration = Duration::from_millis(100);
/// How long a claimed delivery stays with its worker; longer than the call may take.
pub const LEASE: Duration = Duration::from_mins(1);

// -- imports of templates --

/// Most webhooks of one export: Braze has eight variations a campaign.
pub const IMPORT_WEBHOOKS_MAX: usize = 100;
/// Most headers of one webhook.
pub const IMPORT_HEADERS_MAX: usize = 100;
/// Most secrets of one input: each is looked for in every text, and a template has a token and a header or two.
pub const IMPORT_SECRETS_MAX: usize = 200;
/// Longest key of a body, in bytes: paths are made of them.
pub const IMPORT_KEY_BYTES_MAX: usize = 256;
/// Markup that is never closed is looked for to the text's end: after so many, the rest is taken for text.
pub const IMPORT_UNCLOSED_MAX: usize = 16;
/// Longest list of a report that people read.
pub const IMPORT_LINES_MAX: usize = 500;
/// Problems of one document that are told: who sees so many rewrites it.
pub const IMPORT_PROBLEMS_MAX: usize = 100;

// -- doors --

/// Largest gRPC message taken in, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Concurrent streams on one gRPC connection.
pub const STREAMS_MAX: u32 = 1_024;
/// Default and largest page of a List call.
pub const PAGE_SIZE_DEFAULT: usize = 50;
pub const PAGE_SIZE_MAX: usize = 1_000;
/// Attributes in a second spelling that one answer names: who sees so many looks at all names.
pub const RESPELT_MAX: usize = 20;
/// Sample of members shown by `EvaluateSegment`.
pub const SAMPLE_MAX: usize = 100;
