// Decimals as the API writes them: text with up to 6 places. Whole numbers carry them through, never floats.
const scale = 6;

function parse(text) {
  const match = /^([0-9]{1,12})(?:\.([0-9]{1,6}))?$/.exec(text);
  return match ? BigInt(match[1] + (match[2] ?? '').padEnd(scale, '0')) : null;
}

function format(value) {
  const digits = value.toString().padStart(scale + 1, '0');
  const part = digits.slice(-scale).replace(/0+$/, '');
  return digits.slice(0, -scale) + (part ? '.' + part : '');
}

export const isQuantity = (text) => parse(text) !== null;
export const isPositive = (text) => (parse(text) ?? 0n) > 0n;
export const isMore = (a, b) => (parse(a) ?? 0n) > (parse(b) ?? 0n);
export const less = (a, b) => { const d = (parse(a) ?? 0n) - (parse(b) ?? 0n); return format(d > 0n ? d : 0n); };
export const plus = (a, b) => format((parse(a) ?? 0n) + (parse(b) ?? 0n));
// divided gives a * denominator / numerator when that is exact within whole numbers, else null.
export function divided(a, numerator, denominator) {
  const value = parse(a);
  if (value === null) return null;
  const top = value * BigInt(denominator);
  return top % BigInt(numerator) ? null : format(top / BigInt(numerator));
}
