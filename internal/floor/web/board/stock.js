// What lies at a location; without one, the locations to choose from.
import { html, Icon } from '/floor/lib/ui.js';
import { day, quantity, t, unit } from './texts.js';
import { Named, Table } from './pieces.js';

const tones = { released: 'ok', quarantine: 'wait', blocked: 'no' };
const signs = { released: 'ok', quarantine: 'wait', blocked: 'stop' };

export function Stock({ answer, of }) {
  if (!of) {
    const places = answer.items.filter((one) => ['storage', 'quarantine', 'rejected', 'staging'].includes(one.kind));
    return html`<h2>${t('choose_location')}</h2><div class="choices">${places.map((one) => html`
      <a key=${one.code} href=${'#stock=' + encodeURIComponent(one.code)}><b>${one.code}</b><span>${one.name}</span></a>`)}</div>`;
  }
  return html`<${Table} empty=${t('empty.stock')} head=${[t('item'), t('lot'), t('lot_state'), t('expires'), t('on_hand'), t('reserved')]} rows=${answer.items.map((one) => ({
    key: one.item + ' ' + one.lot, tone: one.lot_status ? tones[one.lot_status] : 'plain', cells: [
      html`<b><${Named} kind="item" number=${one.item} /></b>`, one.lot ? html`<${Named} kind="lot" number=${one.lot} item=${one.item} />` : '', one.lot_status ? html`<span class="state"><${Icon} name=${signs[one.lot_status]} /> ${t('lot.' + one.lot_status)}</span>` : '', day(one.expires_on),
      html`<span class="amount"><b>${quantity(one.on_hand)}</b> ${unit(one.unit)}</span>`, html`<span class="amount">${one.reserved === '0' ? '' : quantity(one.reserved)}</span>`] }))} />`;
}
