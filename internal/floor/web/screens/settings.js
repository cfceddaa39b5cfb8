import { current as language, languages, t, use } from '../lib/i18n.js';
import { skew } from '../lib/clock.js';
import { play } from '../lib/sound.js';
import * as session from '../lib/session.js';
import { change, current } from '../lib/settings.js';
import { Status, useStatus } from '../lib/status.js';
import { Facts, Hold, html, Screen, Secondary } from '../lib/ui.js';

const Choice = ({ label, options, value, onChoose, id }) => html`<h2>${label}</h2><div class="pair" role="group" aria-label=${label}>${options.map(([key, text]) => html`
  <${Secondary} key=${key} id=${id + '-' + key} tone=${value === key ? 'chosen' : ''} icon=${value === key ? 'ok' : undefined} onTap=${() => onChoose(key)}>${text}</${Secondary}>`)}</div>`;

export function Settings({ onBack, version }) {
  const settings = current();
  const { queued } = useStatus();
  const isFull = Boolean(document.fullscreenElement);
  return html`<${Screen} name="settings" title=${t('settings')} onBack=${onBack} status=${html`<${Status} />`}>
    <${Choice} id="language" label=${t('language')} options=${Object.entries(languages)} value=${language()} onChoose=${(code) => use(code)} />
    <${Choice} id="hand" label=${t('hand')} options=${[['left', t('hand.left')], ['right', t('hand.right')]]} value=${settings.hand} onChoose=${(hand) => change({ hand })} />
    <${Choice} id="contrast" label=${t('contrast')} options=${[['normal', t('contrast.normal')], ['high', t('contrast.high')]]}
      value=${document.documentElement.dataset.contrast} onChoose=${(contrast) => change({ contrast })} />
    <${Choice} id="sound" label=${t('sound')} options=${[['on', t('sound.on')], ['off', t('sound.off')]]} value=${settings.sound ? 'on' : 'off'}
      onChoose=${(value) => { change({ sound: value === 'on' }).then(() => play('ok')); }} />
    ${document.documentElement.requestFullscreen && html`<${Secondary} id="kiosk" icon="scan" onTap=${() => (isFull ? document.exitFullscreen() : document.documentElement.requestFullscreen().catch(() => {}))}>${t(isFull ? 'kiosk.end' : 'kiosk')}</${Secondary}>`}
    <${Facts} rows=${[[t('device'), session.current().device], [t('operator'), session.current().operator], [t('version'), version],
    [t('clock'), skew() ? t('clock.off', { seconds: Math.round(Math.abs(skew()) / 1000) }) : t('clock.right')],
    [t('tier'), navigator.serviceWorker ? t('tier.full') : t('tier.plain')]]} />
    <${Secondary} id="sign-out" icon="person" onTap=${() => session.signOut()}>${t('sign_out')}</${Secondary}>
    ${queued === 0 && html`<${Hold} id="unpair" icon="no" onTap=${async () => { if (!await session.unpair()) location.hash = 'journal'; }}>${t('unpair')}</${Hold}>`}
  </${Screen}>`;
}
