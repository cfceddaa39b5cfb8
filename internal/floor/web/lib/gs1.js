// Takes a scanned text apart, as internal/gs1 does on the server; both are held to the same cases.
const separator = '\x1d';
const symbologies = new Set([']C1', ']d2', ']Q3', ']e0', ']e1', ']e2', ']J1']);
const checked = new Set(['00', '01', '02', '410']);

export function checkDigit(digits) {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) sum += Number(digits[i]) * ((digits.length - i) % 2 ? 3 : 1);
  return String((10 - (sum % 10)) % 10);
}

const isNumber = (text) => /^[0-9]+$/.test(text);
const provesItself = (text) => isNumber(text) && checkDigit(text.slice(0, -1)) === text.at(-1);
const between = (ai, low, high) => ai >= low && ai <= high;

// lengthOf gives [longest, isFixed], or null for what is no application identifier.
function lengthOf(ai) {
  if (!isNumber(ai)) return null;
  if (ai.length === 2) {
    if (ai === '00') return [18, true];
    if (between(ai, '01', '03')) return [14, true];
    if (between(ai, '11', '17') && ai !== '14') return [6, true];
    if (ai === '20') return [2, true];
    if (ai === '10' || ai === '21' || ai === '22') return [20, false];
    if (ai === '30' || ai === '37') return [8, false];
    if (between(ai, '90', '99')) return [90, false];
  } else if (ai.length === 3) {
    if (between(ai, '235', '255') || between(ai, '400', '403') || between(ai, '420', '427')) return [30, false];
    if (between(ai, '410', '417')) return [13, true];
    if (between(ai, '710', '717')) return [20, false];
  } else if (ai.length === 4) {
    if (between(ai, '3100', '3699')) return [6, true];
    if (between(ai, '3900', '3959')) return [18, false];
    if (between(ai, '4300', '4339')) return [70, false];
    if (between(ai, '7001', '7042') || between(ai, '7230', '7259')) return [30, false];
    if (between(ai, '8001', '8030') || between(ai, '8110', '8112') || ai === '8200') return [70, false];
  }
  return null;
}

function readElements(data) {
  const elements = {};
  while (data) {
    const ai = [2, 3, 4].map((n) => data.slice(0, n)).find((part, i) => part.length === i + 2 && lengthOf(part));
    if (!ai) return null;
    const [longest, isFixed] = lengthOf(ai);
    data = data.slice(ai.length);
    let value;
    if (isFixed) {
      value = data.slice(0, longest);
      if (value.length < longest || !isNumber(value)) return null;
      data = data.slice(longest);
      if (data[0] === separator) data = data.slice(1);
    } else {
      const end = data.indexOf(separator);
      value = end < 0 ? data : data.slice(0, end);
      data = end < 0 ? '' : data.slice(end + 1);
      if (!value || value.length > longest) return null;
    }
    elements[ai] = value;
  }
  return Object.keys(elements).length ? elements : null;
}

function readBrackets(text) {
  const elements = {};
  const opens = [...text.matchAll(/\(([0-9]{2,4})\)/g)].filter((m) => lengthOf(m[1]));
  if (!opens.length || opens[0].index !== 0) return null;
  for (let i = 0; i < opens.length; i++) {
    const ai = opens[i][1];
    const value = text.slice(opens[i].index + opens[i][0].length, opens[i + 1]?.index ?? text.length);
    const [longest, isFixed] = lengthOf(ai);
    if (!value || value.length > longest || (isFixed && (value.length !== longest || !isNumber(value)))) return null;
    elements[ai] = value;
  }
  return elements;
}

function readLink(text) {
  let link;
  try { link = new URL(text); } catch { return null; }
  const parts = link.pathname.replace(/^\/+|\/+$/g, '').split('/');
  const start = parts.findIndex((part, i) => i + 1 < parts.length && ['00', '01', '414', '8006'].includes(part));
  if (start < 0) return null;
  const elements = {};
  for (let i = start; i + 1 < parts.length && lengthOf(parts[i]); i += 2) {
    let value;
    try { value = decodeURIComponent(parts[i + 1]); } catch { break; }
    if (!value) break;
    elements[parts[i]] = parts[i] === '01' && isNumber(value) ? value.padStart(14, '0') : value;
  }
  for (const [ai, value] of link.searchParams) if (lengthOf(ai) && value) elements[ai] = value;
  return elements;
}

// readScan gives {text, elements, gtin}, or null for a damaged GS1 code.
export function readScan(raw) {
  let text = raw.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
  let isGS1 = false;
  if (text[0] === ']' && text.length >= 3) {
    isGS1 = symbologies.has(text.slice(0, 3));
    text = text.slice(3);
  }
  if (text[0] === separator) {
    isGS1 = true;
    text = text.replace(/^\x1d+/, '');
  }
  text = text.replace(/[\x1d ]+$/, '');
  let elements = null;
  if (text[0] === '(') elements = readBrackets(text);
  else if (/^https?:\/\//i.test(text)) elements = readLink(text);
  else if (isGS1) {
    elements = readElements(text);
    if (!elements) return null;
  } else if ([8, 12, 13, 14].includes(text.length) && provesItself(text)) return { text, elements: {}, gtin: text.padStart(14, '0') };
  else if (/^0[0-2]/.test(text)) elements = readElements(text);
  else if (text.length === 18 && provesItself(text)) elements = { '00': text };
  if (!elements) return { text, elements: {}, gtin: '' };
  for (const [ai, value] of Object.entries(elements)) if (checked.has(ai) && !(isNumber(value) && provesItself(value))) return null;
  return { text, elements, gtin: elements['01'] ?? elements['02'] ?? '' };
}

// weight of (310n) in kilograms, as a decimal.
export function weight(elements) {
  const ai = Object.keys(elements).find((key) => /^310[0-5]$/.test(key));
  if (!ai) return '';
  const at = 6 - Number(ai[3]);
  const whole = elements[ai].slice(0, at).replace(/^0+/, '') || '0';
  const part = elements[ai].slice(at).replace(/0+$/, '');
  return part ? whole + '.' + part : whole;
}

// day of (17) or (15), as ISO 8601.
export function day(elements) {
  const data = elements['17'] ?? elements['15'] ?? '';
  if (!/^[0-9]{6}$/.test(data) || data.endsWith('00')) return '';
  return (data.slice(0, 2) >= '51' ? '19' : '20') + data.slice(0, 2) + '-' + data.slice(2, 4) + '-' + data.slice(4);
}
