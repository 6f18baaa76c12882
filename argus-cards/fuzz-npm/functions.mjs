// What the functions of Adaptive Expressions take and give, by letters:
// y date in any form, n number, i small integer, s text, b true or false, a array, o object, d date in full ISO form,
// f date format, u unit of time, z time zone, l locale, x anything, r address, j JSON text,
// c a few (npm has no limit), p JSPath, q XPath, m XML, t timex, v minute timex, 6 base64, D data address, e ticks, w month-day timex.
// A `?` makes the arguments after it optional, a `*` repeats the last one.

export const FUNCTIONS = {
  abs: 'n>n', add: 'nn*>n', addDays: 'di?fl>s', addHours: 'di?fl>s', addMinutes: 'di?fl>s',
  addOrdinal: 'i>s', addProperty: 'Oox>o', addSeconds: 'di?fl>s', addToTime: 'diu?fl>s', and: 'bb*>b',
  average: 'a>n', base64: 's>s', base64ToBinary: '6>x', base64ToString: '6>s', binary: 's>x', bool: 'x>b',
  ceiling: 'n>n', coalesce: 'xx*>x', concat: 'xx*>s', contains: 'xx>b', convertFromUTC: 'dz?fl>s',
  convertToUTC: 'yz?fl>s', count: 'a>n', countWord: 's>n', createArray: 'xx*>a', dataUri: 's>s',
  dataUriToBinary: 'D>x', dataUriToString: 'D>s', date: 'd>s', dateReadBack: 'dd>s', dateTimeDiff: 'dd>n',
  dayOfMonth: 'd>n', dayOfWeek: 'd>n', dayOfYear: 'd>n', div: 'nn*>n', empty: 'x>b', endsWith: 'ss>b',
  EOL: '>s', equals: 'xx>b', exists: 'x>b', exp: 'ii>n', first: 'a>x', flatten: 'a?i>a', float: 's>n',
  floor: 'n>n', formatDateTime: 'y?fl>s', formatEpoch: 'n?fl>s', formatNumber: 'ni?l>s', formatTicks: 'e?fl>s',
  getFutureTime: 'iu?fl>s', getNextViableDate: 'w?z>s', getNextViableTime: 'v?z>s', getPastTime: 'iu?fl>s',
  getPreviousViableDate: 'w?z>s', getPreviousViableTime: 'v?z>s', getProperty: 'o?s>x', getTimeOfDay: 'y>s',
  greater: 'nn>b', greaterOrEquals: 'nn>b', if: 'bxx>x', indexOf: 'ss>n', indicesAndValues: 'a>a', int: 's>n',
  intersection: 'aa*>a', isArray: 'x>b', isBoolean: 'x>b', isDate: 't>b', isDateRange: 't>b', isDateTime: 'y>b',
  isDefinite: 't>b', isDuration: 't>b', isFloat: 'x>b', isInteger: 'x>b', isMatch: 'sg>b', isObject: 'x>b',
  isPresent: 't>b', isString: 'x>b', isTime: 't>b', isTimeRange: 't>b', jPath: 'op>x', join: 'as?s>s', json: 'j>o',
  jsonStringify: 'x>s', last: 'a>x', lastIndexOf: 'ss>n', length: 's>n', less: 'nn>b', lessOrEquals: 'nn>b',
  max: 'nn*>n', merge: 'oo*>o', min: 'nn*>n', mod: 'ii>n', month: 'd>n', mul: 'nn*>n', not: 'b>b', or: 'bb*>b',
  range: 'ic>a', removeProperty: 'Os>o', replace: 'sss>s', replaceIgnoreCase: 'sss>s', resolve: 't>s',
  reverse: 'a>a', round: 'n?i>n', sentenceCase: 's?l>s', setProperty: 'Osx>o', skip: 'ai>a', sortBy: 'a?k>a',
  sortByDescending: 'a?k>a', split: 's?s>a', sqrt: 'n>n', startOfDay: 'd?fl>s', startOfHour: 'd?fl>s',
  startOfMonth: 'd?fl>s', startsWith: 'ss>b', string: 'x?l>s', stringOrValue: 'T>x', sub: 'nn*>n',
  subArray: 'ai?i>a', substring: 'si?i>s', subtractFromTime: 'diu?fl>s', sum: 'a>n', take: 'ai>a', ticks: 'd>n',
  ticksToDays: 'e>n', ticksToHours: 'e>n', ticksToMinutes: 'e>n', titleCase: 's?l>s', toLower: 's?l>s',
  toUpper: 's?l>s', trim: 's>s', union: 'aa*>a', unique: 'a>a', uriComponent: 's>s', uriComponentToString: 's>s',
  uriHost: 'r>s', uriPath: 'r>s', uriPathAndQuery: 'r>s', uriPort: 'r>n', uriQuery: 'r>s', uriScheme: 'r>s',
  utcNow: '?fl>s', xml: 'j>s', xPath: 'mq>x', year: 'd>n',
  // Drawn by chance, so only a range with one outcome can be compared.
  rand: 'RR>n',
};

export const LAMBDAS = { all: 'b>b', any: 'b>b', foreach: 'x>a', select: 'x>a', where: 'b>a' };

export const OPERATORS = {
  '+': 'nn>n', '-': 'nn>n', '*': 'nn>n', '/': 'nn>n', '%': 'ii>n', '^': 'ii>n', '&': 'ss>s',
  '==': 'xx>b', '!=': 'xx>b', '<': 'nn>b', '<=': 'nn>b', '>': 'nn>b', '>=': 'nn>b', '&&': 'bb>b', '||': 'bb>b',
  '??': 'xx>x', '<>': 'xx>b',
};

/** Constants for the kinds of argument that are texts of a certain form. */
export const FORMS = {
  d: ['2018-03-15T13:00:00.000Z', '2026-01-15T12:00:00.000Z', '2020-02-29T23:59:59.999Z', '2024-12-31T00:30:00.111Z',
    '2018-03-15T13:00:00Z', '2018-03-15', '1999-11-30T08:15:10.500Z', '2026-01-14T22:00:00.000Z'],
  y: ['2018-03-15T13:00:00.000Z', '2018-03-15T13:00:00Z', '2018-03-15', '2018-03-15T13:00', '2018-03-15 13:00', 'March 7, 2019',
    '03/15/2018 1:00 PM', '15/01/2026', 'Thu, 15 Mar 2018 13:00:00 GMT', '2018-03-15T10:00:00+02:00', '2018-03-15T10:00:00.123456Z',
    '42', '2018', '2018-03', '2018-13-01', '20180315', '12:30', 'x', '2018-03-15T25:00', 'Mar 15 2018 13:00 EST', '2018/03/15', '15 Mar 18'],
  f: ['', 'yyyy-MM-dd', 'dddd, MMMM d, yyyy', 'h:mm tt', 'HH:mm:ss.fff', 'd', 'D', 'g', 'o', 'r', 'MM-dd-yy', 'ddd',
    "dd 'of' MMMM", 'yyyy-MM-ddTHH:mm:ss.fffZ', 't', 'z', 'zzz', 'M', 'u', 's', 'hh:mm', '%d', 'Y', 'YYYY', 'f', 'ff'],
  u: ['Day', 'Hour', 'Minute', 'Second', 'Week', 'Month', 'Year', 'day', 'Decade'],
  z: ['Pacific Standard Time', 'Europe/Berlin', 'UTC', 'Asia/Tokyo', 'India Standard Time', 'Mars/Phobos', 'Central Standard Time'],
  l: ['en-US', 'de-DE', 'fr-FR', 'en-us', 'xx', 'ja-JP'],
  r: ['https://a.example/b/c?d=e&f=g#h', 'http://localhost:3978/x', 'ftp://u:p@h.example:21/a%20b', 'mailto:a@b.example',
    'not an address', 'https://EXAMPLE.com', 'http://h.example:80/', 'https://h.example/ä?q=ü'],
  j: ['{"a":1}', '{"a":{"b":[1,2]}}', '[1,2]', '"x"', '7', 'nope', '{"name":"x","items":[{"v":1},{"v":2}]}', 'null', '{}'],
  p: ['.a', '.name', '.items.v', '.items{.v > 1}.v', '..v', '.items[0]', '.items[-1].v', '.*', '.a.b', '.items[0:1]',
    '.items{.v === 1}', '[', '.x | .name'],
  q: ['/r/i', '/r/i[1]', 'count(/r/i)', 'sum(/r/i/n)', '//n', '/r/i/@k', 'string(/r/i[2]/n)', '/nope', '/r/i[n > 1]/n',
    'concat(/r/i[1]/n, "x")', '/r/i[last()]', '//i[@k="b"]/n/text()'],
  m: ['<r><i k="a"><n>1</n></i><i k="b"><n>2</n></i></r>', "<?xml version='1.0'?><r><i><n>5</n></i> <i/></r>", '<r/>'],
  t: ['2026-01-15', 'XXXX-12-21', 'T14', 'T14:20', '2020-12-20T14:20:30', 'PT30M', 'P1D', 'P1.5W', 'PRESENT_REF', '2012-02',
    'XXXX-WXX-3', 'TMO', 'SP', '2020-W05', 'hello', '2020', 'XXXX-05', '(2020-01-01,2020-01-05,P4D)', 'T25:61', '2020-01-01TEV'],
  w: ['XXXX-07-10', 'XXXX-02-29', 'XXXX-01-15', 'XXXX-01-16', '2020-01-01', 'XXXX-02-30', 'x'],
  v: ['TXX:40:20', 'TXX:00:00', 'TXX:05:10', 'T10:20:30', 'x', 'TXX:59:59'],
  6: ['aGVsbG8=', 'aGVsbG8', 'w6TDtg==', '', 'a', '!!'],
  D: ['data:text/plain;base64,aGVsbG8=', 'data:text/plain;charset=utf-8;base64,aGVsbG8=', 'hello', 'data:,x'],
  g: ['^[a-z]+$', '\\\\d+', 'a|b', '[0-9]{2}', '(?i)ABC', '\\\\w+@', '(a)(b)?', '[^x]', '\\\\bx', '(?=a)', 'a{2}', '{', '^.{3,}$', '[', 'x*', '\\\\s', '^$'],
  T: ['${n}', 'x ${s} y', 'plain', '${n + 1}', '${nested.name}', '${'],
};
