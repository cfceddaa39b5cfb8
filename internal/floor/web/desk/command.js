// What is written from here. A command gets its key once and is kept in this tab until the server has said what became of
// it: a second click, a lost answer, a page that is left or loaded again send the same one, which has one effect.
import { authorize, current, refused } from '/floor/lib/session.js';
import { on, tell } from '/floor/lib/signal.js';
import { useEffect, useState } from '/floor/lib/ui.js';
import { uuid } from '/floor/lib/uuid.js';

const timeout = 15_000;
const prefix = 'desk:';
const suffix = ':command';

// Kept is what this tab remembers of this person. A browser that keeps nothing goes on without.
const memory = new Map();
const nameOf = (name) => prefix + current().operator + ':' + name;
export const kept = {
  get(name) { return read(nameOf(name)); },
  put(name, value) { write(nameOf(name), value); },
  remove(name) { forget(nameOf(name)); },
};

function read(place) {
  try { return JSON.parse(sessionStorage.getItem(place)) ?? memory.get(place) ?? null; } catch { return memory.get(place) ?? null; }
}

function write(place, value) {
  memory.set(place, value);
  try { sessionStorage.setItem(place, JSON.stringify(value)); } catch { /* it is full */ }
}

function forget(place) {
  memory.delete(place);
  try { sessionStorage.removeItem(place); } catch { /* it is not there */ }
}

// post gives {answer} or {problem}. It throws when nobody knows what became of the command.
async function post({ path, body, key, operator }) {
  for (let attempt = 1; ; attempt++) {
    const headers = { ...await authorize(operator), Accept: 'application/json', 'Content-Type': 'application/json', 'Idempotency-Key': key };
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeout);
    let response, answer;
    try {
      response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body), signal: abort.signal, cache: 'no-store' });
      answer = await response.json().catch(() => undefined);
    } finally {
      clearTimeout(timer);
    }
    if (response.status === 401 && attempt === 1 && await refused(operator)) continue;
    if (response.ok && answer !== undefined) return { answer };
    if (response.status >= 400 && response.status < 500 && answer?.type && ![401, 408, 425, 429].includes(response.status) && answer.retryable !== true) return { problem: answer };
    throw new Error('HTTP ' + response.status);
  }
}

// Commands on their way, and what became of them while somebody looks: {is: sending, unsure, refused or done}.
const states = new Map();
const watched = new Map();
const timers = new Map();

const set = (place, state) => { states.set(place, state); tell('command'); };

// go sends a command until there is an answer, whatever is on the screen meanwhile.
async function go(place, tries = 0) {
  const command = read(place);
  if (!command || states.get(place)?.is === 'sending') return;
  clearTimeout(timers.get(place));
  set(place, { is: 'sending' });
  try {
    const { answer, problem } = await post(command);
    forget(place);
    if (!problem) forget(place.slice(0, -suffix.length) + ':draft');
    set(place, problem ? { is: 'refused', problem } : { is: 'done', answer });
    if (!watched.get(place)) tell('outcome', { problem, number: answer?.number, place: command.place });
    tell('again');
  } catch {
    set(place, { is: 'unsure' });
    timers.set(place, setTimeout(() => go(place, tries + 1), Math.min(2000 * 2 ** tries, 30_000)));
  }
}

// pending are the commands of this person that nobody knows the outcome of.
function pending() {
  const mine = nameOf('');
  const places = new Set(memory.keys());
  try { for (let i = 0; i < sessionStorage.length; i++) places.add(sessionStorage.key(i)); } catch { /* it keeps nothing */ }
  return [...places].filter((place) => place.startsWith(mine) && place.endsWith(suffix) && read(place));
}

// elsewhere is where such a command was written, if that is not on the screen.
export const elsewhere = () => pending().filter((place) => !watched.get(place)).map((place) => read(place).place)[0];

export const resume = () => { for (const place of pending()) go(place); };
on('stream', (isOpen) => { if (isOpen) resume(); });

// useCommand is the command of that name: its state, send, again and reset.
export function useCommand(name) {
  const place = nameOf(name + suffix);
  const [, redraw] = useState(0);
  useEffect(() => {
    watched.set(place, (watched.get(place) ?? 0) + 1);
    const end = on('command', () => redraw((n) => n + 1));
    go(place);
    return () => {
      end();
      watched.set(place, watched.get(place) - 1);
      if (states.get(place)?.is === 'done') states.delete(place); // it was read
    };
  }, [place]);
  return {
    ...(states.get(place) ?? { is: read(place) ? 'unsure' : 'idle' }),
    body: read(place)?.body,
    send(path, body) {
      if (read(place)) return;
      write(place, { path, body, key: uuid(), operator: current().operator, place: location.hash });
      go(place);
    },
    again: () => go(place),
    reset: () => { states.delete(place); redraw((n) => n + 1); },
  };
}
