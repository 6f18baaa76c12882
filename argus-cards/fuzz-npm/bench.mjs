// How long Microsoft's engine takes for one card, as JSON: the median of many runs in microseconds, for
// expanding and writing it out. `cargo bench -p argus-cards` runs this beside our engine.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { argv, hrtime, stdout } from 'node:process';

const { Template } = createRequire(import.meta.url)('adaptivecards-templating');
const RUNS = 301;
const BATCH = 10;

const folder = new URL('../benches/data/', import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
const results = {};
for (const name of argv.slice(2)) {
  const template = new Template(read(`${name}.card.json`));
  const data = read(`${name}.json`);
  const card = () => JSON.stringify(template.expand({ $root: data }));
  for (let i = 0; i < 200; i += 1) card();
  const times = Array.from({ length: RUNS }, () => {
    const start = hrtime.bigint();
    for (let i = 0; i < BATCH; i += 1) card();
    return Number(hrtime.bigint() - start) / 1000 / BATCH;
  });
  results[name] = times.sort((a, b) => a - b)[RUNS >> 1];
}
stdout.write(`${JSON.stringify(results)}\n`);
