// The journal of this device. A tap is on the disk, under its key and its number, before anything is sent. Taps are
// sent one after the other in the order of their numbers; what the server refused waits for a person.
import { ask, get, transact } from './db.js';
import { measure, now, skew } from './clock.js';
import { authorize, inTurn, refused, SignedOut, sweep } from './session.js';
import { tell } from './signal.js';
import { uuid } from './uuid.js';

const keepConfirmed = 500;
const requestTimeout = 15_000;
const turn = 10_000;
const retryAfter = [500, 1000, 2000, 4000, 8000, 15_000];

// add stores a tap: {path, body, title, operator, device}. It resolves once the tap is on the disk.
export async function add(tap) {
  const record = await transact(['journal', 'kept'], 'readwrite', async (store) => {
    const kept = store('kept');
    const counter = (await ask(kept.get('counter'))) ?? { journal: uuid(), next: 1 };
    const at = now().toISOString();
    const record = {
      sequence: counter.next, journal: counter.journal, key: uuid(), state: 'queued', at, tries: 0,
      ...tap, body: { ...tap.body, occurred_at: at },
    };
    if (tap.dated === false) delete record.body.occurred_at;
    await ask(store('journal').add(record));
    await ask(kept.put({ ...counter, next: counter.next + 1 }, 'counter'));
    return record;
  }, 'strict');
  tell('journal', { record }, true);
  return record;
}

const isWorker = typeof window === 'undefined';
let flushing = null;
let again = false;
let retry = 0;
let timer;

// flush sends what is queued. It is safe to call at any time and from anywhere. In the service worker it throws when not
// all was sent, so that Background Sync tries again: a timer would die with the worker.
export function flush() {
  again = true;
  flushing ??= (async () => {
    try {
      while (again) {
        again = false;
        const outcome = await inTurn('millrace-outbox', drain).catch(() => 'failed');
        if (outcome === 'failed') {
          if (isWorker) throw new Error('not all was sent');
          clearTimeout(timer);
          timer = setTimeout(flush, retryAfter[Math.min(retry++, retryAfter.length - 1)] * (0.8 + 0.4 * Math.random()));
          return;
        }
        retry = 0;
        if (outcome === 'more') again = true;
        else await sweep().catch(() => {});
      }
    } finally {
      flushing = null; // at once with the last look at again, so that no call is lost between the two
    }
  })();
  return flushing;
}

// What was answered while the device was too full to note it. After a reload it is sent again, and answered as before.
const unnoted = new Set();

// nextQueued is the first that is queued, but for those of operators who have to sign in first.
const nextQueued = (signedOut) => transact(['journal'], 'readonly', (store) => new Promise((resolve, reject) => {
  const request = store('journal').index('state').openCursor(IDBKeyRange.bound(['queued', 0], ['queued', Infinity]));
  request.onerror = () => reject(request.error);
  request.onsuccess = () => {
    const cursor = request.result;
    if (!cursor || !(signedOut.has(cursor.value.operator) || unnoted.has(cursor.value.sequence))) return resolve(cursor?.value);
    cursor.continue();
  };
}));

// drain sends until nothing is queued that can be sent, or somebody else may want a turn. It stops at the first tap that
// got no answer, so that the order stays. Who is signed out holds up nobody else.
async function drain() {
  const signedOut = new Set();
  for (const end = Date.now() + turn; Date.now() < end;) {
    const record = await nextQueued(signedOut);
    if (!record) return 'done';
    try {
      if (!await send(record)) return 'failed';
    } catch (error) {
      if (!(error instanceof SignedOut)) throw error;
      signedOut.add(record.operator);
    }
  }
  return 'more';
}

async function send(record) {
  const began = Date.now();
  let response, answer;
  try {
    for (let attempt = 1; ; attempt++) {
      const abort = new AbortController();
      const timeout = setTimeout(() => abort.abort(), requestTimeout);
      try {
        response = await fetch(record.path, {
          method: 'POST', cache: 'no-store', signal: abort.signal, body: JSON.stringify(record.body),
          headers: {
            ...await authorize(record.operator), 'Content-Type': 'application/json', 'Idempotency-Key': record.key,
            'Millrace-Device-Sequence': record.journal + ':' + record.sequence,
          },
        });
        answer = await response.json().catch(() => undefined);
      } finally {
        clearTimeout(timeout);
      }
      if (response.status === 401 && attempt === 1 && await refused(record.operator)) continue;
      break;
    }
  } catch (error) {
    if (error instanceof SignedOut) throw error;
    tell('reached', false);
    await settle(record, { tries: record.tries + 1 });
    return false;
  }
  tell('reached', true);
  measure(response, began);
  if (response.ok && answer === undefined) return false; // half an answer
  const isRefused = response.status >= 400 && response.status < 500 && answer?.type &&
    ![401, 408, 425, 429].includes(response.status) && answer.retryable !== true;
  if (!response.ok && !isRefused) {
    await settle(record, { tries: record.tries + 1 });
    return false;
  }
  await settle(record, response.ok
    ? { state: 'confirmed', answer, receipt: receiptOf(answer), settledAt: now().toISOString() }
    : { state: 'refused', problem: answer, settledAt: now().toISOString() });
  return true;
}

// receiptOf is the number that the server gave to what came of the tap.
const receiptOf = (answer) => answer?.number ?? answer?.sscc ?? answer?.delivery_note ?? '';

// settle need not be on the disk at once: a tap whose answer was forgotten is sent again, and answered as before. Nor does a
// device that is full hold up those behind it.
async function settle(record, change) {
  const settled = await transact(['journal'], 'readwrite', async (store) => {
    const stored = await ask(store('journal').get(record.sequence));
    if (!stored || stored.state !== 'queued') return null; // somebody else was first
    const next = { ...stored, ...change };
    await ask(store('journal').put(next));
    return next;
  }).catch((error) => {
    if (!change.state) throw error;
    unnoted.add(record.sequence);
    return { ...record, ...change };
  });
  Object.assign(record, settled ?? change);
  if (settled && change.state) tell('journal', { record: settled, settled: true }, true);
}

// acknowledge takes a refused tap off the list of those that wait for a person. It stays in the journal.
export async function acknowledge(sequence, operator) {
  await transact(['journal'], 'readwrite', async (store) => {
    const stored = await ask(store('journal').get(sequence));
    if (stored?.state === 'refused') await ask(store('journal').put({ ...stored, seenBy: operator, seenAt: now().toISOString() }));
  });
  tell('journal', {}, true);
}

// list gives the newest taps first.
export function list(limit = 200) {
  return transact(['journal'], 'readonly', (store) => new Promise((resolve, reject) => {
    const found = [];
    const request = store('journal').openCursor(null, 'prev');
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const cursor = request.result;
      if (!cursor || found.length >= limit) return resolve(found);
      found.push(cursor.value);
      cursor.continue();
    };
  }));
}

// counts says how the journal stands.
export function counts() {
  return transact(['journal'], 'readonly', async (store) => {
    const index = store('journal').index('state');
    const range = (state) => IDBKeyRange.bound([state, 0], [state, Infinity]);
    const [queued, oldest, refusedOnes] = await Promise.all([
      ask(index.count(range('queued'))), ask(index.get(range('queued'))), ask(index.getAll(range('refused'))),
    ]);
    return { queued, oldest: oldest?.at, refused: refusedOnes.filter((record) => !record.seenAt).length };
  });
}

// prune forgets old confirmed taps. What is queued or refused stays.
export async function prune() {
  await transact(['journal'], 'readwrite', async (store) => {
    const index = store('journal').index('state');
    const keys = await ask(index.getAllKeys(IDBKeyRange.bound(['confirmed', 0], ['confirmed', Infinity])));
    for (const key of keys.slice(0, Math.max(0, keys.length - keepConfirmed))) await ask(store('journal').delete(key));
  });
}

// report tells the server how this journal stands.
export async function report(version) {
  const { queued, oldest, refused: refusedCount } = await counts();
  const counter = await get('counter');
  if (!counter) return;
  const body = { journal: counter.journal, queued, refused: refusedCount, clock_skew_milliseconds: skew(), version };
  if (oldest) body.oldest_queued_at = oldest;
  await fetch('/v1/journal-reports', {
    method: 'POST', headers: { ...await authorize(), 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
}
