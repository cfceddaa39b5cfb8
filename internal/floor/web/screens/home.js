import { t } from '../lib/i18n.js';
import { carried, receive } from '../lib/scanner.js';
import * as session from '../lib/session.js';
import { Status } from '../lib/status.js';
import { html, Icon, Screen, Secondary, useLayoutEffect } from '../lib/ui.js';

const tasks = ['receive', 'inspect', 'put_away', 'transfer', 'issue', 'report', 'pick', 'pack', 'ship', 'return', 'send_back', 'count', 'look_up', 'journal'];

export function Home({ go }) {
  // A scan without a task is a question.
  useLayoutEffect(() => receive((text) => { carried.text = text; go('look_up'); }), []);

  return html`<${Screen} name="home" title=${session.current().name || session.current().operator || ''} status=${html`<${Status} />`}
    actions=${html`<div class="pair"><${Secondary} id="settings" icon="settings" onTap=${() => go('settings')}>${t('settings')}</${Secondary}>
      <${Secondary} id="lock" icon="lock" onTap=${() => session.lock()}>${t('lock')}</${Secondary}></div>`}>
    <nav class="tiles" aria-label=${t('tasks')}>${tasks.map((id) => html`<button type="button" class="tile" key=${id} data-task=${id}
      onClick=${(event) => { event.currentTarget.blur(); go(id); }}><${Icon} name=${id} /><span>${t(id === 'journal' ? id : 'task.' + id)}</span></button>`)}</nav>
  </${Screen}>`;
}
