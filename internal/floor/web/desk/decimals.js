// Decimals as people write them, with comma or point, and as the API takes them: text, never floats.

// read gives {value} for what was typed, or {error}: 'empty', 'wrong', 'places', or 'ambiguous', since 1.000 is one to some
// and a thousand to others. point is what parts whole and part in the language of the page.
export function read(typed, point, places = 6, wholes = 12) {
  const text = typed.trim().replace(/[\s\u00a0\u202f']/g, '');
  if (text === '') return { error: 'empty' };
  if (!/^[0-9.,]+$/.test(text)) return { error: 'wrong' };
  const group = point === ',' ? '.' : ',';
  const marks = text.replace(/[0-9]/g, '');
  let mark = ''; // what parts whole and part here
  if (marks.includes('.') && marks.includes(',')) mark = marks.at(-1);
  else if (marks.length === 1) {
    if (marks === group && /^[1-9][0-9]{0,2}[.,][0-9]{3}$/.test(text)) return { error: 'ambiguous' };
    mark = marks;
  }
  const [whole, part = '', more] = mark ? text.split(mark) : [text];
  if (more !== undefined || (mark && part === '')) return { error: 'wrong' };
  if (/[.,]/.test(whole) && !/^[0-9]{1,3}([.,])[0-9]{3}(\1[0-9]{3})*$/.test(whole)) return { error: 'wrong' };
  const digits = whole.replace(/[.,]/g, '').replace(/^0+(?=.)/, '');
  const rest = part.replace(/0+$/, '');
  if (!/^[0-9]*$/.test(rest) || digits === '' || digits.length > wholes) return { error: 'wrong' };
  if (rest.length > places) return { error: 'places' };
  return { value: rest ? digits + '.' + rest : digits };
}

const scale = 10;
const parse = (value) => { const [whole, part = ''] = value.split('.'); return BigInt(whole + part.padEnd(scale, '0')); };

// times and plus are exact; money rounds half up to the cent.
export const times = (a, b) => parse(a) * parse(b);
export const money = (product) => {
  const unit = 10n ** BigInt(2 * scale - 2);
  const cents = ((product + unit / 2n) / unit).toString().padStart(3, '0');
  return cents.slice(0, -2) + '.' + cents.slice(-2);
};
