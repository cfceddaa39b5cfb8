// What forms are made of: a field with its label, its hint and what is wrong with it.
import { request } from '/floor/lib/api.js';
import { html, Icon, useEffect, useState } from '/floor/lib/ui.js';
import { t, unit } from '/board/texts.js';

const idOf = (path) => 'field-' + path.replaceAll('.', '-');

// Field frames an input. path names it within the form, as the server does.
export const Field = ({ path, label, hint, error, children, wide, id = idOf(path) }) => html`<div class=${'field' + (wide ? ' wide' : '') + (error ? ' wrong' : '')} data-field=${path}>
  <label for=${id}>${label}</label>${children}
  ${hint && !error && html`<p class="hint" id=${id + '-hint'}>${hint}</p>`}
  ${error && html`<p class="error" id=${id + '-error'} role="alert"><${Icon} name="stop" /> <span>${error}</span></p>`}</div>`;

export function Text({ path, label, hint, error, value, onInput, type = 'text', mode, wide, disabled, max = 100 }) {
  const id = idOf(path);
  return html`<${Field} ...${{ path, label, hint, error, wide, id }}>
    <input id=${id} name=${path} type=${type} inputmode=${mode} value=${value} disabled=${disabled} maxlength=${type === 'date' ? undefined : max} autocomplete="off" spellcheck="false"
      aria-invalid=${error ? 'true' : undefined} aria-describedby=${error ? id + '-error' : hint ? id + '-hint' : undefined}
      onInput=${(event) => onInput(event.currentTarget.value)} /></${Field}>`;
}

// Choices are few enough to see all of them.
export const Choices = ({ path, label, error, value, options, onChoose, disabled }) => html`<fieldset class=${'field chips' + (error ? ' wrong' : '')} data-field=${path} disabled=${disabled}>
  <legend>${label}</legend>
  <div>${options.map(({ code, name }) => html`<label key=${code} class="chip" data-choice=${code}>
    <input type="radio" name=${path} value=${code} checked=${value === code} onChange=${() => onChoose(code)} /><span>${name}</span></label>`)}</div>
  ${error && html`<p class="error" role="alert"><${Icon} name="stop" /> <span>${error}</span></p>`}</fieldset>`;

// What was found is known afterwards: a code that is not known was not chosen.
const known = new Map();
export const knownOf = (address, code) => known.get(address + ' ' + code.trim().toLowerCase());

async function find(address, text) {
  const { items } = await request(address + '&find=' + encodeURIComponent(text));
  for (const one of items) known.set(address + ' ' + (one.number ?? one.code).toLowerCase(), one);
  return items;
}

// Lookup is a field for a code out of many: what is typed is looked for in codes and names. onFound says that more is known.
export function Lookup({ path, label, error, value, address, onInput, onFound, disabled }) {
  const [found, setFound] = useState([]);
  const id = idOf(path);
  useEffect(() => {
    let isOver = false;
    const timer = setTimeout(() => find(address, value.trim()).then((items) => { if (!isOver) { setFound(items); onFound(); } }, () => {}), 120);
    return () => { isOver = true; clearTimeout(timer); };
  }, [address, value]);
  const chosen = knownOf(address, value);
  return html`<${Field} ...${{ path, label, error, id }} wide hint=${chosen ? chosen.name : found.length === 0 && value ? t('nothing_found') : ' '}>
    <input id=${id} name=${path} type="text" list=${id + '-list'} value=${value} disabled=${disabled} maxlength="64" autocomplete="off" spellcheck="false" autocapitalize="characters"
      aria-invalid=${error ? 'true' : undefined} aria-describedby=${id + (error ? '-error' : '-hint')} data-known=${String(Boolean(chosen))}
      onInput=${(event) => onInput(event.currentTarget.value)} />
    <datalist id=${id + '-list'}>${found.map((one) => html`<option key=${one.number ?? one.code} value=${one.number ?? one.code}>${one.name}</option>`)}</datalist></${Field}>`;
}

export const units = (item) => (item?.units ?? []).map((one) => ({ code: one.unit, name: t('unit.' + one.unit) === 'unit.' + one.unit ? one.name : unit(one.unit) }));
