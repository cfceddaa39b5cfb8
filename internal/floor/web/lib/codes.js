// What a scan means: by what this device knows, or else by the server. Both give the same document (POST /v1/scans).
import { get, put } from './db.js';
import { day, readScan, weight } from './gs1.js';
import { request } from './api.js';

let data = { items: [], locations: [], units: [], reasons: [], carriers: [] };
let byNumber = new Map();
let byGTIN = new Map();
let byLocation = new Map();
let meant = new Map(); // what the server said of codes before

function index() {
  byNumber = new Map(data.items.map((item) => [item.number, item]));
  byLocation = new Map(data.locations.map((location) => [location.code, location]));
  byGTIN = new Map();
  for (const item of data.items) {
    if (item.gtin) byGTIN.set(item.gtin, { item, unit: item.unit });
    for (const unit of item.units ?? []) if (unit.gtin) byGTIN.set(unit.gtin, { item, unit: unit.unit });
  }
}

export async function load() {
  data = (await get('reference')) ?? data;
  meant = new Map((await get('meant')) ?? []);
  index();
}

// refresh takes the server's reference data.
export async function refresh() {
  data = await request('/v1/reference-data', { timeout: 20_000 });
  index();
  await put('reference', data);
}

export const reference = () => data;
export const item = (number) => byNumber.get(number);
export const location = (code) => byLocation.get(code);
export const unitName = (code) => data.units.find((unit) => unit.code === code)?.name ?? code;

// local is what this device can tell by itself; null when it cannot.
export function local(text) {
  const scan = readScan(text);
  if (!scan) return { kind: 'damaged' };
  const { elements, gtin } = scan;
  const found = gtin && byGTIN.get(gtin);
  if (elements['00'] && !found) return { kind: 'handling_unit', sscc: elements['00'] };
  const known = found?.item ?? (!gtin && !Object.keys(elements).length ? byNumber.get(scan.text) : undefined);
  if (known) {
    const lot = elements['10'] ?? elements['21'];
    const heavy = weight(elements);
    const count = elements['37'] ?? elements['30'];
    const meaning = { kind: lot ? 'lot' : 'item', item: known.number, name: known.name, tracking: known.tracking, unit: found?.unit ?? known.unit };
    if (lot) meaning.lot = lot;
    if (known.tracking === 'serial') {
      meaning.quantity = '1';
      if (elements['21']) meaning.serial = elements['21'];
    } else if (count) meaning.quantity = count.replace(/^0+(?=.)/, '');
    else if (heavy) Object.assign(meaning, { quantity: heavy, unit: 'KGM' });
    if (day(elements)) meaning.expires_on = day(elements);
    if (elements['00']) meaning.sscc = elements['00'];
    return meaning;
  }
  const place = byLocation.get(scan.text);
  if (place) return { kind: 'location', location: place.code, name: place.name, location_kind: place.kind, site: place.site };
  const document = { PO: 'purchase_order', GR: 'goods_receipt', WO: 'work_order', SO: 'sales_order', PK: 'pick', SH: 'shipment', RT: 'customer_return' }[/^([A-Z]{2})-[0-9]{6,}$/.exec(scan.text)?.[1]];
  if (document) return { kind: document, number: scan.text };
  return null;
}

// resolve asks this device, then the server, then what the server said earlier. Throws when nobody can tell.
export async function resolve(text) {
  const known = local(text);
  if (known) return known;
  if (meant.has(text)) return meant.get(text);
  const meaning = await request('/v1/scans', { method: 'POST', body: { code: text }, timeout: 4000 });
  meant.set(text, meaning);
  put('meant', [...meant].slice(-2000)).catch(() => {});
  return meaning;
}

// ask always wants the server's word: it knows lots and their state.
export async function ask(text) {
  try {
    return await request('/v1/scans', { method: 'POST', body: { code: text }, timeout: 4000 });
  } catch (error) {
    if (error.problem) throw error;
    return resolve(text);
  }
}

// tasks gives what is to be done: the server's list, or the last one that it gave, with the time of it.
export async function tasks(kind) {
  try {
    const { items } = await request('/v1/tasks?kind=' + kind, { timeout: 5000 });
    const list = { items, at: Date.now() };
    put('tasks:' + kind, list).catch(() => {});
    return { ...list, isOld: false };
  } catch (error) {
    const list = await get('tasks:' + kind);
    if (!list) throw error;
    return { ...list, isOld: true };
  }
}
