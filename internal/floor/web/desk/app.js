// The desk: what offices do, on a page of its own. docs/adr/0038 says why.
import * as clock from '/floor/lib/clock.js';
import { request } from '/floor/lib/api.js';
import * as session from '/floor/lib/session.js';
import { follow } from '/floor/lib/stream.js';
import { on } from '/floor/lib/signal.js';
import { html, Icon, render, useEffect, useState } from '/floor/lib/ui.js';
import * as texts from '/board/texts.js';
import { isOld, useClock, useLive, useStream } from '/board/live.js';
import * as rights from '/board/rights.js';
import { List, lists } from './lists.js';
import { Document, readDocument } from './documents.js';
import { PurchaseOrder, SalesOrder, WorkOrder } from './orders.js';
import { elsewhere, resume } from './command.js';
import { problemText } from './form.js';

const { t } = texts;
const { may } = rights;
const forms = { purchase_orders: PurchaseOrder, work_orders: WorkOrder, sales_orders: SalesOrder };
const pageOf = 50;
const idleTimeout = 15 * 60_000;

// A place is a list, a list of all, a document of a list, or its form.
const placeOf = (hash) => {
  const [, name, all, of] = /^#\/?([a-z_]+)(\/all)?(?:=(.*))?$/.exec(hash) ?? [];
  return { name: lists[name] ? name : Object.keys(lists).find((one) => may(lists[one].scope)) ?? 'purchase_orders', isAll: Boolean(all), of: lists[name] && of ? decodeURIComponent(of) : '' };
};

// readPages reads as many pages as are shown.
async function readPages(path, pages) {
  let items = [], next = '';
  for (let page = 0; page < pages && next !== null; page++) {
    const answer = await request(path + (next && '&after=' + encodeURIComponent(next)));
    items = [...items, ...answer.items];
    next = answer.next;
  }
  return { items, next };
}

function ListPage({ place, frame }) {
  const [pages, setPages] = useState(1);
  const { path, scope, create } = lists[place.name];
  const read = useLive(place.name + place.isAll + pages, () => readPages(path + '?limit=' + pageOf + (place.isAll ? '&state=all' : ''), pages));
  const [before, setBefore] = useState(null); // what was shown while more is read
  useEffect(() => { if (read.answer) setBefore(read.answer); }, [read.answer]);
  const answer = read.answer ?? before;
  return frame(read, !may(scope) || read.isForbidden ? html`<${NoRight} />` : answer && html`<${List} name=${place.name} isAll=${place.isAll} answer=${answer} onMore=${() => setPages(pages + 1)} mayCreate=${create && may(create)} />`);
}

function DocumentPage({ place, frame }) {
  const read = useLive(place.name + '=' + place.of, () => readDocument(place.name, place.of));
  return frame(read, read.isForbidden ? html`<${NoRight} />` : read.isMissing ? html`<p class="empty">${t('no_such', { number: place.of })}</p>` : read.answer && html`<${Document} list=${place.name} answer=${read.answer} />`);
}

function FormPage({ place, frame }) {
  const [key, setKey] = useState(0);
  const Form = forms[place.name];
  return frame({ at: Date.now() }, may(lists[place.name].create) ? html`<${Form} key=${key} onNew=${() => setKey(key + 1)} />` : html`<${NoRight} />`);
}

const NoRight = () => html`<p class="empty no-right"><${Icon} name="lock" /> ${t('no_right')}</p>`;

function Desk() {
  const [place, setPlace] = useState(placeOf(location.hash));
  const [notice, setNotice] = useState('');
  const [outcome, setOutcome] = useState(null); // of what was sent from a page that is not on the screen any more
  const [, redraw] = useState(0);
  useEffect(() => {
    const moved = () => { setPlace(placeOf(location.hash)); setNotice(''); setOutcome(null); scrollTo(0, 0); };
    window.addEventListener('hashchange', moved);
    const ends = [on('board-language', () => redraw((n) => n + 1)), on('rights', () => { setPlace(placeOf(location.hash)); redraw((n) => n + 1); }), on('notice', setNotice), on('outcome', setOutcome)];
    resume();
    return () => { window.removeEventListener('hashchange', moved); ends.forEach((end) => end()); };
  }, []);
  const now = useClock();
  const closed = useStream();
  const isForm = place.of === 'new' && forms[place.name];
  const Page = isForm ? FormPage : place.of ? DocumentPage : ListPage;
  const frame = (read, content) => {
    const isStale = isOld(read, now, closed);
    return html`<main class="desk" data-desk=${place.name} data-of=${place.of} data-all=${String(place.isAll)} data-stale=${String(isStale)} data-at=${read.at ?? ''} data-live=${String(closed === 0)}>
    <header><h1>${t('list.' + place.name)}</h1>
      <span class=${'live ' + (isStale ? 'no' : closed === 0 ? 'ok' : 'wait')}><${Icon} name=${isStale ? 'stop' : closed === 0 ? 'online' : 'offline'} /> <span>${t(isStale ? 'stale' : closed === 0 ? 'live' : 'polled')}</span></span>
      <span class="person"><${Icon} name="person" /> <span>${session.current().name || session.current().operator}</span></span>
      <button type="button" class="button" data-action="lock" onClick=${() => session.lock()}><${Icon} name="lock" /><span>${t('lock')}</span></button></header>
    <nav aria-label=${t('lists')}>${Object.keys(lists).filter((name) => may(lists[name].scope)).map((name) => html`
      <a key=${name} href=${'#' + name} aria-current=${name === place.name ? 'page' : undefined}>${t('list.' + name)}</a>`)}<a class="away" href="/board/">${t('boards')}</a></nav>
    ${isStale && html`<p class="stale" role="alert"><${Icon} name="stop" /><span>${read.at ? t('stale.since', { time: texts.clock(read.at), age: texts.age(now - read.at) }) : t('stale.never')}</span></p>`}
    ${notice && html`<p class="message no" role="alert" data-message="notice"><${Icon} name="stop" /><span>${notice}</span></p>`}
    ${elsewhere() && html`<p class="message wait" role="status" data-message="elsewhere"><${Icon} name="wait" /><span>${t('unsure')}</span> <a class="button" href=${elsewhere()}>${t('open_it')}</a></p>`}
    ${outcome && html`<p class=${'message ' + (outcome.problem ? 'no' : 'ok')} role="status" data-message="outcome"><${Icon} name=${outcome.problem ? 'stop' : 'ok'} />
      <span>${outcome.problem ? problemText(outcome.problem) : t('done.elsewhere', { number: outcome.number })}</span> ${outcome.problem && html`<a class="button" href=${outcome.place}>${t('open_it')}</a>`}</p>`}
    <section class="content" aria-label=${t('list.' + place.name)}>${place.of && html`<p class="back"><a class="button" data-action="back" href=${'#' + place.name}><${Icon} name="back" /><span>${t('list.' + place.name)}</span></a></p>`}
      ${content || html`<p class="empty">${t('reading')}</p>`}</section>
    <footer>${Object.entries(texts.languages).map(([code, label]) => html`<button type="button" key=${code} class="button language" aria-pressed=${String(texts.current() === code)} onClick=${() => texts.use(code)}>${label}</button>`)}</footer>
  </main>`;
  };
  return html`<${Page} key=${place.name + '=' + place.of + place.isAll} place=${place} frame=${frame} />`;
}

const SignIn = () => html`<main class="desk" data-desk="sign_in"><header><h1>${t('desk')}</h1></header>
  <section class="content"><p class="empty"><a class="button go" data-action="sign-in" href="/floor/?desk">${t(session.isPaired() ? 'sign_in' : 'pair')}</a></p></section></main>`;

function App() {
  const [, redraw] = useState(0);
  useEffect(() => on('session', () => redraw((n) => n + 1)), []);
  return session.isOpen() ? html`<${Desk} key=${session.current().operator} />` : html`<${SignIn} />`;
}

// What is written here is written in the name of a person, who may have gone.
function keepLocked() {
  let last = Date.now();
  for (const name of ['pointerdown', 'keydown']) window.addEventListener(name, () => { last = Date.now(); }, true);
  setInterval(() => { if (session.isOpen() && Date.now() - last > idleTimeout) session.lock(); }, 5000);
}

async function start() {
  await Promise.all([session.load(), clock.load(), texts.load()]);
  await rights.load();
  on('session', () => { rights.load(); });
  render(html`<${App} />`, document.getElementById('app'));
  keepLocked();
  self.millrace = { ready: true };
  follow();
}

start();
