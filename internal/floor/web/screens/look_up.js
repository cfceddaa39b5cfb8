// What is this code, where is it, what was it made from and what became of it.
import { request } from '../lib/api.js';
import { ask } from '../lib/codes.js';
import { date, t } from '../lib/i18n.js';
import { carried, receive, scanned } from '../lib/scanner.js';
import { on } from '../lib/signal.js';
import { play } from '../lib/sound.js';
import { Status } from '../lib/status.js';
import { Big, Entry, Facts, html, Later, Prompt, Quantity, Row, Screen, useLayoutEffect, useState } from '../lib/ui.js';
import { describe } from '../lib/flow.js';
import { problemText, useVerdict, Verdict } from '../lib/verdict.js';
import { plus } from '../lib/decimal.js';
import { Genealogy } from './genealogy.js';

export function LookUp({ onBack }) {
  const [found, setFound] = useState(null);
  const voice = useVerdict();
  const { heard, unheard, error } = voice;
  const [isCamera, setCamera] = useState(false);

  const show = async (code) => {
    let answer = { code };
    if (code.kind === 'item' || (code.kind === 'lot' && code.is_known === false)) answer.stock = (await request('/v1/stock?limit=100&item=' + encodeURIComponent(code.item))).items;
    if (code.kind === 'lot' && code.is_known !== false) answer.lot = await request(`/v1/items/${encodeURIComponent(code.item)}/lots/${encodeURIComponent(code.lot)}`);
    if (code.kind === 'location') answer.stock = (await request('/v1/stock?limit=100&location=' + encodeURIComponent(code.location))).items;
    const path = { handling_unit: 'handling-units', work_order: 'work-orders', purchase_order: 'purchase-orders', goods_receipt: 'goods-receipts', sales_order: 'sales-orders', pick: 'picks', shipment: 'shipments', customer_return: 'customer-returns' }[code.kind];
    if (path) answer.document = await request(`/v1/${path}/${encodeURIComponent(code.sscc ?? code.number)}`);
    setFound(answer);
  };
  const look = async (text, code, said) => {
    try {
      await show(code ?? await ask(text));
      play('ok');
    } catch (failure) {
      error(failure.problem ? problemText(failure.problem) : t('error.network'));
    }
    unheard(said);
  };
  const lookAtLot = (item, lot) => look(lot, { kind: 'lot', item, lot }, heard(lot));
  useLayoutEffect(() => {
    const ends = [receive((text, said) => look(text, undefined, said), heard), on('camera', () => setCamera(true))];
    if (carried.text) scanned(carried.text);
    carried.text = '';
    return () => ends.forEach((end) => end());
  }, []);

  if (isCamera) return html`<${Later} from=${() => import('./camera.js')} name="Camera" onBack=${() => setCamera(false)} onCode=${(text) => { setCamera(false); scanned(text); }} />`;
  return html`<${Screen} name=${found ? 'found' : 'look_up'} title=${t('task.look_up')} onBack=${found ? () => setFound(null) : onBack} status=${html`<${Status} />`}
    verdict=${html`<${Verdict} voice=${voice} />`}>
    ${found ? html`<${Answer} found=${found} onLot=${lookAtLot} onCode=${scanned} />`
      : html`<${Prompt}>${t('prompt.anything')}</${Prompt}><${Entry} label=${t('code')} onDone=${scanned} action=${t('task.look_up')} />`}
  </${Screen}>`;
}

function Answer({ found: { code, stock, lot, document }, onLot, onCode }) {
  const lines = lot ? lot.stock.map((place) => ({ ...place, unit: lot.unit })) : stock;
  const total = lines?.length ? lines.reduce((sum, line) => plus(sum, line.on_hand), '0') : '0';
  const isOneUnit = lines && new Set(lines.map((line) => line.unit)).size <= 1;
  const status = lot?.status ?? code.lot_status;
  return html`
    ${lines && isOneUnit && code.kind !== 'location'
      ? html`<${Big} value=${total} code=${lines[0]?.unit ?? code.unit} label=${describe(code)} />`
      : html`<h2>${describe(code)}</h2>`}
    <${Facts} rows=${[
    [t(code.operator ? 'operator' : 'item'), !code.location && code.name], [t('place'), code.location && code.name], [t('lot'), code.lot],
    [t('status'), status && t('lot.' + status)], [t('state'), code.state],
    [t('expires'), lot?.expires_on && date(lot.expires_on)], [t('made'), lot?.manufactured_on && date(lot.manufactured_on)],
    [t('supplier'), lot?.supplier], [t('lot.supplier'), lot?.supplier_lot],
    [t('partner'), document?.customer ?? document?.supplier], [t('quantity'), document?.quantity && document.quantity + ' ' + (document.unit ?? '')],
  ]} />
    ${code.kind === 'lot' && code.is_known === false && html`<p class="note wait">${t('lot.unknown')}</p>`}
    ${lot && (lot.made_from.length > 0 || lot.went_into.length > 0) && html`<${Genealogy} lot=${lot} onLot=${onLot} />`}
    ${lines && (lines.length ? html`<div class="rows">${lines.map((line) => html`<${Row} key=${line.location + line.lot + line.item} id=${line.location + ' ' + (line.lot ?? '')}
      title=${code.kind === 'location' ? line.item : line.location} sub=${[line.lot, line.lot_status && t('lot.' + line.lot_status), line.reserved !== '0' && t('reserved') + ' ' + line.reserved].filter(Boolean).join(' · ')}
      right=${html`<${Quantity} value=${line.on_hand} code=${line.unit} />`}
      onTap=${() => (code.kind === 'location' ? (line.lot ? onLot(line.item, line.lot) : onCode(line.item)) : onCode(line.location))} />`)}</div>`
      : html`<p class="note">${t('stock.none')}</p>`)}
    ${document?.lines && html`<div class="rows">${document.lines.slice(0, 30).map((line, i) => html`<${Row} key=${i} id=${'line ' + (line.line ?? i + 1)} title=${line.item ?? ''} sub=${[line.item_name, line.lot].filter(Boolean).join(' · ')}
      right=${html`<${Quantity} value=${line.quantity} code=${line.unit ?? line.base_unit} />`} onTap=${() => (line.lot ? onLot(line.item, line.lot) : onCode(line.item))} />`)}</div>`}`;
}
