// Pairing of the device, and signing in.
import { languages, t, use, current } from '../lib/i18n.js';
import { receive } from '../lib/scanner.js';
import * as session from '../lib/session.js';
import { Entry, html, Pad, Prompt, Screen, Secondary, useLayoutEffect, useState } from '../lib/ui.js';
import { Status } from '../lib/status.js';
import { useVerdict, Verdict } from '../lib/verdict.js';

const Languages = () => html`<div class="pair">${Object.entries(languages).map(([code, name]) => html`
  <${Secondary} key=${code} id=${'language-' + code} tone=${current() === code ? 'chosen' : ''} onTap=${() => use(code)}>${name}</${Secondary}>`)}</div>`;

const said = ({ message }) => t(/^[a-z]+\.[a-z]+$/.test(message) ? message : 'error.network');

export function Pairing() {
  const voice = useVerdict();
  const { heard, error } = voice;
  const pair = (code) => {
    heard(t('pair.title'));
    return session.pair(code).catch((failure) => error(said(failure)));
  };
  useLayoutEffect(() => receive(pair), []);
  return html`<${Screen} name="pairing" title=${t('pair.title')} verdict=${html`<${Verdict} voice=${voice} />`}
    actions=${html`<${Languages} />`}>
    <${Prompt} hasCamera=${false}>${t('pair.code')}</${Prompt}><${Entry} label=${t('pair.secret')} onDone=${pair} action=${t('pair.do')} />
  </${Screen}>`;
}

export function Login() {
  const [badge, setBadge] = useState('');
  const voice = useVerdict();
  const { heard, error } = voice;
  const { operator } = session.current();
  const signIn = (who, pin) => {
    setBadge('');
    heard(t('login.title'));
    return session.signIn(who, pin).catch((failure) => error(said(failure)));
  };
  const scan = (text) => setBadge(text);
  useLayoutEffect(() => receive(scan), []);
  if (badge) return html`<${PIN} onDone=${(pin) => signIn(badge, pin)} onBack=${() => setBadge('')} />`;
  return html`<${Screen} name="login" title=${t('login.title')} status=${html`<${Status} />`} verdict=${html`<${Verdict} voice=${voice} />`}
    actions=${html`<${Languages} />`}>
    <${Prompt} hasCamera=${false} hint=${operator && t('login.was', { operator })}>${t('login.badge')}</${Prompt}>
    <${Entry} key="badge" label=${t('login.number')} onDone=${scan} action=${t('next')} />
  </${Screen}>`;
}

// PIN takes the digits without showing them.
function PIN({ onDone, onBack }) {
  return html`<${Pad} label=${t('login.pin')} scale=${0} isSecret onDone=${onDone} onBack=${onBack} action=${t('login.do')} />`;
}
