// Differences on purpose. ../COMPAT.md has each by the same name.

import { same } from './compare.mjs';
import { expandMended } from './oracle.mjs';

const EXPLAINED = [
  { name: 'data is never changed', fits: ({ pair, ours }) => same(expandMended(pair), ours) },
  { name: 'what a card may cost is limited', fits: ({ ours }) => /: (more than \d+ steps|values of more than \d+ bytes|a card of more than \d+ bytes)/.test(ours.error) },
  { name: 'texts are whole characters', fits: ({ npm, ours }) => same(whole(npm), ours) },
  { name: 'ticks are a number', fits: ({ text }) => text.includes('ticks(') },
  { name: 'patterns match in linear time', fits: ({ text, ours }) => /replaceIgnoreCase/.test(text) && /not a pattern/.test(ours.error) },
  { name: 'bytes are a list of numbers', fits: ({ pair, npm, ours }) => pair.expression !== undefined && Array.isArray(ours.card) && same({ card: Object.values(npm.card ?? {}) }, ours) },
  { name: 'powers are exact', fits: ({ text, npm, ours }) => /\^|exp\(/.test(text) && same(rounded(npm), rounded(ours)) },
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

// Numbers inside of texts, to twelve digits.
function rounded(value) {
  if (typeof value === 'string') return value.replace(/\d+\.\d+/g, (digits) => Number(digits).toPrecision(12));
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rounded(inner)]));
}
