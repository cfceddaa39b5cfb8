// Requests to the server. Commands never go this way: they go through the outbox.
import { measure } from './clock.js';
import { authorize, refused, SignedOut } from './session.js';
import { tell } from './signal.js';

export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail || body?.title || 'HTTP ' + status);
    this.status = status;
    this.problem = body;
  }
}

export async function request(path, { method = 'GET', body, timeout = 8000, operator } = {}) {
  for (let attempt = 1; ; attempt++) {
    const headers = { Accept: 'application/json', ...await authorize(operator) };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const began = Date.now();
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeout);
    try {
      const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: abort.signal, cache: 'no-store' });
      measure(response, began);
      const answer = await response.json().catch(() => null);
      tell('reached', true);
      if (response.status === 401 && attempt === 1 && await refused(operator)) continue;
      if (!response.ok) throw new Problem(response.status, answer);
      return answer;
    } catch (error) {
      if (!(error instanceof Problem) && !(error instanceof SignedOut)) tell('reached', false);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
