// Texts of the boards and of the desk, each in a folder of its own, beside those of the screens so that tablets need not carry them.
import { tell } from '/floor/lib/signal.js';
import { get, put } from '/floor/lib/db.js';

export const languages = { en: 'English', de: 'Deutsch', tr: 'Türkçe' };
let language = 'en';
let texts = {};

export async function load() {
  await use((await get('language')) ?? (navigator.languages ?? []).map((tag) => tag.slice(0, 2)).find((tag) => languages[tag]) ?? 'en', false);
}

export async function use(wanted, isKept = true) {
  const response = await fetch('/' + location.pathname.split('/')[1] + '/' + wanted + '.json');
  texts = await response.json();
  language = wanted;
  document.documentElement.lang = wanted;
  if (isKept) await put('language', wanted);
  tell('board-language', wanted);
}

export const current = () => language;
// named is for words that are not all known here.
export const named = (key, otherwise) => texts[key] ?? otherwise;
export const t = (key, values) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values?.[name] ?? '');

// quantity writes a decimal as people here do, without rounding it.
export function quantity(decimal) {
  const [whole, part] = String(decimal ?? '').split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, language === 'en' ? ',' : '.');
  return part ? grouped + (language === 'en' ? '.' : ',') + part : grouped;
}
export const unit = (code) => (texts['unit.' + code] ?? code ?? '');
export const clock = (at) => new Date(at).toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
export const day = (iso) => (iso ? new Date(iso + 'T12:00:00').toLocaleDateString(language, { weekday: 'short', day: '2-digit', month: '2-digit' }) : '');

// moment writes a time by the clocks of a place; without one, by this device's.
export function moment(iso, timeZone, isDay = false) {
  const day = { day: '2-digit', month: '2-digit', year: 'numeric' };
  const form = isDay ? day : { ...day, hour: '2-digit', minute: '2-digit', second: '2-digit' };
  return new Date(iso).toLocaleString(language === 'en' ? 'en-GB' : language, { ...form, timeZone: timeZone ?? undefined });
}

// age says how long ago something was, in the one unit that matters.
export function age(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  for (const [name, size] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
    if (seconds >= size) return new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: 'long' }).format(Math.floor(seconds / size));
  }
  return new Intl.NumberFormat(language, { style: 'unit', unit: 'second', unitDisplay: 'long' }).format(seconds);
}
