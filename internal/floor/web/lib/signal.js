// Small events between modules, across pages and the service worker.
const listeners = new Map();
const channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel('millrace-floor') : null;

if (channel) channel.onmessage = (event) => call(event.data.name, event.data.detail);

function call(name, detail) {
  for (const listener of [...(listeners.get(name) ?? [])]) listener(detail);
}

export function on(name, listener) {
  if (!listeners.has(name)) listeners.set(name, new Set());
  listeners.get(name).add(listener);
  return () => listeners.get(name).delete(listener);
}

// tell tells this page, and the others when everybody is meant.
export function tell(name, detail, everybody = false) {
  call(name, detail);
  if (everybody && channel) channel.postMessage({ name, detail });
}
