// The service worker: keeps the screens, and sends what is queued when the network is back and no page is open.
// VERSION and SHELL are put in by the server.
import { flush } from './lib/outbox.js';

const version = "VERSION";
const shell = "SHELL";
const cacheName = 'millrace-' + version;

self.addEventListener('install', (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(cacheName);
    await cache.addAll(['./', ...shell.map((name) => './' + name)].map((url) => new Request(url, { cache: 'reload' })));
    await self.skipWaiting();
  })());
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith('millrace-') && name !== cacheName) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  const scope = new URL(self.registration.scope);
  if (event.request.method !== 'GET' || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return;
  event.respondWith((async () => {
    const cache = await caches.open(cacheName);
    const kept = await cache.match(event.request, { ignoreSearch: true });
    if (kept) return kept;
    const answer = await fetch(event.request);
    // What comes later is kept once it was needed.
    if (answer.ok && /\/(vendor|lib|screens)\//.test(url.pathname)) await cache.put(event.request, answer.clone());
    return answer;
  })());
});

self.addEventListener('sync', (event) => {
  if (event.tag === 'millrace-outbox') event.waitUntil(flush());
});
