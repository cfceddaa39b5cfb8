// Who works here, and how requests prove it. Everything that knows how login works is in this file.
//
// A device is paired once, by a one-time code, and has a secret then. An operator signs in on it with badge and PIN and
// gets an access token for minutes and a refresh token for the shift. Taps are sent in the name of who made them,
// whoever has the device in hand by then: the tokens of an operator stay until the journal holds none of theirs.
import { ask, get, put, transact } from './db.js';
import { on, tell } from './signal.js';

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
  session = await transact(['kept', 'journal'], 'readwrite', async (store) => {
    const kept = (await ask(store('kept').get('session'))) ?? {};
    const next = { ...kept, ...await change(kept, store) };
    await ask(store('kept').put(next, 'session'));
    return next;
  });
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
export const isOpen = () => isPaired() && Boolean(session.operator) && !session.locked;

// oauth asks the token endpoint. Nothing is kept that was not answered.
async function oauth(path, form, { device, secret } = {}) {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  if (secret) headers.Authorization = 'Basic ' + btoa(encodeURIComponent(device) + ':' + encodeURIComponent(secret));
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), 8000);
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

export async function unpair() {
  session = {};
  await put('session', session);
  tell('session', session, true);
}

// signIn opens the device for an operator.
export async function signIn(badge, pin) {
  let reply;
  try {
    reply = await oauth('/oauth2/token', { grant_type: badgeGrant, badge, pin }, session);
  } catch {
    // No network: who has a session on this device already goes on with the badge. The server looks at each tap anyway.
    const operator = session.badges?.[badge];
    if (operator && session.tokens?.[operator]) return keep({ operator, locked: false });
    throw new Error('error.network');
  }
  const { status, answer } = reply;
  if (status === 401) throw new Error('pair.gone');
  if (status !== 200) throw new Error(answer?.error === 'invalid_grant' ? 'login.wrong' : 'error.network');
  await keepTokens(answer.operator, tokensFrom(answer));
  return keep({ operator: answer.operator, name: answer.operator_name, locked: false, badges: { ...session.badges, [badge]: answer.operator } });
}

const tokensFrom = (answer) => ({ access: answer.access_token, until: Date.now() + (answer.expires_in - 20) * 1000, refresh: answer.refresh_token });

export const lock = () => keep({ locked: true });

// signOut ends the session. The tokens stay while taps of the operator wait to be sent: the journal itself is asked, since
// what the screen shows of it comes a little later.
export async function signOut() {
  const { operator } = session;
  let ended;
  await update(async (kept, store) => {
    const queued = await ask(store('journal').index('state').getAll(IDBKeyRange.bound(['queued', 0], ['queued', Infinity])));
    if (!queued.some((record) => record.operator === operator)) ended = kept.tokens?.[operator];
    return { operator: null, name: null, locked: false, tokens: ended ? withTokens(kept.tokens, operator) : kept.tokens };
  });
  tell('session', session, true);
  if (ended) await oauth('/oauth2/revoke', { token: ended.refresh }, session).catch(() => {});
}

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

// A refresh token is good once, so page and service worker take turns and look at what the other one got.
const turns = (work) => (navigator.locks ? navigator.locks.request('millrace-session', work) : work());
const refreshing = new Map();

function refresh(operator) {
  if (!refreshing.has(operator)) refreshing.set(operator, turns(async () => {
    const tokens = (await load()).tokens?.[operator];
    if (!tokens) throw new SignedOut(operator + ' is not signed in');
    if (Date.now() < tokens.until) return tokens;
    const { status, answer } = await oauth('/oauth2/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh }, session);
    if (status === 200) {
      const next = tokensFrom(answer);
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
