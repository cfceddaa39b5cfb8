// The lists of the desk: what each reads, who may see it, what a row of it says.
import { html, Icon } from '/floor/lib/ui.js';
import { quantity, t, unit } from '/board/texts.js';
import { Bar, Table } from '/board/pieces.js';
import { cash, day, download, moment } from './pieces.js';

const link = (list, number) => html`<a class="code" href=${'#' + list + '=' + encodeURIComponent(number)}>${number}</a>`;
const state = (name, tone, icon) => html`<span class=${'state ' + tone}><${Icon} name=${icon} /> ${t('state.' + name)}</span>`;
const due = (date, isLate) => date && html`<span class=${isLate ? 'late' : ''}>${isLate && html`<${Icon} name="stop" label=${t('late')} />`} ${day(date)}</span>`;
const amount = (value, currency) => html`<span class="amount">${cash(value)} ${currency}</span>`;
const partner = (code, name) => html`<span>${name} <small>${code}</small></span>`;

const signs = { released: 'wait', in_process: 'report', completed: 'ok', closed: 'ok', cancelled: 'no' };
const orderState = (one) => state(one.is_late ? 'late' : one.state, one.is_late ? 'no' : one.state === 'cancelled' ? 'soft' : '', one.is_late ? 'stop' : signs[one.state]);
const toneOf = (one) => (one.is_late ? 'no' : one.state === 'released' || one.state === 'in_process' ? 'wait' : one.state === 'cancelled' ? '' : 'ok');

export const lists = {
  purchase_orders: {
    path: '/v1/desk/purchase-orders', scope: 'purchasing:read', create: 'purchasing:write', isFiltered: true,
    head: () => [t('order'), t('supplier'), t('ordered_on'), t('due'), t('state'), t('received'), t('value')],
    row: (one) => [link('purchase_orders', one.number), partner(one.supplier, one.supplier_name), day(one.ordered_on), due(one.due_on, one.is_late), orderState(one),
      html`<${Bar} percent=${one.received_percent} />`, amount(one.net, one.currency)],
  },
  work_orders: {
    path: '/v1/desk/work-orders', scope: 'production:read', create: 'production:write', isFiltered: true,
    head: () => [t('order'), t('item'), t('work_center'), t('due'), t('state'), t('made'), t('quantity')],
    row: (one) => [link('work_orders', one.number), partner(one.item, one.name), one.work_center ?? '', due(one.due_on, one.is_late), orderState(one),
      html`<${Bar} percent=${one.done_percent} />`, html`<span class="amount">${quantity(one.good_quantity)} / ${quantity(one.quantity)} ${unit(one.unit)}</span>`],
  },
  sales_orders: {
    path: '/v1/desk/sales-orders', scope: 'sales:read', create: 'sales:write', isFiltered: true,
    head: () => [t('order'), t('customer'), t('ordered_on'), t('wanted'), t('state'), t('shipped'), t('invoiced'), t('value')],
    row: (one) => [link('sales_orders', one.number), html`<span>${partner(one.customer, one.customer_name)} ${one.customer_reference && html`<small>${one.customer_reference}</small>`}</span>`, day(one.ordered_on),
      due(one.requested_on, one.is_late), orderState(one), html`<${Bar} percent=${one.shipped_percent} />`, html`<${Bar} percent=${one.invoiced_percent} />`, amount(one.net, one.currency)],
  },
  shipments: {
    path: '/v1/desk/shipments', scope: 'billing:read', isFiltered: true,
    head: () => [t('shipment'), t('delivery_note'), t('customer'), t('order'), t('shipped_on'), t('state'), t('value')],
    row: (one) => [link('shipments', one.number), one.delivery_note, partner(one.customer, one.customer_name), one.sales_orders.join(', '), day(one.shipped_on),
      one.invoice ? link('invoices', one.invoice) : one.is_reversed ? state('reversed', 'soft', 'undo') : state('to_invoice', '', 'wait'), amount(one.net, one.currency)],
    tone: (one) => (one.invoice ? 'ok' : one.is_reversed ? '' : 'wait'),
  },
  customer_returns: {
    path: '/v1/desk/customer-returns', scope: 'billing:read', isFiltered: true,
    head: () => [t('return'), t('customer'), t('shipment'), t('returned_at'), t('invoice'), t('state')],
    row: (one) => [link('customer_returns', one.number), partner(one.customer, one.customer_name), one.shipment, moment(one.returned_at), one.invoice ? link('invoices', one.invoice) : '–',
      one.credit_note ? link('invoices', one.credit_note) : one.is_reversed ? state('reversed', 'soft', 'undo') : one.invoice ? state('to_credit', '', 'wait') : state('not_invoiced', '', 'stop')],
    tone: (one) => (one.credit_note ? 'ok' : one.is_reversed ? '' : one.invoice ? 'wait' : 'no'),
  },
  invoices: {
    path: '/v1/desk/invoices', scope: 'billing:read',
    head: () => [t('number'), t('kind'), t('customer'), t('issued_on'), t('payable'), t('net'), t('gross'), 'PDF'],
    row: (one) => [link('invoices', one.number), t('kind.' + one.kind), partner(one.customer, one.customer_name), day(one.issued_on), day(one.due_on), amount(one.net, one.currency),
      html`<b>${amount(one.gross, one.currency)}</b>`, one.is_rendered ? html`<button type="button" class="button small" data-action=${'pdf-' + one.number} onClick=${() => download(one.kind, one.number)}>
        <${Icon} name="journal" /> PDF</button>` : html`<span class="soft">${t('being_drawn')}</span>`],
    tone: () => 'ok',
  },
};

export function List({ name, isAll, answer, onMore, mayCreate }) {
  const { head, row, tone, isFiltered } = lists[name];
  return html`<div class="toolbar">
      ${mayCreate && html`<a class="button go" data-action="new" href=${'#' + name + '=new'}>+ ${t('new.' + name)}</a>`}
      ${isFiltered && html`<div class="switch" role="group" aria-label=${t('which')}><a href=${'#' + name} aria-current=${!isAll ? 'true' : undefined}>${t('open.' + name)}</a>
        <a href=${'#' + name + '/all'} aria-current=${isAll ? 'true' : undefined}>${t('all')}</a></div>`}
    </div>
    <${Table} empty=${t('empty.' + (isFiltered && !isAll ? name : 'all'))} head=${head()} rows=${answer.items.map((one) => ({ key: one.number, tone: (tone ?? toneOf)(one), cells: row(one) }))} />
    ${answer.next && html`<button type="button" class="button more" data-action="more" onClick=${onMore}>${t('more')}</button>`}`;
}
