//! A folder of many campaigns as a team of ten might keep them.

use std::fs;
use std::path::Path;

use crate::cli::error::Error;

/// Of a hundred campaigns so many share a template.
const TEMPLATED: u64 = 10;
/// One segment for so many campaigns, and likewise for blocks.
const PER_SEGMENT: u64 = 10;
/// Items of the catalog.
const ITEMS: u64 = 500;

const TEAMS: [&str; 5] = ["growth", "fulfilment", "support", "loyalty", "games"];
const COUNTRIES: [&str; 6] = ["BR", "PT", "ES", "MX", "AR", "CO"];

const ATTRIBUTES: &str = "\
kind: Attributes
name: profile
attributes:
  messenger_id: {type: string, pii: true}
  first_name: {type: string, pii: true}
  country: {type: string}
  plan: {type: string}
  age: {type: int}
  order_total: {type: double}
  opted_in: {type: bool}
  last_seen: {type: timestamp}
  tags: {type: list, items: string}
  favourite: {type: string}
events:
  order_placed: {description: An order was paid., retention: 400d}
";

const PAGE: &str = "\
kind: Channel
name: page
type: messenger
page_id: \"104265081234567\"
token: {env: RECADO_BENCH_TOKEN}
";

/// Writes everything that a folder of `n` campaigns holds.
pub(super) fn write(folder: &Path, n: u64) -> Result<(), Error> {
    let put = |path: String, text: String| {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(Error::file(parent))?;
        fs::write(&path, text).map_err(Error::file(&path))
    };
    put("attributes.yaml".into(), ATTRIBUTES.into())?;
    put("channels/page.yaml".into(), PAGE.into())?;
    let games = "kind: Catalog\nname: games\nfile: games.csv\nfields: {price: double}\n";
    put("catalogs/games.yaml".into(), games.into())?;
    let items = (0..ITEMS).map(|at| format!("g{at},\"Game {at}, new\",{at}.5\n"));
    let items: String = items.collect();
    put(
        "catalogs/games.csv".into(),
        format!("id,title,price\n{items}"),
    )?;
    for at in 0..=n / PER_SEGMENT {
        put(format!("segments/segment-{at}.yaml"), segment(at))?;
        put(format!("blocks/footer-{at}.yaml"), block(at))?;
    }
    for at in 0..=n / TEMPLATED {
        let message = message(at, 0);
        let text = format!("kind: Template\nname: template-{at}\nmessage:\n{message}");
        put(format!("templates/template-{at}.yaml"), text)?;
    }
    for at in 0..n {
        let team = pick(&TEAMS, at);
        put(format!("campaigns/{team}/campaign-{at}.yaml"), campaign(at))?;
    }
    Ok(())
}

fn pick<'a>(of: &[&'a str], at: u64) -> &'a str {
    let len = of.len() as u64;
    let at = usize::try_from(at % len).unwrap_or_default();
    of.get(at).copied().unwrap_or_default()
}

fn segment(at: u64) -> String {
    let (country, age) = (pick(&COUNTRIES, at), 18 + at % 40);
    // Every other one narrows the one before it.
    let base = match at % 2 {
        0 => "!blank(user.messenger_id)".to_owned(),
        _ => format!("in_segment(\"segment-{}\")", at - 1),
    };
    format!(
        "kind: Segment\nname: segment-{at}\ndescription: People in {country} and around.\nteam: growth\nfilter: >-\n  \
         {base} && user.country in [\"{country}\", \"US\"]\n  && (user.age >= {age} || \"vip\" in user.tags)\n  \
         && user.last_seen > now - days(90)\n"
    )
}

fn block(at: u64) -> String {
    let other = match at % 2 {
        0 => String::new(),
        _ => format!(" {{{{content_blocks.${{footer-{}}}}}}}", at - 1),
    };
    format!(
        "kind: ContentBlock\nname: footer-{at}\ncontent: \"Greetings{{% if ${{country}} == 'BR' %}} do Brasil{{% endif %}}.{other}\"\n"
    )
}

fn campaign(at: u64) -> String {
    let (team, segment) = (pick(&TEAMS, at), at / PER_SEGMENT);
    let head = format!(
        "# What people in the segment get in week {week}.\nkind: Campaign\nname: campaign-{at}\n\
         description: Offers of week {week}, with a card for the game they like.\nteam: {team}\ntags: [week-{week}, offers]\n\
         channel: page\nsegment: segment-{segment}\nfilter: >-\n  user.opted_in && user.order_total >= {total}\n  \
         && count(\"order_placed\", days(30)) > 0 && (blank(user.tags) || !(\"churned\" in user.tags))\ntrigger: {{api: {{}}}}\n",
        week = at % 53,
        total = at % 200,
    );
    if at % 100 < TEMPLATED {
        return format!("{head}template: template-{}\n", at / TEMPLATED);
    }
    format!("{head}message:\n{}", message(at, segment))
}

fn message(at: u64, block: u64) -> String {
    if at.is_multiple_of(4) {
        return format!(
            "  messaging_type: UPDATE\n  attachment:\n    type: template\n    payload:\n      template_type: generic\n      \
             elements:\n        - title: \"Game {at}\"\n          subtitle: \"For {{{{${{first_name}} | default: 'you'}}}}\"\n          \
             buttons:\n            - {{type: web_url, title: Look, url: \"https://example.com/{at}?c={{{{${{country}} | default: 'BR' | url_encode}}}}\"}}\n            \
             - {{type: postback, title: Later, payload: LATER}}\n        - title: More\n          subtitle: All games\n"
        );
    }
    format!(
        "  messaging_type: UPDATE\n  text: >-\n    Hi {{{{${{first_name}} | default: 'there' | capitalize}}}},\n    \
         {{% if ${{order_total}} > {at} %}}your next order is free{{% else %}}your order is on its way{{% endif %}}.\n    \
         {{% catalog_items games g{item} %}}{{{{items[0].title | upcase}}}} at {{{{items[0].price}}}}.\n    \
         {{{{content_blocks.${{footer-{block}}}}}}}\n  quick_replies:\n    \
         - {{content_type: text, title: Track it, payload: TRACK}}\n    - {{content_type: text, title: Help, payload: HELP}}\n",
        item = at % ITEMS,
    )
}
