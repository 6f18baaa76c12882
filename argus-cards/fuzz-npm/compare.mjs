// When two outcomes are the same: both fail, or both give the same JSON with JavaScript's numbers.

export function same(a, b) {
  if ('error' in a || 'error' in b) return 'error' in a && 'error' in b;
  return equal(a.card, b.card);
}

function equal(a, b) {
  if (typeof a === 'number' && typeof b === 'number') return a === b || close(a, b);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}

// Powers and roots may differ in the last bit between two mathematical libraries.
function close(a, b) {
  return Math.abs(a - b) <= Number.EPSILON * 4 * Math.max(Math.abs(a), Math.abs(b));
}
