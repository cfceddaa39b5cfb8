// What the person who is signed in may do, as the token says. The server is asked anyway; this is for what is offered.
import { authorize } from '/floor/lib/session.js';
import { tell } from '/floor/lib/signal.js';

let scopes = null; // not known: everything is offered, and the server refuses

export async function load() {
  const before = String(scopes);
  try {
    const [, claims] = (await authorize()).Authorization.split('.');
    scopes = JSON.parse(atob(claims.replace(/-/g, '+').replace(/_/g, '/'))).scope?.split(' ') ?? null;
  } catch {
    scopes = null;
  }
  if (String(scopes) !== before) tell('rights');
}

export const may = (scope) => !scopes || scopes.includes(scope);
