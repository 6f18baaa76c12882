// Microsoft's engine, with its surroundings held still: the clock stands, data is a copy.

import { createRequire } from 'node:module';

process.env.TZ = 'UTC';
const NOW = Date.parse('2026-01-15T12:00:00Z');
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [NOW] : args));
  }

  static now() {
    return NOW;
  }
};
// It warns about XML and time zones that it then refuses.
console.warn = () => {};
console.error = () => {};

const require = createRequire(import.meta.url);
const { Template } = require('adaptivecards-templating');
const { Expression, SimpleObjectMemory } = require('adaptive-expressions');

/** What npm makes of a pair: `{card}` or `{error}`. */
export function expand(pair) {
  const { template, root, host } = JSON.parse(JSON.stringify(pair));
  try {
    const card = new Template(template).expand({ $root: root, $host: host });
    return { card: JSON.parse(JSON.stringify(card ?? null)) };
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
}

/** What npm makes of one expression: `{card}`, `{}` for undefined, or `{error}`. */
export function evaluate(expression, scope) {
  try {
    const parsed = Expression.parse(expression);
    const { value, error } = parsed.tryEvaluate(SimpleObjectMemory.wrap(JSON.parse(JSON.stringify(scope))), undefined);
    if (error) return { error: String(error) };
    const text = JSON.stringify(value);
    return text === undefined ? {} : { card: JSON.parse(text) };
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
}
