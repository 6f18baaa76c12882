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
const { Expression, ExpressionFunctions, SimpleObjectMemory } = require('adaptive-expressions');

// What npm changes in place, so that whoever looks later sees other data. `mended`, it changes copies.
const CHANGERS = ['reverse', 'setProperty', 'addProperty', 'removeProperty'];
let mended = false;
for (const name of CHANGERS) {
  const evaluator = ExpressionFunctions.standardFunctions.get(name);
  const original = evaluator._evaluator;
  evaluator._evaluator = (expression, state, options) => {
    if (!mended) return original(expression, state, options);
    const [first, ...rest] = expression.children;
    const copying = Object.create(first, {
      tryEvaluate: { value: (...args) => copied(first.tryEvaluate(...args)) },
    });
    const changed = Object.create(expression, { children: { value: [copying, ...rest] } });
    return original(changed, state, options);
  };
}

function copied(result) {
  const value = result?.value;
  if (Array.isArray(value)) return { ...result, value: [...value] };
  if (Object.getPrototypeOf(value ?? 0) === Object.prototype) return { ...result, value: { ...value } };
  return result;
}

/** What npm makes of a pair if it never changes data. */
export function expandMended(pair) {
  mended = true;
  try {
    return expand(pair);
  } finally {
    mended = false;
  }
}

/** What npm makes of a pair: `{card}` or `{error}`; of an expression also `{}`, which is undefined. */
export function expand(pair) {
  if ('expression' in pair) return evaluate(pair.expression, pair.scope);
  const { template, root, host } = JSON.parse(JSON.stringify(pair));
  try {
    const card = new Template(template).expand({ $root: root, $host: host });
    return { card: JSON.parse(JSON.stringify(card ?? null)) };
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
}

function evaluate(expression, scope) {
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
