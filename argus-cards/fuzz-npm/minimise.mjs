// A smaller pair with the same trouble: parts are left out, one after the other, while it lasts.

/** Shrinks `pair` as long as `differs(pair)` says yes; gives up after `most` questions. */
export async function minimise(pair, differs, most = 400) {
  let best = pair;
  let left = most;
  let smaller = true;
  while (smaller && left > 0) {
    smaller = false;
    for (const candidate of candidates(best)) {
      if (left <= 0) break;
      left -= 1;
      if (await differs(candidate)) {
        best = candidate;
        smaller = true;
        break;
      }
    }
  }
  return best;
}

function* candidates(value) {
  if (typeof value?.expression === 'string') {
    for (const piece of pieces(value.expression)) yield { ...value, expression: piece };
  }
  if (typeof value === 'string') {
    yield* shorterText(value);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const keys = Object.keys(value);
  for (const key of keys) yield without(value, key);
  for (const key of keys) {
    for (const inner of candidates(value[key])) {
      const copy = Array.isArray(value) ? [...value] : { ...value };
      copy[key] = inner;
      yield copy;
    }
  }
}

function without(value, key) {
  if (Array.isArray(value)) return value.filter((_, index) => String(index) !== key);
  const copy = { ...value };
  delete copy[key];
  return copy;
}

// The arguments of a call instead of the call, and the texts around expressions left out.
function* shorterText(text) {
  const parts = text.match(/\$\{[^{}]*\}/g) ?? [];
  if (parts.length > 1 || (parts.length === 1 && parts[0] !== text)) yield* parts;
  const inside = /^\$\{(.*)\}$/s.exec(text)?.[1];
  if (inside === undefined) return;
  for (const piece of pieces(inside)) yield `\${${piece}}`;
}

function* pieces(expression) {
  const stack = [];
  const found = [];
  let start = 0;
  let quote = '';
  for (let i = 0; i < expression.length; i += 1) {
    const c = expression[i];
    if (quote) {
      if (c === '\\') i += 1;
      else if (c === quote) quote = '';
    } else if (c === "'" || c === '"') quote = c;
    else if ('([{'.includes(c)) {
      stack.push(start);
      start = i + 1;
    } else if (')]}'.includes(c)) {
      found.push([start, i]);
      start = stack.pop() ?? 0;
    } else if (',:?'.includes(c)) {
      found.push([start, i]);
      start = i + 1;
    }
  }
  found.sort((a, b) => b[1] - b[0] - (a[1] - a[0]));
  for (const [from, to] of found) {
    const piece = expression.slice(from, to).trim();
    if (piece && piece !== expression) yield piece;
  }
  for (const [from, to] of found) {
    for (const value of ['1', "'x'"]) {
      const piece = expression.slice(from, to).trim();
      if (piece.length > 3) yield expression.slice(0, from) + value + expression.slice(to);
    }
  }
}
