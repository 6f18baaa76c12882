// Random templates with data that they almost fit. A grammar, not noise: most of what comes out is
// accepted by both engines and means something.

import { FORMS, FUNCTIONS, LAMBDAS, OPERATORS } from './functions.mjs';
import { Random } from './random.mjs';

const TEXTS = ['x', 'hello', 'Hello World', '', 'a,b', '42', '4.5', 'true', 'false', 'ünï ☃', '😀 y', 'a"b', "it's", 'C:\\dir',
  'line\nbreak', '<b>&', 'null', 'é', '  pad  ', 'ABC', '2026-01-15T12:00:00.000Z', '0', '-1', 'name', 'n'];
const NUMBERS = [0, 1, 2, 3, 5, 7, 10, 42, -1, -7, 100, 1.5, 2.25, -0.5, 0.1, 1000, 123456.789, 1e-7, 1e21, 99999999999];
const KEYS = ['n', 's', 'b', 'nul', 'title', 'Title', 'name', 'v', 'items', 'tags', 'nums', 'nested', 'deep', 'date', 'a b', 'x-y', '0', 'list'];
const PROPERTIES = ['text', 'title', 'value', 'body', 'items', 'facts', 'columns', 'color', 'wrap', 'x', 'Y', 'data', '$schema', '0'];
const KINDS = 'nisbaox';

/** The template, data and host of a seed, or one expression and its scope. */
export function pair(seed) {
  const random = new Random(seed);
  const made = new Maker(random);
  const root = random.chance(0.02) ? made.value(2) : made.record(3);
  if (random.chance(0.2)) return { expression: made.expression(random.pick(KINDS), random.int(1, 3)), scope: root ?? {} };
  const result = { template: made.object(Number(random.weighted({ 1: 5, 2: 3, 3: 2, 4: 1 }))) };
  if (!random.chance(0.02)) result.root = root;
  if (random.chance(0.3)) result.host = made.record(1);
  return result;
}

class Maker {
  constructor(random) {
    this.random = random;
    this.locals = [];
  }

  // Data.

  scalar() {
    const r = this.random;
    switch (r.weighted({ n: 4, s: 4, b: 2, nul: 1 })) {
      case 'n': return r.pick(NUMBERS);
      case 's': return r.pick(TEXTS);
      case 'b': return r.chance(0.5);
      default: return null;
    }
  }

  value(depth) {
    const r = this.random;
    if (depth <= 0 || r.chance(0.5)) return this.scalar();
    if (r.chance(0.5)) return r.many(0, 3, () => this.value(depth - 1));
    return this.record(depth - 1);
  }

  record(depth) {
    const r = this.random;
    const usual = {
      n: () => r.pick(NUMBERS),
      s: () => r.pick(TEXTS),
      b: () => r.chance(0.5),
      nul: () => null,
      title: () => r.pick(TEXTS),
      name: () => r.pick(TEXTS),
      v: () => r.pick(NUMBERS),
      date: () => r.pick(FORMS.d),
      nums: () => r.many(0, 4, () => r.pick(NUMBERS)),
      tags: () => r.many(0, 4, () => r.pick(TEXTS)),
      items: () => (depth > 0 ? r.many(0, 3, () => this.record(depth - 1)) : []),
      nested: () => (depth > 0 ? this.record(depth - 1) : {}),
      deep: () => r.many(0, 3, () => r.many(0, 2, () => this.scalar())),
      list: () => r.many(0, 3, () => this.value(depth - 1)),
    };
    const record = {};
    for (const key of KEYS) {
      if (r.chance(0.45)) continue;
      const make = r.chance(0.85) ? usual[key] : undefined;
      record[key] = make ? make() : this.value(depth - 1);
    }
    return record;
  }

  // Templates.

  object(depth) {
    const r = this.random;
    const object = {};
    if (r.chance(0.6)) object.type = r.pick(['TextBlock', 'Container', 'FactSet', 'AdaptiveCard']);
    if (r.chance(0.3)) object.$data = this.data(depth);
    if (r.chance(0.25)) object.$when = this.when();
    if (r.chance(0.02)) object[r.pick(['$root', '$index', '$host', '$_acTemplateVersion'])] = this.leaf();
    for (let i = r.int(1, depth > 1 ? 3 : 2); i > 0; i -= 1) object[r.pick(PROPERTIES)] = this.node(depth - 1);
    return object;
  }

  node(depth) {
    const r = this.random;
    if (depth <= 0 || r.chance(0.5)) return this.leaf();
    if (r.chance(0.5)) return this.object(depth);
    return r.many(0, 3, () => this.node(depth - 1));
  }

  data(depth) {
    const r = this.random;
    if (r.chance(0.85)) return '${' + this.expression(r.pick('aaaaoooxs'), 2) + '}';
    return this.value(Math.min(depth, 2));
  }

  when() {
    const r = this.random;
    if (r.chance(0.92)) return '${' + this.expression(r.chance(0.85) ? 'b' : 'x', 2) + '}';
    return r.pick([true, false, 'true', '', 0, 1, null, 'x ${b}', {}, []]);
  }

  leaf() {
    const r = this.random;
    switch (r.weighted({ single: 6, mixed: 3, plain: 1, scalar: 1 })) {
      case 'single': return '${' + this.expression(r.pick(KINDS), r.int(1, 3)) + '}';
      case 'mixed': return this.mixed();
      case 'plain': return r.pick([...TEXTS, '$', '$5', '`', '}', '{x}']);
      default: return this.scalar();
    }
  }

  mixed() {
    const r = this.random;
    const glue = ['', ' ', 'x ', ', ', '$', '\\', '$$', '}', '{', '"', "'", '\n', '`', '${', 'ä', '\\${n}', '${}', '\\\\'];
    const weights = Object.fromEntries(glue.map((text, index) => [text, index < 4 ? 6 : 0.4]));
    return r.many(1, 3, () => r.weighted(weights) + '${' + this.expression(r.pick(KINDS), r.int(0, 2)) + '}')
      .join('') + r.weighted(weights);
  }

  // Expressions.

  /** An expression that is meant to give a value of a kind. */
  expression(kind, depth) {
    const r = this.random;
    if (r.chance(0.05)) kind = r.pick(KINDS);
    if (depth <= 0) return this.atom(kind);
    switch (r.weighted({ atom: 3, call: 5, operator: 2, lambda: 0.7, ternary: 0.3, unary: 0.3, index: 0.4, text: 0.2, literal: 0.3 })) {
      case 'call': return this.call(kind, depth);
      case 'operator': return this.operator(kind, depth);
      case 'lambda': return this.lambda(kind, depth);
      case 'ternary': return `(${this.expression('b', depth - 1)} ? ${this.expression(kind, depth - 1)} : ${this.expression(kind, depth - 1)})`;
      case 'unary': return `${r.pick(['!', '-', '+'])}${this.expression(kind, depth - 1)}`;
      case 'index': return `${this.expression('a', depth - 1)}[${this.expression('i', depth - 1)}]`;
      case 'text': return r.chance(0.2) ? '`x ${' + this.expression(kind, depth - 1) + '}`' : this.atom('s');
      case 'literal': return this.literal(kind, depth);
      default: return this.atom(kind);
    }
  }

  literal(kind, depth) {
    const r = this.random;
    if (kind === 'o' || r.chance(0.3)) {
      return `{${r.many(0, 2, () => `${r.pick(['a', 'name', "'v'"])}: ${this.expression(r.pick(KINDS), depth - 1)}`).join(', ')}}`;
    }
    return `[${r.many(0, 3, () => this.expression(r.pick(KINDS), depth - 1)).join(', ')}]`;
  }

  call(kind, depth) {
    const names = giving(FUNCTIONS, kind);
    if (names.length === 0) return this.atom(kind);
    const name = this.random.chance(0.01) ? 'noSuchFunction' : this.random.pick(names);
    return `${name}(${this.args(FUNCTIONS[name] ?? 'x>x', depth).join(', ')})`;
  }

  args(signature, depth) {
    const r = this.random;
    const [takes] = signature.split('>');
    const args = [];
    let optional = false;
    for (let i = 0; i < takes.length; i += 1) {
      const kind = takes[i];
      if (kind === '?') {
        optional = true;
        continue;
      }
      if (kind === '*') {
        while (r.chance(0.25)) args.push(this.argument(takes[i - 1], depth - 1));
        break;
      }
      if (optional && r.chance(0.5)) break;
      args.push(this.argument(kind, depth - 1));
    }
    if (r.chance(0.01)) args.pop();
    if (r.chance(0.01)) args.push(this.atom('x'));
    return args;
  }

  argument(kind, depth) {
    const r = this.random;
    if (kind === 'O') return r.chance(0.5) ? this.path('o') : r.pick(["json('{}')", '{a: 1}', 'json(\'{"a":1,"b":{"c":2}}\')']);
    if (kind === 'R') return '3';
    if (kind === 'c') return String(r.int(0, 5));
    if (kind === 'k') return r.pick(["'v'", "'name'", "'n'", "''"]);
    if (kind === 'e') return r.pick(['637243624200000000', "'637243624200000000'", 'ticks(date)', '12', 'n']);
    if (kind in FORMS && !r.chance(0.06)) {
      if (kind === 'd' && r.chance(0.3)) return 'date';
      return this.quote(r.pick(FORMS[kind]));
    }
    return this.expression(kind in FORMS ? 's' : kind, depth);
  }

  operator(kind, depth) {
    const names = giving(OPERATORS, kind);
    if (names.length === 0) return this.atom(kind);
    const name = this.random.pick(names);
    const [left, right] = OPERATORS[name];
    const gap = this.random.chance(0.9) || name === '%' ? ' ' : '';
    const text = `${this.expression(left, depth - 1)}${gap}${name}${gap}${this.expression(right, depth - 1)}`;
    return this.random.chance(0.4) ? `(${text})` : text;
  }

  lambda(kind, depth) {
    const r = this.random;
    const names = giving(LAMBDAS, kind);
    if (names.length === 0) return this.atom(kind);
    const name = r.pick(names);
    const over = this.expression(r.chance(0.8) ? 'a' : 'o', depth - 1);
    const local = r.pick(['x', 'item', 'n', 'Y']);
    this.locals.push(local);
    const body = this.expression(LAMBDAS[name][0], depth - 1);
    this.locals.pop();
    return r.chance(0.2) ? `${name}(${over}, ${local} => ${body})` : `${name}(${over}, ${local}, ${body})`;
  }

  atom(kind) {
    const r = this.random;
    if (this.locals.length > 0 && r.chance(0.5)) {
      const local = r.pick(this.locals);
      return r.chance(0.5) ? local : `${local}.${r.pick(['v', 'name', 'n', 'key', 'value', 'Name'])}`;
    }
    if (r.chance(0.25)) return this.constant(kind);
    return this.path(kind);
  }

  constant(kind) {
    const r = this.random;
    switch (kind) {
      case 'n': return String(Math.abs(r.pick([0, 1, 2, 3, 7, 10, 1.5, 2.25, 0.1, 100])));
      case 'i': return String(r.int(0, 4));
      case 'b': return r.pick(['true', 'false']);
      case 's': return this.quote(r.pick(TEXTS));
      case 'a': return r.pick(['[]', '[1,2,3]', "['b','a']", 'createArray(3, 1, 2)', "json('[{\"v\":2},{\"v\":1}]')"]);
      case 'o': return r.pick(["json('{\"a\":1}')", '{}', '{name: 1}']);
      default: return r.pick(['null', 'true', '1', "'x'", 'undefined']);
    }
  }

  quote(text) {
    const quote = this.random.chance(0.8) ? "'" : '"';
    const escaped = text.replaceAll('\n', '\\n').replaceAll(quote, `\\${quote}`).replaceAll('`', '');
    return quote + escaped + quote;
  }

  path(kind) {
    const r = this.random;
    const usual = {
      n: ['n', 'v', 'nested.n', 'nums[0]'],
      i: ['n', '$index', 'v', '1', '2', '0'],
      s: ['s', 'title', 'name', 'date', 'tags[0]', 'nested.name', 'items[0].title'],
      b: ['b', 'nested.b', 'exists(n)', 'n > 1'],
      a: ['items', 'nums', 'tags', 'deep', 'list', 'nested.items', 'nested.nums'],
      o: ['nested', 'items[0]', '$data', '$root', 'nested.nested'],
      x: ['nul', 'list', 'deep', 'missing', 'nested.missing', '$host', '$index', "nested['a b']", "$root['x-y']", '$root[0]', '$_acTemplateVersion'],
    };
    let path = r.pick(usual[r.chance(0.9) ? kind : 'x'] ?? usual.x);
    if (r.chance(0.1) && !path.startsWith('$')) path = `${r.pick(['$root.', '$data.', '$host.'])}${path}`;
    if (r.chance(0.08)) path = path.replace(/[a-z](?=[a-z]*$)/, (letter) => letter.toUpperCase());
    if (r.chance(0.05)) path += r.pick(['.name', '[0]', "['v']", '.missing', '[s]', '[9]', '.length']);
    return path;
  }
}

function giving(table, kind) {
  const fits = (gives) => kind === 'x' || gives === kind || (kind === 'i' && gives === 'n') || gives === 'x';
  return Object.keys(table).filter((name) => fits(table[name].split('>')[1]));
}
