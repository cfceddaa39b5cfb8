// Whether the server can be reached, and how the journal stands: the chip in every bar.
import { t } from './i18n.js';
import { counts } from './outbox.js';
import { on, tell } from './signal.js';
import { html, Icon, useEffect, useState } from './ui.js';

let state = { isOnline: navigator.onLine !== false, queued: 0, refused: 0 };

async function update(change) {
  state = { ...state, ...change };
  tell('status', state);
}

export const connection = {
  current: () => state,
  start() {
    let counting;
    const recount = () => { counting ??= setTimeout(async () => { counting = undefined; update(await counts()); }, 50); };
    on('journal', recount);
    on('stream', (isOpen) => { if (isOpen) update({ isOnline: true }); });
    on('reached', (isReached) => update({ isOnline: isReached }));
    window.addEventListener('offline', () => update({ isOnline: false }));
    recount();
  },
};

export function useStatus() {
  const [value, setValue] = useState(state);
  useEffect(() => on('status', setValue), []);
  return value;
}

// Status is red while refused taps wait for a person, amber while something is queued or nobody answers.
export function Status() {
  const { isOnline, queued, refused } = useStatus();
  const [tone, icon, text] = refused ? ['no', 'stop', t('status.refused', { n: refused })]
    : !isOnline ? ['wait', 'offline', queued ? t('status.queued', { n: queued }) : t('status.offline')]
      : queued ? ['wait', 'wait', t('status.queued', { n: queued })]
        : ['ok', 'online', t('status.online')];
  return html`<button type="button" class=${'status ' + tone} data-action="journal" data-queued=${queued} data-refused=${refused} data-online=${String(isOnline)}
    onClick=${(event) => { event.currentTarget.blur(); location.hash = 'journal'; }}><${Icon} name=${icon} /><span>${text}</span></button>`;
}
