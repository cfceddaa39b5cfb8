// What is written from here. A command gets its key once and is kept in this tab until the server has said what became of
// it: a second click, a lost answer or a page that is loaded again send the same one, which has one effect.
import { authorize, current, refused } from '/floor/lib/session.js';
import { on, tell } from '/floor/lib/signal.js';
import { useEffect, useRef, useState } from '/floor/lib/ui.js';
import { uuid } from '/floor/lib/uuid.js';

const timeout = 15_000;

// post gives {answer} or {problem}. It throws when nobody knows what became of the command.
async function post({ path, body, key }) {
  for (let attempt = 1; ; attempt++) {
    const headers = { ...await authorize(), Accept: 'application/json', 'Content-Type': 'application/json', 'Idempotency-Key': key };
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeout);
    let response, answer;
    try {
      response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body), signal: abort.signal, cache: 'no-store' });
      answer = await response.json().catch(() => undefined);
    } finally {
      clearTimeout(timer);
    }
    if (response.status === 401 && attempt === 1 && await refused()) continue;
    if (response.ok && answer !== undefined) return { answer };
    if (response.status >= 400 && response.status < 500 && answer?.type && ![401, 408, 425, 429].includes(response.status) && answer.retryable !== true) return { problem: answer };
    throw new Error('HTTP ' + response.status);
  }
}

// Kept is what this tab remembers of this person. A browser that keeps nothing goes on without.
export const kept = {
  name: (name) => 'desk:' + current().operator + ':' + name,
  get(name) { try { return JSON.parse(sessionStorage.getItem(this.name(name))); } catch { return null; } },
  put(name, value) { try { sessionStorage.setItem(this.name(name), JSON.stringify(value)); } catch { /* it is full */ } },
  remove(name) { try { sessionStorage.removeItem(this.name(name)); } catch { /* it is not there */ } },
};

// useCommand is one command on its way: {is: idle, sending, unsure, refused or done, problem, answer}, send and reset.
export function useCommand(name) {
  const [state, setState] = useState(() => (kept.get(name) ? { is: 'unsure' } : { is: 'idle' }));
  const its = useRef({});
  const go = async (tries = 0) => {
    const command = kept.get(name) ?? its.current.command;
    if (its.current.isRunning || !command) return;
    its.current.isRunning = true;
    clearTimeout(its.current.timer);
    const set = (next) => { if (!its.current.isOver) setState(next); };
    set({ is: 'sending' });
    try {
      const { answer, problem } = await post(command);
      kept.remove(name);
      its.current.command = null;
      set(problem ? { is: 'refused', problem } : { is: 'done', answer });
      tell('again');
    } catch {
      set({ is: 'unsure' });
      if (!its.current.isOver) its.current.timer = setTimeout(() => go(tries + 1), Math.min(2000 * 2 ** tries, 30_000));
    }
    its.current.isRunning = false;
  };
  useEffect(() => {
    its.current.isOver = false;
    go();
    const end = on('stream', (isOpen) => { if (isOpen && kept.get(name)) go(); });
    return () => { its.current.isOver = true; clearTimeout(its.current.timer); end(); };
  }, [name]);
  return {
    ...state,
    send(path, body) {
      if (its.current.isRunning || its.current.command || kept.get(name)) return;
      its.current.command = { path, body, key: uuid() };
      kept.put(name, its.current.command);
      go();
    },
    again: () => go(),
    reset: () => setState({ is: 'idle' }),
  };
}
