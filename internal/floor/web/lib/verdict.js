// What became of the last tap: on the disk at once, at the server soon. By shape, text, colour and sound.
import { current, has, t } from './i18n.js';
import { on } from './signal.js';
import { play } from './sound.js';
import { html, Icon, useEffect, useRef, useState } from './ui.js';

const patience = 1500; // until a tap without an answer counts as queued, with its sound

const looks = {
  heard: { tone: 'wait', icon: 'wait' },
  taken: { tone: 'wait', icon: 'wait' },
  queued: { tone: 'wait', icon: 'wait' },
  confirmed: { tone: 'ok', icon: 'ok' },
  refused: { tone: 'no', icon: 'stop' },
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

export function useVerdict() {
  const [verdict, setVerdict] = useState(null);
  const newest = useRef(0);
  const timer = useRef();
  useEffect(() => on('journal', ({ record, settled }) => {
    if (!settled || record.sequence !== newest.current) return;
    clearTimeout(timer.current);
    if (record.state === 'confirmed') play('ok'); // the refused sounds everywhere
    setVerdict({ state: record.state, title: record.state === 'refused' ? t('verdict.not', { what: record.title }) : record.title, detail: record.state === 'confirmed' ? record.receipt : problemText(record.problem), answer: record.answer });
  }), []);
  return {
    verdict,
    // heard is said at once, before the disk or the network is asked for anything, and unheard when all is said.
    heard(what, began = performance.now()) {
      navigator.vibrate?.(20);
      setVerdict({ state: 'heard', title: what.slice(0, 40), detail: t('loading') });
      painted(began);
    },
    unheard: () => setVerdict((now) => (now?.state === 'heard' ? null : now)),
    error(detail) {
      newest.current = 0;
      play('refused');
      setVerdict({ state: 'error', title: detail });
    },
    taken(record) {
      newest.current = record.sequence;
      play('taken');
      setVerdict({ state: 'taken', title: record.title, detail: t('verdict.taken') });
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        if (newest.current !== record.sequence) return;
        setVerdict((now) => (now?.state === 'taken' ? { ...now, state: 'queued', detail: t('verdict.queued') } : now));
        play('queued');
      }, patience);
    },
  };
}

export function Verdict({ verdict }) {
  if (!verdict) return null;
  const look = looks[verdict.state];
  return html`<div class=${'verdict ' + look.tone} role="alert" data-verdict=${verdict.state}>
    <${Icon} name=${look.icon} /><span>${verdict.title}${verdict.detail && html`<small>${verdict.detail}</small>`}</span></div>`;
}
