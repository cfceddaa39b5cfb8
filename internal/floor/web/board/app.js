// Boards for people who look: one question per board, live by the feed. A board that cannot be kept
// up to date says so over the whole width, and since when.
import { request } from '/floor/lib/api.js';
import * as clock from '/floor/lib/clock.js';
import * as session from '/floor/lib/session.js';
import { follow } from '/floor/lib/stream.js';
import { on } from '/floor/lib/signal.js';
import { html, Icon, render, useEffect, useState } from '/floor/lib/ui.js';
import { isOld, useClock, useLive, useStream } from './live.js';
import * as rights from './rights.js';
import * as texts from './texts.js';
import { Shipping } from './shipping.js';
import { Stock } from './stock.js';
import { WorkCenters } from './work_centers.js';
import { Warnings } from './warnings.js';
import { Jobs } from './jobs.js';
import { Tablets } from './tablets.js';
import { History, readHistory, title } from './history.js';

const { t } = texts;

// Each board: what it reads, what it looks like, and the right that it takes besides that of all.
const boards = {
  shipping: { read: () => request('/v1/boards/shipping'), View: Shipping },
  work_centers: { read: () => request('/v1/boards/work-centers?limit=6'), View: WorkCenters },
  stock: { read: (of) => (of ? request('/v1/stock?limit=200&location=' + encodeURIComponent(of)) : request('/v1/locations?limit=200')), View: Stock },
  warnings: { read: () => request('/v1/boards/warnings'), View: Warnings },
  tablets: { read: () => request('/v1/journals?limit=200'), View: Tablets },
  jobs: { read: () => request('/v1/jobs?limit=100'), View: Jobs, scope: 'jobs:read' },
  history: { read: readHistory, View: History, scope: 'audit:read', title },
};

const placeOf = (hash) => {
  const [, name, of = ''] = /^#?\/?([a-z_]*)=?(.*)$/.exec(hash) ?? [];
  if (!boards[name]) return { name: 'shipping', of: '' };
  return { name, of: boards[name].title ? of : decodeURIComponent(of) };
};

function Board() {
  const [place, setPlace] = useState(placeOf(location.hash));
  const [, redraw] = useState(0);
  useEffect(() => {
    const moved = () => setPlace(placeOf(location.hash));
    window.addEventListener('hashchange', moved);
    const ends = ['board-language', 'rights'].map((name) => on(name, () => redraw((n) => n + 1)));
    return () => { window.removeEventListener('hashchange', moved); ends.forEach((end) => end()); };
  }, []);
  const read = useLive(place.name + '=' + place.of, () => boards[place.name].read(place.of));
  const { answer, at, failure } = read;
  const now = useClock();
  const closed = useStream();
  const { View, scope, title: titleOf = (of) => ' ' + of } = boards[place.name];
  const isForbidden = read.isForbidden || (scope && !rights.may(scope));
  const isStale = !isForbidden && isOld(read, now, closed);
  return html`<main class="board" data-board=${place.name} data-stale=${String(Boolean(isStale))} data-at=${at ?? ''} data-live=${String(closed === 0)}>
    <header>
      <h1>${t('board.' + place.name)}${place.of && titleOf(place.of)}</h1>
      <span class=${'live ' + (isStale ? 'no' : closed === 0 ? 'ok' : 'wait')}><${Icon} name=${isStale ? 'stop' : closed === 0 ? 'online' : 'offline'} />
        <span>${isStale ? t('stale') : closed === 0 ? t('live') : t('polled')}</span></span>
      <time>${texts.clock(now)}</time>
    </header>
    ${isStale && html`<p class="stale" role="alert"><${Icon} name="stop" /><span>${at ? t('stale.since', { time: texts.clock(at), age: texts.age(now - at) }) : t('stale.never')}
      ${failure && html` <small>${failure}</small>`}</span></p>`}
    <section class=${'content' + (isStale ? ' dim' : '')} tabindex="0" aria-label=${t('board.' + place.name)}>${isForbidden ? html`<p class="empty no-right"><${Icon} name="lock" /> ${t('no_right')}</p>` : answer || boards[place.name].title ? html`<${View} answer=${answer} of=${place.of} now=${now} />` : !isStale && html`<p class="empty">${t('reading')}</p>`}</section>
    <nav aria-label=${t('boards')}>${Object.keys(boards).filter((name) => name === place.name || !boards[name].scope || rights.may(boards[name].scope)).map((name) => html`
      <a key=${name} href=${'#' + name} aria-current=${name === place.name ? 'page' : undefined}>${t('board.' + name)}</a>`)}
      ${['sales:write', 'billing:read'].some(rights.may) && html`<a href="/desk/">${t('desk')}</a>`}
      ${Object.entries(texts.languages).map(([code, label]) => html`<button type="button" key=${code} class="language" aria-pressed=${String(texts.current() === code)}
        onClick=${() => texts.use(code)}>${label}</button>`)}
    </nav>
  </main>`;
}

const SignIn = () => html`<main class="board"><section class="content"><p class="empty"><a class="sign-in" href="/floor/">${t('sign_in')}</a></p></section></main>`;

function App() {
  const [, redraw] = useState(0);
  useEffect(() => on('session', () => redraw((n) => n + 1)), []);
  return session.isPaired() ? html`<${Board} />` : html`<${SignIn} />`;
}

async function start() {
  await Promise.all([session.load(), clock.load(), texts.load()]);
  on('session', () => { rights.load(); });
  render(html`<${App} />`, document.getElementById('app'));
  rights.load();
  navigator.wakeLock?.request('screen').catch(() => {});
  self.millrace = { ready: true };
  follow();
}

start();
