// The genealogy of a lot as a picture: on the left what it was made from, on the right what it went into, level by level.
import { quantity, t } from '../lib/i18n.js';
import { html } from '../lib/ui.js';

const width = 190;
const height = 84;
const across = 56;
const down = 16;
const most = 12; // boxes in a column

export function Genealogy({ lot, onLot }) {
  const column = (list, sign) => {
    const levels = new Map();
    for (const one of list) {
      if (!levels.has(one.level)) levels.set(one.level, []);
      levels.get(one.level).push(one);
    }
    return [...levels].sort((a, b) => a[0] - b[0]).map(([level, lots]) => ({ at: sign * level, lots: lots.slice(0, most), rest: lots.length - most }));
  };
  const columns = [...column(lot.made_from, -1).reverse(), { at: 0, lots: [{ item: lot.item, lot: lot.number, isSelf: true }], rest: 0 }, ...column(lot.went_into, 1)];
  const rows = Math.max(...columns.map((one) => one.lots.length + (one.rest > 0 ? 1 : 0)));
  const first = columns[0].at;
  const x = (at) => (at - first) * (width + across) + 16;
  const full = rows * (height + down) + 16;
  const y = (one, i) => (full - one.lots.length * (height + down) + down) / 2 + i * (height + down);
  const paths = [];
  for (let c = 0; c + 1 < columns.length; c++) {
    const [left, right] = [columns[c], columns[c + 1]];
    const middle = x(left.at) + width + across / 2;
    const centres = [...left.lots.map((_, i) => y(left, i)), ...right.lots.map((_, i) => y(right, i))].map((top) => top + height / 2);
    paths.push(`M${middle} ${Math.min(...centres)}V${Math.max(...centres)}`);
    left.lots.forEach((_, i) => paths.push(`M${x(left.at) + width} ${y(left, i) + height / 2}H${middle}`));
    right.lots.forEach((_, i) => paths.push(`M${middle} ${y(right, i) + height / 2}H${x(right.at) - 4}m-8 -7l8 7l-8 7`));
  }
  const cut = (text, n) => (text.length > n ? text.slice(0, n - 1) + '…' : text);
  return html`<div class="genealogy" tabindex="0" role="group" aria-label=${t('genealogy')}><svg width=${columns.length * (width + across) - across + 32} height=${full} role="img" aria-label=${t('genealogy.of', { lot: lot.number })}>
    ${paths.map((d) => html`<path key=${d} d=${d} />`)}
    ${columns.flatMap((one) => one.lots.map((box, i) => html`
      <g key=${box.item + box.lot} data-lot=${box.lot} onClick=${box.isSelf ? undefined : () => onLot(box.item, box.lot)}>
        <rect class=${box.isSelf ? 'self' : 'lot'} x=${x(one.at)} y=${y(one, i)} width=${width} height=${height} rx="12" />
        <text x=${x(one.at) + 12} y=${y(one, i) + 26}>${cut(box.item, 18)}</text>
        <text x=${x(one.at) + 12} y=${y(one, i) + 50}>${cut(box.lot, 18)}</text>
        ${box.quantity && html`<text x=${x(one.at) + 12} y=${y(one, i) + 74}>${quantity(box.quantity)}</text>`}
      </g>`))}
    ${columns.filter((one) => one.rest > 0).map((one) => html`<text key=${'rest' + one.at} x=${x(one.at)} y=${full - 6}>${t('more', { n: one.rest })}</text>`)}
  </svg></div>`;
}
