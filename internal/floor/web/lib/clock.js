// How far this device's clock is from the server's, by the Date header of its answers. The answer that took the
// shortest time says it best; a header counts whole seconds, so half a second is added.
import { get, put } from './db.js';

const half = 500;
let best = null;

export async function load() { best = (await get('clock')) ?? null; }

// measure takes an answer that was asked for at began.
export function measure(response, began) {
  const date = Date.parse(response.headers.get('Date') ?? '');
  const now = Date.now();
  if (!Number.isFinite(date)) return;
  const took = now - began;
  const skew = date + half - (began + took / 2);
  const isStale = !best || now - best.at > 10 * 60_000 || now < best.at;
  // A step of the device's clock shows at once, whatever the answer took.
  const isStep = best && Math.abs(skew - best.skew) > took + 2 * half + 1000;
  if (isStale || isStep || took < best.took) {
    best = { skew, took, at: now };
    put('clock', best).catch(() => {});
  }
}

// skew in milliseconds: positive when this clock is behind. Less than two seconds is no skew.
export const skew = () => (best && Math.abs(best.skew) >= 2000 ? Math.round(best.skew) : 0);
export const now = () => new Date(Date.now() + skew());
