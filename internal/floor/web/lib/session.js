// Who works here, and how requests prove it. Everything that knows how login works is in this file.
//
// A device is paired once, by a one-time code, and has a secret then. An operator signs in on it with badge and PIN and
// gets an access token for minutes and a refresh token for the shift. Taps are sent in the name of who made them,
// whoever has the device in hand by then: the tokens of an operator stay until the journal holds none of theirs.
import { ask, get, transact } from './db.js';
import { on, tell } from './signal.js';
import { uuid } from './uuid.js';

const pairingGrant = 'urn:millrace:oauth:grant-type:pairing';
const badgeGrant = 'urn:millrace:oauth:grant-type:badge';

let session = {}; // {device, secret, operator, name, locked, badges: {badge: operator}, tokens: {operator: {access, until, refresh}}}

export async function load() {
  session = (await get('session')) ?? {};
  return session;
}

// What another page or the service worker changed counts here as well.
on('session', (other) => { if (other) session = other; });

// update changes what is kept in one transaction, since page and service worker both do it.
async function update(change) {
  let next;
  try {
    await transact(['kept', 'journal'], 'readwrite', async (store) => {
      const kept = (await ask(store('kept').get('session'))) ?? {};
      next = { ...kept, ...await change(kept, store) };
      await ask(store('kept').put(next, 'session'));
    });
  } catch (error) {
    if (error?.name !== 'QuotaExceededError' || !next) throw error;
    // A device that is full has it as long as the page is open, so that what waits can be sent.
  }
  session = next;
}

async function keep(change) {
  await update(() => change);
  tell('session', session, true);
}

// keepTokens changes the tokens of one operator and nothing else.
const keepTokens = (operator, tokens) => update((kept) => ({ tokens: withTokens(kept.tokens, operator, tokens) }));

function withTokens(tokens, operator, changed) {
  const { [operator]: _, ...others } = tokens ?? {};
  return changed ? { ...others, [operator]: changed } : others;
}

export const current = () => session;
export const isPaired = () => Boolean(session.secret);
// canSend says whether taps of the operator can be sent, or have to wait until they sign in again.
export const canSend = (operator) => Boolean(session.tokens?.[operator]);
export const isOpen = () => isPaired() && Boolean(session.operator) && !session.locked;

// oauth asks the token endpoint. Nothing is kept that was not answered.
async function oauth(path, form, { device, secret } = {}) {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  if (secret) headers.Authorization = 'Basic ' + btoa(encodeURIComponent(device) + ':' + encodeURIComponent(secret));
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), 15_000);
  try {
    const response = await fetch(path, { method: 'POST', headers, body: new URLSearchParams(form).toString(), cache: 'no-store', signal: abort.signal });
    return { status: response.status, answer: await response.json().catch(() => null) };
  } finally {
    clearTimeout(timer);
  }
}

// pair makes this device known by a one-time code.
export async function pair(code) {
  const { status, answer } = await oauth('/oauth2/token', { grant_type: pairingGrant, pairing_code: code });
  if (status !== 200) throw new Error(answer?.error === 'invalid_grant' ? 'pair.wrong' : 'pair.failed');
  await keep({ device: answer.client_id, secret: answer.client_secret, operator: null, locked: false, tokens: {}, badges: {} });
}

// unpair forgets all, unless taps wait to be sent: nobody could send them then. True: it did.
export async function unpair() {
  await update(async (kept, store) => ((await queuedIn(store)).length ? {} : { secret: null, operator: null, tokens: {}, badges: {} }));
  tell('session', session, true);
  return !isPaired();
}

// signIn opens the device for an operator.
export async function signIn(badge, pin) {
  let reply;
  try {
    reply = await oauth('/oauth2/token', { grant_type: badgeGrant, badge, pin }, session);
  } catch {
    // No network: who has a session on this device already goes on with the badge. The server looks at each tap anyway.
    const operator = session.badges?.[badge];
    if (operator && session.tokens?.[operator] && !session.tokens[operator].isLeaving) return keep({ operator, locked: false });
    throw new Error('error.network');
  }
  const { status, answer } = reply;
  if (status === 401) throw new Error('pair.gone');
  if (status !== 200) throw new Error(answer?.error === 'invalid_grant' ? 'login.wrong' : 'error.network');
  if (isForNowhere(answer.access_token)) {
    await oauth('/oauth2/revoke', { token: answer.refresh_token }, session).catch(() => {});
    throw new Error('login.elsewhere');
  }
  await keepTokens(answer.operator, tokensFrom(answer));
  return keep({ operator: answer.operator, name: answer.operator_name, locked: false, badges: { ...session.badges, [badge]: answer.operator } });
}

// isForNowhere says whether device and operator have no plant in common.
function isForNowhere(token) {
  try {
    return JSON.parse(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'))).sites?.length === 0;
  } catch {
    return false; // whatever else a token may be
  }
}

// The key lets the next refresh be asked for again when its answer was lost.
const tokensFrom = (answer) => ({ access: answer.access_token, until: Date.now() + (answer.expires_in - 20) * 1000, refresh: answer.refresh_token, key: uuid() });

export const lock = () => keep({ locked: true });

// signOut ends the session. The tokens stay while taps of the operator wait to be sent.
export async function signOut() {
  const { operator } = session;
  await keep({ operator: null, name: null, locked: false });
  await leave(operator);
}

// leave takes away the tokens of an operator who signed out, or marks them while the journal holds taps of theirs. The
// journal itself is asked, since what the screen shows of it comes a little later.
async function leave(operator) {
  let ended;
  await inTurn('millrace-session', () => update(async (kept, store) => {
    const tokens = kept.tokens?.[operator];
    if (!tokens || kept.operator === operator) return {};
    const isAwaited = (await queuedIn(store)).some((record) => record.operator === operator);
    if (!isAwaited) ended = tokens;
    return { tokens: withTokens(kept.tokens, operator, isAwaited && { ...tokens, isLeaving: true }) };
  }));
  if (ended) await oauth('/oauth2/revoke', { token: ended.refresh }, session).catch(() => {});
}

// sweep is called when all was sent that could be: nothing is left of those who signed out before that.
export async function sweep() {
  for (const [operator, { isLeaving }] of Object.entries(session.tokens ?? {})) if (isLeaving) await leave(operator);
}

const queuedIn = (store) => ask(store('journal').index('state').getAll(IDBKeyRange.bound(['queued', 0], ['queued', Infinity])));

// SignedOut says that this operator has to sign in before anything is sent in their name.
export class SignedOut extends Error {}

// authorize gives the headers of a request in the name of the operator.
export async function authorize(operator) {
  if (!isPaired()) await load();
  const who = operator ?? session.operator;
  if (!session.secret || !who) throw new SignedOut('nobody is signed in');
  let tokens = session.tokens?.[who];
  if (!tokens) tokens = (await load()).tokens?.[who];
  if (!tokens) throw new SignedOut(who + ' is not signed in');
  if (Date.now() >= tokens.until) tokens = await refresh(who);
  return { Authorization: 'Bearer ' + tokens.access };
}

// limits.turn is how long anybody waits for their turn, in milliseconds.
export const limits = { turn: 60_000 };
const turns = new Map();

// inTurn runs work while nobody else has the turn of that name: no other page, nor the service worker. Who had it for too
// long is a page that the system froze, and loses it. That two may go on then is no harm: a tap has one effect by its key.
// Plain http has no locks; there is no service worker either.
export async function inTurn(name, work) {
  if (!navigator.locks) {
    const mine = (turns.get(name) ?? Promise.resolve()).then(work, work);
    turns.set(name, mine);
    return mine;
  }
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(), limits.turn);
  try {
    return await navigator.locks.request(name, { signal: waiting.signal }, () => {
      clearTimeout(timer);
      return work();
    });
  } catch (error) {
    if (!waiting.signal.aborted) throw error;
    return navigator.locks.request(name, { steal: true }, work);
  } finally {
    clearTimeout(timer);
  }
}

// A refresh token is good once, so page and service worker take turns and look at what the other one got.
const refreshing = new Map();

function refresh(operator) {
  if (!refreshing.has(operator)) refreshing.set(operator, inTurn('millrace-session', async () => {
    const tokens = (await load()).tokens?.[operator];
    if (!tokens) throw new SignedOut(operator + ' is not signed in');
    if (Date.now() < tokens.until) return tokens;
    const { status, answer } = await oauth('/oauth2/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh, idempotency_key: tokens.key }, session);
    if (status === 200) {
      const next = { ...tokens, ...tokensFrom(answer) };
      await keepTokens(operator, next);
      return next;
    }
    if (status === 400 || status === 401) {
      await keepTokens(operator, null);
      if (session.operator === operator) await keep({ locked: true });
      throw new SignedOut(operator + ' has to sign in');
    }
    throw new Error('no token now');
  }).finally(() => refreshing.delete(operator)));
  return refreshing.get(operator);
}

// refused is told that the server did not take what authorize gave. True: try once more.
export async function refused(operator) {
  const who = operator ?? session.operator;
  const tokens = session.tokens?.[who];
  if (!tokens) return false;
  await update(({ tokens: kept }) => {
    const now = kept?.[who]; // another page may have newer ones by now
    return now?.access === tokens.access ? { tokens: withTokens(kept, who, { ...now, until: 0 }) } : {};
  });
  return true;
}
