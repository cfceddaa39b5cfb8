// The genealogy of a lot as a picture, level by level: what it was made from, the lot itself, what it went into. From left
// to right where there is room, and from top to bottom on what is held in a hand.
import { quantity, t } from '../lib/i18n.js';
import { html } from '../lib/ui.js';

const height = 84;
const gap = 14;
const way = 44; // from one level to the next, with its arrow
const most = 12; // boxes in a level

export function Genealogy({ lot, onLot }) {
  const levels = new Map([[0, [{ item: lot.item, lot: lot.number, isSelf: true }]]]);
  const add = (one, level) => levels.set(level, [...(levels.get(level) ?? []), one]);
  lot.made_from.forEach((one) => add(one, -one.level));
  lot.went_into.forEach((one) => add(one, one.level));
  const columns = [...levels].sort((a, b) => a[0] - b[0]).map(([level, all]) => ({ level, lots: all.slice(0, most), rest: all.length - most }));
  const isWide = innerWidth >= 720;
  const full = Math.min(innerWidth - 64, 560); // of a level that lies
  const width = isWide ? 190 : (full - gap) / 2;
  const longest = Math.max(...columns.map((one) => one.lots.length));
  const boxes = [];
  const paths = [];
  const notes = [];
  let at = gap; // where the level begins
  columns.forEach(({ level, lots, rest }, c) => {
    const top = gap + (longest - lots.length) * (height + gap) / 2;
    lots.forEach((one, i) => {
      const isAlone = i === lots.length - 1 && i % 2 === 0;
      const x = isWide ? at : gap + (isAlone ? (full - width) / 2 : (i % 2) * (width + gap));
      const y = isWide ? top + i * (height + gap) : at + Math.floor(i / 2) * (height + gap);
      boxes.push({ ...one, level, x, y });
    });
    const end = at + (isWide ? width : Math.ceil(lots.length / 2) * (height + gap) - gap);
    const middle = isWide ? gap + (longest * (height + gap) - gap) / 2 : gap + full / 2;
    if (rest > 0) notes.push({ rest, x: isWide ? at : gap, y: (isWide ? top + lots.length * (height + gap) : end) + 22 });
    if (c + 1 < columns.length) {
      const [from, to] = [end + (rest > 0 && !isWide ? 28 : 0) + 6, end + (rest > 0 && !isWide ? 28 : 0) + way - 6];
      paths.push(isWide ? `M${from} ${middle}H${to}m-9 -8l9 8l-9 8` : `M${middle} ${from}V${to}m-8 -9l8 9l8 -9`);
      at = to + 6;
    } else at = end + (rest > 0 && !isWide ? 28 : 0);
  });
  const [w, h] = isWide ? [at + gap, longest * (height + gap) + gap + 28] : [full + 2 * gap, at + gap];
  const cut = (text, n = Math.floor(width / 10.2)) => (text.length > n ? text.slice(0, n - 1) + '…' : text);
  return html`<div class="genealogy" tabindex="0" role="group" aria-label=${t('genealogy')}><svg width=${w} height=${h} role="img" aria-label=${t('genealogy.of', { lot: lot.number })}>
    ${paths.map((d) => html`<path key=${d} d=${d} />`)}
    ${boxes.map((box) => html`
      <g key=${box.level + box.item + box.lot} data-lot=${box.lot} data-level=${box.level} onClick=${box.isSelf ? undefined : () => onLot(box.item, box.lot)}>
        <rect class=${box.isSelf ? 'self' : 'lot'} x=${box.x} y=${box.y} width=${width} height=${height} rx="12" />
        ${[box.item, box.lot, box.quantity && quantity(box.quantity)].map((text, i) => text && html`<text key=${i} x=${box.x + 12} y=${box.y + 26 + 24 * i}>${cut(text)}</text>`)}
      </g>`)}
    ${notes.map((one) => html`<text key=${'rest' + one.y} x=${one.x} y=${one.y}>${t('more', { n: one.rest })}</text>`)}
  </svg></div>`;
}
