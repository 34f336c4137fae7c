// liquidjs on the texts of cases.json, in turn with `recado bench render`; run.sh runs it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [folder, recado, countText = '300000', roundsText = '5'] = process.argv.slice(2);
const [count, rounds] = [Number(countText), Number(roundsText)];
const { Liquid } = createRequire(resolve(folder, 'peers.js'))('liquidjs');

const work = JSON.parse(readFileSync('benches/render/cases.json', 'utf8'));
const liquid = new Liquid({ timezoneOffset: 0, ownPropertyOnly: true });
const names = { ...work.attributes, ...work.trigger_properties };
// A date already, so that the engine need not parse it at each render.
names.last_seen = new Date(names.last_seen);
const texts = work.texts.map((text) => ({ ...text, compiled: liquid.parse(text.plain) }));
const asked = texts.find((text) => text.name === work.request.text);

// As a program in JavaScript would keep a user.
const row = JSON.stringify(work.attributes);

function request(n) {
  const names = { ...JSON.parse(row), ...work.trigger_properties };
  const message = {
    ...work.request,
    text: liquid.renderSync(asked.compiled, names),
    metadata: `dlv_${n}`,
  };
  const recipient = { id: names.messenger_id };
  return Buffer.from(JSON.stringify({ messaging_type: 'UPDATE', recipient, message }));
}

const jobs = [
  ...texts.map((text) => [text.name, () => liquid.renderSync(text.compiled, names)]),
  ['request', request],
];
for (const text of texts) {
  const found = liquid.renderSync(text.compiled, names);
  if (found !== text.expect) throw new Error(`${text.name}: ${found}`);
}

function rate(job, n) {
  // Processor time, as `recado bench render` counts it.
  const begun = process.cpuUsage();
  for (let at = 0; at < n; at += 1) job(at);
  const { user, system } = process.cpuUsage(begun);
  return n / ((user + system) / 1e6);
}

const median = (figures) => figures.sort((a, b) => a - b)[(figures.length - 1) >> 1];
const found = Object.fromEntries(jobs.map(([name]) => [name, []]));
for (const [, job] of jobs) rate(job, 20_000);
for (let round = 0; round < rounds; round += 1) {
  const args = ['bench', 'render', '--count', String(count), '--rounds', '3', '--json'];
  const ours = JSON.parse(execFileSync(recado, args, { encoding: 'utf8' }));
  for (const [name, job] of jobs) {
    const { per_sec, plain_per_sec, grown_bytes } = ours[name];
    const js = rate(job, count);
    found[name].push({ per_sec, plain_per_sec, js, grown_bytes });
  }
}

const whole = (n) => Math.round(n).toLocaleString('en');
console.log(`${rounds} rounds of ${whole(count)} renders, medians; renders a second of one core's time\n`);
console.log('| | Recado | liquid-core | liquidjs | Recado / liquid-core | Recado / liquidjs | memory grown |');
console.log('|---|---|---|---|---|---|---|');
for (const [name, all] of Object.entries(found)) {
  const of = (figure) => median(all.map(figure));
  const [ours, plain, js] = [of((r) => r.per_sec), of((r) => r.plain_per_sec), of((r) => r.js)];
  const ratios = [of((r) => r.per_sec / r.plain_per_sec), of((r) => r.per_sec / r.js)];
  const grown = Math.max(...all.map((r) => r.grown_bytes));
  const cells = [whole(ours), whole(plain), whole(js), ...ratios.map((r) => r.toFixed(2)), `${whole(grown)} B`];
  console.log(`| ${name.replaceAll('_', ' ')} | ${cells.join(' | ')} |`);
}
