// The pieces that all screens are made of. Sizes are in tokens.css.
import { h, Fragment, render } from '../vendor/preact.js';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/hooks.js';
import htm from '../vendor/htm.js';
import { comma, quantity, t, unit } from './i18n.js';
import { onKey } from './scanner.js';
import { unitName } from './codes.js';
import { icons } from './icons.js';
import { tell } from './signal.js';
import { wake } from './sound.js';

export const html = htm.bind(h);
export { Fragment, render, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState };

// backward are ways back within a screen, the newest last: each says whether there was one.
export const backward = [];

// press runs an action once per tap and gives the focus back, so that no scanner's Enter presses it again.
const press = (action) => (event) => {
  event.currentTarget.blur();
  wake();
  action?.(event);
};

export const Icon = ({ name, label }) => html`<svg class="icon" viewBox="0 0 24 24" role=${label ? 'img' : undefined}
  aria-label=${label} aria-hidden=${label ? undefined : 'true'} dangerouslySetInnerHTML=${{ __html: icons[name] ?? '' }}></svg>`;

// Primary is the one thing to do on a screen.
export const Primary = ({ children, onTap, tone = 'go', icon, disabled }) => html`
  <button type="button" class=${'primary ' + tone} data-primary disabled=${disabled} onClick=${press(onTap)}>
    ${icon && html`<${Icon} name=${icon} />`}<span>${children}</span>
  </button>`;

export const Secondary = ({ children, onTap, icon, tone = '', id, disabled }) => html`
  <button type="button" class=${'secondary ' + tone} data-action=${id} disabled=${disabled} onClick=${press(onTap)}>
    ${icon && html`<${Icon} name=${icon} />`}<span>${children}</span>
  </button>`;

// Hold is for what cannot be taken back easily: it acts after a second of holding.
export function Hold({ children, onTap, icon, id }) {
  const [isHeld, setHeld] = useState(false);
  const timer = useRef();
  const begin = (event) => {
    event.preventDefault();
    setHeld(true);
    wake();
    timer.current = setTimeout(() => { setHeld(false); navigator.vibrate?.(40); onTap(); }, 1000);
  };
  const end = () => { clearTimeout(timer.current); setHeld(false); };
  useEffect(() => end, []);
  return html`<button type="button" class=${'secondary danger hold' + (isHeld ? ' held' : '')} data-action=${id}
    onPointerDown=${begin} onPointerUp=${end} onPointerLeave=${end} onPointerCancel=${end} onContextMenu=${(event) => event.preventDefault()}
    onKeyDown=${(event) => { if (event.key === 'Enter' || event.key === ' ') begin(event); }} onKeyUp=${end}>
    ${icon && html`<${Icon} name=${icon} />`}<span>${children}<small>${t('hold')}</small></span></button>`;
}

// parts breaks a line between names, not within one.
const parts = (text) => String(text).split(' · ').map((part, i, all) => html`<i>${part}${i + 1 < all.length && ' ·'}</i> `);

const length = (text) => (text.length > 8 ? 'longer' : text.length > 4 ? 'long' : '');

// Big is the one number that matters. onTap lets it be changed.
export function Big({ value, code, label, onTap, tone = '' }) {
  const content = html`
    ${label && html`<span class="big-label">${parts(label)}</span>`}
    <span class="big-value"><b class=${length(quantity(value))}>${quantity(value)}</b> <span class="big-unit">${code && unit(code, unitName(code))}</span></span>`;
  return onTap
    ? html`<button type="button" class=${'big ' + tone} data-action="change-quantity" onClick=${press(onTap)}>${content}<${Icon} name="edit" label=${t('change')} /></button>`
    : html`<div class=${'big ' + tone}>${content}</div>`;
}

export const Facts = ({ rows }) => html`<dl class="facts">${rows.filter((row) => row && row[1]).map(([name, value]) => html`
  <div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

const hasCameras = Boolean(navigator.mediaDevices?.getUserMedia);

// Prompt says what to scan next, with what is expected as a hint. The camera is another way to scan it.
export const Prompt = ({ children, hint, hasCamera = true }) => html`<div class="prompt"><${Icon} name="scan" />
  <span role="status">${children}${hint && html`<em>${hint}</em>`}</span>
  ${hasCamera && hasCameras && html`<button type="button" class="bar-button camera" data-action="camera" aria-label=${t('camera')} onClick=${press(() => tell('camera'))}><${Icon} name="camera" /></button>`}</div>`;

export const Row = ({ title, sub, right, onTap, icon, tone = '', id, isChosen, isDone }) => html`
  <button type="button" class=${'row ' + tone} data-row=${id} disabled=${isDone} aria-pressed=${isChosen === undefined ? undefined : String(isChosen)} onClick=${press(onTap)}>
    ${icon && html`<${Icon} name=${icon} />`}
    <span class="row-main"><b>${parts(title)}</b>${sub && html`<span>${parts(sub)}</span>`}</span>
    ${right && html`<span class="row-right">${right}</span>`}
  </button>`;

export const Quantity = ({ value, code }) => html`<b class="amount">${quantity(value)}</b> ${unit(code, unitName(code))}`;

// Screen is the frame: what there is above, what to do below, where the thumb is.
export const Screen = ({ title, onBack, status, verdict, children, actions, name }) => html`
  <main class="screen" data-screen=${name}>
    <header class="bar">
      ${onBack && html`<button type="button" class="bar-button" data-action="back" aria-label=${t('back')} onClick=${press(onBack)}><${Icon} name="back" /></button>`}
      <h1>${title}</h1>
      ${status}
    </header>
    ${verdict}
    <div class="body" key=${name} tabindex="0">${children}</div>
    ${actions && html`<footer class="actions">${actions}</footer>`}
  </main>`;

const loaded = {};

// Later shows what a file exports that is fetched when it is wanted for the first time.
export function Later({ from, name, onBack, ...rest }) {
  const [state, setState] = useState(loaded[name] ? 'here' : '');
  useEffect(() => {
    let isOver = false;
    if (!state) from().then((file) => { loaded[name] = file[name]; return 'here'; }, () => 'error.network').then((next) => isOver || setState(next));
    return () => { isOver = true; };
  }, []);
  if (state === 'here') return html`<${loaded[name]} onBack=${onBack} ...${rest} />`;
  return html`<${Screen} name="later" title="" onBack=${onBack}><p class=${state ? 'note wait' : 'note'} role="status">${t(state || 'loading')}</p></${Screen}>`;
}

const digits = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];

// Pad takes a number. It has the whole screen, so that its keys are large on small devices too.
export function Pad({ label, value: given = '', code, units, onUnit, onDone, onBack, action, scale = 6, isSecret = false, format = quantity, isRight = (text) => text !== '' }) {
  const [value, show] = useState(given);
  // Keys come faster than the screen is drawn, so what is true is kept beside it.
  const now = useRef({ text: given, isFresh: !isSecret });
  const key = (k) => {
    const { text: before, isFresh } = now.current;
    const text = k !== 'back' && isFresh ? '' : before;
    let next = text;
    if (k === 'back') next = before.slice(0, -1);
    else if (k === '.') next = scale === 0 || text.includes('.') ? text : (text || '0') + '.';
    else if (text.includes('.') ? text.split('.')[1].length < scale : text.length < 9) next = text === '0' && !isSecret ? k : text + k;
    now.current = { text: next, isFresh: false };
    show(next);
  };
  const shown = value === '' ? '–' : isSecret ? '•'.repeat(value.length) : format(value).concat(value.endsWith('.') ? comma() : '');
  const done = () => {
    const { text } = now.current;
    const number = text.endsWith('.') ? text.slice(0, -1) : text;
    if (isRight(number)) onDone(number);
  };
  useEffect(() => onKey((pressed) => {
    if (/^[0-9]$/.test(pressed)) key(pressed);
    else if (pressed === '.' || pressed === ',') key('.');
    else if (pressed === 'Backspace') key('back');
    else if (pressed === 'Enter') done();
    else if (pressed === 'Escape') onBack();
  }));
  return html`
    <main class="pad" data-screen="pad">
      <div class="pad-display">
        <button type="button" class="bar-button" data-action="back" aria-label=${t('back')} onClick=${press(onBack)}><${Icon} name="back" /></button>
        <div class="pad-value"><h1 class="pad-label">${label}</h1><b class=${length(shown)} data-value=${isSecret ? undefined : value}>${shown}</b></div>
        ${units?.length > 1
          ? html`<button type="button" class="bar-button unit" data-action="unit" aria-label=${t('unit') + ' ' + unit(code, unitName(code))} onClick=${press(() => { now.current.isFresh = true; onUnit(value); })}>${unit(code, unitName(code))}</button>`
          : html`<span class="unit">${code && unit(code, unitName(code))}</span>`}
      </div>
      <div class="pad-keys">
        ${digits.map((k) => html`<button type="button" key=${k} data-key=${k} onClick=${press(() => key(k))}>${k}</button>`)}
        <button type="button" data-key="." disabled=${scale === 0} onClick=${press(() => key('.'))}>${comma()}</button>
        <button type="button" data-key="0" onClick=${press(() => key('0'))}>0</button>
        <button type="button" data-key="back" aria-label=${t('erase')} onClick=${press(() => key('back'))}><${Icon} name="erase" /></button>
      </div>
      <${Primary} onTap=${done} disabled=${!isRight(value)} icon="ok">${action ?? t('next')}</${Primary}>
    </main>`;
}

// Entry takes a text that has no code to scan: beside the scan, which is the way to go.
export function Entry({ label, value = '', onDone, action, pattern, type = 'text', placeholder }) {
  const [text, setText] = useState(value);
  const isRight = text !== '' && (!pattern || pattern.test(text));
  return html`<form class="entry" onSubmit=${(event) => { event.preventDefault(); if (isRight) onDone(text); }}>
    <label><span>${label}</span>
      <input type=${type} value=${text} autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="64" placeholder=${placeholder}
        onInput=${(event) => setText(event.currentTarget.value)} /></label>
    <button type="submit" class="secondary enter" data-action="enter" disabled=${!isRight}><${Icon} name="ok" /><span>${action ?? t('next')}</span></button>
  </form>`;
}
