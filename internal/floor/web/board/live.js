// What keeps a page up to date, and what it says of its own age.
import { on } from '/floor/lib/signal.js';
import { useEffect, useState } from '/floor/lib/ui.js';

export const readEvery = 15_000; // what no event tells: lateness, jobs, reports of tablets
const readAtMost = 1_000;
const staleAfter = 10_000;

// useLive reads when something happens, and by the clock. It tells what it last read, and when; of one key never what
// was read for another.
export function useLive(key, read) {
  const [state, setState] = useState({});
  useEffect(() => {
    let isOver = false, isReading = false, isWanted = false, last = 0, timer;
    const now = async () => {
      if (isReading) { isWanted = true; return; }
      isReading = true;
      isWanted = false;
      last = Date.now();
      try {
        const answer = await read();
        if (!isOver) setState({ key, answer, at: Date.now() });
      } catch (error) {
        if (!isOver) setState((before) => ({ ...(before.key === key && before), key, failure: error.status ? error.message : '', isForbidden: error.status === 403, isMissing: error.status === 404 }));
      }
      isReading = false;
      if (isWanted && !isOver) soon();
    };
    const soon = () => { clearTimeout(timer); timer = setTimeout(now, Math.max(0, last + readAtMost - Date.now())); };
    const ends = [on('event', soon), on('again', soon), on('stream', (isOpen) => { if (isOpen) soon(); })];
    const clockwork = setInterval(soon, readEvery);
    now();
    return () => { isOver = true; clearTimeout(timer); clearInterval(clockwork); ends.forEach((end) => end()); };
  }, [key]);
  return state.key === key ? state : {};
}

export function useClock() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => { const timer = setInterval(() => setNow(Date.now()), 1000); return () => clearInterval(timer); }, []);
  return now;
}

// Since when the stream is closed; 0 while it is open. It may open before anything is on the screen.
let closedSince = Date.now();
on('stream', (isOpen) => { if (isOpen !== (closedSince === 0)) closedSince = isOpen ? 0 : Date.now(); });

export function useStream() {
  const [closed, setClosed] = useState(closedSince);
  useEffect(() => { setClosed(closedSince); return on('stream', () => setClosed(closedSince)); }, []);
  return closed;
}

// isOld says whether what was read is out of date. Without the stream a page is still read by the clock: it is old when
// neither works.
export const isOld = ({ at, failure, isForbidden, isMissing }, now, closed) => (isForbidden || isMissing ? false
  : at ? now - at > readEvery + staleAfter || (failure !== undefined && now - at > staleAfter) : Boolean(closed) && now - closed > staleAfter);
