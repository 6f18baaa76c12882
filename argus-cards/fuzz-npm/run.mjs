// Runs pairs through both engines and names each difference that nobody has explained.
//
//   node run.mjs --engine ../../target/debug/examples/compat [--pairs 2000] [--seed 1] [--show 20]
//
// Exit code 1 if there is one.

import { parseArgs } from 'node:util';

import { same } from './compare.mjs';
import { explanation } from './explained.mjs';
import { pair } from './generate.mjs';
import { minimise } from './minimise.mjs';
import { expand } from './oracle.mjs';
import { Engine } from './ours.mjs';

const { values } = parseArgs({
  options: {
    engine: { type: 'string' },
    pairs: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    show: { type: 'string', default: '20' },
  },
});
if (!values.engine) {
  process.stderr.write('run.mjs: name our engine with --engine PATH (cargo build -p argus-cards --example compat)\n');
  process.exit(2);
}

const BATCH = 64;
const first = Number(values.seed);
const count = Number(values.pairs);
const engine = new Engine(values.engine);
const explained = new Map();
const failed = [];
let expanded = 0;

for (let seed = first; seed < first + count; seed += BATCH) {
  const seeds = Array.from({ length: Math.min(BATCH, first + count - seed) }, (_, index) => seed + index);
  const answers = seeds.map((each) => engine.ask(pair(each)));
  for (const [index, each] of seeds.entries()) {
    const asked = pair(each);
    const npm = expand(asked);
    const ours = await answers[index];
    if (!('error' in npm)) expanded += 1;
    if (same(npm, ours)) continue;
    const name = explanation(asked, npm, ours);
    if (name) explained.set(name, (explained.get(name) ?? 0) + 1);
    else failed.push(each);
  }
}

for (const seed of failed.slice(0, Number(values.show))) {
  const differs = async (asked) => {
    if (!('template' in asked) && !('expression' in asked && 'scope' in asked)) return false;
    const npm = expand(asked);
    const ours = await engine.ask(asked);
    return !same(npm, ours) && !explanation(asked, npm, ours);
  };
  const small = await minimise(pair(seed), differs);
  process.stdout.write(`seed ${seed}: ${JSON.stringify(small)}\n`);
  process.stdout.write(`  npm:  ${JSON.stringify(expand(small))}\n  ours: ${JSON.stringify(await engine.ask(small))}\n`);
}
engine.close();

const share = Math.round((100 * expanded) / count);
process.stdout.write(`${count} pairs from seed ${first}: ${expanded} (${share} %) expand in npm\n`);
for (const [name, times] of explained) process.stdout.write(`  explained: ${name} (${times})\n`);
process.stdout.write(`${failed.length} unexplained differences\n`);
process.exit(failed.length === 0 ? 0 : 1);
