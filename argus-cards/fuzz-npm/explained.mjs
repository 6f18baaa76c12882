// Differences on purpose. docs/conformance.md has each by the same name.

import { same } from './compare.mjs';
import { expandMended } from './oracle.mjs';

const EXPLAINED = [
  { name: 'data is never changed', fits: ({ pair, ours }) => same(expandMended(pair), ours) },
];

/** The name of the explanation of a difference, if there is one. */
export function explanation(pair, npm, ours) {
  const text = JSON.stringify(pair.template);
  return EXPLAINED.find(({ fits }) => fits({ text, pair, npm, ours }))?.name;
}
