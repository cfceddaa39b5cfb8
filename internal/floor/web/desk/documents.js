// One document: what it says, and what can be done with it.
import { request } from '/floor/lib/api.js';
import { html, Icon, useEffect, useState } from '/floor/lib/ui.js';
import { quantity, t, unit } from '/board/texts.js';
import { may } from '/board/rights.js';
import { Table } from '/board/pieces.js';
import { useCommand } from './command.js';
import { Choices, Text } from './fields.js';
import { Done, Message, Send } from './form.js';
import { cash, day, download, moment } from './pieces.js';

const many = (value, code) => html`<span class="amount">${quantity(value)} ${unit(code)}</span>`;
const isSome = (value) => value && value !== '0';
const some = (value, code) => (isSome(value) ? many(value, code) : '');
const money = (value, currency) => html`<span class="amount">${cash(value)} ${currency}</span>`;
const item = (number, name) => html`<span><b>${number}</b> ${name ?? ''}</span>`;

// Each kind: where it is read, what it says, its lines, and what can be done with it in which state.
export const documents = {
  purchase_orders: {
    path: '/v1/purchase-orders/', kind: () => 'purchase_order',
    facts: (d) => [[t('state'), t('state.' + d.state)], [t('supplier'), d.supplier], [t('site'), d.site], [t('ordered_on'), day(d.ordered_on)]],
    head: () => ['#', t('item'), t('quantity'), t('price'), t('over_receipt'), t('due'), t('received'), t('rejected'), t('sent_back')],
    row: (l, d) => [String(l.line), item(l.item), many(l.quantity, l.unit), money(l.price, d.currency), isSome(l.over_receipt_percent) ? quantity(l.over_receipt_percent) + ' %' : '', day(l.due_on),
      some(l.received_quantity, l.base_unit), some(l.rejected_quantity, l.base_unit), some(l.returned_quantity, l.base_unit)],
    actions: (d) => (d.state !== 'released' ? [] : [
      { id: 'close', scope: 'purchasing:write', path: '/v1/purchase-order-closures', body: { purchase_order: d.number, outcome: 'closed' } },
      ...(d.lines.some((l) => isSome(l.received_quantity)) ? [] : [{ id: 'cancel', scope: 'purchasing:write', path: '/v1/purchase-order-closures', body: { purchase_order: d.number, outcome: 'cancelled' } }]),
    ]),
  },
  work_orders: {
    path: '/v1/work-orders/', kind: () => 'work_order',
    facts: (d) => [[t('state'), t('state.' + d.state)], [t('item'), d.item], [t('quantity'), many(d.quantity, d.unit)], [t('good'), many(d.good_quantity, d.unit)], [t('scrap'), some(d.scrap_quantity, d.unit)],
      [t('work_center'), d.work_center], [t('due'), day(d.due_on)], [t('site'), d.site]],
    lines: (d) => d.materials, head: () => ['#', t('item'), t('needed'), t('issued'), t('from')],
    row: (l) => [String(l.line), item(l.item), many(l.required_quantity, l.unit), some(l.issued_quantity, l.unit), l.supply_location],
    actions: (d) => [
      ...(d.state === 'released' ? [{ id: 'cancel', scope: 'production:write', path: '/v1/work-order-cancellations', body: { work_order: d.number } }] : []),
      ...(d.state === 'in_process' ? [{ id: 'complete', scope: 'production:write', path: '/v1/work-order-completions', body: { work_order: d.number } }] : []),
      ...(d.state === 'completed' ? [{ id: 'reopen', scope: 'production:write', path: '/v1/work-order-reopenings', body: { work_order: d.number }, hasReason: true }] : []),
    ],
  },
  sales_orders: {
    path: '/v1/sales-orders/', kind: () => 'sales_order',
    facts: (d) => [[t('state'), t('state.' + d.state)], [t('customer'), d.customer_name], [t('reference'), d.customer_reference], [t('site'), d.site], [t('ordered_on'), day(d.ordered_on)], [t('wanted'), day(d.requested_on)]],
    head: () => ['#', t('item'), t('quantity'), t('unit_price'), t('reserved'), t('picked'), t('shipped'), t('invoiced'), t('came_back')],
    row: (l, d) => [String(l.line), item(l.item, l.item_name), many(l.quantity, l.unit), money(l.unit_price, d.currency), some(l.reserved_quantity, l.base_unit), some(l.picked_quantity, l.base_unit),
      some(l.shipped_quantity, l.base_unit), some(l.invoiced_quantity, l.base_unit), some(l.returned_quantity, l.base_unit)],
    actions: (d) => (d.state !== 'released' ? [] : [
      { id: 'reserve', scope: 'sales:write', path: '/v1/reservations', body: { sales_order: d.number } },
      { id: 'close', scope: 'sales:write', path: '/v1/sales-order-closings', body: { sales_order: d.number } },
      ...(d.lines.some((l) => isSome(l.picked_quantity)) ? [] : [{ id: 'cancel', scope: 'sales:write', path: '/v1/sales-order-cancellations', body: { sales_order: d.number } }]),
    ]),
  },
  shipments: {
    path: '/v1/shipments/', kind: () => 'shipment',
    facts: (d) => [[t('delivery_note'), d.delivery_note], [t('customer'), d.customer.name], [t('order'), d.sales_orders.map((one) => one.number).join(', ')], [t('shipped_on'), day(d.shipped_on)], [t('carrier'), d.carrier_name]],
    head: () => ['#', t('item'), t('lot'), t('quantity'), t('came_back'), t('invoiced')],
    row: (l) => [String(l.line), item(l.item, l.item_name), l.lot ?? '', many(l.quantity, l.unit), some(l.returned_quantity, l.unit), some(l.invoiced_quantity, l.unit)],
    actions: (d) => (d.is_reversed || d.lines.some((l) => isSome(l.invoiced_quantity)) ? [] : [
      { id: 'invoice', scope: 'billing:write', path: '/v1/invoices', body: { shipment: d.number }, hasDays: true, isMain: true, made: 'invoice' }]),
  },
  customer_returns: {
    path: '/v1/customer-returns/', kind: () => 'customer_return',
    facts: (d) => [[t('customer'), d.customer], [t('shipment'), d.shipment], [t('delivery_note'), d.delivery_note], [t('returned_at'), moment(d.returned_at)], [t('place'), d.location]],
    head: () => ['#', t('item'), t('lot'), t('quantity'), t('reason'), t('good'), t('rejected'), t('credited')],
    row: (l) => [String(l.line), item(l.item, l.item_name), l.lot ?? '', many(l.quantity, l.unit), l.reason, some(l.accepted_quantity, l.unit), some(l.rejected_quantity, l.unit), some(l.credited_quantity, l.unit)],
    actions: (d) => (d.is_reversed || d.lines.some((l) => isSome(l.credited_quantity)) ? [] : [
      { id: 'credit', scope: 'billing:write', path: '/v1/credit-notes', body: { customer_return: d.number }, isMain: true, made: 'credit_note' }]),
  },
  invoices: {
    // A credit note has a number of the same form and a place of its own.
    read: (number) => request('/v1/invoices/' + number).catch((error) => { if (error.status !== 404) throw error; return request('/v1/credit-notes/' + number); }), kind: (d) => d.kind,
    facts: (d) => [[t('kind'), t('kind.' + d.kind)], [t('customer'), d.buyer.name], [t('shipment'), d.shipment], [t('return'), d.customer_return], [t('corrects'), d.corrects_invoice], [t('issued_on'), day(d.issued_on)], [t('payable'), day(d.due_on)],
      [t('net'), money(d.net, d.currency)], [t('tax'), money(d.tax, d.currency)], [t('gross'), money(d.gross, d.currency)]],
    head: () => ['#', t('item'), t('lot'), t('quantity'), t('unit_price'), t('net'), t('tax')],
    row: (l, d) => [String(l.line), item(l.item, l.item_name), l.lot ?? '', many(l.quantity, l.unit), money(l.unit_price, d.currency), money(l.net, d.currency), quantity(l.rate_percent) + ' %'],
    actions: () => [],
  },
};

export const readDocument = (list, number) => (documents[list].read ?? ((which) => request(documents[list].path + which)))(encodeURIComponent(number));

const Pdf = ({ kind, number, label }) => html`<button type="button" class="button" data-action="pdf" onClick=${() => download(kind, number)}><${Icon} name="journal" /><span>${label} (PDF)</span></button>`;

// Action is one thing that can be done. What cannot be taken back is asked for once more.
function Action({ list, number, action, onOpen, isOpen }) {
  const command = useCommand(action.id + ':' + number);
  const [days, setDays] = useState('30');
  const [reason, setReason] = useState('');
  const [reasons, setReasons] = useState([]);
  useEffect(() => {
    if (isOpen && action.hasReason) request('/v1/reasons?limit=200').then(({ items }) => setReasons(items.filter((one) => one.kind === 'reversal').map(({ code, name }) => ({ code, name }))), () => {});
  }, [isOpen]);
  useEffect(() => { if (command.is !== 'idle' && !isOpen) onOpen(); }, [command.is]);
  const isRight = (!action.hasDays || (/^[0-9]{1,3}$/.test(days) && Number(days) <= 365)) && (!action.hasReason || reason);
  if (command.is === 'done' && action.made) {
    return html`<${Done} title=${t('done.' + action.made)} number=${command.answer.number} detail=${t('gross') + ': ' + cash(command.answer.gross) + ' ' + command.answer.currency}>
      <a class="button go" href=${'#invoices=' + encodeURIComponent(command.answer.number)}>${t('open_it')}</a><a class="button" href=${'#' + list}>${t('back_to.' + list)}</a></${Done}>`;
  }
  const send = () => { if (isRight) command.send(action.path, { ...action.body, ...(action.hasDays && { payment_days: Number(days) }), ...(action.hasReason && { reason }) }); };
  if (command.is === 'done') return html`<p class="message ok" data-message="done"><${Icon} name="ok" /><span>${t('did.' + action.id)}</span></p>`;
  return !isOpen ? html`<button type="button" class=${'button' + (action.isMain ? ' go' : '')} data-action=${action.id} onClick=${() => onOpen()}>${t('do.' + action.id)}</button>`
    : html`<form class="form ask" data-form=${action.id} novalidate onSubmit=${(event) => { event.preventDefault(); send(); }}>
      <h3>${t('ask.' + action.id, { number })}</h3>
      ${action.hasDays && html`<${Text} path="payment_days" label=${t('payment_days')} mode="numeric" max=${3} value=${days} disabled=${command.is !== 'idle' && command.is !== 'refused'} onInput=${setDays} error=${isRight ? undefined : t('days_wrong')} />`}
      ${action.hasReason && html`<${Choices} path="reason" label=${t('reason')} value=${reason} options=${reasons} onChoose=${setReason} />`}
      <${Message} command=${command} />
      <div class="buttons"><${Send} command=${command} label=${t('do.' + action.id)} tone=${action.id === 'cancel' ? 'no' : 'go'} isOff=${!isRight} />
        ${(command.is === 'idle' || command.is === 'refused') && html`<button type="button" class="button" data-action="not" onClick=${() => { command.reset(); onOpen(null); }}>${t('not')}</button>`}</div></form>`;
}

export function Document({ list, answer: d }) {
  const [open, setOpen] = useState(null);
  const { facts, head, row, lines = (one) => one.lines, actions, kind } = documents[list];
  // What was begun stays on the page until somebody has read what became of it, though the document has changed by then.
  const offered = actions(d).filter(({ scope, id }) => may(scope) && id !== open?.id);
  const shown = open ? [...offered, open] : offered;
  return html`<div class="document"><h2>${d.number}</h2>
    <dl class="facts">${facts(d).filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    <div class="buttons actions">${list === 'invoices' && may('document:read') && html`<${Pdf} kind=${d.kind} number=${d.number} label=${t('kind.' + d.kind)} />`}
      ${list === 'shipments' && may('document:read') && html`<${Pdf} kind="delivery_note" number=${d.delivery_note} label=${t('delivery_note')} />`}
      ${shown.map((action) => html`<${Action} key=${action.id} ...${{ list, number: d.number, action }} isOpen=${open?.id === action.id} onOpen=${(which = action) => setOpen(which)} />`)}
      ${may('audit:read') && html`<a class="button" data-action="history" href=${'/board/#/history=' + kind(d) + ':' + encodeURIComponent(d.number)}><${Icon} name="journal" /><span>${t('history')}</span></a>`}</div>
    <${Table} empty=${t('empty.all')} head=${head()} rows=${lines(d).map((one) => ({ key: one.line, tone: '', cells: row(one, d) }))} /></div>`;
}
