// What is ready, what is on its way there, and what is packed and waits for a truck.
import { html, Icon } from '/floor/lib/ui.js';
import { age, day, t } from './texts.js';
import { Bar, Named, Table } from './pieces.js';

const order = ['ready', 'to_pack', 'picking', 'to_pick', 'partly_shipped'];
const tones = { ready: ['ok', 'ok'], to_pack: ['wait', 'pack'], picking: ['wait', 'pick'], to_pick: ['plain', 'pick'], partly_shipped: ['plain', 'ship'] };

export function Shipping({ answer, now }) {
  const { orders, handling_units: units } = answer;
  const sorted = [...orders].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  return html`<div class="split">
    <div>
      <div class="figures">
        <div class="figure ok"><b>${orders.filter((one) => one.state === 'ready').length}</b><span>${t('state.ready')}</span></div>
        <div class="figure"><b>${orders.length}</b><span>${t('open_orders')}</span></div>
        <div class=${'figure' + (orders.some((one) => one.is_late) ? ' no' : '')}><b>${orders.filter((one) => one.is_late).length}</b><span>${t('late')}</span></div>
      </div>
      <${Table} empty=${t('empty.orders')} head=${[t('order'), t('customer'), t('wanted'), t('state'), t('packed')]} rows=${sorted.map((one) => ({ key: one.number, tone: one.is_late ? 'no' : tones[one.state][0], cells: [
        html`<b><${Named} kind="sales_order" number=${one.number} /></b>`, one.customer_name,
        html`<span class=${one.is_late ? 'late' : ''}>${one.is_late && html`<${Icon} name="stop" label=${t('late')} />`} ${day(one.requested_on)}</span>`,
        html`<span class="state"><${Icon} name=${tones[one.state][1]} /> ${t('state.' + one.state)}</span>`, html`<${Bar} percent=${one.packed_percent} />`] }))} />
    </div>
    <div>
      <h2>${t('waiting_units', { n: units.length })}</h2>
      <${Table} empty=${t('empty.units')} head=${['SSCC', t('customer'), t('since')]} rows=${units.map((one) => ({ key: one.sscc, tone: 'ok', cells: [
        html`<${Icon} name=${one.kind} label=${t('kind.' + one.kind)} /> <b class="code"><${Named} kind="handling_unit" number=${one.sscc}>…${one.sscc.slice(-7)}</${Named}></b>`, one.customer_name, age(now - Date.parse(one.packed_at))] }))} />
    </div>
  </div>`;
}
