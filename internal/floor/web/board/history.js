// What became of a record and of its lines: who changed it, when, where, by which request, from what to what.
import { request } from '/floor/lib/api.js';
import { html, Icon, useEffect, useRef, useState } from '/floor/lib/ui.js';
import { moment, named, quantity, t } from './texts.js';

// Where each kind of record is, by the names of the API.
const rooms = {
  catalog: ['item', 'partner', 'location', 'site', 'work_center', 'unit', 'reason', 'bill_of_material', 'routing_operation', 'supplier_item'],
  inventory: ['lot', 'lot_change', 'count'],
  purchasing: ['purchase_order', 'goods_receipt', 'inspection', 'supplier_return', 'supplier_invoice', 'landed_cost'],
  production: ['work_order', 'material_issue', 'production_report'],
  sales: ['sales_order'],
  shipping: ['pick', 'handling_unit', 'shipment', 'delivery_note', 'customer_return', 'return_inspection'],
  billing: ['invoice'],
  document: ['printer'],
  identity: ['operator', 'badge', 'client', 'role'],
  event: ['webhook_endpoint'],
};
const roomOf = Object.fromEntries(Object.entries(rooms).flatMap(([room, kinds]) => kinds.map((kind) => [kind, room])));
const meant = { credit_note: 'invoice', device: 'client' }; // what is kept under another name
const prefixes = { PO: 'purchase_order', GR: 'goods_receipt', IN: 'inspection', WO: 'work_order', MI: 'material_issue', PR: 'production_report', SO: 'sales_order', PK: 'pick', SH: 'shipment', RT: 'customer_return', LC: 'lot_change', INV: 'invoice', CN: 'invoice', DN: 'delivery_note' };
const page = 50;

// placeOfRecord is where the history of a record is shown: purchase_order:PO-000001, lot:L-1&item=PP-NAT.
export const placeOfRecord = (kind, number, item) => `#/history=${kind}:${encodeURIComponent(number)}${item ? '&item=' + encodeURIComponent(item) : ''}`;

const read = (text) => { try { return decodeURIComponent(text); } catch { return text; } };

// recordOf reads such a place; null when it names none.
export function recordOf(of) {
  const [, kind, number, , item] = /^([a-z_]+)(?::|%3[Aa])([^&]+)(&item=(.*))?$/.exec(of) ?? [];
  return kind ? { kind: meant[kind] ?? kind, number: read(number), item: item && read(item) } : null;
}

const nameOfRecord = ({ kind, number, item }) => named('kind.' + kind, kind) + ' ' + number + (item ? ', ' + item : '');

export const title = (of) => {
  const record = recordOf(of);
  return record ? ': ' + nameOfRecord(record) : '';
};

const addressOf = ({ kind, number, item }, after = '') => `/v1/audit/${roomOf[kind] ?? 'none'}/${kind}/${encodeURIComponent(number)}?limit=${page}&after=${after}${item ? '&item=' + encodeURIComponent(item) : ''}`;

// readHistory gives the newest changes. That there is no such record is an answer, too.
export async function readHistory(of) {
  const record = recordOf(of);
  if (!record) return { items: [], next: null };
  try {
    return await request(addressOf(record));
  } catch (error) {
    if (error.status === 404 || error.status === 422) return { items: [], next: null, isMissing: true };
    throw error;
  }
}

// find says which record a text or scan means: the place of its history.
async function find(text) {
  const record = recordOf(text);
  if (record && roomOf[record.kind]) return placeOfRecord(record.kind, record.number, record.item);
  const kind = prefixes[/^([A-Z]{2,3})-[0-9-]{6,}$/.exec(text)?.[1]];
  if (kind) return placeOfRecord(kind, text);
  const scan = await request('/v1/scans', { method: 'POST', body: { code: text } });
  if (scan.kind === 'lot') return placeOfRecord('lot', scan.lot, scan.item);
  if (scan.kind === 'badge') return placeOfRecord('operator', scan.operator);
  return placeOfRecord(scan.kind, scan.number ?? scan.sscc ?? scan.location ?? scan.item);
}

function Search({ record, onUnknown }) {
  const field = useRef();
  const sent = useRef('');
  // What is shown stands in the field, whatever led to it, unless somebody is typing or scanning the next one already.
  useEffect(() => {
    const isOpen = document.activeElement === field.current;
    if (isOpen && field.current.value && field.current.value.trim() !== sent.current) return;
    field.current.value = record?.number ?? '';
    if (isOpen) field.current.select();
  }, [record?.kind, record?.number, record?.item]);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    field.current.focus({ preventScroll: true });
    // A scanner types wherever the focus is: its keys go to the field.
    const typed = (event) => {
      if (event.key === 'Enter' && document.activeElement === field.current) {
        event.preventDefault();
        field.current.form.requestSubmit();
        return;
      }
      const isSeparator = event.key === 'GroupSeparator' || event.key === '\x1d' || (event.ctrlKey && event.key === ']');
      if (!isSeparator && (event.key.length !== 1 || event.key === ' ' || event.ctrlKey || event.altKey || event.metaKey)) return;
      if (document.activeElement !== field.current) {
        field.current.focus({ preventScroll: true });
        field.current.select();
      }
      if (!isSeparator) return;
      event.preventDefault();
      field.current.setRangeText('\x1d', field.current.selectionStart, field.current.selectionEnd, 'end');
    };
    window.addEventListener('keydown', typed);
    return () => window.removeEventListener('keydown', typed);
  }, []);
  const search = async (event) => {
    event.preventDefault();
    const text = field.current.value.trim();
    field.current.select(); // what is scanned next takes its place
    if (!text) return;
    sent.current = text;
    setBusy(true);
    try {
      const place = await find(text);
      onUnknown(null);
      location.hash = place;
    } catch (error) {
      onUnknown({ text, reason: error.status ? error.message : t('unreachable') });
    }
    setBusy(false);
  };
  return html`<form class="search" role="search" onSubmit=${search}>
    <label><span>${t('history.search')}</span><input ref=${field} name="record" type="text" autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="search" maxlength="200" /></label>
    <button type="submit" disabled=${isBusy}><${Icon} name="look_up" /> ${t('history.show')}</button></form>`;
}

// Choose is for what no scan tells: whose number is it?
const Choose = ({ unknown: { text, reason } }) => html`<p class="note" role="alert"><${Icon} name="stop" /> ${reason}</p>
  <h2>${t('history.which', { text })}</h2>
  <div class="choices">${Object.keys(roomOf).map((kind) => html`<a key=${kind} href=${placeOfRecord(kind, text)}><b>${t('kind.' + kind)}</b></a>`)}</div>`;

export function History({ answer, of }) {
  const [unknown, setUnknown] = useState(null);
  const [kept, keep] = useState({ of, items: [] });
  const [isBusy, setBusy] = useState(false);
  useEffect(() => setUnknown(null), [of]);
  const record = recordOf(of);
  // Pages that were read before stay, unless so much happened since that something would be missing between.
  const older = kept.of === of && (!answer?.next || answer.items.some((one) => kept.items.some((other) => other.entry === one.entry))) ? kept : { items: [] };
  const items = [...new Map([...older.items, ...answer?.items ?? []].map((one) => [one.entry, one])).values()].sort((a, b) => Number(BigInt(b.entry) - BigInt(a.entry)));
  const next = older.items.length ? older.next : answer?.next;
  const more = async () => {
    setBusy(true);
    try {
      const { items: found, next: after } = await request(addressOf(record, next));
      keep({ of, items: [...items, ...found], next: after });
    } catch { /* the button stays */ }
    setBusy(false);
  };
  return html`<${Search} record=${record} onUnknown=${setUnknown} />
    ${unknown ? html`<${Choose} unknown=${unknown} />`
    : !record ? html`<p class="empty">${t('history.hint')}</p>`
    : !answer ? html`<p class="empty">${t('reading')}</p>`
    : answer.isMissing ? html`<p class="empty">${t('history.none', { record: nameOfRecord(record) })}</p>`
    : html`${answer.time_zone && html`<p class="zone">${t('history.zone', { zone: answer.time_zone })}</p>`}
      <ol class="history">${requests(items).map((one) => html`<${Request} key=${one[0].entry} changes=${one} zone=${answer.time_zone} kind=${record.kind} />`)}</ol>
      ${next && html`<button type="button" class="more-button" disabled=${isBusy} onClick=${more}>${t('history.more')}</button>`}`}`;
}

// requests puts together what one request changed.
function requests(items) {
  const all = [];
  for (const one of items) {
    const last = all.at(-1);
    if (last && one.request_key && last[0].request_key === one.request_key) last.push(one);
    else all.push([one]);
  }
  return all;
}

const spelled = (name) => { const text = name.replace(/[-_]/g, ' '); return text[0].toUpperCase() + text.slice(1); };

const both = (name, code) => (name && name !== code ? `${name} (${code})` : code);

function Request({ changes, zone, kind }) {
  const [one] = changes;
  const device = one.device && both(one.device_name, one.device);
  return html`<li class="request" data-request=${one.request_key ?? ''}>
    <div class="who">
      <time datetime=${one.recorded_at}>${moment(one.recorded_at, zone)}</time>
      <b class="code">${one.actor === null ? t('history.elsewhere') : both(one.actor_name, one.actor)}</b>
      ${device && html`<span class="code">${device}</span>`}
      ${one.command && html`<span>${named('command.' + one.command, spelled(one.command))}</span>`}
      ${one.seal ? html`<span class="seal"><${Icon} name="lock" /> ${t('history.sealed', { n: one.seal })}</span>` : html`<span class="seal not">${t('history.not_sealed')}</span>`}
    </div>
    ${changes.map((change) => html`<${Change} key=${change.entry} change=${change} zone=${zone} kind=${kind} />`)}
    ${one.request_id && html`<p class="request-id">${t('history.request')} <span class="code">${one.request_id}</span></p>`}
  </li>`;
}

const signs = { insert: 'journal', update: 'edit', delete: 'erase' };

function Change({ change, zone, kind }) {
  const fields = Object.keys({ ...change.old, ...change.new }).filter((name) => change.operation === 'update' || !isNothing((change.new ?? change.old)[name]));
  const what = named('kind.' + change.table, spelled(change.table)) + (change.line && change.table !== kind ? ' ' + change.line : '');
  return html`<section class=${'change ' + change.operation} data-entry=${change.entry}>
    <h3><${Icon} name=${signs[change.operation]} /> ${t('history.' + change.operation)}: ${what}</h3>
    <dl>${fields.sort((a, b) => nameOf(a).localeCompare(nameOf(b))).map((name) => html`<div key=${name} data-field=${name}><dt>${nameOf(name)}</dt>
      <dd>${change.old && html`<del>${value(name, change.old[name], zone)}</del>`}${change.old && change.new && html` <span class="to" aria-label=${t('history.to')} role="img">→</span> `}${change.new && html`<ins>${value(name, change.new[name], zone)}</ins>`}</dd></div>`)}</dl>
  </section>`;
}

const nameOf = (field) => named('field.' + field, spelled(field));
const isNothing = (v) => v === null || v === undefined || v === '' || (Array.isArray(v) && v.length === 0);
const amounts = /(quantity|price|amount|cost|rate|percent|minutes|difference)$|^(net|tax|gross)$/;
// Fields whose values are words of ours.
const words = /^(status|old_status|new_status|state|kind|parent_kind|tracking|costing_method|issue_order|demand_type|document_type|destination|spread_by)$/;

function value(name, v, zone) {
  if (isNothing(v)) return '–';
  if (v === true || v === false) return t(v ? 'yes' : 'no');
  if (Array.isArray(v)) return v.join(', ');
  if (typeof v === 'object') return JSON.stringify(v);
  if (words.test(name)) return named('value.' + v, spelled(v));
  if (/^\d{4}-\d\d-\d\dT/.test(v)) return moment(v, zone);
  if (/^\d{4}-\d\d-\d\d$/.test(v)) return moment(v + 'T12:00:00Z', 'UTC', true);
  if (amounts.test(name) && /^-?\d+(\.\d+)?$/.test(v)) return quantity(v);
  return String(v);
}
