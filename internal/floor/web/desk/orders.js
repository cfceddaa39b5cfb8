// Forms for orders: purchase, work and sales orders.
import { request } from '/floor/lib/api.js';
import { html, useEffect, useState } from '/floor/lib/ui.js';
import { current, quantity, t } from '/board/texts.js';
import * as decimals from './decimals.js';
import { Choices, knownOf, Lookup, Text, units } from './fields.js';
import { Done, Message, Send, useForm } from './form.js';
import { cash } from './pieces.js';

const point = () => (current() === 'en' ? '.' : ',');

// useSites gives the sites to choose from.
function useSites() {
  const [sites, setSites] = useState([]);
  useEffect(() => { request('/v1/sites?limit=50').then(({ items }) => setSites(items.map(({ code, name }) => ({ code, name }))), () => {}); }, []);
  return sites;
}

// checker collects what is wrong with the values of a form while their body is made.
function checker() {
  const errors = {};
  return {
    errors,
    must(place, value) { if (!value) errors[place] = t('must'); return value || undefined; },
    chosen(place, address, value) {
      const one = knownOf(address, value);
      if (!one) errors[place] = value.trim() ? t('choose') : t('must');
      return one ? one.number ?? one.code : value.trim();
    },
    decimal(place, typed, { places, wholes, isOptional, most }) {
      const { value, error } = decimals.read(typed, point(), places, wholes);
      if (error === 'empty' && isOptional) return undefined;
      if (error) errors[place] = t('decimal.' + error, { places });
      else if (most === undefined && !isOptional && /^[0.]*$/.test(value)) errors[place] = t('decimal.zero');
      else if (most !== undefined && Number(value) > most) errors[place] = t('decimal.most', { most });
      return value;
    },
  };
}

const amounts = { places: 6, wholes: 12 };
const prices = { places: 4, wholes: 14 };

const Frame = ({ form, title, label, done, children, onNew }) => (form.command.is === 'done'
  ? html`<${Done} title=${done.title} number=${form.command.answer.number} detail=${done.detail}>
      <button type="button" class="button go" data-action="new" onClick=${() => { form.clear(); onNew(); }}>${t('one_more')}</button>
      <a class="button" href=${'#' + done.list + '=' + encodeURIComponent(form.command.answer.number)}>${t('open_it')}</a></${Done}>`
  : html`<form class="form" data-form=${form.name} novalidate onSubmit=${form.submit}><h2>${title}</h2>${children}
      <${Message} command=${form.command} />
      <div class="buttons"><${Send} command=${form.command} label=${label} />
        <button type="button" class="button" data-action="clear" disabled=${form.isBusy} onClick=${form.clear}>${t('clear')}</button></div></form>`);

// Lines are the lines of an order: what, how much, at which price.
function Lines({ form, use, supplier, blank, price, children }) {
  const { values, set, errorOf, isBusy } = form;
  const change = (i, part) => set((before) => ({ lines: before.lines.map((one, j) => (i === j ? { ...one, ...part } : one)) }));
  return html`<ol class="lines">${values.lines.map((line, i) => {
    const address = itemsFor(use, supplier);
    const item = knownOf(address, line.item);
    const at = 'lines.' + i + '.';
    return html`<li key=${i}><fieldset><legend>${t('line', { n: i + 1 })}</legend>
      <${Lookup} onFound=${form.redraw} path=${at + 'item'} label=${t('item')} value=${line.item} address=${address} disabled=${isBusy} error=${errorOf(at + 'item')} onInput=${(item) => change(i, { item })} />
      <${Text} path=${at + 'quantity'} label=${t('quantity')} value=${line.quantity} mode="decimal" disabled=${isBusy} error=${errorOf(at + 'quantity')} onInput=${(quantity) => change(i, { quantity })} />
      ${item && html`<${Choices} path=${at + 'unit'} label=${t('unit')} value=${unitOf(item, line)} options=${units(item)} disabled=${isBusy} error=${errorOf(at + 'unit')} onChoose=${(unit) => change(i, { unit })} />`}
      ${price(line, i, item, at, change)}
      ${values.lines.length > 1 && html`<button type="button" class="button" data-action=${'remove-' + i} disabled=${isBusy} onClick=${() => set((before) => ({ lines: before.lines.filter((_, j) => i !== j) }))}>${t('remove', { n: i + 1 })}</button>`}
    </fieldset></li>`;
  })}</ol>
  <button type="button" class="button" data-action="add-line" disabled=${isBusy} onClick=${() => set((before) => ({ lines: [...before.lines, { ...blank }] }))}>+ ${t('add_line')}</button>${children}`;
}

const itemsFor = (use, supplier) => '/v1/desk/items?use=' + use + (supplier ? '&supplier=' + encodeURIComponent(supplier) : '');
const unitOf = (item, line) => (item.units.some(({ unit }) => unit === line.unit) ? line.unit : item.price_unit ?? item.unit);
const suppliers = '/v1/desk/partners?kind=supplier';
const customers = '/v1/desk/partners?kind=customer';

// Sum is what the lines come to, as far as they are right.
function Sum({ lines, currency }) {
  const products = lines.map(({ quantity, price }) => {
    const [many, each] = [decimals.read(quantity, point()), decimals.read(price, point(), 4, 14)];
    return many.value && each.value ? decimals.times(many.value, each.value) : null;
  });
  const isWhole = products.every((one) => one !== null);
  return html`<p class="sum">${t('sum')} <b data-sum>${isWhole && products.length ? quantity(decimals.money(products.reduce((a, b) => a + b, 0n))) : '–'}</b> ${isWhole && currency}</p>`;
}

const siteOf = (values, sites) => values.site || (sites.length === 1 ? sites[0].code : '');

const Site = ({ form, sites }) => sites.length > 1 && html`<${Choices} path="site" label=${t('site')} value=${form.values.site} options=${sites} disabled=${form.isBusy} error=${form.errorOf('site')} onChoose=${(site) => form.set({ site })} />`;

const purchaseLine = { item: '', quantity: '', unit: '', price: '', over: '', due: '' };

export function PurchaseOrder({ onNew }) {
  const sites = useSites();
  const form = useForm({
    name: 'purchase_order', path: '/v1/purchase-orders', blank: { site: '', supplier: '', lines: [{ ...purchaseLine }] },
    bodyOf(values) {
      const check = checker();
      const supplier = check.chosen('supplier', suppliers, values.supplier);
      const address = itemsFor('purchased', supplier);
      const lines = values.lines.map((line, i) => {
        const at = 'lines.' + i + '.';
        const item = knownOf(address, line.item);
        return {
          item: check.chosen(at + 'item', address, line.item), quantity: check.decimal(at + 'quantity', line.quantity, amounts),
          unit: item && unitOf(item, line), price: check.decimal(at + 'price', line.price, { ...prices, isOptional: true }),
          over_receipt_percent: check.decimal(at + 'over_receipt_percent', line.over, { places: 4, wholes: 3, isOptional: true, most: 100 }), due_on: line.due || undefined,
        };
      });
      return { body: { site: check.must('site', siteOf(values, sites)), supplier, lines }, errors: check.errors };
    },
  });
  const { values, set, errorOf, isBusy } = form;
  const partner = knownOf(suppliers, values.supplier);
  // Without a price of one's own the supplier's counts.
  const priceOf = (item, line) => line.price || (item?.price && item.price_currency === partner?.currency && item.price_unit === unitOf(item, line) ? item.price.replace('.', point()) : '');
  return html`<${Frame} form=${form} title=${t('new.purchase_orders')} label=${t('do.order')} onNew=${onNew} done=${{ title: t('done.purchase_order'), list: 'purchase_orders', detail: partner?.name }}>
    <${Site} form=${form} sites=${sites} />
    <div class="grid"><${Lookup} onFound=${form.redraw} path="supplier" label=${t('supplier')} value=${values.supplier} address=${suppliers} disabled=${isBusy} error=${errorOf('supplier')} onInput=${(supplier) => set({ supplier })} /></div>
    <${Lines} form=${form} use="purchased" supplier=${partner?.code} blank=${purchaseLine} price=${(line, i, item, at, change) => html`
      <${Text} path=${at + 'price'} label=${t('price')} mode="decimal" value=${line.price} disabled=${isBusy} error=${errorOf(at + 'price')}
        hint=${!line.price && item && (priceOf(item, line) ? t('price.suppliers', { price: cash(item.price), currency: item.price_currency }) : t('price.none'))} onInput=${(price) => change(i, { price })} />
      <${Text} path=${at + 'over_receipt_percent'} label=${t('over_receipt')} mode="decimal" value=${line.over} disabled=${isBusy} error=${errorOf(at + 'over_receipt_percent')} onInput=${(over) => change(i, { over })} />
      <${Text} path=${at + 'due_on'} label=${t('due')} type="date" value=${line.due} disabled=${isBusy} error=${errorOf(at + 'due_on')} onInput=${(due) => change(i, { due })} />`} />
    <${Sum} currency=${partner?.currency} lines=${values.lines.map((line) => ({ quantity: line.quantity, price: priceOf(knownOf(itemsFor('purchased', partner?.code), line.item), line) }))} />
  </${Frame}>`;
}

export function WorkOrder({ onNew }) {
  const sites = useSites();
  const address = itemsFor('manufactured');
  const form = useForm({
    name: 'work_order', path: '/v1/work-orders', blank: { item: '', quantity: '', unit: '', due: '', site: '' },
    bodyOf(values) {
      const check = checker();
      const item = knownOf(address, values.item);
      return {
        body: {
          item: check.chosen('item', address, values.item), quantity: check.decimal('quantity', values.quantity, amounts), unit: item && unitOf(item, values),
          site: values.site || undefined, due_on: values.due || undefined,
        },
        errors: check.errors,
      };
    },
  });
  const { values, set, errorOf, isBusy } = form;
  const item = knownOf(address, values.item);
  return html`<${Frame} form=${form} title=${t('new.work_orders')} label=${t('do.make')} onNew=${onNew} done=${{ title: t('done.work_order'), list: 'work_orders', detail: item?.name }}>
    <div class="grid"><${Lookup} onFound=${form.redraw} path="item" label=${t('item')} value=${values.item} address=${address} disabled=${isBusy} error=${errorOf('item')} onInput=${(item) => set({ item })} />
      <${Text} path="quantity" label=${t('quantity')} mode="decimal" value=${values.quantity} disabled=${isBusy} error=${errorOf('quantity')} onInput=${(quantity) => set({ quantity })} />
      ${item && html`<${Choices} path="unit" label=${t('unit')} value=${unitOf(item, values)} options=${units(item)} disabled=${isBusy} error=${errorOf('unit')} onChoose=${(unit) => set({ unit })} />`}
      <${Text} path="due_on" label=${t('due')} type="date" value=${values.due} disabled=${isBusy} error=${errorOf('due_on')} onInput=${(due) => set({ due })} /></div>
    <${Site} form=${form} sites=${sites} />
  </${Frame}>`;
}

const salesLine = { item: '', quantity: '', unit: '', price: '' };

export function SalesOrder({ onNew }) {
  const sites = useSites();
  const address = itemsFor('sold');
  const form = useForm({
    name: 'sales_order', path: '/v1/sales-orders', blank: { site: '', customer: '', reference: '', wanted: '', lines: [{ ...salesLine }] },
    bodyOf(values) {
      const check = checker();
      const lines = values.lines.map((line, i) => {
        const at = 'lines.' + i + '.';
        const item = knownOf(address, line.item);
        return {
          item: check.chosen(at + 'item', address, line.item), quantity: check.decimal(at + 'quantity', line.quantity, amounts),
          unit: item && unitOf(item, line), unit_price: check.decimal(at + 'unit_price', line.price, { ...prices, most: Infinity }),
        };
      });
      return {
        body: {
          site: check.must('site', siteOf(values, sites)), customer: check.chosen('customer', customers, values.customer),
          customer_reference: values.reference.trim() || undefined, requested_on: values.wanted || undefined, lines,
        },
        errors: check.errors,
      };
    },
  });
  const { values, set, errorOf, isBusy } = form;
  const partner = knownOf(customers, values.customer);
  return html`<${Frame} form=${form} title=${t('new.sales_orders')} label=${t('do.take')} onNew=${onNew} done=${{ title: t('done.sales_order'), list: 'sales_orders', detail: partner?.name }}>
    <${Site} form=${form} sites=${sites} />
    <div class="grid"><${Lookup} onFound=${form.redraw} path="customer" label=${t('customer')} value=${values.customer} address=${customers} disabled=${isBusy} error=${errorOf('customer')} onInput=${(customer) => set({ customer })} />
      <${Text} path="customer_reference" label=${t('reference')} value=${values.reference} disabled=${isBusy} error=${errorOf('customer_reference')} onInput=${(reference) => set({ reference })} />
      <${Text} path="requested_on" label=${t('wanted')} type="date" value=${values.wanted} disabled=${isBusy} error=${errorOf('requested_on')} onInput=${(wanted) => set({ wanted })} /></div>
    <${Lines} form=${form} use="sold" blank=${salesLine} price=${(line, i, item, at, change) => html`
      <${Text} path=${at + 'unit_price'} label=${t('unit_price')} mode="decimal" value=${line.price} disabled=${isBusy} error=${errorOf(at + 'unit_price')} onInput=${(price) => change(i, { price })} />`} />
    <${Sum} currency=${partner?.currency} lines=${values.lines} />
  </${Frame}>`;
}
