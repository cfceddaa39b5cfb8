// The stream of events, by fetch: it says at once when the server is back, which navigator.onLine does not.
import { authorize } from './session.js';
import { on, tell } from './signal.js';

let position;
let abort;
let quiet;
let pause = 300;

// follow keeps the stream open for as long as the page lives.
export async function follow() {
  on('retry', () => abort?.abort());
  for (;;) {
    try {
      await read();
    } catch { /* it is opened again */ }
    tell('stream', false);
    await new Promise((resolve) => setTimeout(resolve, pause * (0.8 + 0.4 * Math.random())));
    pause = Math.min(pause * 2, 5000);
  }
}

async function read() {
  const headers = { ...await authorize(), Accept: 'text/event-stream' };
  if (position) headers['Last-Event-ID'] = position;
  abort = new AbortController();
  listen();
  const response = await fetch('/v1/events', { headers, signal: abort.signal, cache: 'no-store' });
  if (!response.ok || !response.body) {
    if (response.status === 410) position = undefined;
    if (response.status === 403) tell('reached', true); // no right to it, but it is there
    return;
  }
  pause = 300;
  tell('stream', true);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    listen();
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      take(text.slice(0, end));
      text = text.slice(end + 2);
    }
  }
}

// listen gives up on a connection that says nothing, not even that it lives: it is half open.
function listen() {
  clearTimeout(quiet);
  quiet = setTimeout(() => abort.abort(), 45_000);
}

function take(frame) {
  let id, event = 'message', data = '';
  for (const line of frame.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const value = line.slice(colon + 1).replace(/^ /, '');
    if (line.startsWith('id')) id = value;
    else if (line.startsWith('event')) event = value;
    else if (line.startsWith('data')) data += value;
  }
  if (id) position = id;
  if (data) tell('event', { id, event, data });
}
