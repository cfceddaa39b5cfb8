// What became of the last tap: on the disk at once, at the server soon. By shape, text, colour and sound.
import { current, has, t } from './i18n.js';
import { current as session, isOpen } from './session.js';
import { on } from './signal.js';
import { play } from './sound.js';
import { html, Icon, useEffect, useLayoutEffect, useRef, useState } from './ui.js';

const patience = 1500; // until a tap without an answer counts as queued, with its sound
const reading = 700; // before a verdict can be put away
const brief = new Set(['heard', 'error', 'refused']);

const looks = {
  heard: { tone: 'wait', icon: 'wait' },
  taken: { tone: 'wait', icon: 'wait' },
  queued: { tone: 'wait', icon: 'wait' },
  confirmed: { tone: 'ok', icon: 'ok' },
  refused: { tone: 'no', icon: 'stop' },
  twice: { tone: 'wait', icon: 'scan' },
  error: { tone: 'no', icon: 'stop' },
};

// problemText is the sentence for the operator, in the language of the operator where there is one.
export function problemText(problem) {
  const slug = problem?.type?.split('/').pop();
  return slug && has('problem.' + slug) ? t('problem.' + slug) : problem?.detail ?? problem?.title ?? t('error.unknown');
}

// hintText is what the server says to do next, where it speaks the operator's language or nobody has words of their own.
export function hintText(problem) {
  const slug = problem?.type?.split('/').pop();
  return problem?.hint && (current() === 'en' || !has('problem.' + slug)) ? ' ' + problem.hint : '';
}

// painted notes how long the operator waited for the screen to answer.
function painted(began) {
  requestAnimationFrame(() => setTimeout(() => {
    const feedback = (self.millrace ??= {}).feedback ??= [];
    feedback.push(Math.round(performance.now() - began));
    if (feedback.length > 500) feedback.shift();
  }));
}

// A voice says what became of the last scan or tap of a screen. Only what shows it is drawn again, so that an answer comes
// as fast on a screen that is full of rows.
function voice() {
  let verdict = null;
  let newest = 0;
  let timer;
  const drawn = new Set();
  const say = (next) => {
    verdict = next;
    for (const draw of drawn) draw(next);
  };
  return {
    now: () => verdict,
    // Two may draw it, since the next screen comes before the last one goes.
    show(draw) { drawn.add(draw); return () => drawn.delete(draw); },
    // heard is said at once, before the disk or the network is asked for anything, and unheard when all is said.
    heard(what, began = performance.now()) {
      navigator.vibrate?.(20);
      const said = { state: 'heard', title: what.slice(0, 40), detail: t('loading') };
      say(said);
      painted(began);
      return said;
    },
    unheard(said) { if (verdict === said) say(null); },
    error(detail) {
      newest = 0;
      play('refused');
      say({ state: 'error', title: detail });
    },
    twice(detail) {
      newest = 0;
      play('queued');
      say({ state: 'twice', title: detail });
    },
    taken(record) {
      newest = record.sequence;
      play('taken');
      say({ state: 'taken', title: record.title, detail: t('verdict.taken') });
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (newest !== record.sequence) return;
        if (verdict?.state === 'taken') say({ ...verdict, state: 'queued', detail: t('verdict.queued') });
        play('queued');
      }, patience);
    },
    settled({ record, settled }) {
      if (!settled || record.sequence !== newest) return;
      clearTimeout(timer);
      if (record.state === 'confirmed') play('ok'); // the refused sounds everywhere
      say({ state: record.state, title: record.state === 'refused' ? t('verdict.not', { what: record.title }) : record.title, detail: record.state === 'confirmed' ? record.receipt : problemText(record.problem) });
    },
    away: () => say(null),
  };
}

export function useVerdict() {
  const [one] = useState(voice);
  useEffect(() => on('journal', one.settled), []);
  return one;
}

// Verdict lies on the screen and moves nothing: it has room of its own below the bar, and what is longer lies on the text
// below for as long as it stands. A tap on it puts it away, but for a finger that was on its way when it came. Where there is
// no room, as on the pad, only what matters now is shown.
export function Verdict({ voice, isBrief }) {
  const [verdict, setVerdict] = useState(isBrief ? null : voice.now);
  const came = useRef(0);
  // On the pad the next tap puts it away as well.
  useEffect(() => {
    if (!isBrief) return undefined;
    const away = () => { if (performance.now() - came.current > reading) setVerdict(null); };
    document.addEventListener('pointerup', away);
    return () => document.removeEventListener('pointerup', away);
  }, []);
  useLayoutEffect(() => voice.show((next) => {
    came.current = performance.now();
    setVerdict(isBrief && next && !brief.has(next.state) ? null : next);
  }), [voice]);
  const { name, operator, device } = session();
  // At rest it says whose taps they are.
  if (!verdict) return isBrief ? null : html`<div class="slot"><div class="verdict rest"><${Icon} name="person" /><span>${(isOpen() && (name ?? operator)) || device || 'Millrace'}</span></div></div>`;
  const look = looks[verdict.state];
  return html`<div class="slot"><div class=${'verdict ' + look.tone} role="alert" data-verdict=${verdict.state} onClick=${() => { if (performance.now() - came.current > reading) voice.away(); }}>
    <${Icon} name=${look.icon} /><span>${verdict.title.split(' ').map((word) => html`<i>${word}</i> `)}${verdict.detail && html`<small>${verdict.detail}</small>`}</span></div></div>`;
}
