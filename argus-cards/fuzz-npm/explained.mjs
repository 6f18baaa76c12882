// Differences on purpose. docs/conformance.md has each by the same name.

import { same } from './compare.mjs';
import { expandMended } from './oracle.mjs';

const EXPLAINED = [
  { name: 'data is never changed', fits: ({ pair, ours }) => same(expandMended(pair), ours) },
  { name: 'what a card may cost is limited', fits: ({ ours }) => /: (more than \d+ steps|values of more than \d+ bytes|a card of more than \d+ bytes)/.test(ours.error) },
  { name: 'texts are whole characters', fits: ({ npm, ours }) => same(whole(npm), ours) },
  { name: 'ticks are a number', fits: ({ text }) => text.includes('ticks(') },
];

/** The name of the explanation of a difference, if there is one. */
export function explanation(pair, npm, ours) {
  const text = JSON.stringify(pair.template ?? pair.expression);
  return EXPLAINED.find(({ fits }) => fits({ text, pair, npm, ours }))?.name;
}

// Halves of characters, which JSON in UTF-8 cannot hold, become the mark for a broken one.
function whole(value) {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(whole);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toWellFormed(), whole(inner)]));
}
