// Texts in the language of the operator. The server makes one file of them: their names, and each language in that order.
import { get, put } from './db.js';
import { tell } from './signal.js';

export const languages = { en: 'English', de: 'Deutsch', tr: 'Türkçe' };
let language = 'en';
let texts = {};
let all;

export async function load() {
  const wanted = (await get('language')) ?? (navigator.languages ?? []).map((tag) => tag.slice(0, 2)).find((tag) => languages[tag]) ?? 'en';
  await use(wanted, false);
}

export async function use(wanted, isKept = true) {
  all ??= await (await fetch(new URL('../i18n/texts.json', import.meta.url))).json();
  texts = Object.fromEntries(all.names.map((name, i) => [name, all[wanted][i]]));
  language = wanted;
  document.documentElement.lang = wanted;
  if (isKept) await put('language', wanted);
  tell('language', wanted);
}

export const current = () => language;

// t gives the text of the key, with {names} replaced.
export function t(key, values) {
  const text = texts[key];
  if (text === undefined) return key;
  return values ? text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '') : text;
}

export const has = (key) => texts[key] !== undefined;

// quantity writes a decimal as people here do. It is text all the way: nothing is rounded.
export function quantity(decimal) {
  if (decimal === undefined || decimal === null || decimal === '') return '';
  const [whole, part] = String(decimal).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, { en: ',', de: '.', tr: '.' }[language]);
  return part ? grouped + { en: '.', de: ',', tr: ',' }[language] + part : grouped;
}

export const comma = () => (language === 'en' ? '.' : ',');
export const time = (at) => new Date(at).toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit', hour12: false });
export const date = (iso) => new Date(iso + 'T12:00:00').toLocaleDateString(language, { day: '2-digit', month: '2-digit', year: 'numeric' });
// unit is what people call a unit: its UN/ECE code where there is no word.
export const unit = (code, name) => (has('unit.' + code) ? t('unit.' + code) : name ?? code ?? '');
