// The corpus through liquidjs and brazejs; scripts/liquid-peers.sh runs it.
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const NOW = Date.parse('2026-11-23T10:00:00Z');
const Real = Date;
// Both read the clock by themselves.
globalThis.Date = class extends Real {
  constructor(...args) {
    super(...(args.length ? args : [NOW]));
  }
  static now() {
    return NOW;
  }
};

const require = createRequire(resolve(process.argv[2], 'peers.js'));
const yaml = require('js-yaml');
const { Liquid } = require('liquidjs');
const Braze = require('brazejs');

const folder = 'tests/fixtures/liquid';
const read = (name) =>
  yaml.load(readFileSync(`${folder}/${name}.yaml`, 'utf8'), { schema: yaml.JSON_SCHEMA });
const files = readdirSync(folder)
  .map((name) => name.replace('.yaml', ''))
  .filter((name) => name !== 'context')
  .sort();
const of = read('context');
const campaign = {
  name: of.campaign, api_id: of.campaign, message_name: of.campaign,
  message_api_id: of.campaign, dispatch_id: of.dispatch_id,
};
const state = (topic) => (of.attributes.subscriptions[topic] ? 'subscribed' : 'unsubscribed');
const user = { ...of.attributes, user_id: of.user_id, random_bucket_number: 2785, id: of.user_id, random_bucket: 2785 };
// Made anew for each case: counters and lists stay changed in it.
const spaces = () => structuredClone({
  user, custom_attribute: user, campaign,
  api_trigger_properties: of.api_trigger_properties, trigger_properties: of.api_trigger_properties,
  event_properties: of.event_properties,
  subscribed_state: { news: state('news'), offers: state('offers'), other: state('other'), nobody: state('nobody') },
});

// What plain Liquid has not.
const BRAZE = /content_blocks|catalog_items|abort_message|message_extras|connected_content|promotion|json_escape|json_parse|as_json_string|property_accessor|\bmd5|sha1|sha2|hmac_|base64\b|url_escape|url_param_escape|number_with_delimiter|\| *money\b|time_zone/;
// What only a bound ends, and what would call somebody.
const UNSAFE = /2000000000|1\.\.9000|1\.\.9999|1\.\.40|connected_content/;

// Why they differ: docs/liquid.md has a line for each. The first that fits the template, or what came of it.
const LENIENT = /“x”|'x }}|&&|\|\| b|true and %|31 %|\(true\)|\| default }}|'a', 'b' }}|allow: true|\$\{\}|plus }}|plus: 1, 2|first_name \| upcase/;
const ELSEWHERE = ['names of other channels are empty', /canvas_entry|most_recently_used|targeted_device/];
const REASONS = {
  liquidjs: [
    ELSEWHERE,
    ['what is broken passes', LENIENT],
    ['more filters, and no tag `ifchanged`', /lstrip|rstrip|find_index|ifchanged/],
    ['numbers are those of JavaScript', /divided_by|modulo|9223|17\.8|3 apples/],
    ['dates are those of JavaScript', /\| date/],
    ['other rules for what is absent', /nobody/],
    ['loops know less', /parentloop|offset:continue|1\.\.\$\{age\}/],
    ['objects are no hashes', /\$\{address\}|\$\{pets}\[2]/],
    ['a text where a list belongs', /concat: 'x'/],
    ['`<>` is unknown', /<>/],
    ['quotes become `&#34;`', /\| escape/],
    ['a blank in `split` is one blank', /split: ' '/],
    ['`cols:0` is taken', /cols:0/],
    ['stricter within `raw` and `comment`', /raw|comment/],
  ],
  brazejs: [
    ['`abort_message` writes its reason', /abort_message/],
    ELSEWHERE,
    ['what is broken passes', LENIENT],
    ['tags and arguments that it lacks', /echo|liquid|{%-? #|ifchanged|message_extras|unless true|when 30|parentloop|offset:continue|allow_false|catalog_items|content_blocks/],
    ['unknown filters pass, and those of Braze that came later', /lstrip|rstrip|handleize|pluralize|defualt|with_currency|find_index|hmac_sha(1_|256|512)|base64_encode|as_json_string|json_parse|time_zone|money|at_least|\| abs/],
    ['`${}` with a path, a blank or in a loop', /\$\{[^}]*}(\.|\[)|\$\{ |\$\{zip code}|\["zip|\['zip|\['geo|(for|tablerow) [^%]*\$\{|{{balance}}|{{b}}/],
    ['absent and empty values fail, or are `undefined`', /nobody|\$\{empty}|\$\{none}/],
    ['numbers are those of JavaScript', /divided_by|modulo|9223|17\.8|3 apples|round|ceil|'x' \| size/],
    ['dates are those of JavaScript', /\| date/],
    ['lists print as Ruby inspects them', /"vip", "new"/],
    ['names without `${}` are attributes', /{{first_name}}/],
    ['other rules in single filters', /capitalize|replace: '-' }}|newline_to_br|escape|sort|compact|reverse|'x' \| join|slice: -5|split: ' '|truncatewords|5 \| append/],
    ['other rules in tags', /<>|in 'abc'|cols:0|comment|raw|break %}x|contains|case/],
  ],
};


// Braze's spelling as plain Liquid, for liquidjs.
function plain(template) {
  const raw = /{%-?\s*(raw|comment)\s*-?%}[\s\S]*?{%-?\s*end\1\s*-?%}/g;
  let out = '';
  let from = 0;
  for (const kept of template.matchAll(raw)) {
    out += tags(template.slice(from, kept.index)) + kept[0];
    from = kept.index + kept[0].length;
  }
  return out + tags(template.slice(from));
}

function tags(text) {
  return text.replace(/{%[\s\S]*?%}|{{(?:\${[^}]*}|{{[\s\S]*?}}(?=})|[\s\S])*?}}/g, (tag) => {
    const [open, close] = [tag.slice(0, 2), tag.slice(-2)];
    const inner = tag.slice(2, -2)
      .replace(/\.\$\{\s*([^}]*?)\s*\}/g, '["$1"]')
      .replace(/\$\{\s*([^}]*?)\s*\}/g, 'user["$1"]')
      .replace(/{{|}}/g, '');
    return open + inner + close;
  });
}

const liquid = new Liquid({
  strictFilters: true, strictVariables: false, ownPropertyOnly: true, timezoneOffset: 0,
  memoryLimit: 1e8, renderLimit: 5000, parseLimit: 1e7,
});
const braze = new Braze({ strict_filters: true });

const peers = [
  {
    name: 'liquidjs',
    skips: (c) => BRAZE.test(c.template) || UNSAFE.test(c.template),
    render: (template) => liquid.parseAndRenderSync(plain(template), spaces()),
  },
  {
    name: 'brazejs',
    skips: (c) => UNSAFE.test(c.template),
    render: (template) => braze.parseAndRender(template, { ...structuredClone(user), ...spaces() }),
  },
];

function expected(c) {
  if (c.expect !== undefined) return { text: c.expect };
  if (c.abort !== undefined) return { refused: `aborted: ${c.abort}` };
  return { refused: c.error ?? c.failed };
}

for (const peer of peers) {
  const counts = { agree: 0, differ: 0, 'not applicable': 0 };
  const differences = new Map();
  for (const file of files) {
    for (const c of read(file)) {
      if (peer.skips(c)) {
        counts['not applicable'] += 1;
        continue;
      }
      const template = c.template.replace(/[«»]/g, '');
      let found;
      try {
        found = { text: await peer.render(template) };
      } catch (error) {
        found = { refused: String(error.message).split('\n')[0] };
      }
      const ours = expected(c);
      const agree = 'text' in ours ? ours.text === found.text : 'refused' in found;
      counts[agree ? 'agree' : 'differ'] += 1;
      if (agree) continue;
      const about = `${template}\n${found.text ?? found.refused}`;
      const reason = REASONS[peer.name].find(([, fits]) => fits.test(about));
      if (!differences.has(reason?.[0])) differences.set(reason?.[0], []);
      differences.get(reason?.[0]).push([file, template, ours, found]);
    }
  }
  const line = Object.entries(counts).map(([name, n]) => `${n} ${name}`).join(', ');
  console.log(`\n${peer.name}: ${line}`);
  for (const [reason, all] of differences) {
    console.log(`  ${reason ?? 'NOT EXPLAINED'}: ${all.length}`);
    if (reason === undefined) process.exitCode = 1;
    for (const [file, template, ours, found] of all) {
      const show = (one) => ('text' in one ? JSON.stringify(one.text) : `refused: ${one.refused}`);
      console.log(`    ${file}: ${JSON.stringify(template)}`);
      console.log(`      ours ${show(ours)}`);
      console.log(`      theirs ${show(found)}`);
    }
  }
}
