// The screens of operators: what starts them, and the way from one to the next.
import * as clock from './lib/clock.js';
import * as codes from './lib/codes.js';
import * as i18n from './lib/i18n.js';
import * as outbox from './lib/outbox.js';
import * as scanner from './lib/scanner.js';
import * as session from './lib/session.js';
import * as settings from './lib/settings.js';
import { follow } from './lib/stream.js';
import { on, tell } from './lib/signal.js';
import { play } from './lib/sound.js';
import { backward, html, Later, render, useEffect, useState } from './lib/ui.js';
import { Home } from './screens/home.js';
import { Login, Pairing } from './screens/login.js';
import { Journal } from './screens/journal.js';
import { Settings } from './screens/settings.js';
import { Flow } from './lib/flow.js';
import { flows } from './screens/flows.js';
import { connection } from './lib/status.js';

const idleTimeout = 10 * 60_000;
let version = '';

function App() {
  const [place, setPlace] = useState(placeOf(location.hash));
  const [, redraw] = useState(0);
  useEffect(() => {
    const ends = ['session', 'language', 'settings'].map((name) => on(name, () => redraw((n) => n + 1)));
    let shown = placeOf(location.hash);
    let isBack = false;
    // The way back of the device itself is the arrow of the screen: a step, not the task.
    const moving = ({ navigationType }) => { isBack = navigationType === 'traverse'; };
    const moved = () => {
      if (isBack && backward.at(-1)?.()) return history.pushState(null, '', '#' + shown);
      return setPlace(shown = placeOf(location.hash));
    };
    self.navigation?.addEventListener('navigate', moving);
    window.addEventListener('hashchange', moved);
    return () => { self.navigation?.removeEventListener('navigate', moving); ends.forEach((end) => end()); window.removeEventListener('hashchange', moved); };
  }, []);
  if (!session.isPaired()) return html`<${Pairing} />`;
  if (!session.isOpen()) return html`<${Login} />`;
  const go = (to) => (to ? location.assign('#' + to) : location.replace('#'));
  const home = () => go('');
  switch (place) {
    case '': return html`<${Home} go=${go} />`;
    case 'journal': return html`<${Journal} onBack=${home} />`;
    case 'look_up': return html`<${Later} from=${() => import('./screens/look_up.js')} name="LookUp" onBack=${home} />`;
    case 'settings': return html`<${Settings} onBack=${home} version=${version} />`;
    default: return flows[place] ? html`<${Flow} key=${place} flow=${flows[place]} onBack=${home} />` : html`<${Home} go=${go} />`;
  }
}

// toDesk leads back who came from there to sign in.
const toDesk = () => { if (location.search === '?desk') location.replace('/desk/'); };

const placeOf = (hash) => decodeURIComponent(hash.replace(/^#\/?/, ''));

// What is queued goes out whenever there may be a way: after a tap, when the network or the stream is back, when the
// page is looked at again, by Background Sync, and by the clock.
function keepSending() {
  on('journal', ({ record, settled }) => {
    if (settled) {
      if (record.state === 'refused') play('refused');
      return;
    }
    outbox.flush();
    navigator.serviceWorker?.ready?.then((registration) => registration.sync?.register('millrace-outbox')).catch(() => {});
  });
  on('stream', (isOpen) => { if (isOpen) outbox.flush(); });
  let wasReached = true;
  on('reached', (isReached) => {
    if (isReached && !wasReached) outbox.flush();
    wasReached = isReached;
  });
  on('session', () => outbox.flush());
  window.addEventListener('online', () => { tell('retry'); outbox.flush(); });
  document.addEventListener('visibilitychange', () => { if (!document.hidden) { outbox.flush(); keepAwake(); } });
  setInterval(() => outbox.flush(), 15_000);
  let reporting;
  const report = () => { if (session.isOpen()) outbox.report(version).catch(() => {}); };
  on('journal', () => { clearTimeout(reporting); reporting = setTimeout(report, 2000); });
  setInterval(report, 60_000);
  setInterval(() => outbox.prune().catch(() => {}), 3600_000);
  outbox.flush();
}

function keepLocked() {
  let last = Date.now();
  for (const name of ['pointerdown', 'keydown', 'input']) window.addEventListener(name, () => { last = Date.now(); }, true);
  setInterval(() => { if (session.isOpen() && Date.now() - last > idleTimeout) session.lock(); }, 5000);
}

let awake;
async function keepAwake() {
  try { awake = await navigator.wakeLock?.request('screen'); } catch { awake = undefined; }
}

async function refreshReference() {
  if (!session.isOpen()) return;
  await codes.refresh().catch(() => {});
  tell('reference');
}

async function start() {
  self.millrace ??= {};
  await Promise.all([session.load(), clock.load(), codes.load(), i18n.load()]);
  await settings.load(session.current().operator);
  on('session', ({ operator }) => { settings.load(operator); });
  connection.start();
  scanner.start();
  render(html`<${App} />`, document.getElementById('app'));
  fetch('version.json').then((answer) => answer.json()).then((answer) => { version = answer.version; }).catch(() => {});
  keepSending();
  keepLocked();
  keepAwake();
  follow();
  refreshReference();
  let wasOpen = session.isOpen();
  on('session', () => {
    if (!wasOpen && session.isOpen()) { tell('retry'); refreshReference(); toDesk(); }
    wasOpen = session.isOpen();
  });
  if (wasOpen) toDesk();
  setInterval(refreshReference, 15 * 60_000);
  if ('serviceWorker' in navigator) {
    navigator.serviceWorker.register('sw.js', { type: 'module' }).catch((error) => console.warn('no service worker', error));
    navigator.storage?.persist?.().catch(() => {});
  }
  self.millrace.ready = true;
  setTimeout(() => import('./screens/look_up.js').catch(() => {}), 3000); // it is there when somebody asks
}

start();
