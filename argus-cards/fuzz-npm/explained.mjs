// Differences on purpose. Each has a name, which docs/conformance.md explains, and says which pairs it is about.

export const EXPLAINED = [];

/** The name of the explanation of a difference, if there is one. */
export function explanation(pair, npm, ours) {
  const text = JSON.stringify(pair.template);
  return EXPLAINED.find(({ fits }) => fits({ text, pair, npm, ours }))?.name;
}
